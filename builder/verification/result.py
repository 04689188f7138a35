"""What a verification found, as data: for people as a table, for programs as JSON, for the report."""

import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from builder.verification.causes import Cause
from builder.verification.compare import Difference

_WIDE = 120  # characters of what a row says on a terminal
Verdict = Literal["equal", "differs", "not varied"]


@dataclass(frozen=True)
class Row:
    """One variation, and what came of it."""

    variation: str
    first: str
    then: str
    verdict: Verdict
    why: str = ""  # not varied, or what was found


@dataclass(frozen=True)
class Leak:
    """What one variation brings into the output of one step."""

    step: str
    variation: str
    files: tuple[str, ...]  # of the step's output, sorted
    cause: Cause
    differences: tuple[Difference, ...]  # in the first of the files
    kept: str = ""  # folder that holds the files of both runs


@dataclass(frozen=True)
class Result:
    """One target, built again."""

    target: str
    equal: bool
    against: str  # what the second build is compared with, for people
    wanted: str  # digest of that
    digest: str  # of the artifact that was built again; "" where a step failed
    rows: tuple[Row, ...]
    leaks: tuple[Leak, ...] = ()
    notes: tuple[str, ...] = ()
    runs: int = 0  # of single steps, to find the variation
    seconds: float = 0.0

    def json(self) -> dict[str, Any]:
        """The same as JSON has it."""
        found = asdict(self)
        return {key: value for key, value in found.items() if key != "seconds"} | {"seconds": round(self.seconds, 1)}

    def lines(self) -> Iterator[str]:
        """The table for a terminal: a heading, a line a variation, then what was found."""
        verdict = "equal" if self.equal else "DIFFERS"
        yield f"{self.target}: {verdict} ({self.against})"
        wide = max((len(row.variation) for row in self.rows), default=0)
        for row in self.rows:
            why = row.why or f"{row.first} -> {row.then}"
            yield f"  {row.variation:<{wide}}  {row.verdict:<10}  {textwrap.shorten(why, _WIDE, placeholder=' …')}"
        for leak in self.leaks:
            yield from _lines(leak)
        for note in self.notes:
            yield f"  note: {note}"


def _lines(leak: Leak) -> Iterator[str]:
    """What was found of one variation in one step."""
    yield ""
    yield f"  step `{leak.step}`, {leak.variation}: {leak.cause.text}"
    yield f"    mend: {leak.cause.mend}"
    more = len(leak.files) - 1
    for number, difference in enumerate(leak.differences[:3]):
        where = " > ".join(difference.place)
        others = f" (and {more} files more)" if more and not number else ""
        at = "" if difference.offset is None else f", offset {difference.offset}"
        yield f"    {where}: {difference.told}{at}{others}"
        yield f"      first: {difference.first}"
        yield f"      then:  {difference.then}"
    if leak.kept:
        yield f"    both are kept in `{leak.kept}`"
