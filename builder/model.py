"""What all data of builder has in common: frozen models, canonical JSON, digests, target names."""

import hashlib
import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

DESKTOP = ("linux-x86_64", "linux-aarch64", "windows-x86_64", "macos-x86_64", "macos-arm64")
PYODIDE = ("web", "apk")
UNSIGNED = "-unsigned.apk"  # ending of the artifact that `builder sign` signs
PREBUILT = (*PYODIDE, *DESKTOP)


class Model(BaseModel):
    """Frozen data that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)


def canonical(value: Any) -> bytes:
    """Bytes of JSON in its one form: sorted keys, no spaces, UTF-8 (RFC 8785 for the values used here)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: Any) -> str:
    """The sha256 (hex) of the canonical JSON of a value."""
    return hashlib.sha256(canonical(value)).hexdigest()
