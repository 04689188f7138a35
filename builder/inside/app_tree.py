"""Which files of an app's tree are packed, by Flet's rules: excludes, includes, and what is left out by default."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class Refused(ValueError):  # noqa: N818 (what happened, as the field says it)
    """An app's tree that can't be packed."""


@dataclass(frozen=True)
class Rules:
    """What of an app is left out; paths are relative, with `/`, and match whole files or folders."""

    exclude: frozenset[str]
    include: frozenset[str]  # these stay even where a default rule matches
    defaults: bool  # leave out dot entries at the top, virtual environments, `__pycache__`


def rules(exclude: Iterable[str], include: Iterable[str], *, defaults: bool) -> Rules:
    """Rules of paths as users write them: with `/` or a backslash, with or without `./` and a slash at the end."""
    return Rules(frozenset(map(_normal, exclude)), frozenset(map(_normal, include)), defaults)


def files(root: Path, chosen: Rules) -> list[str]:
    """The files of an app that are packed, as sorted relative paths; links inside the tree are followed.

    Raises Refused for a link that leaves the tree; one that leads back to a folder above it is left out, as Flet does.
    """
    found: list[str] = []
    top = Path(os.path.realpath(root))
    todo: list[tuple[str, tuple[str, ...]]] = [("", (str(top),))]
    while todo:
        folder, above = todo.pop()
        for entry in os.scandir(root / folder):
            name = f"{folder}/{entry.name}" if folder else entry.name
            if _left_out(root, name, chosen):
                continue
            real = _real(entry, name, top)
            if not Path(real).is_dir():
                found.append(name)
            elif real not in above:
                todo.append((name, (*above, real)))
    return sorted(found)


def _real(entry: os.DirEntry[str], name: str, top: Path) -> str:
    if not entry.is_symlink():
        return os.path.realpath(entry.path)
    real = Path(os.path.realpath(entry.path))
    if not real.is_relative_to(top) or not real.exists():
        raise Refused(f"`{name}` links to something outside of the app: put a copy in its place, or exclude it")
    return str(real)


def _left_out(root: Path, name: str, chosen: Rules) -> bool:
    if name in chosen.exclude:
        return True
    if not chosen.defaults or name in chosen.include:
        return False
    last = name.rsplit("/", 1)[-1]
    if "/" not in name and last.startswith("."):
        return True
    return last == "__pycache__" or (root / name / "pyvenv.cfg").is_file()


def _normal(path: str) -> str:
    return os.path.normpath(path.replace("\\", "/"))
