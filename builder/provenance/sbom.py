"""The bill of materials of an artifact: CycloneDX 1.6, without date or number of its own making."""

import uuid
from collections.abc import Mapping
from typing import Any

from builder import data, fletline
from builder.fletline import Line
from builder.lock import Lock, Pin
from builder.model import digest
from builder.plan import json_of
from builder.provenance.statement import BUILDER, Subject


def finished(document: Mapping[str, Any], subject: Subject) -> bytes:
    """The JSON with the artifact's digest, and the serial number that follows from all of it."""
    component = dict(document["metadata"]["component"])
    if subject.folder:
        component["properties"] = [{"name": "builder:nar-sha256", "value": subject.digest}]
    else:
        component["hashes"] = [{"alg": "SHA-256", "content": subject.digest}]
    whole = {**document, "metadata": {**document["metadata"], "component": component}}
    serial = uuid.uuid5(uuid.NAMESPACE_URL, BUILDER + "#" + digest(whole))
    return json_of({**whole, "serialNumber": f"urn:uuid:{serial}"})


def line_of(lock: Lock) -> Line | None:
    """The line of Flet that a lock is of; None where it holds no flet that this release knows."""
    versions = {pin.version for pin in lock.packages if pin.name == "flet"}
    name = ".".join(next(iter(versions), "").split(".")[:2])
    return fletline.of(f"{name}.0") if name in fletline.lines() else None


def clients(line: Line | None) -> frozenset[str]:
    """The names of pins that hold compiled clients."""
    return frozenset({"flet-client", *(line.wheels.values() if line else ())})


def build_only(pin: Pin, lock: Lock) -> bool:
    """Whether a pin is only worked with while building, and never gets into an artifact."""
    table = data.table("tools.toml")
    tools = {row["name"] for row in table["tool"]} - set(table["packed"])
    wheels = {file for sdist in lock.sdists for file in sdist.wheels}
    return pin in lock.pins and (pin.name in tools or pin.file in wheels)
