"""The dependencies of [tool.poetry] as PEP 508 text."""

import re
from collections.abc import Iterator
from typing import Any

from packaging.version import InvalidVersion, Version

from builder.references import Place, wrong

_PYTHON = "python"
_PIECE = re.compile(r"(\^|~=|~|===|==|>=|<=|!=|>|<|=)?\s*([^\s,^~=<>!|]+)")
_MEND = "write it as in PEP 508 in [project] dependencies"


def requirements(table: Any, place: Place) -> list[str]:
    """PEP 508 text of each entry of [tool.poetry.dependencies]; `python` and optional ones are left out.

    Raises BuilderError (project) for what PEP 508 can't say.
    """
    if not isinstance(table, dict):
        raise wrong(place, "is not a table", "write one `name = version` a line")
    return [
        _requirement(name, entry, place)
        for name, value in table.items()
        if name.lower() != _PYTHON
        for entry in (value if isinstance(value, list) else [value])
        if not (isinstance(entry, dict) and entry.get("optional") is True)
    ]


def specifiers(constraint: str, place: Place) -> list[str]:
    """PEP 440 specifiers of Poetry's constraint: `^1.2` gives `>=1.2` and `<2`."""
    text = constraint.strip()
    if text in ("", "*"):
        return []
    if "|" in text or _PIECE.sub("", text).strip(", \t"):
        raise wrong(place, f"`{constraint}` has no form in PEP 508", _MEND)
    return [found for sign, version in _PIECE.findall(text) for found in _specifier(sign, version, place)]


def _specifier(sign: str, version: str, place: Place) -> list[str]:
    if sign not in ("^", "~"):
        return [f"{sign if sign not in ('', '=') else '=='}{version}"]
    try:
        release = Version(version).release
    except InvalidVersion as error:
        raise wrong(place, f"`{sign}{version}` has no valid version", _MEND) from error
    if sign == "~":
        kept = release[: min(2, len(release))]
    else:
        nonzero = next((at for at, part in enumerate(release) if part), len(release) - 1)
        kept = release[: nonzero + 1]
    upper = (*kept[:-1], kept[-1] + 1)
    return [f">={version}", f"<{'.'.join(map(str, upper))}"]


def _requirement(name: str, entry: Any, place: Place) -> str:
    entry = {"version": entry} if isinstance(entry, str) else entry
    if not isinstance(entry, dict):
        raise wrong(place, f"`{name}` is neither text nor a table", f'write {name} = "^1.0" or a table of it')
    for key in ("version", "git", "rev", "tag", "branch", "subdirectory", "path", "url", "file", *_MARKERS):
        if not isinstance(entry.get(key, ""), str):
            raise wrong(place, f"`{name}` has a `{key}` that is not text", "write it in quotes")
    extras = entry.get("extras", [])
    if not isinstance(extras, list) or not all(isinstance(extra, str) for extra in extras):
        raise wrong(place, f"`{name}` has `extras` that are not a list of texts", 'write a list such as ["extra"]')
    what = f"{name}[{','.join(extras)}]" if extras else name
    url = _url(entry)
    what += f" @ {url}" if url else ",".join(specifiers(entry.get("version", ""), place))
    markers = " and ".join(f"({marker})" for marker in _markers(entry, place))
    return f"{what} ; {markers}" if markers else what


_MARKERS = ("markers", "python", "platform")


def _markers(entry: dict[str, str], place: Place) -> Iterator[str]:
    if entry.get("markers"):
        yield entry["markers"]
    if entry.get("platform"):
        yield f'sys_platform == "{entry["platform"]}"'
    for found in specifiers(entry.get("python", ""), place):
        sign, version = re.fullmatch(r"([~=<>!]+)(.*)", found).groups()  # type: ignore[union-attr]  # made above
        yield f'python_full_version {sign} "{version}"'


def _url(entry: dict[str, str]) -> str:
    if not entry.get("git"):
        return entry.get("url") or entry.get("path") or entry.get("file") or ""
    host = re.fullmatch(r"([^/@:]+@[^/:]+):(.*)", entry["git"])  # scp's way of writing it
    url = f"git+ssh://{host[1]}/{host[2]}" if host else f"git+{entry['git']}"
    revision = entry.get("rev") or entry.get("tag") or entry.get("branch")
    folder = entry.get("subdirectory")
    return f"{url}{f'@{revision}' if revision else ''}{f'#subdirectory={folder}' if folder else ''}"
