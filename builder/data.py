"""The data files that builder ships: everything below `toolchains/`, in a checkout and in the installed wheel."""

import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any


def root() -> Traversable:
    """The folder `toolchains`: within the installed package, else beside the package in a checkout."""
    package = files("builder")
    installed = package.joinpath("toolchains")
    return installed if installed.is_dir() else package.joinpath("..", "toolchains")


@cache
def table(path: str) -> dict[str, Any]:
    """A TOML file below `toolchains/`, such as `flet/0.82.toml`; FileNotFoundError where there is none."""
    place = root()
    for part in path.split("/"):
        place = place.joinpath(part)
    return tomllib.loads(place.read_text(encoding="utf-8"))


def names(folder: str) -> tuple[str, ...]:
    """The stems of the TOML files in a folder below `toolchains/`, sorted."""
    entries = root().joinpath(folder).iterdir()
    return tuple(sorted(entry.name[: -len(".toml")] for entry in entries if entry.name.endswith(".toml")))
