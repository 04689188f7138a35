"""What a step may leave: a folder of files, folders and links that stay in it; the step itself is not trusted."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from builder.errors import BuilderError, Exit

_DEEPEST = 100  # folders in folders
_LONGEST = 2048  # bytes of a path; the kernel takes 4096, and something comes before it
_LARGEST = 64 << 30  # bytes of all files together, however few blocks of the disk they take


def check(step: str, out: Path) -> None:
    """Raise BuilderError (step) for an output that would reach beyond itself, or that nothing could copy or hash."""
    why = _flaw(out)
    if why:
        raise refused(step, why)


def refused(step: str, why: str) -> BuilderError:
    """The error of an output that can't be kept."""
    return BuilderError(
        f"step `{step}` left an output that can't be kept: {why}",
        hint="mend the step's script, or the package that it builds",
        code=Exit.STEP,
    )


def _flaw(out: Path) -> str:
    """Why a folder is no output, "" where it is one. Nothing but the folder itself is looked at, wherever it leads."""
    if not os.path.lexists(out):
        return "there is no `out`"
    if not stat.S_ISDIR(out.lstat().st_mode):
        return "`out` itself is no folder any more"
    top, size = os.path.realpath(out), 0
    try:
        for entry, below in _entries(out):
            size += entry.stat(follow_symlinks=False).st_size
            why = _flaw_of(entry, below, top)
            if why:
                return f"{why}: `{below.encode(errors='backslashreplace').decode()[:200]}`"
    except OSError as error:
        return f"it can't be read: {error.strerror}"
    return f"it has {size} bytes, and {_LARGEST} are allowed" if size > _LARGEST else ""


def _flaw_of(entry: "os.DirEntry[str]", below: str, top: str) -> str:
    name = os.fsencode(below)
    if len(name) > _LONGEST or below.count("/") >= _DEEPEST:
        return "a path is too long"
    if below.encode(errors="replace") != name:
        return "a name is not UTF-8"
    if entry.is_symlink():
        target = os.readlink(entry.path)
        inside = os.path.realpath(entry.path) == top or os.path.realpath(entry.path).startswith(f"{top}/")
        return "" if inside and not target.startswith("/") else "a link leads out of it"
    kept = entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)
    return "" if kept else "there is something that is no file, folder or link"


def _entries(out: Path) -> Iterator[tuple["os.DirEntry[str]", str]]:
    """Every entry, folders before what is in them, with its path below; a folder that is too deep is not gone into."""
    todo = [""]
    while todo:
        prefix = todo.pop()
        with os.scandir(f"{out}/{prefix}") as entries:
            for entry in entries:
                below = f"{prefix}{entry.name}"
                yield entry, below
                if entry.is_dir(follow_symlinks=False):
                    todo.append(f"{below}/")
