"""`builder diff`: two locks, plans, apps or artifacts, or an app and one of its git revisions, in words."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from builder import committed, lockfile, noop, process
from builder.commands import Context
from builder.differing import Change, artifacts, locks, plans
from builder.errors import BuilderError, Exit
from builder.lock import FILENAME, Lock
from builder.plan import FOLDER, Plan

Parts = dict[str, tuple[Change, ...]]  # file of an app, or "" where there is but one thing -> how it differs


@dataclass(frozen=True)
class App:
    """What is committed of an app."""

    lock: Lock
    plans: Mapping[str, Plan]  # by target


Side = Lock | Plan | App | Path


def run(old: Path, new: Path) -> Parts:
    """How two things of one kind differ; a part without changes is there, empty.

    Raises BuilderError: usage where they are of two kinds or are not there, lock where one can't be read.
    """
    before, after = _load(old), _load(new)
    match before, after:
        case App(), App():
            return _apps(before, after)
        case Lock(), Lock():
            return {"": locks.changes(before, after)}
        case Plan(), Plan():
            return {"": plans.changes(before, after)}
        case Path(), Path():
            return {"": _artifacts(before, after)}
    raise BuilderError(
        f"`{old}` is {_word(before)}, and `{new}` is {_word(after)}",
        hint="name two locks, two plans, two apps or two artifacts",
        code=Exit.USAGE,
    )


def against(context: Context, revision: str) -> Parts:
    """How what is committed of an app differs from a git revision of it. Raises BuilderError (project, lock)."""
    if revision.startswith("-"):
        raise _no_revision(revision, "it starts with a dash")
    listed = _git(context, revision, "ls-tree", "-z", "--name-only", revision, f"{FOLDER}/").split("\0")
    named = [Path(name).name for name in listed if name.endswith(".json")]
    lock = lockfile.parse(_shown(context, revision, FILENAME))
    return _apps(_app(lock, lambda name: _shown(context, revision, f"{FOLDER}/{name}"), named), _here(context.root))


def lines(parts: Parts) -> list[str]:
    """The changes for people; what is equal is not mentioned."""
    found = []
    for name, changes in parts.items():
        if changes and name:
            found.append(f"{name}:")
        found += [f"{'  ' if name else ''}{_shortened(change)}" for change in changes]
    return found


def _shortened(change: Change) -> str:
    """A change with the start of each hash, but where it is what one has to look at."""
    return str(change) if change.kind == "alarm" else re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1", str(change))


def as_json(parts: Parts) -> str:
    """All of it as JSON."""
    rows = {name: [asdict(change) for change in changes] for name, changes in parts.items()}
    return json.dumps({"equal": not any(parts.values()), "parts": rows}, indent=1)


def _load(path: Path) -> Side:
    if not path.exists():
        raise BuilderError(f"there is nothing at `{path}`", hint="name a file or a folder that is", code=Exit.USAGE)
    if path.is_dir():
        return _here(path) if (path / FILENAME).is_file() else path
    head = path.read_bytes()[: 1 << 20] if path.suffix in (".lock", ".json") else b""
    if path.suffix == ".lock" and b"[inputs]" in head:
        return lockfile.parse(path.read_bytes())
    if path.suffix == ".json" and b'"contract"' in head and b'"steps"' in head:
        return committed.parse(path.read_bytes(), path.name)
    return path


def _here(root: Path) -> App:
    named = [path.name for path in (root / FOLDER).glob("*.json")]
    return _app(lockfile.load(root), lambda name: (root / FOLDER / name).read_bytes(), named)


def _app(lock: Lock, read: Callable[[str], bytes], names: Iterable[str]) -> App:
    """An app of its lock and its plans, among the files of builder.plan/."""
    targets = {f"{target}.json" for target in lock.inputs.targets}
    return App(lock, {name: committed.parse(read(name), name) for name in sorted(targets & {*names})})


def _apps(old: App, new: App) -> Parts:
    parts: Parts = {FILENAME: locks.changes(old.lock, new.lock)}
    for name in sorted({*old.plans, *new.plans}):
        before, after = old.plans.get(name), new.plans.get(name)
        if before and after:
            parts[f"{FOLDER}/{name}"] = plans.changes(before, after)
        else:
            parts[f"{FOLDER}/{name}"] = (Change("added" if after else "removed", "the plan"),)
    return parts


def _artifacts(old: Path, new: Path) -> tuple[Change, ...]:
    if old.is_dir() != new.is_dir():
        raise BuilderError(
            f"one of `{old}` and `{new}` is a file, the other a folder", hint="name two of a kind", code=Exit.USAGE
        )
    try:
        return artifacts.changes(
            artifacts.entries(old), artifacts.entries(new), others=noop.digest(old) != noop.digest(new)
        )
    except OSError as error:
        raise BuilderError(
            f"`{error.filename}` can't be read: {error.strerror}", hint="allow it", code=Exit.USAGE
        ) from error


def _word(side: Side) -> str:
    return {App: "an app", Lock: "a lock", Plan: "a plan"}.get(type(side), "an artifact")


def _shown(context: Context, revision: str, name: str) -> bytes:
    return _git(context, revision, "show", f"{revision}:./{name}").encode()


def _git(context: Context, revision: str, *arguments: str) -> str:
    try:
        done = process.run(["git", *arguments], cwd=context.root, env=context.environ)
    except FileNotFoundError as error:
        raise _no_revision(revision, "git is not installed") from error
    if done.code != 0:
        raise _no_revision(revision, done.err.strip().splitlines()[0] if done.err.strip() else "git fails")
    return done.out


def _no_revision(revision: str, why: str) -> BuilderError:
    return BuilderError(
        f"the app can't be read at the git revision `{revision}`: {why}",
        hint=f"name a commit, tag or branch that has {FILENAME}",
        code=Exit.PROJECT,
    )
