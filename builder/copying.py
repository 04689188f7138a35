"""A folder copied so that what the copy before it already has is not written again.

Paths are texts here: pathlib would take half of the time.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

_File = tuple["os.DirEntry[str]", str, str]  # what to copy, where a copy of it may be already, where it goes
_BLOCK = 1 << 20  # bytes
_THREADS = 2  # nearly all is done by the kernel
_FICLONE = 0x40049409  # linux/fs.h; the file systems that lack it answer with an error


def folder(source: str, target: str, before: str) -> None:
    """Copy a folder to a new one: symbolic links as they are, files with their modes.

    A file that the folder `before`, if there is one, has at the same place with the same bytes and mode is linked from
    there. Never a hard link into `source`. Raises OSError.
    """
    files = list(_laid_out(source, target, before))
    shares = [files[start::_THREADS] for start in range(_THREADS)]
    with ThreadPoolExecutor(_THREADS) as pool:
        for done in [pool.submit(_fill, share) for share in shares]:
            done.result()


def _laid_out(source: str, target: str, before: str) -> Iterator[_File]:
    """Make the folders and the symbolic links; gives the files that are still to come."""
    os.mkdir(target)
    with os.scandir(source) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        place, earlier = f"{target}/{entry.name}", f"{before}/{entry.name}"
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), place)
        elif entry.is_dir():
            yield from _laid_out(entry.path, place, earlier)
        else:
            yield entry, earlier, place


def _fill(files: Iterable[_File]) -> None:
    for entry, earlier, place in files:
        if not _linked(entry, earlier, place):
            file(entry.path, place)


def file(source: str, target: str) -> None:
    """Copy a file's bytes and mode, sharing the blocks where the file system can. Raises OSError."""
    with open(source, "rb") as reader, open(target, "wb") as writer, contextlib.suppress(ImportError, OSError):
        import fcntl  # here: other systems than Unix lack it

        fcntl.ioctl(writer, _FICLONE, reader.fileno())
        os.fchmod(writer.fileno(), os.fstat(reader.fileno()).st_mode & 0o777)
        return
    shutil.copy(source, target)


def _linked(entry: "os.DirEntry[str]", earlier: str, place: str) -> bool:
    """Whether a place could be linked from an earlier copy, which has the bytes and the mode of an entry."""
    try:
        status, old = entry.stat(), os.lstat(earlier)
        alike = (status.st_size, status.st_mode) == (old.st_size, old.st_mode)
        if alike and _same(entry.path, earlier):
            os.link(earlier, place)
            return True
    except OSError:  # no earlier copy, or a file system without hard links
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place)
    return False


def _same(one: str, other: str) -> bool:
    """Whether two files of one size hold the same bytes; filecmp, with its small blocks, takes twice as long."""
    left = os.open(one, os.O_RDONLY)
    try:
        right = os.open(other, os.O_RDONLY)
        try:
            while block := os.read(left, _BLOCK):
                if block != os.read(right, _BLOCK):
                    return False
            return True
        finally:
            os.close(right)
    finally:
        os.close(left)
