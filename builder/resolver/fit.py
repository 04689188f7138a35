"""The packages of one target: what it needs of a resolution, older versions where the newest have no file for it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import takewhile

from packaging.utils import parse_wheel_filename
from packaging.version import Version

from builder.inputs import platform_of
from builder.network.simpleindex import IndexFile
from builder.resolver.graph import reachable
from builder.resolver.resolution import Resolution
from builder.resolver.selection import Chosen, Missing, Rules, select
from builder.resolver.wheels import Environment, tags_of

_ROUNDS = 3  # of asking again for older versions

Page = Callable[[str, str], tuple[IndexFile, ...]]  # (project, URL of its index or "") -> all of its files
Again = Callable[[tuple[str, ...]], Resolution | None]  # further constraints -> what the resolver finds for the target


@dataclass(frozen=True)
class Fit:
    """The files of one target, or what it lacks."""

    chosen: tuple[Chosen, ...]
    missing: tuple[Missing, ...]

    @property
    def lack(self) -> str:
        """What is missing, for a message; "" where nothing is."""
        return "; ".join(map(str, self.missing))


@dataclass(frozen=True)
class Place:
    """One target's side of a selection."""

    target: str
    environment: Environment
    rules: Rules
    cut: Collection[tuple[str, str]]  # dependencies that Flet does not mean for it
    known: str = ""  # what it lacked in the old lock: older versions are not asked for once more


def fit(place: Place, resolution: Resolution, again: Again, page: Page) -> Fit:
    """The files of a target's packages.

    Where some package of the common resolution has no file for it but an older version does, the target gets a
    resolution of its own, held to that version; where that fails too, what the common one lacks is told.
    """
    first = found = _selected(place, resolution)
    limits: tuple[str, ...] = ()
    asked = 0
    for _ in range(_ROUNDS):
        if not found.missing or found.lack == place.known:
            return found
        older = takewhile(bool, (_limit(missing, place, page) for missing in found.missing))
        limits += tuple(older)
        if len(limits) < asked + len(found.missing):
            return first
        asked = len(limits)
        other = again(limits)
        if other is None:
            return first
        found = _selected(place, other)
    return first if found.missing else found


def _selected(place: Place, resolution: Resolution) -> Fit:
    needed = reachable(resolution.graph, place.environment.markers, platform_of(place.target), place.cut)
    return Fit(*select(resolution, needed, place.environment, place.rules))


def _limit(missing: Missing, place: Place, page: Page) -> str:
    """A constraint to the newest older version with a wheel for the target, else to the Pyodide distribution's version.

    "" where there is neither.
    """
    supported = frozenset(place.environment.tags)
    older = []
    for file in page(missing.key.name, missing.base):
        if not file.yanked and tags_of(file.file) & supported:
            version = parse_wheel_filename(file.file)[1]
            if version < Version(missing.key.version) and not version.is_prerelease:
                older.append(version)
    if older:
        return f"{missing.key.name}<={max(older)}"
    wheel = None if missing.base else place.rules.distribution.usable(missing.key.name)
    return f"{missing.key.name}=={wheel.version}" if wheel else ""
