"""The wheels that builder itself is installed with where there is no network: those of requirements.lock.txt.

They are chosen for the machines that steps run on, whatever this one is, so that every machine chooses the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from builder.errors import BuilderError, Exit
from builder.lock import Need, Pin
from builder.network.http import Http
from builder.network.simpleindex import IndexFile
from builder.resolver.wheels import Environment, best, desktop
from builder.sources import pypi

PLATFORM = "linux-x86_64"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_SOURCE = "pypi"
_HASH = "--hash=sha256:"
_THREADS = 8


@dataclass(frozen=True)
class Locked:
    """One line of requirements.lock.txt: what `uv pip compile --universal --generate-hashes` wrote."""

    requirement: Requirement  # name==version, perhaps with a marker
    hashes: frozenset[str]  # sha256 (hex) of every file of that version

    @property
    def version(self) -> str:
        """The version that is pinned."""
        return next(iter(self.requirement.specifier)).version

    def holds(self, environment: Environment) -> bool:
        """Whether its marker is true there."""
        return self.requirement.marker is None or self.requirement.marker.evaluate(dict(environment.markers))


def pins(lines: Iterable[Locked], http: Http, pythons: Sequence[str] = PYTHONS) -> tuple[Pin, ...]:
    """Every wheel that some CPython of these lines wants, in the lines' order; the index is asked where they are.

    Raises BuilderError: fetch; mismatch where a file is none of those that are locked; lock where there is no wheel.
    """
    environments = [desktop(PLATFORM, f"{python}.0") for python in pythons]
    with ThreadPoolExecutor(_THREADS) as pool:
        needs = pool.map(partial(_needs, environments=environments, http=http), lines)
        return tuple(pool.map(partial(_pinned, http=http), [need for group in list(needs) for need in group]))


def locked(text: str) -> Iterator[Locked]:
    """The lines of a requirements file with hashes."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            stated, *hashes = line.split(_HASH)
            yield Locked(Requirement(stated.strip()), frozenset(part.strip() for part in hashes))


def _needs(line: Locked, environments: list[Environment], http: Http) -> list[tuple[Need, Locked]]:
    """The files of one package: one for all environments, or one for each."""
    name = line.requirement.name
    files = {file.file: file for file in pypi.project_files(name, http.base(_SOURCE), http) if _fits(file, line)}
    found: dict[str, Need] = {}
    for environment in environments:
        if line.holds(environment):
            chosen = best(files, environment)
            if chosen is None:
                raise BuilderError(
                    f"`{_SOURCE}` has no wheel of {name} {line.version} for {environment.markers['python_version']} on "
                    f"{PLATFORM}, which builder itself is installed with",
                    hint="use a mirror that has all files of that version",
                    code=Exit.LOCK,
                )
            found[chosen.file] = Need(source=_SOURCE, name=name, version=line.version, file=chosen.file, targets=())
    return [(need, line) for _, need in sorted(found.items())]


def _fits(file: IndexFile, line: Locked) -> bool:
    """Whether a file is one of the locked version; an index without hashes tells by its name."""
    if file.sha256 is not None:
        return file.sha256 in line.hashes
    try:
        return str(parse_wheel_filename(file.file)[1]) == line.version
    except InvalidWheelFilename:
        return False


def _pinned(wanted: tuple[Need, Locked], http: Http) -> Pin:
    need, line = wanted
    (pin,) = pypi.resolve((need,), http)
    if pin.sha256 not in line.hashes:
        raise BuilderError(
            f"`{pin.file}` from `{pin.source}` has sha256 {pin.sha256}, which requirements.lock.txt of builder lacks",
            hint="the mirror serves other bytes: name another one with BUILDER_MIRROR_PYPI",
            code=Exit.MISMATCH,
        )
    return pin
