"""Known vulnerabilities of Python packages, from advisories on this machine (OSV schema 1.x); nobody is asked."""

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from builder.errors import BuilderError, Exit

_LIMIT = 32 << 20  # bytes of one advisory


@dataclass(frozen=True)
class Advisory:
    """What one advisory says of one package."""

    id: str
    aliases: tuple[str, ...]
    summary: str
    package: str  # PEP 503 name
    versions: frozenset[str]  # that are named one by one
    ranges: tuple[tuple[tuple[str, str], ...], ...]  # of each range its events: (what, version)

    def hits(self, version: str) -> bool:
        """Whether a version is affected."""
        return version in self.versions or any(_within(events, Version(version)) for events in self.ranges)

    @property
    def fixed(self) -> tuple[str, ...]:
        """The versions in which it is mended."""
        return tuple(
            sorted({value for events in self.ranges for what, value in events if what == "fixed"}, key=Version)
        )


def load(path: Path) -> dict[str, list[Advisory]]:
    """The advisories of a JSON file, a folder of such or a zip of such, by package; PyPI's alone.

    Raises BuilderError (usage) for what is no advisory.
    """
    found: dict[str, list[Advisory]] = {}
    for name, data in _documents(path):
        try:
            document = json.loads(data)
            for entry in document if isinstance(document, list) else [document]:
                for advisory in _advisories(entry):
                    found.setdefault(advisory.package, []).append(advisory)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BuilderError(
                f"`{name}` is no advisory of the OSV schema",
                hint="name a JSON file, or a folder or zip of nothing but those",
                code=Exit.USAGE,
            ) from error
    return found


def _documents(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        if path.is_dir():
            for file in sorted(path.rglob("*.json")):
                yield str(file), file.read_bytes()
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in sorted(archive.namelist()):
                    if name.endswith(".json"):
                        with archive.open(name) as opened:
                            yield name, opened.read(_LIMIT)
        else:
            yield str(path), path.read_bytes()
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise BuilderError(
            f"the advisories `{path}` can't be read: {error}",
            hint="name a JSON file, or a folder or zip of such",
            code=Exit.USAGE,
        ) from error


def _advisories(entry: Mapping[str, Any]) -> Iterable[Advisory]:
    """One for each package of the index that an advisory which still stands speaks of."""
    number = str(entry["id"])
    for affected in entry.get("affected") or () if not entry.get("withdrawn") else ():
        package = affected.get("package") or {}
        if str(package.get("ecosystem", "")).partition(":")[0] == "PyPI":
            yield Advisory(
                id=number,
                aliases=tuple(map(str, entry.get("aliases") or ())),
                summary=str(entry.get("summary") or "").splitlines()[0:1][0] if entry.get("summary") else "",
                package=canonicalize_name(str(package["name"])),
                versions=frozenset(map(str, affected.get("versions") or ())),
                ranges=tuple(_events(row) for row in affected.get("ranges") or () if row.get("type") != "GIT"),
            )


def _events(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The events of a range whose versions can be read, in the order of these, as the schema's evaluation wants."""
    found = []
    for event in row.get("events") or ():
        for what, value in event.items():
            try:
                found.append((Version(value), what, str(value)))
            except InvalidVersion:
                continue
    return tuple((what, value) for _, what, value in sorted(found, key=lambda entry: entry[0]))


def _within(events: Iterable[tuple[str, str]], version: Version) -> bool:
    inside = False
    for what, text in events:
        bound = Version(text)
        if what == "introduced" and (version >= bound or text == "0"):
            inside = True
        elif (what == "fixed" and version >= bound) or (what == "last_affected" and version > bound):
            inside = False
    return inside
