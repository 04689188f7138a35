"""From two builds that differ to what each variation brings into which step."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from builder import execute, plan
from builder.backends import Backend
from builder.errors import BuilderError, Exit
from builder.execute import Say, Supplies
from builder.plan import Built, Plan, Step
from builder.store import Store, normalise
from builder.verification.causes import CHANCE, explain, suspects
from builder.verification.compare import Difference, differences, differing
from builder.verification.result import Leak
from builder.verification.search import FAILED, Search, Trial
from builder.verification.surroundings import arranged
from builder.verification.variations import Arrangement

_FILES = 8  # of a step that are looked into and kept


@dataclass(frozen=True)
class Bench:
    """Where single steps are run again, on what the first build gave them."""

    planned: Plan
    store: Store  # that holds the first build
    backend: Backend
    supplies: Supplies
    library: Path | None  # libfaketime
    folder: Path  # for outputs and for what is kept
    place: Path  # where `folder / "kept"` is moved to at the end
    say: Say

    @property
    def kept(self) -> Path:
        """The folder of what a person may want to look at."""
        return self.folder / "kept"

    def keys(self) -> dict[str, str]:
        """The key of each step."""
        return plan.keys(self.planned, dict(self.supplies.trees))


def origins(bench: Bench, again: Store) -> list[Step]:
    """The steps that were given the same and made something else, or failed: where differences come in; in order."""
    keys = bench.keys()
    first = execute.complete(bench.planned, bench.store, lambda: bench.backend, bench.supplies, bench.say)
    then = {name: again.digest(key) for name, key in keys.items() if again.claims(key)}
    found = []
    for step in bench.planned.steps:
        needs = {source.step for source in step.inputs.values() if isinstance(source, Built)}
        if first[step.name] != then.get(step.name) and all(first[name] == then.get(name) for name in needs):
            found.append(step)
    return found


def leaks_of(bench: Bench, step: Step, again: Store, names: Sequence[str]) -> tuple[list[Leak], int]:
    """What each variation brings into a step's output, and how often the step was run to find out."""
    whole = _whole(bench, step, again)
    said, runs = set[str](), 0

    def run(arrangement: Arrangement) -> Trial:
        nonlocal runs
        runs += 1
        bench.say(f"vary  {step.name}: run {runs}")
        return _trial(bench, step, arrangement, runs)

    search = Search(run, library=bench.library is not None)
    search.among(names, suspects(whole))
    found = []
    for name, files in search.leaks.items():
        first, then = search.trials[name]
        found.append(_leak(bench, step, name, tuple(sorted(files)), (first, then)))
        said |= files
    if not found:
        key = bench.keys()[step.name]
        pair = (Trial(bench.store.output(key)), Trial(again.output(key)))
        found.append(_leak(bench, step, CHANCE, tuple(dict.fromkeys(spot.place[0] for spot in whole)), pair))
    return found, runs


def between(bench: Bench, step: Step, again: Store, name: str) -> Leak:
    """What differs in a step's output in two stores, said to come from a variation of that name."""
    key = bench.keys()[step.name]
    pair = Trial(bench.store.output(key)), Trial(again.output(key))
    return _leak(bench, step, name, differing(pair[0].folder, pair[1].folder), pair)


def _whole(bench: Bench, step: Step, again: Store) -> tuple[Difference, ...]:
    """What differs in a step's output in the two whole builds; nothing where it failed in one."""
    key = bench.keys()[step.name]
    if not again.claims(key):
        return ()
    first, then = bench.store.output(key), again.output(key)
    names = differing(first, then)[:_FILES]
    return tuple(spot for name in names for spot in differences(name, first / name, then / name))


def _trial(bench: Bench, step: Step, arrangement: Arrangement, number: int) -> Trial:
    """Run one step alone."""
    supplies = replace(bench.supplies, arrange=arranged(arrangement, bench.library))
    place = bench.folder / "trials" / step.name / str(number)
    place.parent.mkdir(parents=True, exist_ok=True)
    quiet: Callable[[str], None] = lambda line: None  # noqa: E731 (what a step says it said before)
    with execute.opened(bench.planned, step.name, bench.store, lambda: bench.backend, supplies, quiet) as work:
        try:
            bench.backend.run(work, quiet)
        except BuilderError as error:
            if error.code != Exit.STEP:
                raise
            return Trial(place, error.message)
        normalise(work.folder / "out")
        (work.folder / "out").replace(place)
    return Trial(place)


def _leak(bench: Bench, step: Step, name: str, files: tuple[str, ...], pair: tuple[Trial, Trial]) -> Leak:
    first, then = pair
    if FAILED in files:
        told = first.failed or "it succeeds", then.failed or "it succeeds"
        found: tuple[Difference, ...] = (Difference((step.name,), "presence", "the step fails", told[0], told[1]),)
    else:
        found = tuple(
            spot for file in files[:_FILES] for spot in differences(file, first.folder / file, then.folder / file)
        )
        _keep(bench.kept / step.name / name.replace(" ", "-"), files[:_FILES], pair)
    kept = "" if FAILED in files else str(bench.place / step.name / name.replace(" ", "-"))
    return Leak(step.name, name, files, explain(name, found[0]), found, kept)


def _keep(place: Path, files: Sequence[str], pair: tuple[Trial, Trial]) -> None:
    """Copy the files that differ to where they outlive the verification."""
    for side, trial in zip(("first", "then"), pair, strict=True):
        for file in files:
            source = trial.folder / file
            if source.is_file() and not source.is_symlink():
                target = place / side / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
