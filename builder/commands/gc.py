"""`builder gc`: remove from the store what no app needs any more, or was not used for long, or is too much."""

import contextlib
import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from builder.commands import Context, contents, uses
from builder.commands.contents import Entry
from builder.errors import BuilderError, Exit
from builder.lock import FILENAME
from builder.store import Store
from builder.verification import library

_PATIENCE = 60.0  # seconds that it waits for builds to end
_DAY = 86400.0  # seconds
_CACHE = "uv"  # the resolver's; it goes only where a size is asked for


@dataclass(frozen=True)
class Wish:
    """What is to go."""

    older_than: float | None = None  # days since an app was last used
    max_size: int | None = None  # bytes that the store may keep
    dry_run: bool = False


@dataclass(frozen=True)
class Result:
    """What went, or would go."""

    removed: tuple[Entry, ...]
    freed: int  # bytes; less than the sum where entries share files with what stays
    left: int  # bytes that the store has then


@dataclass(frozen=True)
class _App:
    """What one app needs."""

    root: str  # absolute folder
    used: float  # when it was last used, in seconds since 1970
    needs: frozenset[str]  # names of entries, its records among them


def run(context: Context, wish: Wish, patience: float = _PATIENCE) -> Result:
    """Remove what is to go. Raises BuilderError (project) where builds go on for so many seconds.

    A build that begins meanwhile waits while things are moved out of its way, not while they are deleted.
    """
    store = context.store
    if wish.dry_run:
        return _result(*_chosen(store, wish))
    with contextlib.ExitStack() as afterwards, store.alone(patience) as alone:
        if not alone:
            raise BuilderError(
                f"the store `{store.root}` is in use by a build",
                hint="run it again when that has ended",
                code=Exit.PROJECT,
            )
        doomed = afterwards.enter_context(store.workspace())
        found, going = _chosen(store, wish, f"work/{doomed.name}")
        for number, path in enumerate(path for entry in going for path in entry.paths):
            with contextlib.suppress(FileNotFoundError):
                path.replace(doomed / str(number))
        store.forget_locks()
    return _result(found, going)


def bytes_of(text: str | None) -> int | None:
    """What a size such as `5GB`, `800 MB` or `1GiB` means. Raises BuilderError (usage) for what is none."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?) *(?:([kMGT])(i?)B?|B)?", text.strip(), re.IGNORECASE)
    if not found:
        raise BuilderError(f"`{text}` is no size", hint="give bytes, or such as 800MB, 5GB or 1GiB", code=Exit.USAGE)
    step = 1024 if found[3] else 1000
    return int(float(found[1]) * step ** (" kmgt".index((found[2] or " ").lower())))


def _result(found: list[Entry], going: list[Entry]) -> Result:
    gone = {entry.name for entry in going}
    left = contents.size(entry for entry in found if entry.name not in gone)
    return Result(tuple(going), contents.size(found) - left, left)


def _chosen(store: Store, wish: Wish, own: str = "") -> tuple[list[Entry], list[Entry]]:
    """All entries but this process's own, and those that are to go."""
    found = [entry for entry in contents.entries(store) if entry.name != own]
    apps = sorted(_apps(store), key=lambda app: app.used)
    always = {*contents.OURS, f"files/{library.pin().sha256}", *_places(store)}
    if wish.older_than is not None:
        apps = [app for app in apps if app.used > time.time() - wish.older_than * _DAY]
    elif wish.max_size is None:
        apps = [app for app in apps if (Path(app.root) / FILENAME).is_file()]
    elif contents.size(found) <= wish.max_size:
        return found, []
    going = _unneeded(found, apps, always)
    while wish.max_size is not None and _result(found, going).left > wish.max_size and (apps or _CACHE in always):
        if _CACHE in always:
            always.remove(_CACHE)
        else:
            apps = apps[1:]
        going = _unneeded(found, apps, always)
    return found, going


def _unneeded(found: list[Entry], apps: list[_App], always: set[str]) -> list[Entry]:
    needed = always.union(*(app.needs for app in apps))
    return [entry for entry in found if entry.name not in needed]


def _apps(store: Store) -> Iterable[_App]:
    """Each app that has a record."""
    apps: dict[str, _App] = {}
    for path, use, used in uses.all_of(store):
        if use is not None:
            pins, keys = uses.pins_now(use), (*use.outputs, *(key for build in use.builds for key in build))
            names = {f"{folder}/{pin}" for pin in pins for folder in ("files", "partial")}
            _add(
                apps,
                _App(use.root, used, frozenset(names | {f"outputs/{key}" for key in keys} | {f"apps/{path.name}"})),
            )
    for path, record in _records(store, ".json"):
        _add(apps, _App(str(record.get("root")), path.stat().st_mtime, frozenset({f"apps/{path.name}"})))
    return apps.values()


def _add(apps: dict[str, _App], app: _App) -> None:
    known = apps.get(app.root, app)
    apps[app.root] = replace(app, used=max(app.used, known.used), needs=app.needs | known.needs)


def _places(store: Store) -> Iterable[str]:
    """The records of folders that builder filled, as long as they are there."""
    for path, record in _records(store, ".place"):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            if Path(record["path"]).stat().st_ino in record["inodes"]:
                yield f"apps/{path.name}"


def _records(store: Store, suffix: str) -> Iterable[tuple[Path, dict[str, Any]]]:
    """Each record of a kind that can be read."""
    for path in sorted(store.state("").glob(f"*{suffix}")):
        with contextlib.suppress(OSError, ValueError, RecursionError):
            record = json.loads(path.read_bytes())
            if isinstance(record, dict):
                yield path, record
