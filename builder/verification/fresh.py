"""A store of its own for a second build: nothing in it but what every build is given, linked from the user's."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from builder.errors import BuilderError, Exit
from builder.store import Store


def seeded(folder: Path, store: Store, pins: Iterable[str], toolchain: str) -> Store:
    """A store in a new folder, with the files of these sha256 and a toolchain, all hashed anew.

    Raises BuilderError (mismatch) where one of them is not in the other store, or has other bytes there.
    """
    fresh = Store(folder)
    for sha256 in sorted(pins):
        if not store.verified(sha256):
            raise _damaged(store.file(sha256))
        _linked(str(store.file(sha256)), str(fresh.file(sha256)))
    with fresh.workspace() as work:
        shutil.copytree(store.output(toolchain), work / "root", symlinks=True, copy_function=_linked)
        if fresh.put_under_digest(work / "root") != toolchain:
            raise _damaged(store.output(toolchain))
    return fresh


def _linked(source: str, place: str) -> str:
    """A hard link, or a copy where the file system has none; the store never changes a file."""
    try:
        os.link(source, place, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, place, follow_symlinks=False)
    return place


def _damaged(path: Path) -> BuilderError:
    return BuilderError(
        f"`{path}` is not what the lock names any more",
        hint="run `builder fetch`, and verify again",
        code=Exit.MISMATCH,
    )
