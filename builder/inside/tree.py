"""Folders as sorted lists of files, copied and left with one set of modes."""

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path


class Refused(ValueError):  # noqa: N818 (what happened, as the field says it)
    """Folders that can't be laid over each other."""


def names(root: Path) -> list[str]:
    """Every file below a folder as a relative path with `/`, sorted; symbolic links are listed, not followed."""
    return sorted(_names(os.fspath(root), ""))


def _names(folder: str, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _names(entry.path, f"{prefix}{entry.name}/")
            else:
                yield prefix + entry.name


def layered(argument: str) -> tuple[str, str]:
    """`NAME` or `NAME=FOLDER/` -> the name, and the prefix of all that it holds. Raises Refused where that leaves."""
    name, _, below = argument.partition("=")
    if below and (not below.endswith("/") or {"", ".", ".."} & set(below[:-1].split("/"))):
        raise Refused(f"`{below}` is no folder to lay `{name}` into")
    return name, below


def over(roots: Iterable[tuple[Path, str]]) -> dict[str, Path]:
    """What several folders hold when each is laid over the ones before: relative path -> the file or symbolic link.

    Each folder comes with the prefix that its paths get.

    Raises Refused where a place is a file in one and a folder or a link in another: none could replace the other
    without the loss of what was not meant.
    """
    found: dict[str, Path] = {}
    folders: set[str] = set()
    for root, below in roots:
        for own in names(root):
            name, source = below + own, root / own
            if name in found and found[name].is_symlink() != source.is_symlink():
                raise Refused(f"`{name}` is a symbolic link in one folder and a file in another")
            found[name] = source
            above = name.rpartition("/")[0]
            while above and above not in folders:
                folders.add(above)
                above = above.rpartition("/")[0]
    if clash := sorted(folders & found.keys()):
        raise Refused(f"`{clash[0]}` is a folder in one folder and a file or a symbolic link in another")
    return found


def copy(source: Path, out: Path, files: Iterable[str]) -> None:
    """Copy files, given as paths relative to both folders, with their x-bit and nothing else of their mode.

    Symbolic links are followed: the copy has what they lead to.
    """
    for name in files:
        copy_file(source / name, out / name)


def copy_file(source: Path, place: Path) -> None:
    """Copy one file with its x-bit and nothing else of its mode; the folders that its place lies in are made."""
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
    if os.access(source, os.X_OK):
        place.chmod(0o755)


def copy_link(source: Path, place: Path) -> None:
    """Copy a symbolic link as it is, wherever it leads; the folders that its place lies in are made."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(os.readlink(source))  # noqa: PTH115 (a Path would make `a` of `./a`)


def settle(root: Path) -> None:
    """Give every folder below the root 0755 and every file 0644, or 0755 where its owner may run it."""
    for folder, _, files in os.walk(root):
        Path(folder).chmod(0o755)
        for file in files:
            place = Path(folder, file)
            if not place.is_symlink():
                place.chmod(0o755 if place.stat().st_mode & 0o100 else 0o644)


def prune(root: Path) -> None:
    """Remove the empty folders below the root."""
    for folder, _, _ in os.walk(root, topdown=False):
        if Path(folder) != root and not any(Path(folder).iterdir()):
            Path(folder).rmdir()
