"""`builder fetch --mirror`: a folder, one for each source, that any server of static files can serve."""

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from builder import inside, itself, lockfile, sources, whole
from builder.commands import Context, bundle, fetch, supply
from builder.errors import BuilderError, Exit
from builder.lock import BOOTSTRAP, Lock, Pin
from builder.network.mirrors import variable
from builder.project import Project
from builder.verification import library

_INDEX = "pypi"  # the source that builder's own wheels are put among


def write(context: Context, project: Project, targets: tuple[str, ...], folder: Path) -> dict[str, str]:
    """Add what these targets (none: all that are locked) need to a folder; fetch what is missing.

    Gives the variables that lead builder there. The folder may hold what other apps added. Raises BuilderError:
    mismatch where it has other bytes under a name, project where it can't be written, and as fetching does.
    """
    locked = lockfile.load(context.root)
    pins = list(fetch.needed(context, project, locked, targets).values())
    pins += [*locked.pins_of(BOOTSTRAP), library.pin(), *bundle.own_wheels(context, project, locked)]
    with context.store.locked("store", shared=True), context.store.workspace() as work:
        supply.provide(context, project, locked, pins)
        try:
            for pin in pins:
                _add(context.store.file(pin.sha256), folder, pin, locked)
            own = itself.wheel(work)
            _copy(own, _place(folder, f"{_INDEX}/{itself.NAME}/{own.name}"))
            _write_pages(folder, pins, locked)
        except OSError as error:
            raise whole.unwritable(str(folder), error, "allow or free that place, or name another folder") from error
    return {
        variable(alias): f"{(folder / alias).absolute().as_uri()}/" for alias in sorted({pin.source for pin in pins})
    }


def _add(file: Path, folder: Path, pin: Pin, locked: Lock) -> None:
    place = _place(folder, f"{pin.source}/{sources.of(pin.source, locked.sources).place(pin)}")
    if not place.is_file():
        _copy(file, place)
        return
    with place.open("rb") as there:
        found = hashlib.file_digest(there, "sha256").hexdigest()
    if found != pin.sha256:
        raise BuilderError(
            f"the mirror has `{place}` with sha256 {found}, but builder.lock says {pin.sha256}",
            hint="find out who changed it; remove it, or name another folder",
            code=Exit.MISMATCH,
        )


def _write_pages(folder: Path, pins: Iterable[Pin], locked: Lock) -> None:
    """What clients want beside the files, made of all that lies there, whoever added it."""
    added: dict[str, list[Pin]] = {}
    for pin in pins:
        added.setdefault(pin.source, []).append(pin)
    for alias, ones in sorted(added.items()):
        for name, text in sources.of(alias, locked.sources).pages(folder / alias, ones).items():
            place = _place(folder, f"{alias}/{name}")
            if not place.is_file() or place.read_bytes() != text:
                place.parent.mkdir(parents=True, exist_ok=True)
                whole.write(place, text)


def _place(folder: Path, name: str) -> Path:
    """A place below the folder, whatever a lock or a tarball says. Raises BuilderError (lock) where it leads out."""
    guard = inside.module("archive_guard")
    try:
        guard.check(name, guard.LIMITS)
    except guard.Refused as error:
        raise BuilderError(
            f"`{name}` can't be put into a folder: it {error}",
            hint="run `builder lock`, and look at what changes",
            code=Exit.LOCK,
        ) from error
    return folder / name


def _copy(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with file.open("rb") as source, whole.writing(place) as target:
        shutil.copyfileobj(source, target)
