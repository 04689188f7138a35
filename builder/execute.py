"""The only loop over steps: runs what the store lacks, from the artifact backwards."""

import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from builder import noop, plan
from builder.backends import Backend, Work
from builder.errors import BuilderError, Exit
from builder.plan import Built, Pinned, Plan, Step
from builder.store import Store

Say = Callable[[str], None]


@dataclass(frozen=True)
class Supplies:
    """What a build takes from outside the plan."""

    scripts: Callable[[str], bytes]  # text of a script by name
    trees: Mapping[str, str]  # symbolic tree -> NAR sha256 under which the store holds it
    pins: Callable[[set[str]], None]  # makes sure that the store holds the files of these sha256, or raises
    toolchain: Callable[[], Path]  # makes sure that the root is there, or raises
    path: str  # PATH of the host, for the backend's own program


@dataclass(frozen=True)
class Artifact:
    """What a plan's last step gave."""

    path: Path  # in the store
    key: str
    digest: str  # sha256 of a file; NAR sha256 of a folder


def build(planned: Plan, store: Store, backend: Backend, supplies: Supplies, say: Say) -> Artifact:
    """Make the artifact of a plan, running as few steps as the store allows.

    Raises BuilderError: fetch or mismatch from the supplies, sandbox or step from the backend.
    """
    keys = plan.keys(planned, dict(supplies.trees))
    missing = _missing(planned, store, keys)
    kept = [step.name for step in planned.steps if store.holds(keys[step.name])] if missing else []
    for name in kept:
        say(f"kept  {name} {keys[name][:12]}")
    if missing:
        supplies.pins({pin for step in missing for pin in _pins(step)})
        toolchain = supplies.toolchain()
        for step in missing:
            say(f"build {step.name} {keys[step.name][:12]}")
            with store.locked(keys[step.name]):
                if not store.holds(keys[step.name]):  # another process may have made it meanwhile
                    _run(step, planned, store, backend, _Run(keys, supplies, toolchain, say))
    return _artifact(planned, store, keys[planned.steps[-1].name])


@dataclass(frozen=True)
class _Run:
    keys: Mapping[str, str]
    supplies: Supplies
    toolchain: Path
    say: Say


def _missing(planned: Plan, store: Store, keys: Mapping[str, str]) -> list[Step]:
    """The steps that must run, in order: from the last one back, as far as outputs are wanted and absent."""
    wanted, missing = {planned.steps[-1].name}, []
    for step in reversed(planned.steps):
        if step.name in wanted and not store.holds(keys[step.name]):
            missing.append(step)
            wanted |= {source.step for source in step.inputs.values() if isinstance(source, Built)}
    return missing[::-1]


def _run(step: Step, planned: Plan, store: Store, backend: Backend, run: _Run) -> None:
    try:
        with store.workspace() as folder:
            work = Work(step, folder, _inputs(step, store, run), run.toolchain, planned.environment, run.supplies.path)
            _lay_out(work, run.supplies.scripts)
            backend.run(work, run.say)
            store.put(run.keys[step.name], folder / "out")
    except OSError as error:
        raise _disk(step, error) from error


def _inputs(step: Step, store: Store, run: _Run) -> dict[str, Path]:
    """Where each input of a step lies in the store, hashed again before a step reads it."""
    places = {}
    for name, source in step.inputs.items():
        match source:
            case Pinned(pin=sha256):
                places[name] = store.file(sha256)
            case Built(step=earlier):
                places[name] = store.output(run.keys[earlier])
            case plan.Tree(tree=tree):
                places[name] = store.output(run.supplies.trees[tree])
    return places


def _lay_out(work: Work, scripts: Callable[[str], bytes]) -> None:
    """Fill a step's folder: `out`, its texts and scripts, and a place for each input to be shown at."""
    inside = work.folder / "in" / plan.SCRIPTS
    inside.mkdir(parents=True)
    (work.folder / "out").mkdir()
    for name in work.step.scripts:
        (inside / name).write_bytes(scripts(name))
    for name, text in work.step.files.items():
        (work.folder / "in" / name).write_text(text, encoding="utf-8", newline="")
    for name, path in work.inputs.items():
        place = work.folder / "in" / name
        place.mkdir() if path.is_dir() else place.touch()


def _pins(step: Step) -> list[str]:
    return [source.pin for source in step.inputs.values() if isinstance(source, Pinned)]


def _artifact(planned: Plan, store: Store, key: str) -> Artifact:
    path = store.output(key) / planned.artifact
    if not path.exists():
        raise BuilderError(
            f"step `{planned.steps[-1].name}` did not write `{planned.artifact}`",
            hint="run `builder lock` to plan anew; if it stays, report it",
            code=Exit.STEP,
        )
    return Artifact(path, key, store.digest(key) if planned.artifact == "." else noop.digest(path))


def _disk(step: Step, error: OSError) -> BuilderError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return BuilderError(
        f"step `{step.name}` could not be laid out or kept: {error.strerror}",
        hint="free space, or name another place with BUILDER_HOME"
        if full
        else "check the store's folder and its rights",
        code=Exit.STEP,
    )
