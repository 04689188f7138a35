"""What the words of a command line name: some targets, and an app."""

from collections.abc import Sequence
from pathlib import Path

from builder import lockfile, planning
from builder.targets import TARGETS, family

ALL = "all"


def words(given: Sequence[str]) -> tuple[tuple[str, ...], Path]:
    """The targets and families of a command line, and the app's folder: its last word, if that is no target."""
    *first, last = given or [""]
    if last and last != ALL and family(last) not in TARGETS.names():
        return tuple(first), Path(last)
    return tuple(word for word in given if word), Path()


def targets(root: Path, named: Sequence[str]) -> tuple[str, ...]:
    """The targets that words mean: themselves, all of a family that are locked, or for none or `all` all of them."""
    locked = lockfile.load(root)
    held = planning.buildable(locked)
    found: dict[str, None] = {}
    for name in held if ALL in named or not named else named:
        found |= dict.fromkeys([name] if name in held else [t for t in held if family(t) == name] or [name])
    return tuple(found)
