"""The scripts that run in the sandbox, as data: their bytes, and what each of them imports."""

import ast
import hashlib
from functools import cache
from importlib.resources import files

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


def _imports(name: str) -> list[str]:
    siblings = {entry.name for entry in files("builder.inside").iterdir() if entry.name.endswith(".py")}
    names: list[str] = []
    for node in ast.walk(ast.parse(text(name))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
    return [f"{module}.py" for module in names if f"{module}.py" in siblings]
