"""What is newer than what a lock holds: each registry's newest version, and how far the project's policy lets it go."""

import datetime
import json
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from builder import data
from builder.errors import BuilderError
from builder.inputs import CLIENTS
from builder.lock import BOOTSTRAP, TOOLCHAIN, Lock, Origin, Pin
from builder.network.http import Http
from builder.network.simpleindex import IndexFile
from builder.resolver.bounds import earliest
from builder.resolver.runtimes import CPYTHON, STANDALONE
from builder.sources.pypi import project_files
from builder.updates import Rule, Update, cutoff, fits

FLUTTER = "flutter"
ORIGIN = Origin(kind="url", base="https://storage.googleapis.com/flutter_infra_release/releases/")
_THREADS = 8
_FOLLOWERS = {
    "client": "it follows flet",
    "runtime": "it follows builder's tables and flet",
    "tool": "it follows builder's tables",
    "flutter": "it follows flet",
}  # kind -> what moves it


@dataclass(frozen=True)
class Row:
    """One thing of a lock, and what there is of it."""

    name: str
    kind: str  # direct, transitive, client, runtime, tool, flutter
    source: str  # alias
    locked: tuple[str, ...]  # versions, sorted; several where targets differ
    newest: str = ""  # "" where that is not known
    allowed: str = ""  # the newest that the policy lets it go to, the locked one where that is none
    note: str = ""  # why newest is unknown, or what else moves it

    @property
    def behind(self) -> bool:
        """Whether there is something newer."""
        return bool(self.newest) and self.newest not in self.locked


@dataclass(frozen=True)
class _Release:
    version: Version
    published: str  # earliest instant of its files, as the index states it; "" where it does not


def rows(lock: Lock, update: Update, http: Http, now: datetime.datetime) -> tuple[Row, ...]:
    """A row for each package, client, runtime, tool and for Flutter, sorted by kind and name.

    What can't be asked has the reason as its note; nothing is raised.
    """
    pins: dict[tuple[str, str], list[Pin]] = {}
    for pin in (*lock.packages, *lock.pins):
        if not {TOOLCHAIN, BOOTSTRAP} & set(pin.targets):
            pins.setdefault((pin.name, pin.source), []).append(pin)
    asks = [partial(_row, lock, update, http, now, group) for group in pins.values()]
    asks += [partial(_flutter, lock, http)] if lock.flutter else []
    with ThreadPoolExecutor(_THREADS) as pool:
        found = list(pool.map(lambda ask: ask(), asks))
    return tuple(sorted(found, key=lambda row: (_ORDER.index(row.kind), row.name)))


_ORDER = ("direct", "transitive", "client", "runtime", "tool", "flutter")


def _row(lock: Lock, update: Update, http: Http, now: datetime.datetime, pins: list[Pin]) -> Row:
    first, rule = pins[0], update.rule(pins[0].name)
    locked = tuple(str(version) for version in sorted({Version(pin.version) for pin in pins}))
    row = Row(first.name, _kind(first, lock), first.source, locked)
    try:
        found = _releases(first, lock, http)
    except BuilderError as error:
        return replace(row, note=error.message)
    if not found:
        return replace(row, note="its source lists no versions")
    newest = max(Version(locked[-1]), *(release.version for release in found))
    note = _FOLLOWERS.get(row.kind, "")
    if note:  # an upgrade takes what another thing says
        return replace(row, newest=str(newest), allowed=_told(first, lock) or locked[-1], note=note)
    late = earliest(cutoff(rule, now), lock.inputs.exclude_newer)
    asked = _asked(first.name, lock)
    open_to = [r.version for r in found if _old_enough(r, late) and fits(rule, locked, str(r.version))]
    allowed = max([*(version for version in open_to if version in asked), Version(locked[-1])])
    note = _why(rule, asked) if newest > allowed else ""
    return replace(row, newest=str(newest), allowed=str(allowed), note=note)


def _asked(name: str, lock: Lock) -> SpecifierSet:
    """What the project itself wants of a package."""
    texts = [Requirement(text) for text in (*lock.inputs.requires, *lock.inputs.constraints)]
    return SpecifierSet(",".join(str(found.specifier) for found in texts if found.name == name and found.specifier))


def _told(pin: Pin, lock: Lock) -> str:
    """The version that builder's own tables have of a tool or a runtime; "" where they have none."""
    if pin.source == STANDALONE:
        return newest_cpython(lock.inputs.python)
    if pin.name == CPYTHON:
        return str(data.table("runtimes.toml")["bytedeco"]["python"])
    return next((str(row["version"]) for row in data.table("tools.toml")["tool"] if row["name"] == pin.name), "")


def _why(rule: Rule, asked: SpecifierSet) -> str:
    parts = [f"the project asks for {asked}"] if str(asked) else []
    parts += [f"allow = {rule.allow}"] if rule.allow != "major" else []
    parts += [f"pin {rule.pin}"] if rule.pin else []
    parts += [f"exclude {', '.join(rule.exclude)}"] if rule.exclude else []
    parts += [f"cooldown of {rule.cooldown} days"] if rule.cooldown else []
    return "; ".join(parts)


def _kind(pin: Pin, lock: Lock) -> str:
    if pin in lock.packages:
        if pin.name in CLIENTS:
            return "client"
        return "direct" if pin.name in {Requirement(text).name for text in lock.inputs.requires} else "transitive"
    if pin.name == "flet-client":
        return "client"
    return "runtime" if pin.name in (CPYTHON, "pyodide") else "tool"


def _releases(pin: Pin, lock: Lock, http: Http) -> list[_Release]:
    """The releases that a pin's source has, but pre-releases and yanked ones."""
    origin = lock.sources.get(pin.source)
    kind = origin.kind if origin else pin.source
    ask: Mapping[str, Callable[[Pin, Lock, Http], Iterable[_Release]]] = {
        "pypi": _of_index,
        "npm": _of_npm,
        "maven": _of_maven,
        STANDALONE: _of_table,
    }
    chosen = ask.get(STANDALONE if pin.source == STANDALONE else kind)
    if chosen is None:
        return []
    return [release for release in chosen(pin, lock, http) if not release.version.is_prerelease]


def _of_index(pin: Pin, lock: Lock, http: Http) -> Iterable[_Release]:
    published: dict[Version, list[str]] = {}
    for file in project_files(pin.name, http.base(pin.source), http):
        version = _version(file.file)
        if version is not None and not file.yanked and _for(file, lock.inputs.python):
            published.setdefault(version, []).append(file.uploaded)
    return [_Release(version, min(times) if all(times) else "") for version, times in published.items()]


def _of_npm(pin: Pin, lock: Lock, http: Http) -> Iterable[_Release]:
    try:
        document = json.loads(http.read(http.base(pin.source) + quote(pin.name, safe="@")))
        times = document.get("time", {})
        return [_Release(version, times.get(text, "")) for text, version in _parsed(document["versions"])]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _of_maven(pin: Pin, lock: Lock, http: Http) -> Iterable[_Release]:
    """What maven-metadata.xml lists. It is signed by nobody, so it only ever gives a hint, never a pin."""
    *group, artifact, _ = pin.path.strip("/").split("/")
    text = (http.find(f"{http.base(pin.source)}{'/'.join([*group, artifact])}/maven-metadata.xml") or b"").decode(
        "utf-8", "replace"
    )
    listed = re.findall(r"<version>\s*([^<\s]{1,100})\s*</version>", text)
    if pin.name == CPYTHON:  # bytedeco's versions are CPython's with its own behind a dash
        listed = [version.partition("-")[0] for version in listed if version.startswith(f"{lock.inputs.python}.")]
    return [_Release(version, "") for _, version in _parsed(listed)]


def _of_table(pin: Pin, lock: Lock, http: Http) -> Iterable[_Release]:
    """What the table of pbs-installer has of the app's Python."""
    return [_Release(Version(newest_cpython(lock.inputs.python)), "")]


def newest_cpython(python: str) -> str:
    """The newest CPython of a line that builder's own tables know; "" where they know none."""
    from pbs_installer import get_download_link  # here: its table is a megabyte of JSON

    try:
        version, _ = get_download_link(python, arch="x86_64", platform="linux")
    except ValueError:
        return ""
    return f"{version.major}.{version.minor}.{version.micro}"


def _flutter(lock: Lock, http: Http) -> Row:
    """The newest stable Flutter, as its own list of releases for Linux has it."""
    locked = lock.flutter.version if lock.flutter else ""
    row = Row(FLUTTER, "flutter", FLUTTER, (locked,), allowed=locked, note=_FOLLOWERS["flutter"])
    try:
        listed = json.loads(http.read(f"{http.base(FLUTTER)}releases_linux.json"))["releases"]
        stable = [entry["version"] for entry in listed if entry["channel"] == "stable"]
    except BuilderError as error:
        return replace(row, note=error.message)
    except (ValueError, KeyError, TypeError):
        return replace(row, note="its list of releases can't be read")
    return replace(row, newest=str(max([version for _, version in _parsed(stable)], default=locked)))


def _old_enough(release: _Release, late: str) -> bool:
    """Whether a release was there before an instant; one whose time nobody states counts as too young, as for uv."""
    if not late:
        return True
    try:
        return datetime.datetime.fromisoformat(release.published) < datetime.datetime.fromisoformat(late)
    except (ValueError, TypeError):
        return False


def _parsed(texts: Iterable[str]) -> Iterable[tuple[str, Version]]:
    for text in texts:
        try:
            yield text, Version(text.removeprefix("v"))
        except InvalidVersion:
            continue


def _version(file: str) -> Version | None:
    try:
        return parse_wheel_filename(file)[1] if file.endswith(".whl") else parse_sdist_filename(file)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None


def _for(file: IndexFile, python: str) -> bool:
    """Whether a file is for some release of a line of Python."""
    try:
        wanted = SpecifierSet(file.requires_python)
    except InvalidSpecifier:
        return True
    return any(wanted.contains(f"{python}.{patch}") for patch in (0, 99))
