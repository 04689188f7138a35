"""What is written beside an artifact: its provenance and its bill of materials."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from builder import data, noop, whole
from builder.commands import Context
from builder.lock import Lock, Pin
from builder.model import digest
from builder.project import Project
from builder.provenance.statement import Built, Subject, planned_pins, statement
from builder.store import Store

if TYPE_CHECKING:
    from builder.provenance.facts import Facts

PROVENANCE = ".provenance.json"
SBOM = ".cdx.json"
_FILE = "sbom.json"


def places(folder: Path) -> tuple[Path, Path]:
    """Where provenance and bill of materials of the artifact that is delivered to a folder lie: beside that."""
    return folder.with_name(folder.name + PROVENANCE), folder.with_name(folder.name + SBOM)


def key(lock_sha256: str, plan_sha256: str) -> str:
    """The key under which the store keeps the bill of materials of a plan's artifact.

    It is of what the lock, the plan and this release say, not of the app's files: most builds find it there.
    """
    own = Path(__file__).parents[1] / "provenance"
    code = noop.digests([str(path) for path in sorted(own.glob("*.py"))])
    tables = [
        data.text(name) for name in ("licences.toml", "tools.toml", *(f"flet/{n}.toml" for n in data.names("flet")))
    ]
    return digest({"sbom": [*code.values()], "tables": tables, "lock": lock_sha256, "plan": plan_sha256})


def write(context: Context, project: Project, subject: Subject, built: Built, folder: Path) -> None:
    """Write both, or the provenance alone where no bill of materials can be made.

    That needs the bytes of each package, for its licence. A build may find its outputs in the store but not what they
    were made of; nothing is fetched for this alone. Raises BuilderError (project) where a file can't be written.
    """
    from builder.provenance.sbom import finished

    told, listed = places(folder)
    _replace(told, statement(subject, built))
    document = _document(context, project, built)
    if document is None:
        context.say(f"warning: there is no {listed.name}: the store lacks packages, which `builder fetch` gets")
        listed.unlink(missing_ok=True)
    else:
        _replace(listed, finished(json.loads(document), subject))


def write_signed(unsigned: Path, signed: Path, digest: str, certificate: str) -> None:
    """Write beside a signed APK, by its name, what lies beside the unsigned one's folder, told of the signed one.

    `digest` and `certificate` are sha256 (hex). Where that is missing or of another APK there is none of the signed one
    either. Raises BuilderError (project) where a file can't be written.
    """
    from builder.provenance.signed import materials, statement

    before = Subject(unsigned.name, noop.digest(unsigned), folder=False)
    after = Subject(signed.name, digest, folder=False)
    of_unsigned, of_signed = places(unsigned.absolute().parent), places(signed)
    told, listed = (path.read_bytes() if path.is_file() else b"" for path in of_unsigned)
    texts = statement(told, before, after, certificate), materials(listed, before, after)
    for path, text in zip(of_signed, texts, strict=True):
        if text is not None:
            _replace(path, text)
        else:
            path.unlink(missing_ok=True)


def lacking(store: Store, pins: Iterable[Pin]) -> tuple[Pin, ...]:
    """Of some pins those whose bytes are read for their facts, and are not in the store."""
    from builder.provenance.facts import needs_bytes

    return tuple(pin for pin in pins if needs_bytes(pin) and not store.verified(pin.sha256))


def gathered(store: Store, lock: Lock, pins: Iterable[Pin]) -> dict[str, "Facts"]:
    """What each of these pins' files says of itself, by sha256; the store must have those that are read."""
    from builder.provenance import facts  # here, as all that reads packages: most builds have it in the store
    from builder.provenance.sbom import clients, line_of

    every = list(pins)
    found = {pin.sha256: facts.of_table(pin) for pin in every}
    read = [pin for pin in every if facts.needs_bytes(pin)]
    found |= {pin.sha256: facts.of_file(store.file(pin.sha256), pin.file) for pin in read}
    names = clients(line_of(lock))
    with store.workspace() as scratch:
        for pin in every:
            if pin.name in names:
                fonts = facts.fonts(store.file(pin.sha256), scratch)
                found[pin.sha256] = found[pin.sha256].model_copy(update={"fonts": fonts})
    return found


def _document(context: Context, project: Project, built: Built) -> bytes | None:
    """The bill of materials but for the artifact's digest: from the store, or made and put there; None: it can't be."""
    store, name = context.store, key(built.lock_sha256, built.plan_sha256)
    with store.locked(name):
        if not store.holds(name):
            if lacking(store, planned_pins(built.lock, built.plan)):
                return None
            _make(store, project, built, name)
    return (store.output(name) / _FILE).read_bytes()


def _make(store: Store, project: Project, built: Built, name: str) -> None:
    from builder.provenance.components import document  # here: its library takes 70 ms

    facts = gathered(store, built.lock, planned_pins(built.lock, built.plan))
    found = document(project, built.lock, built.plan, facts)
    with store.workspace() as folder:
        (folder / "out").mkdir()
        (folder / "out" / _FILE).write_text(json.dumps(found, sort_keys=True))
        store.put(name, folder / "out")


def _replace(path: Path, content: bytes) -> None:
    try:
        whole.write(path, content)
    except OSError as error:
        hint = "allow or free that place, or name another folder with --output"
        raise whole.unwritable(str(path), error, hint) from error
