"""Removing what somebody else wrote: read-only folders in it, and folders deeper than any path is long."""

import itertools
import os
import shutil
from pathlib import Path


def remove(path: Path) -> None:
    """Remove a file or a tree, read-only folders in it too; nothing happens where there is none."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    try:
        _remove_tree(path)
    except (OSError, RecursionError):
        if path.is_dir():  # a step may nest folders deeper than any path is long
            _remove_deep(path)


def _remove_tree(root: Path) -> None:
    try:
        shutil.rmtree(root)
    except PermissionError:
        for folder, _, _ in os.walk(root):
            os.chmod(folder, 0o700)
        shutil.rmtree(root)


def _remove_deep(root: Path) -> None:
    """Remove a tree of any depth: what lies two folders down is moved up, until nothing does."""
    numbers = itertools.count()
    while folders := [entry.path for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]:
        for folder in folders:
            os.chmod(folder, 0o700)
            for entry in list(os.scandir(folder)):
                if entry.is_dir(follow_symlinks=False):
                    os.chmod(entry.path, 0o700)
                    os.rename(entry.path, root / f".removed-{os.getpid()}-{next(numbers)}")
                else:
                    os.unlink(entry.path)
            os.rmdir(folder)
    shutil.rmtree(root)
