"""`builder verify`: builds a target again with all varied that may vary, and says what differs, where and why."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from builder import execute, schedule
from builder.backends import BACKENDS, Backend, check
from builder.commands import Context
from builder.commands.deliver import expected
from builder.commands.verifying import Case, Request, backend_of, case_of
from builder.commands.words import targets, words
from builder.errors import BuilderError, Exit
from builder.execute import Artifact, Supplies
from builder.plan import Step
from builder.project import Project
from builder.store import Store
from builder.verification import diagnosis, diffoscope, published, report
from builder.verification.causes import BACKEND, CHANCE
from builder.verification.result import Leak, Result, Row
from builder.verification.surroundings import arranged
from builder.verification.variations import VARIATIONS, free

__all__ = ["Request", "run", "targets", "words", "write_report"]


def run(context: Context, project: Project, request: Request) -> Iterator[Result]:
    """Verify each target in turn. Raises BuilderError where it can't be built at all; a difference is a result."""
    check(request.backend)
    if request.against and len(request.targets) != 1:
        raise BuilderError(
            f"--against compares one target, not {len(request.targets)}",
            hint="name the target of that file",
            code=Exit.USAGE,
        )
    with context.store.locked("store", shared=True):
        backend = backend_of(request.backend, context)
        for target in request.targets:
            yield _result(context, project, replace(request, targets=(target,)), backend)


def _result(context: Context, project: Project, request: Request, backend: Backend) -> Result:
    began = time.monotonic()
    with case_of(context, project, request, backend) as case:
        return replace(_verified(case), seconds=time.monotonic() - began)


def _verified(case: Case) -> Result:
    wanted = _wanted(case)
    again = _again(case, wanted)
    first = wanted.artifact or (again.artifact if again.artifact and not again.differs else case.first())
    leaks, runs = _leaks(case, again, first, wanted)
    backends = _backends(case, first, leaks)
    leaks += [leak for _, leak in backends if leak]
    rows = (*_rows(case, leaks), *(row for row, _ in backends))
    notes = [*_notes(case, leaks, wanted, first), *([again.told] if again.told else [])]
    return Result(
        case.target,
        not again.differs and all(row.verdict != "differs" for row in rows),
        wanted.told,
        wanted.digest,
        again.artifact.digest if again.artifact else "",
        rows,
        tuple(leaks),
        tuple(notes),
        runs,
    )


@dataclass(frozen=True)
class _Again:
    """The build with all varied."""

    store: Store
    artifact: Artifact | None  # None where a step failed
    told: str  # what is to be said of it
    differs: bool  # from what is wanted


def _again(case: Case, wanted: published.Wanted) -> _Again:
    case.context.say(f"vary  {case.target}: {len(case.varied)} things at once")
    store, supplies = case.elsewhere("another store")
    arrange = arranged(free([variation.name for variation in case.varied], datetime.now(UTC)), case.faketime)
    artifact, failed = _built(case, store, replace(supplies, arrange=arrange))
    if artifact is None:
        return _Again(store, None, failed, differs=True)
    told, differs = wanted.difference(artifact.path)
    return _Again(store, artifact, told, differs)


def _wanted(case: Case) -> published.Wanted:
    """What the second build is compared with. Raises BuilderError (project) where no digest is recorded."""
    if case.request.against:
        return published.of_file(case.request.against)
    if case.request.recorded:
        digest = expected(case.context.root).get(case.target)
        if digest is None:
            raise BuilderError(
                f"no digest of `{case.target}` is recorded",
                hint=f"run `builder build {case.target} --record`, and commit what it writes",
                code=Exit.PROJECT,
            )
        return published.Wanted("the recorded digest", digest)
    artifact = case.first()
    return published.Wanted("a first build", artifact.digest, artifact.path, artifact)


def _built(case: Case, store: Store, supplies: Supplies) -> tuple[Artifact | None, str]:
    """A build; None where a step failed, and what it said."""
    try:
        return execute.build(case.planned, store, lambda: case.backend, supplies, case.context.say), ""
    except BuilderError as error:
        if error.code != Exit.STEP:
            raise
        return None, error.message


def _leaks(case: Case, again: _Again, first: Artifact, wanted: published.Wanted) -> tuple[list[Leak], int]:
    """What differs and why, and how often steps ran to find that out.

    Where the build with all varied is the plain one, only what is wanted can be another.
    """
    if again.artifact and again.artifact.digest == first.digest:
        other = again.differs and wanted.path
        return ([published.leak(other, again.artifact.path)] if other else []), 0
    return _of_variations(case, again.store, [variation.name for variation in case.varied])


def _of_variations(case: Case, store: Store, names: Sequence[str]) -> tuple[list[Leak], int]:
    """What each variation brings in, of all steps where differences begin."""
    steps = diagnosis.origins(case.bench, store)
    found: dict[str, tuple[list[Leak], int]] = {}

    def begin(step: Step) -> Callable[[], None]:
        return lambda: found.update({step.name: diagnosis.leaks_of(case.bench, step, store, names)})

    schedule.side_by_side(steps, begin, schedule.slots())
    table = {variation.name: number for number, variation in enumerate(VARIATIONS)}
    leaks = [
        leak
        for step in steps
        for leak in sorted(found[step.name][0], key=lambda leak: table.get(leak.variation, len(table)))
    ]
    return leaks, sum(runs for _, runs in found.values())


def _backends(case: Case, first: Artifact, leaks: Sequence[Leak]) -> list[tuple[Row, Leak | None]]:
    """The same plan, nothing varied, by each other backend that works here; by none where steps leak already."""
    found: list[tuple[Row, Leak | None]] = []
    for name in BACKENDS.names():
        if name == case.backend.name:
            continue
        why = "what leaks already has to be mended first" if leaks else BACKENDS[name].refusal(case.context.environ)
        if why:
            row = Row(f"{BACKEND} {name}", case.backend.name, name, "not varied", why)
            found.append((row, None))
        else:
            found.append(_by(replace(case, backend=BACKENDS[name]), first, case))
    return found


def _by(other: Case, first: Artifact, case: Case) -> tuple[Row, Leak | None]:
    """The build by another backend than that of the case."""
    name = other.backend.name
    case.context.say(f"vary  {case.target}: backend {name}")
    store, supplies = other.elsewhere(f"store of {name}")
    try:
        again, failed = _built(other, store, supplies)
    except BuilderError as error:
        if error.code != Exit.SANDBOX:
            raise
        return Row(f"{BACKEND} {name}", case.backend.name, name, "not varied", error.message), None
    if again and again.digest == first.digest:
        return Row(f"{BACKEND} {name}", case.backend.name, name, "equal"), None
    steps = diagnosis.origins(case.bench, store)
    leak = diagnosis.between(case.bench, steps[0], store, f"{BACKEND} {name}") if again and steps else None
    why = failed or f"step {', '.join(f'`{step.name}`' for step in steps)}"
    return Row(f"{BACKEND} {name}", case.backend.name, name, "differs", why), leak


def _rows(case: Case, leaks: Sequence[Leak]) -> list[Row]:
    """A line for each variation."""
    rows = []
    for variation in VARIATIONS:
        if variation not in case.varied:
            why = case.lacking if variation.library else "fixed by the sandbox contract; --beyond varies it"
            rows.append(Row(variation.name, variation.first, variation.then, "not varied", why))
            continue
        steps = sorted({leak.step for leak in leaks if variation.name in leak.variation.split(" with ")})
        why = f"step {', '.join(f'`{step}`' for step in steps)}" if steps else ""
        rows.append(Row(variation.name, variation.first, variation.then, "differs" if steps else "equal", why))
    steps = sorted({leak.step for leak in leaks if leak.variation == CHANCE})
    why = f"step {', '.join(f'`{step}`' for step in steps)}" if steps else ""
    rows.append(Row(CHANCE, "one run", "another run", "differs" if steps else "equal", why))
    return rows


def _notes(case: Case, leaks: Sequence[Leak], wanted: published.Wanted, first: Artifact) -> list[str]:
    """What a table can't say."""
    notes = []
    recorded = expected(case.context.root).get(case.target)
    if recorded and recorded != first.digest and not case.request.recorded:
        notes.append(f"the recorded digest is {recorded}, that of this build {first.digest}; `--recorded` compares it")
    if leaks and len(case.planned.steps) > 1:
        notes.append("steps after these were given other inputs; mend these, then verify again")
    if any(leak.variation == CHANCE for leak in leaks):
        notes.append("in a file that differs from run to run nothing else can be told")
    if wanted.digest != first.digest and case.request.recorded:
        notes.append(f"recorded is {wanted.digest}, a build here gives {first.digest}")
    return notes


def write_report(context: Context, place: Path, results: Sequence[Result]) -> None:
    """Write the page, and diffoscope's beside it where that is installed. Raises BuilderError (usage)."""
    beside = diffoscope.pages(place, results, context.environ, context.say)
    try:
        place.write_text(report.page(results, beside), encoding="utf-8")
    except OSError as error:
        raise BuilderError(
            f"the report `{place}` can't be written: {error.strerror}",
            hint="name another place with --report",
            code=Exit.USAGE,
        ) from error
