"""libfaketime, by which a step finds another clock or chance that is held still: pinned, and used by no build."""

from pathlib import Path

from builder import data, inside
from builder.lock import TOOLCHAIN, Pin
from builder.store import Store

_MEMBER = "usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def pin() -> Pin:
    """The Debian package that holds it."""
    return Pin.model_validate(data.table("verification.toml") | {"hash": "table", "targets": (TOOLCHAIN,)})


def unpacked(store: Store, folder: Path) -> Path:
    """The library, out of the package that the store holds."""
    place = folder / Path(_MEMBER).name
    place.write_bytes(inside.module("archive").read(store.file(pin().sha256), _MEMBER))
    return place
