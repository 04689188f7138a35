"""The data files that builder ships, below `toolchains/` and `nix/`, in a checkout and in the installed wheel."""

import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

FOLDERS = ("toolchains", "nix")
REQUIREMENTS = "requirements.lock.txt"  # what builder itself is installed with: versions and hashes


def package() -> Traversable:
    """The folder of builder's modules."""
    return files("builder")


def root(name: str = "toolchains") -> Traversable:
    """A folder of data: within the installed package, else beside the package in a checkout."""
    installed = package().joinpath(name)
    return installed if installed.is_dir() else package().joinpath("..", name)


def requirements() -> bytes:
    """requirements.lock.txt, found in the same way."""
    installed = package().joinpath(REQUIREMENTS)
    return (installed if installed.is_file() else package().joinpath("..", REQUIREMENTS)).read_bytes()


@cache
def nix() -> dict[str, bytes]:
    """What plain Nix reads a plan with: file name below `nix/` -> bytes, without tests and template; sorted."""
    entries = sorted(root("nix").iterdir(), key=lambda entry: entry.name)
    return {entry.name: entry.read_bytes() for entry in entries if entry.is_file() and entry.name != "tests.nix"}


@cache
def table(path: str) -> dict[str, Any]:
    """A TOML file below `toolchains/`, such as `flet/0.82.toml`; FileNotFoundError where there is none."""
    return tomllib.loads(text(path))


def text(path: str) -> str:
    """A file below `toolchains/` as text; FileNotFoundError where there is none."""
    place = root()
    for part in path.split("/"):
        if part in ("", ".", "..") or "\0" in part:  # a version or name out of a lock may be anything
            raise FileNotFoundError(path)
        place = place.joinpath(part)
    return place.read_text(encoding="utf-8")


@cache
def sources(path: str) -> dict[str, str]:
    """The Java sources in a folder below `toolchains/`: name of the class with `.java` -> text; sorted."""
    place = root()
    for part in path.split("/"):
        place = place.joinpath(part)
    found: dict[str, str] = {}
    todo = [("", place)]
    while todo:
        prefix, folder = todo.pop()
        for entry in folder.iterdir():
            if entry.is_dir():
                todo.append((f"{prefix}{entry.name}.", entry))
            elif entry.name.endswith(".java"):
                found[prefix + entry.name] = entry.read_text(encoding="utf-8")
    return dict(sorted(found.items()))


def names(folder: str) -> tuple[str, ...]:
    """The stems of the TOML files in a folder below `toolchains/`, sorted."""
    entries = root().joinpath(folder).iterdir()
    return tuple(sorted(entry.name[: -len(".toml")] for entry in entries if entry.name.endswith(".toml")))
