"""Facts of a line of Flet releases (`0.82`, `1.0`): which client, which Pyodide, which Flutter; data in toolchains/flet."""

from typing import Any

from pydantic import Field
from packaging.version import Version

from builder import data
from builder.errors import BuilderError, Exit
from builder.lock import Flutter
from builder.model import Model


class Pyodide(Model):
    """One Pyodide that a line's client can start."""

    version: str
    python: str  # full version of its CPython
    platform: str  # platform tag of its wheels
    markers: dict[str, str] = {}  # PEP 508 environment values beyond the usual ones of Emscripten
    bundled: bool  # True: the client's wheel ships it; False: the npm package `pyodide` is used


class Line(Model):
    """What is known of one line of Flet releases."""

    line: str
    tested: tuple[str, ...]
    flutter: Flutter
    wheels: dict[str, str] = {}  # target family -> project whose wheel holds the client
    archives: dict[str, str] = {}  # target -> file of Flet's own release that holds the client
    pyodide: dict[str, Pyodide] = {}  # Python `major.minor` -> the Pyodide of it
    web: dict[str, Any] = Field(default={})  # read by the web client's steps


def of(version: str) -> Line:
    """The line of a Flet version. Raises BuilderError (lock) for one that no line covers."""
    parsed = Version(version)
    name = f"{parsed.major}.{parsed.minor}"
    if name not in lines():
        raise BuilderError(
            f"flet {version} belongs to no line that this builder knows",
            hint=f"require a version of one of these lines: {', '.join(lines())}",
            code=Exit.LOCK,
        )
    return Line.model_validate(data.table(f"flet/{name}.toml"))


def lines() -> tuple[str, ...]:
    """The lines that builder knows, oldest first."""
    return tuple(sorted(data.names("flet"), key=Version))
