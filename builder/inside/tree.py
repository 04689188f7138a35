"""Folders as sorted lists of files, copied and left with one set of modes."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path


def names(root: Path) -> list[str]:
    """Every file below a folder as a relative path with `/`, sorted; symbolic links are listed, not followed."""
    found = []
    for folder, _, files in os.walk(root):
        found += [Path(folder, file).relative_to(root).as_posix() for file in files]
    return sorted(found)


def copy(source: Path, out: Path, files: Iterable[str]) -> None:
    """Copy files, given as paths relative to both folders, with their x-bit and nothing else of their mode."""
    for name in files:
        place = out / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, place)
        if os.access(source / name, os.X_OK):
            place.chmod(0o755)


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
