"""How two locks, two plans or two artifacts differ, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["added", "removed", "changed", "alarm"]  # an alarm is a change that no honest registry makes
SIGNS: Mapping[Kind, str] = {"added": "+", "removed": "-", "changed": "~", "alarm": "!"}


@dataclass(frozen=True)
class Change:
    """One thing that differs."""

    kind: Kind
    what: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        if self.before and self.after:
            return f"{SIGNS[self.kind]} {self.what}: {self.before} -> {self.after}"
        return f"{SIGNS[self.kind]} {self.what}{': ' if self.before or self.after else ''}{self.before or self.after}"


def of_tables(what: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterable[Change]:
    """The changes between two tables of texts, sorted by key."""
    for key in sorted({*old, *new}):
        name = f"{what} {key}".strip()
        if key not in old:
            yield Change("added", name, after=new[key])
        elif key not in new:
            yield Change("removed", name, before=old[key])
        elif old[key] != new[key]:
            yield Change("changed", name, old[key], new[key])
