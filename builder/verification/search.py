"""Which variation brings a difference about: each alone, in as few runs of the step as possible.

All else is held still, so that two runs of a sound step differ in nothing. What the bytes speak of is tried first; if
the rest together changes nothing, nothing of it need be tried alone.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from builder.removal import remove
from builder.verification.causes import CHANCE
from builder.verification.compare import differing
from builder.verification.variations import ADDRESSES, CLOCK, DATES, INODES, ORDER, Arrangement, still

FAILED = "(the step fails)"  # stands among the files of a step that fails in one run of two
TOGETHER = " with "  # between the names of variations that change something only together


@dataclass(frozen=True)
class Trial:
    """What one run of a step gave: a folder, or why it failed."""

    folder: Path
    failed: str = ""


Run = Callable[[Arrangement], Trial]


@dataclass
class Search:
    """The runs of one step; what it found stands in `leaks`."""

    run: Run
    library: bool  # the clock can be held still
    leaks: dict[str, frozenset[str]] = field(default_factory=dict)  # variation -> files that differ
    trials: dict[str, tuple[Trial, Trial]] = field(default_factory=dict)  # variation -> without and with it

    def __post_init__(self) -> None:
        """Run the step twice with nothing varied: what differs then is drawn by chance."""
        self._still = self.run(still((), library=self.library))
        again = self.run(still((), library=self.library))
        self._noise = changed(self._still, again)
        self._note(CHANCE, self._noise, again)

    def among(self, names: Sequence[str], suspects: Sequence[str]) -> None:
        """Find which of these variations leak."""
        rest = [name for name in names if name != (DATES if self.library else CLOCK)]
        for name in [name for name in suspects if name in rest]:
            self._alone(name)
            rest.remove(name)
        found, trial = self._differing(rest)
        if found and ADDRESSES in rest:
            self._alone(ADDRESSES)  # they move with everything, so first of all
            rest.remove(ADDRESSES)
            self._noise |= self.leaks.get(ADDRESSES, frozenset())
            found = changed(self._still, trial) - self._noise
        if found:
            self._halve(rest)
        if DATES in names and CLOCK in self.leaks:
            self._dates()
        for name in [name for name in self.leaks if name not in (ADDRESSES, CHANCE)]:
            self._not_of(ADDRESSES, name)
        self._not_of(INODES, ORDER)

    def _alone(self, name: str) -> bool:
        found, trial = self._differing((name,))
        self._note(name, found, trial)
        return bool(found)

    def _halve(self, names: Sequence[str]) -> bool:
        """Whether some of these, which leak together, leak in a half of them or alone; those that do are noted."""
        if len(names) == 1:
            return self._alone(names[0])
        first, second = names[: len(names) // 2], names[len(names) // 2 :]
        noted = self._halve(first) if len(first) == 1 or self._differing(first)[0] else False
        if not noted or len(second) == 1 or self._differing(second)[0]:  # if not the first half, then the second
            noted |= self._halve(second)
        if not noted:
            found, trial = self._differing(names)
            self._note(TOGETHER.join(names), found, trial)
            noted = bool(found)
        return noted

    def _dates(self) -> None:
        """Tell the dates of inputs from the clock: the library moves both."""
        first = self.run(still((), library=True, file_dates=False))
        varied = self.run(still((DATES,), library=True, file_dates=False))
        found = changed(first, varied) & self.leaks[CLOCK]
        if found:  # or a file that the step made has the date of its making
            found -= changed(first, self.run(still((), library=True, file_dates=False)))
        if found:
            self.leaks[DATES], self.trials[DATES] = found, (first, varied)
            self._not_of(DATES, CLOCK)

    def _not_of(self, cause: str, effect: str) -> None:
        """Take from a variation the files of another one, which brings it along."""
        if cause in self.leaks and effect in self.leaks:
            self.leaks[effect] -= self.leaks[cause]
            if not self.leaks[effect]:
                del self.leaks[effect]

    def _differing(self, names: Collection[str]) -> tuple[frozenset[str], Trial]:
        trial = self.run(still(names, library=self.library))
        found = changed(self._still, trial) - self._noise
        if not found:
            remove(trial.folder)  # outputs are large, and there may be dozens
        return found, trial

    def _note(self, name: str, found: frozenset[str], trial: Trial) -> None:
        if found:
            self.leaks[name], self.trials[name] = found, (self._still, trial)


def changed(first: Trial, then: Trial) -> frozenset[str]:
    """The files that two runs of a step made otherwise."""
    if first.failed or then.failed:
        return frozenset() if first.failed == then.failed else frozenset({FAILED})
    return frozenset(differing(first.folder, then.folder))
