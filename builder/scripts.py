"""The scripts that run in the sandbox, as data: their bytes, and what each of them imports."""

import hashlib
import re
from functools import cache
from importlib.resources import files

# Scripts import one module a line, by bare name; parsing each into a tree would cost a build 0.1 s.
_IMPORT = re.compile(rb"^ *(?:import (?=[\w.]+$)|from (?=[\w.]+ import ))(\w+)", re.MULTILINE)
START = "start.py"  # what a backend runs first: it proves the sandbox, then runs the step's script


def text(name: str) -> bytes:
    """The bytes of one script of builder/inside."""
    return files("builder.inside").joinpath(name).read_bytes()


@cache
def closure(script: str) -> tuple[str, ...]:
    """The script, then every script that it or start.py imports, sorted."""
    found: set[str] = set()
    todo = [script, START]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += _imports(name)
    return (script, *sorted(found - {script}))


@cache
def sha256(name: str) -> str:
    """The sha256 (hex) of one script."""
    return hashlib.sha256(text(name)).hexdigest()


@cache
def stdlib() -> tuple[str, ...]:
    """The modules of the standard library that any script imports, sorted."""
    found = {module.decode() for name in _names() for module in _IMPORT.findall(text(name))}
    return tuple(sorted(found - {name.removesuffix(".py") for name in _names()}))


def _imports(name: str) -> list[str]:
    named = (f"{module.decode()}.py" for module in _IMPORT.findall(text(name)))
    return [script for script in named if script in _names()]


@cache
def _names() -> frozenset[str]:
    return frozenset(entry.name for entry in files("builder.inside").iterdir() if entry.name.endswith(".py"))
