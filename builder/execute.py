"""The only loop over steps: runs what the store lacks, from the artifact backwards."""

import contextlib
import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from builder import merging, noop, outputs, plan, schedule
from builder.backends import Backend, Chain, Work, show_inputs
from builder.errors import BuilderError, Exit
from builder.plan import Built, Pinned, Plan, Step
from builder.store import Store

Say = Callable[[str], None]
Pick = Callable[[], Backend]


@dataclass(frozen=True)
class Supplies:
    """What a build takes from outside the plan."""

    scripts: Callable[[str], bytes]  # text of a script by name
    trees: Mapping[str, str]  # symbolic tree -> NAR sha256 under which the store holds it
    pins: Callable[[set[str]], None]  # makes sure that the store holds the files of these sha256, or raises
    toolchain: Callable[[], Path]  # makes sure that the store claims the root, or raises
    host: Mapping[str, str]  # the host's environment, for the backend's own program
    keep_failed: bool = False  # keep the folder of a step that failed
    arrange: Callable[[Work], Work] = lambda work: work  # gives a step that is laid out other surroundings


@dataclass(frozen=True)
class Artifact:
    """What a plan's last step gave."""

    path: Path  # in the store
    key: str
    digest: str  # sha256 of a file; NAR sha256 of a folder
    backend: str = field(default="", compare=False)  # that ran steps for it; "" where none had to run


class _Unsound(Exception):  # noqa: N818 (a finding, not a fault)
    """Something that a step was given turned out to be damaged; the store has forgotten it."""


def build(planned: Plan, store: Store, pick: Pick, supplies: Supplies, say: Say) -> Artifact:
    """Make the artifact of a plan, running as few steps as the store allows; `pick` is asked once one must run.

    Raises BuilderError: fetch or mismatch from the supplies, sandbox or step from the backend.
    """
    keys = plan.keys(planned, dict(supplies.trees))
    last = keys[planned.steps[-1].name]
    told: set[str] = set()
    ran = ""
    while True:
        missing = _missing(planned, store, keys, {planned.steps[-1].name})
        for step in planned.steps if missing else ():
            if step not in missing and store.claims(keys[step.name]) and step.name not in told:
                say(f"kept  {step.name} {keys[step.name][:12]}")
                told.add(step.name)
        try:
            if missing:
                ran = _run_all(missing, planned, _Run(store, pick, keys, supplies, say))
            if store.holds(last):
                return replace(_artifact(planned, store, last), backend=ran)
        except _Unsound:
            continue  # what was damaged is missing now


@dataclass(frozen=True)
class _Run:
    store: Store
    pick: Pick
    keys: Mapping[str, str]
    supplies: Supplies
    say: Say


@contextlib.contextmanager
def opened(planned: Plan, name: str, store: Store, pick: Pick, supplies: Supplies, say: Say) -> Iterator[Work]:
    """A step made ready in a folder of its own, but not run; the steps that it needs are. Raises as `build` does."""
    keys = plan.keys(planned, dict(supplies.trees))
    step, run = planned.step(name), _Run(store, pick, keys, supplies, say)
    wanted = {source.step for source in step.inputs.values() if isinstance(source, Built)}
    while True:
        with contextlib.suppress(_Unsound):
            if missing := _missing(planned, store, keys, wanted):
                _run_all(missing, planned, run)
            toolchain = supplies.toolchain()
            if all(store.holds(key) for key in (planned.toolchain, *(keys[name] for name in wanted))):
                break
    supplies.pins(set(_pins(step)))
    with store.workspace() as folder:
        work = _work(_Ready(step, _chain((), planned, run), toolchain, pick()), folder, _inputs(step, run), run)
        _lay_out(work, supplies.scripts)
        yield supplies.arrange(work)


def complete(planned: Plan, store: Store, pick: Pick, supplies: Supplies, say: Say) -> dict[str, str]:
    """Make the output of every step; gives their NAR sha256 by step. Raises as `build` does."""
    keys = plan.keys(planned, dict(supplies.trees))
    while not all(store.holds(key) for key in keys.values()):
        with contextlib.suppress(_Unsound):
            missing = _missing(planned, store, keys, set(keys))
            _run_all(missing, planned, _Run(store, pick, keys, supplies, say))
    return {name: store.digest(key) for name, key in keys.items()}


def _missing(planned: Plan, store: Store, keys: Mapping[str, str], wanted: set[str]) -> list[Step]:
    """The steps that must run, in order: from the last one back, as far as outputs are wanted and absent."""
    wanted, missing = set(wanted), []
    for step in reversed(planned.steps):
        if step.name in wanted and not store.claims(keys[step.name]):
            missing.append(step)
            wanted |= {source.step for source in step.inputs.values() if isinstance(source, Built)}
    return missing[::-1]


def _run_all(missing: list[Step], planned: Plan, run: _Run) -> str:
    """Run steps in order; gives the backend. What they are given is hashed meanwhile, and kept is what was right."""
    run.supplies.pins({pin for step in missing for pin in _pins(step)})
    made = {run.keys[step.name] for step in missing}
    given = {run.keys[source.step] for step in missing for source in step.inputs.values() if isinstance(source, Built)}
    with ThreadPoolExecutor(2) as pool:
        checks = [pool.submit(run.store.holds, key) for key in sorted(given - made)]
        backend = run.pick()
        if backend.chained:
            run.supplies.pins({pin for step in planned.steps for pin in _pins(step)})
        toolchain = run.supplies.toolchain()
        checks.append(pool.submit(run.store.holds, planned.toolchain))

        def sound() -> None:
            if not all(check.result() for check in checks):
                raise _Unsound

        chain = _chain(missing, planned, run)

        def begin(step: Step) -> Callable[[], None]:
            run.say(f"build {step.name} {run.keys[step.name][:12]}")
            lock = contextlib.ExitStack()
            lock.enter_context(run.store.locked(run.keys[step.name]))
            return lambda: _make(_Ready(step, chain, toolchain, backend), run, sound, lock)

        schedule.side_by_side(missing, begin, 1 if backend.chained else schedule.slots())
    return backend.name


@dataclass(frozen=True)
class _Ready:
    step: Step
    chain: Chain
    toolchain: Path
    backend: Backend


def _make(ready: _Ready, run: _Run, sound: Callable[[], None], lock: contextlib.ExitStack) -> None:
    with lock:
        if not run.store.claims(run.keys[ready.step.name]):  # another process may have made it meanwhile
            _run(ready, run, sound)


def _run(ready: _Ready, run: _Run, sound: Callable[[], None]) -> None:
    step, planned = ready.step, ready.chain.plan
    try:
        with run.store.workspace() as folder:
            inputs = _inputs(step, run)
            if not merging.is_merge(step, planned) or not merging.linked(step, inputs, folder / "out"):
                work = _work(ready, folder, inputs, run)
                _lay_out(work, run.supplies.scripts)
                try:
                    ready.backend.run(run.supplies.arrange(work), run.say)
                    outputs.check(step.name, folder / "out")
                except BuilderError:
                    sound()  # a step that failed on damaged inputs says nothing
                    _keep_failed(ready, work, run)
                    raise
            sound()
            run.store.put(run.keys[step.name], folder / "out")
    except OSError as error:
        sound()
        raise _disk(step, error) from error


def _chain(steps: Iterable[Step], planned: Plan, run: _Run) -> Chain:
    trees = {name: run.store.output(nar) for name, nar in run.supplies.trees.items()}
    wanted = tuple(step.name for step in steps if not merging.is_merge(step, planned))
    return Chain(planned, trees, run.store.files, run.supplies.scripts, wanted)


def _work(ready: _Ready, folder: Path, inputs: Mapping[str, Path], run: _Run) -> Work:
    return Work(
        step=ready.step,
        folder=folder,
        inputs=inputs,
        toolchain=ready.toolchain,
        environment=ready.chain.plan.environment,
        host=run.supplies.host,
        chain=ready.chain,
        keep=run.supplies.keep_failed,
    )


def _keep_failed(ready: _Ready, work: Work, run: _Run) -> None:
    """Move the folder of a failed step to where it stays, if that is wanted."""
    if work.keep and not ready.backend.chained:  # that one keeps its own
        show_inputs(work)
        kept = run.store.keep_failed(f"{work.step.name}-{run.keys[work.step.name][:12]}", work.folder)
        run.say(f"the failed step's folder is kept in `{kept}`")


def _inputs(step: Step, run: _Run) -> dict[str, Path]:
    """Where each input of a step lies in the store."""
    places = {}
    for name, source in step.inputs.items():
        match source:
            case Pinned(pin=sha256):
                places[name] = run.store.file(sha256)
            case Built(step=earlier):
                places[name] = run.store.output(run.keys[earlier])
            case plan.Tree(tree=symbol):
                places[name] = run.store.output(run.supplies.trees[symbol])
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
    if not path.exists() or not path.resolve().is_relative_to(store.output(key).resolve()):
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
