"""What a source distribution says of how it is built: the table [build-system] of its pyproject.toml (PEP 517, 518)."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import archive

_LIMIT = 1 << 20  # bytes of a pyproject.toml
_SETUPTOOLS = "setuptools.build_meta:__legacy__"  # PEP 517: the backend of what names none


class Unclear(ValueError):  # noqa: N818 (what it is, as the field says it)
    """A source distribution that does not say how it is built; the message says what is wrong."""


@dataclass(frozen=True)
class BuildSystem:
    """What a build needs, and what runs it."""

    requires: tuple[str, ...]  # PEP 508, as written
    backend: str  # `module` or `module:object`
    path: tuple[str, ...]  # folders of the source tree that the backend is imported from; none: it is required


def of(sdist: Path) -> BuildSystem:
    """How a source distribution is built. Raises Unclear, or archive.Refused where it can't be read."""
    tops: set[str] = set()
    text = b""
    for member in archive.members(sdist):
        top, _, rest = member.name.partition("/")
        tops.add(top)
        if rest == "pyproject.toml" and member.kind == "file":
            for chunk in member.chunks():
                text += chunk
                if len(text) > _LIMIT:
                    raise Unclear(f"its pyproject.toml is longer than {_LIMIT} bytes")
    if len(tops) != 1:
        raise Unclear(f"it has {len(tops)} names at its top, a source distribution has one folder")
    return parse(text)


def parse(pyproject: bytes) -> BuildSystem:
    """How the project of a pyproject.toml is built; an empty one says nothing, as none does. Raises Unclear."""
    try:
        table = tomllib.loads(pyproject.decode())
    except (ValueError, RecursionError) as error:
        raise Unclear(f"its pyproject.toml is not TOML: {error}") from error
    system = table.get("build-system")
    if system is None:
        return BuildSystem(("setuptools>=40.8.0", "wheel"), _SETUPTOOLS, ())
    if not isinstance(system, dict):
        raise Unclear("its [build-system] is not a table")
    if "requires" not in system:
        raise Unclear("its [build-system] has no `requires`")
    backend = system.get("build-backend", _SETUPTOOLS)
    if not isinstance(backend, str):
        raise Unclear("`build-backend` of its [build-system] is not text")
    return BuildSystem(_texts(system, "requires"), backend, _texts(system, "backend-path"))


def _texts(system: dict[str, Any], key: str) -> tuple[str, ...]:
    value = system.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Unclear(f"`{key}` of its [build-system] is not a list of texts")
    return tuple(value)
