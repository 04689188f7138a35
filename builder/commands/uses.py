"""What the apps of this machine need of the store: each build, fetch and lock keeps a record, which `gc` reads."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from builder import lockfile, plan, whole
from builder.commands import Context
from builder.errors import BuilderError
from builder.lock import Lock
from builder.plan import Plan
from builder.store import Store

_SUFFIX = ".use"
_BUILDS = 2  # of an app and target, whose outputs stay


@dataclass(frozen=True)
class Use:
    """What one app's target, or the app as a whole, needs."""

    root: str  # absolute folder of the app
    target: str  # "" for what was locked or fetched
    pins: tuple[str, ...] = ()  # sha256 of files
    outputs: tuple[str, ...] = ()  # keys of the toolchain and of steps that don't follow the app's own files
    builds: tuple[tuple[str, ...], ...] = ()  # the last ones, newest first: keys of what follows the app's own files


def lock_of(context: Context, lock: Lock) -> None:
    """Remember that an app needs what its lock pins."""
    pins = tuple(sorted({pin.sha256 for pin in (*lock.packages, *lock.pins)}))
    save(context.store, Use(os.fspath(context.root), "", pins, (lock.toolchain.nar,)))


def bundle_of(context: Context, pins: Iterable[str]) -> None:
    """Remember that an app needs what came for it over an air gap, where nothing can be fetched again."""
    save(context.store, Use(os.fspath(context.root), "a bundle", tuple(sorted(pins))))


def build_of(context: Context, planned: Plan, trees: Mapping[str, str], also: tuple[str, ...] = ()) -> None:
    """Remember what a build is about to use; `trees` are the NAR sha256 of the app's own files.

    `also` are keys of outputs beside those of the plan's steps.
    """
    keys = plan.keys(planned, dict(trees))
    own = (*plan.following(planned, dict(trees)), *trees.values())
    outputs = (planned.toolchain, *also, *(key for key in keys.values() if key not in own))
    built(context, Use(os.fspath(context.root), planned.target, tuple(sorted(planned.pins)), outputs), own)


def built(context: Context, use: Use, own: tuple[str, ...]) -> None:
    """Remember a use, and beside its earlier builds one more: the keys of what follows the app's own files."""
    known = load(_place(context.store, use.root, use.target))
    before = known.builds if known else ()
    save(context.store, replace(use, builds=(own, *(build for build in before if build != own))))


def forget_older(context: Context, target: str) -> None:
    """Of what follows the app's own tree, keep the last two builds of this app and target; remove older ones.

    Skipped while another build runs: it may be reading one of them.
    """
    with context.store.alone() as alone:
        use = load(_place(context.store, os.fspath(context.root), target))
        if not alone or use is None:
            return
        needed = {key for build in use.builds[:_BUILDS] for key in build}
        for key in {key for build in use.builds[_BUILDS:] for key in build} - needed:
            context.store.remove(key)
        save(context.store, replace(use, builds=use.builds[:_BUILDS]))


def all_of(store: Store) -> list[tuple[Path, Use | None, float]]:
    """Each record with where it lies and when it was last written (seconds since 1970); None for a broken one."""
    found = []
    for path in sorted(store.state("").glob(f"*{_SUFFIX}")):
        with contextlib.suppress(FileNotFoundError):
            found.append((path, load(path), path.stat().st_mtime))
    return found


def pins_now(use: Use) -> set[str]:
    """The pins of an app: those of its record, and those that its builder.lock has by now."""
    with contextlib.suppress(BuilderError):
        lock = lockfile.load(Path(use.root))
        return {*use.pins, *(pin.sha256 for pin in (*lock.packages, *lock.pins))}
    return set(use.pins)


def load(path: Path) -> Use | None:
    """The record at a path; None where there is none that can be read."""
    try:
        found = json.loads(path.read_bytes())
        keys = {name: tuple(map(str, found[name])) for name in ("pins", "outputs")}
        builds = tuple(tuple(map(str, build)) for build in found["builds"])
        return Use(str(found["root"]), str(found["target"]), **keys, builds=builds)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def save(store: Store, use: Use) -> None:
    """Keep a record; where the store takes none, what needs it will say so."""
    with contextlib.suppress(OSError):
        whole.write(_place(store, use.root, use.target), json.dumps(asdict(use)).encode())


def _place(store: Store, root: str, target: str) -> Path:
    return store.state(hashlib.sha256(os.fsencode(f"{root}\0{target}")).hexdigest() + _SUFFIX)
