"""Folders copied: anew, or into the copy before, of which only what differs is written again.

Paths are texts here: pathlib would take half of the time.
"""

import contextlib
import itertools
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from builder.removal import remove

_BLOCK = 1 << 20  # bytes
_THREADS = 2  # nearly all is done by the kernel
_FICLONE = 0x40049409  # linux/fs.h; the file systems that lack it answer with an error


def folder(source: str, target: str) -> None:
    """Copy a folder to a new one: symbolic links as they are, files with their modes. Raises OSError."""
    _copy_all(list(_laid_out(source, target)))


def update(source: str, target: str, spare: str) -> None:
    """Have a folder, an earlier copy, hold just what another one holds; what is the same stays as it is.

    What differs is first copied to the new folder `spare`. Then `target` is away, as `spare` with `.old` at its end,
    for as long as it takes to move that in: whoever looks sees the old copy, none, or the new one. Raises OSError;
    `target` is as it was then, or away.
    """
    found = _compared(source, target)
    if not found.fresh and not found.gone:
        return
    os.mkdir(spare)
    prepared = [(name, f"{spare}/{number}") for number, name in enumerate(found.fresh)]
    for name, place in prepared:
        _copy_any(f"{source}/{name}", place)
    away = f"{spare}.old"
    os.rename(target, away)
    for name in found.gone:
        remove(Path(away, name))
    for name, place in prepared:
        os.rename(place, f"{away}/{name}")
    os.rename(away, target)


def file(source: str, target: str) -> None:
    """Copy a file's bytes and mode, sharing the blocks where the file system can. Raises OSError."""
    with open(source, "rb") as reader, open(target, "wb") as writer, contextlib.suppress(ImportError, OSError):
        import fcntl  # here: other systems than Unix lack it

        fcntl.ioctl(writer, _FICLONE, reader.fileno())
        os.fchmod(writer.fileno(), os.fstat(reader.fileno()).st_mode & 0o777)
        return
    shutil.copy(source, target)


def _copy_any(source: str, target: str) -> None:
    mode = os.lstat(source).st_mode
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(source), target)
    elif stat.S_ISDIR(mode):
        folder(source, target)
    else:
        file(source, target)


def _laid_out(source: str, target: str) -> Iterator[tuple[str, str]]:
    """Make the folders and the symbolic links; gives the files that are still to come, each with its place."""
    os.mkdir(target)
    for entry in _entries(source):
        place = f"{target}/{entry.name}"
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), place)
        elif entry.is_dir():
            yield from _laid_out(entry.path, place)
        else:
            yield entry.path, place


def _copy_all(files: Sequence[tuple[str, str]]) -> None:
    def share(start: int) -> None:
        for source, target in files[start::_THREADS]:
            file(source, target)

    with ThreadPoolExecutor(_THREADS) as pool:
        for done in [pool.submit(share, start) for start in range(_THREADS)]:
            done.result()


@dataclass
class _Found:
    """How an earlier copy differs, by paths relative to both folders."""

    fresh: list[str] = field(default_factory=list)  # what is not there, or is another; of a folder all below it
    gone: list[str] = field(default_factory=list)  # what is there and should not be, or is of another kind
    alike: list[str] = field(default_factory=list)  # files of the same size and mode


def _compared(source: str, target: str) -> _Found:
    found = _Found()
    _look(source, target, "", found)

    def other(start: int) -> list[str]:
        names = itertools.islice(found.alike, start, None, _THREADS)
        return [name for name in names if not _same(f"{source}/{name}", f"{target}/{name}")]

    with ThreadPoolExecutor(_THREADS) as pool:
        for names in list(pool.map(other, range(_THREADS))):
            found.fresh += names
    return found


def _look(source: str, target: str, below: str, found: _Found) -> None:
    """Compare all but the bytes of files; `below` is empty, or a folder with a slash at its end."""
    before = {entry.name: entry for entry in _entries(f"{target}/{below}")}
    for entry in _entries(f"{source}/{below}"):
        name, old = below + entry.name, before.pop(entry.name, None)
        if old is not None and _kind(entry) != _kind(old):
            found.gone.append(name)
            old = None
        if old is None:
            found.fresh.append(name)
        elif entry.is_dir(follow_symlinks=False):
            _look(source, target, f"{name}/", found)
        elif _told(entry) == _told(old):
            found.alike += [] if entry.is_symlink() else [name]
        else:
            found.fresh.append(name)
            found.gone += [name] if entry.is_symlink() else []
    found.gone += [below + name for name in before]


def _entries(folder: str) -> Iterable["os.DirEntry[str]"]:
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)


def _kind(entry: "os.DirEntry[str]") -> int:
    return stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)


def _told(entry: "os.DirEntry[str]") -> object:
    """What tells most files, and all symbolic links, apart."""
    if entry.is_symlink():
        return os.readlink(entry.path)
    found = entry.stat()
    return found.st_size, found.st_mode


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
