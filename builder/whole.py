"""A file written whole or not at all; what killed writers left beside it goes with the next writing."""

import contextlib
import glob
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from builder.errors import BuilderError, Exit


def write(path: Path, data: bytes) -> None:
    """Replace a file, which is on the disk before this returns: there are the old or the new bytes. Raises OSError."""
    with writing(path) as file:
        file.write(data)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """What the new bytes are written to; they take the old ones' place at the end of the block, unless it raises."""
    for left in leftovers(path):
        left.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def leftovers(path: Path) -> list[Path]:
    """What lies beside a path because a process was killed while it replaced that path."""
    found = path.parent.glob(f".{glob.escape(path.name)}.[0-9]*")
    return [left for left in found if not at_work(left.name.removeprefix(f".{path.name}.").partition(".")[0])]


def at_work(pid: str) -> bool:
    """Whether a process of that number runs; one of another user counts, and so does what is no number.

    On Windows all do: nothing there asks without harm, as the signal 0 is Ctrl-C.
    """
    if sys.platform == "win32":
        return True
    with contextlib.suppress(PermissionError, ValueError, OverflowError):
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return False
    return True


def unwritable(name: str, error: OSError, hint: str) -> BuilderError:
    """The error (project) of a file that can't be written."""
    return BuilderError(f"`{name}` can't be written: {error.strerror}", hint=hint, code=Exit.PROJECT)
