"""`builder lock`: write builder.lock anew."""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from builder import lockfile
from builder.errors import BuilderError, Exit
from builder.inputs import inputs_of
from builder.lock import BOOTSTRAP, FILENAME, TOOLCHAIN, Lock, Pin
from builder.network.http import Http
from builder.project import Project
from builder.toolchain import Recipe

if TYPE_CHECKING:
    from builder.network.simpleindex import IndexFile
    from builder.resolver.bounds import Bounds


@dataclass(frozen=True)
class Outside:
    """What a lock is made with: the way to the registries, a folder for the resolver's cache, the toolchain."""

    http: Http  # knows the bases of `builder.resolver.resolve.ORIGINS`
    environ: Mapping[str, str]
    cache: Path  # absolute
    recipe: Recipe  # of the toolchain that the lock is to name


@dataclass(frozen=True)
class Wish:
    """What may move beyond what the project's change asks for."""

    upgrade: bool = False
    packages: tuple[str, ...] = ()  # to upgrade; `toolchain` is one
    exclude_newer: str = ""  # instant, RFC 3339; "" is the project's own


@dataclass(frozen=True)
class LockResult:
    """The new lock, and what differs from the old one."""

    lock: Lock
    written: bool  # False: builder.lock said the same already
    added: tuple[str, ...]  # `name version`
    updated: tuple[str, ...]  # `name old -> new`
    removed: tuple[str, ...]  # `name version`
    newer: tuple[str, ...] | None  # `name version` that the index has beyond the lock; None: not known


def run(
    root: Path, project: Project, old: Lock | None, outside: Outside, wish: Wish, say: Callable[[str], None]
) -> LockResult:
    """Resolve, write builder.lock and say what moved. The committed plans are the caller's to write, from the result.

    Raises BuilderError as `builder.resolver.resolve.resolve` does; then builder.lock is left as it was.
    """
    from builder.resolver import resolve  # here: `check` does without the resolver
    from builder.resolver.bounds import earliest, held
    from builder.resolver.kept import keep
    from builder.resolver.question import Uv
    from builder.resolver.world import World

    inputs = inputs_of(project)
    stated = wish.exclude_newer or inputs.exclude_newer
    bound = _bounds(project, old, outside, wish, stated)
    world = World(
        http=outside.http,
        uv=Uv(resolver(), outside.environ, outside.cache, outside.http.secret_base("pypi"), project.credentials),
        kept=keep(old, wish.upgrade, wish.packages, held(project.settings.update, old) if old else ()),
        recipe=outside.recipe,
        exclude_newer=earliest(stated, bound.exclude_newer),
        bounds=bound,
    )
    answer = resolve.resolve(inputs, world)
    written = lockfile.save(root, answer.lock)
    added, updated, removed = changes(old, answer.lock)
    result = LockResult(answer.lock, written, added, updated, removed, answer.newer)
    for line in (*(f"warning: {text}" for text in answer.warnings), *told(result)):
        say(line)
    return result


def _bounds(project: Project, old: Lock | None, outside: Outside, wish: Wish, stated: str) -> "Bounds":
    """How far an upgrade may go, never beyond a stated instant; what nobody asks to upgrade needs no bounds."""
    from builder.resolver.bounds import Bounds, bounds, earliest
    from builder.sources.pypi import project_files

    if old is None or not (wish.upgrade or wish.packages):
        return Bounds()
    http, origins = outside.http, old.sources

    def files(pin: Pin) -> "tuple[IndexFile, ...]":
        indexed = pin.source == "pypi" or (pin.source in origins and origins[pin.source].kind == "pypi")
        return project_files(pin.name, http.base(pin.source), http) if indexed else ()

    names = () if wish.upgrade else wish.packages
    found = bounds(project.settings.update, old, names, datetime.datetime.now(datetime.UTC), files)
    return replace(found, exceptions={name: earliest(stated, own) for name, own in found.exceptions.items()})


def changes(old: Lock | None, new: Lock) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What was added, updated and removed between two locks; the toolchain counts as one thing."""
    before, after = (_versions(lock) if lock else {} for lock in (old, new))
    added = tuple(f"{name} {after[name]}" for name in sorted(after) if name not in before)
    removed = tuple(f"{name} {before[name]}" for name in sorted(before) if name not in after)
    moved = sorted(name for name in after if name in before and after[name] != before[name])
    return added, tuple(f"{name} {before[name]} -> {after[name]}" for name in moved), removed


def told(result: LockResult) -> tuple[str, ...]:
    """The result as lines for people."""
    lines = [f"added   {text}" for text in result.added]
    lines += [f"updated {text}" for text in result.updated]
    lines += [f"removed {text}" for text in result.removed]
    unavailable = sorted(result.lock.unavailable)
    if unavailable:
        lines.append(f"not to be had: {', '.join(unavailable)}; `builder tree` says why")
    if result.newer is None:
        lines.append("the index did not say which newer versions exist")
    elif result.newer:
        versions = "1 newer version exists" if len(result.newer) == 1 else f"{len(result.newer)} newer versions exist"
        lines.append(f"{versions}: {', '.join(result.newer)}")
    state = "written" if result.written else "unchanged"
    files = len({pin.sha256 for pin in (*result.lock.packages, *result.lock.pins)})
    return (*lines, f"{FILENAME} {state}: {files} files for {_count(result.lock)}")


def _count(lock: Lock) -> str:
    targets = len(lock.inputs.targets) - len(lock.unavailable)
    return "1 target" if targets == 1 else f"{targets} targets"


def _versions(lock: Lock) -> dict[str, str]:
    found = _joined(pin for pin in (*lock.packages, *lock.pins) if not {TOOLCHAIN, BOOTSTRAP} & set(pin.targets))
    return {**found, TOOLCHAIN: f"{lock.toolchain.name} {lock.toolchain.nar[:12]}"}


def _joined(pins: Iterable[Pin]) -> dict[str, str]:
    """Each name with its versions: one, or several where targets differ."""
    found: dict[str, set[str]] = {}
    for pin in pins:
        found.setdefault(pin.name, set()).add(pin.version)
    return {name: ", ".join(sorted(versions)) for name, versions in found.items()}


def resolver() -> str:
    """The path of the `uv` that is installed with builder. Raises BuilderError (fetch) where there is none."""
    from uv import find_uv_bin

    try:
        return str(find_uv_bin())
    except FileNotFoundError as error:
        raise BuilderError(
            "the resolver `uv` is not installed beside builder",
            hint="install builder anew: `uv` is one of its dependencies",
            code=Exit.FETCH,
        ) from error
