"""Provenance: an in-toto Statement v1 with a SLSA Provenance v1 predicate, the same bytes wherever it is made.

There is no clock, no number of the run, no host and no backend in it: docs/reference/provenance.md is the build type.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from builder.lock import FILENAME, TOOLCHAIN, Lock, Pin
from builder.plan import FOLDER, Plan, dump, json_of
from builder.provenance.purl import purl

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILDER = "pkg:generic/builder"  # names it for lack of a home on the web
NAR = "narSha256"  # key in a digest set: sha256 (lower-case hex) of a folder's NAR serialisation, as Nix computes it


@dataclass(frozen=True)
class Subject:
    """An artifact by its bytes."""

    name: str  # of the file; of a folder, its target
    digest: str  # sha256 of a file, NAR sha256 of a folder
    folder: bool

    def digests(self) -> dict[str, str]:
        """The digest set of it (in-toto attestation, DigestSet v1)."""
        return {NAR if self.folder else "sha256": self.digest}


@dataclass(frozen=True)
class Built:
    """What an artifact was built from."""

    lock: Lock
    lock_sha256: str  # of the file builder.lock
    plan: Plan
    plan_sha256: str  # of it as it is committed
    tree: str  # NAR sha256 of the app's files
    key: str  # of the last step
    options: Collection[str] = ()  # Flet keys that the command line gave


def sha256(plan: Plan) -> str:
    """The sha256 (hex) of a plan as it is committed."""
    return hashlib.sha256(dump(plan)).hexdigest()


def statement(subject: Subject, built: Built) -> bytes:
    """The JSON of an artifact's provenance."""
    return json_of(
        {
            "_type": STATEMENT,
            "subject": [{"name": subject.name, "digest": subject.digests()}],
            "predicateType": PREDICATE,
            "predicate": {
                "buildDefinition": {
                    "buildType": f"{BUILDER}?contract={built.plan.contract}#docs/reference/provenance.md",
                    "externalParameters": _parameters(built),
                    "internalParameters": {"key": built.key},
                    "resolvedDependencies": list(_dependencies(built)),
                },
                "runDetails": {"builder": {"id": f"{BUILDER}?contract={built.plan.contract}"}},
            },
        }
    )


def planned_pins(lock: Lock, plan: Plan) -> tuple[Pin, ...]:
    """The pins that a plan names, sorted; of two pins of the same bytes the one of the plan's own target."""
    own = (*lock.pins_of(plan.target), *lock.packages_of(plan.target))
    held = lock.by_sha256() | {pin.sha256: pin for pin in own}
    return _sorted(held[sha256] for sha256 in plan.pins)


def _sorted(pins: Iterable[Pin]) -> tuple[Pin, ...]:
    return tuple(sorted(pins, key=lambda pin: (pin.name, pin.version, pin.file)))


def _parameters(built: Built) -> dict[str, Any]:
    """What the user chose: the target, and the options of the command line as the plan took them."""
    written = built.plan.project.get("flet", {})
    given = {key: written[key] for key in sorted(built.options) if key in written}
    return {"target": built.plan.target} | ({"options": given} if given else {})


def _dependencies(built: Built) -> Iterable[dict[str, Any]]:
    yield {"name": "app", "digest": {NAR: built.tree}}
    yield {"name": FILENAME, "digest": {"sha256": built.lock_sha256}}
    yield {"name": f"{FOLDER}/{built.plan.target}.json", "digest": {"sha256": built.plan_sha256}}
    yield {"name": f"toolchain {built.lock.toolchain.name}", "digest": {NAR: built.plan.toolchain}}
    pins = {pin.sha256: pin for pin in (*built.lock.pins_of(TOOLCHAIN), *planned_pins(built.lock, built.plan))}
    for pin in _sorted(pins.values()):
        yield {
            "name": pin.file,
            "uri": purl(pin, built.lock),
            "digest": {"sha256": pin.sha256},
            "annotations": {"hash": pin.hash} | ({"role": TOOLCHAIN} if TOOLCHAIN in pin.targets else {}),
        }
