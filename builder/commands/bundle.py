"""`builder fetch --bundle` and `--from`: all that builds need in one file, out of one store and into another."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from builder import bundle, committed, data, itself, lockfile, whole
from builder.bundle import APP, PINS, WHEELS, Manifest, Row
from builder.commands import Context, fetch, supply, uses
from builder.errors import BuilderError, Exit
from builder.lock import BOOTSTRAP, FILENAME, Lock, Pin
from builder.plan import FOLDER
from builder.project import Project
from builder.verification import library


@dataclass(frozen=True)
class Written:
    """What a bundle came out as."""

    files: int
    size: int  # bytes
    sha256: str


def write(context: Context, project: Project, targets: tuple[str, ...], place: Path) -> Written:
    """Write what these targets (none: all that are locked) need into one file, replaced whole; fetch what is missing.

    Raises BuilderError (project) where it can't be written, and as fetching does.
    """
    locked = lockfile.load(context.root)
    named = tuple(sorted({*fetch.chosen(locked, targets)}))
    pins = [*fetch.needed(context, project, locked, named).values(), library.pin()]
    if committed.nix_wanted(context.root):
        pins += locked.pins_of(BOOTSTRAP)
    own = own_wheels(context, project, locked)
    with context.store.locked("store", shared=True), context.store.workspace() as folder:
        supply.provide(context, project, locked, [*pins, *own])
        members = {f"{PINS}/{pin.sha256}/{pin.file}": context.store.file(pin.sha256) for pin in pins}
        members |= {f"{WHEELS}/{pin.file}": context.store.file(pin.sha256) for pin in own}
        wheel = itself.wheel(folder)
        members[f"{WHEELS}/{wheel.name}"] = wheel
        members |= {f"{APP}/{name}": context.root / name for name in _committed(context.root)}
        _save(place, named, members)
    with place.open("rb") as file:
        return Written(len(members), place.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def take(context: Context, project: Project, targets: tuple[str, ...], place: Path) -> tuple[str, ...]:
    """Fill the store out of a bundle; gives the targets whose pins it now holds.

    Without targets, those that it was made for. All of it is read and checked before any of it is kept. Raises
    BuilderError: mismatch where it is damaged or lies, fetch where a pin of builder.lock is not in it.
    """
    locked = lockfile.load(context.root)
    with context.store.locked("store", shared=True), context.store.workspace() as folder:
        every = {pin.sha256: pin for pin in (*locked.packages, *locked.pins, library.pin())}
        manifest = bundle.read(place, lambda row: _place(context, folder, every, row))
        named = targets or manifest.targets
        wanted = fetch.needed(context, project, locked, named)
        held = {row.sha256 for row in manifest.members}
        extra = (*locked.pins_of(BOOTSTRAP), library.pin())  # what no build wants, but Nix and `builder verify`
        wanted |= {pin.sha256: pin for pin in extra if pin.sha256 in held}
        _refuse_incomplete(context, wanted, folder, manifest, place)
        for sha256 in sorted(wanted):
            if (folder / sha256).exists():
                supply.keep(context, folder / sha256, sha256)
        uses.bundle_of(context, wanted)
    _note(context, manifest, wanted)
    return named


def own_wheels(context: Context, project: Project, locked: Lock) -> tuple[Pin, ...]:
    """What builder itself is installed with elsewhere, but for its own wheel."""
    from builder.resolver import own_wheels  # here: slow to import, and only an air gap wants it

    lines = own_wheels.locked(data.requirements().decode())
    return own_wheels.pins(lines, supply.http(context, project, locked.sources))


def _committed(root: Path) -> list[str]:
    """builder.lock, and the files of the committed plan."""
    found = (path.relative_to(root).as_posix() for path in (root / FOLDER).rglob("*") if path.is_file())
    return [FILENAME, *(name for name in found if "/." not in name)]


def _save(place: Path, targets: tuple[str, ...], members: dict[str, Path]) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with whole.writing(place) as file:
            bundle.write(file, targets, members)
    except OSError as error:
        raise whole.unwritable(str(place), error, "allow or free that place, or name another file") from error


def _place(context: Context, folder: Path, pins: dict[str, Pin], row: Row) -> Path | None:
    """Where a member is put: only pins of builder.lock are, and only those that the store lacks."""
    top, _, rest = row.name.partition("/")
    if top != PINS:
        return None
    stated, file = rest.partition("/")[::2]
    if stated != row.sha256 or (stated in pins and pins[stated].size not in (None, row.size)):
        pin = pins.get(stated)
        raise BuilderError(
            f"`{file}` in the bundle has sha256 {row.sha256}, {row.size} bytes; expected sha256 {stated}"
            f"{f', {pin.size} bytes' if pin else ''}; nothing of the bundle was kept",
            hint="make the bundle anew with `builder fetch --bundle`, and find out who changed this one",
            code=Exit.MISMATCH,
        )
    return folder / stated if stated in pins and not context.store.verified(stated) else None


def _refuse_incomplete(context: Context, wanted: dict[str, Pin], folder: Path, manifest: Manifest, place: Path) -> None:
    lacking = sorted(
        pin.file
        for sha256, pin in wanted.items()
        if not (folder / sha256).exists() and not context.store.verified(sha256)
    )
    if not lacking:
        return
    lock = hashlib.sha256((context.root / FILENAME).read_bytes()).hexdigest()
    other = "; it was made for another builder.lock" if lock != manifest.lock else ""
    more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
    raise BuilderError(
        f"the bundle `{place.name}`, made for {', '.join(manifest.targets)}, lacks what builder.lock pins: "
        f"{', '.join(f'`{file}`' for file in lacking[:5])}{more}{other}; nothing of it was kept",
        hint="run `builder fetch --bundle FILE` with the same checkout and targets where there is a network, "
        "or name fewer targets here",
        code=Exit.FETCH,
    )


def _note(context: Context, manifest: Manifest, wanted: dict[str, Pin]) -> None:
    """Say what of a bundle was left out."""
    spare = [row.name for row in manifest.members if row.name.startswith(f"{PINS}/") and row.sha256 not in wanted]
    if spare:
        names = ", ".join(f"`{name.rpartition('/')[2]}`" for name in spare[:3])
        more = f" and {len(spare) - 3} more" if len(spare) > 3 else ""
        context.say(f"left out of the bundle, as nothing here wants them: {names}{more}")
