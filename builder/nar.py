"""The sha256 of a tree's NAR (nix-archive-1): the names, bytes, exec bits and symlinks that Nix hashes.

Only the standard library is imported: a build that has nothing to do needs this and little else.
"""

import errno
import hashlib
import io
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

_BLOCK = 1 << 20
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)  # the one of Unix, the other of Windows
_PADDING = bytes(8)

_Folder = dict[str, "_Folder | str"]  # name -> a folder, or where the bytes of an entry lie on disk


class _Hash(Protocol):
    def update(self, data: bytes | memoryview, /) -> None: ...


def sha256(path: Path) -> str:
    """The NAR sha256 (hex) of a file, symlink or folder, as `nix-hash --type sha256` gives it.

    Raises OSError, for a device, socket or pipe as well.
    """
    found = hashlib.sha256(_START)
    _node(found, os.fspath(path), memoryview(bytearray(_BLOCK)))
    return found.hexdigest()


def sha256_of(entries: Mapping[str, Path]) -> str:
    """The NAR sha256 (hex) of a folder that holds just these entries: relative POSIX path -> where it lies on disk.

    Folders are implied. Raises OSError as `sha256` does, ValueError for a path that no tree can hold.
    """
    found = hashlib.sha256(_START)
    _folder(found, _tree(entries), memoryview(bytearray(_BLOCK)))
    return found.hexdigest()


def _string(data: bytes) -> bytes:
    """A string of the format: its length (64 bits, little-endian), its bytes, zeros up to a multiple of 8."""
    return len(data).to_bytes(8, "little") + data + _PADDING[: -len(data) % 8]


def _strings(*texts: bytes) -> bytes:
    return b"".join(map(_string, texts))


_START = _strings(b"nix-archive-1")
_CLOSE = _strings(b")")
_REGULAR = _strings(b"(", b"type", b"regular", b"contents")
_EXECUTABLE = _strings(b"(", b"type", b"regular", b"executable", b"", b"contents")
_SYMLINK = _strings(b"(", b"type", b"symlink", b"target")
_DIRECTORY = _strings(b"(", b"type", b"directory")
_ENTRY = _strings(b"entry", b"(", b"name")
_NODE = _strings(b"node")


def _node(found: _Hash, path: str, buffer: memoryview) -> None:
    """Hash what lies at a path."""
    mode = os.lstat(path).st_mode
    if stat.S_ISREG(mode):
        _file(found, path, buffer)
    elif stat.S_ISDIR(mode):
        found.update(_DIRECTORY)
        for name in _sorted(entry.name for entry in os.scandir(path)):
            found.update(_ENTRY + _string(os.fsencode(name)) + _NODE)
            _node(found, f"{path}/{name}", buffer)
            found.update(_CLOSE)
        found.update(_CLOSE)
    elif stat.S_ISLNK(mode):
        target = os.readlink(path)
        found.update(_SYMLINK + _string(os.fsencode(target)) + _CLOSE)
    else:
        raise OSError(errno.EINVAL, "is no file, folder or symlink", path)


def _folder(found: _Hash, folder: _Folder, buffer: memoryview) -> None:
    """Hash a folder whose entries are known."""
    found.update(_DIRECTORY)
    for name in _sorted(folder):
        found.update(_ENTRY + _string(os.fsencode(name)) + _NODE)
        entry = folder[name]
        if isinstance(entry, str):
            _node(found, entry, buffer)
        else:
            _folder(found, entry, buffer)
        found.update(_CLOSE)
    found.update(_CLOSE)


def _file(found: _Hash, path: str, buffer: memoryview) -> None:
    """Hash a regular file block by block; its size comes first, so it may not change meanwhile."""
    with io.FileIO(os.open(path, _READ)) as file:
        status = os.fstat(file.fileno())
        head = _EXECUTABLE if status.st_mode & stat.S_IXUSR else _REGULAR
        found.update(head + status.st_size.to_bytes(8, "little"))
        left = status.st_size
        while count := file.readinto(buffer):
            found.update(buffer[:count])
            left -= count
    if left:
        raise OSError(errno.EBUSY, "changed while it was hashed", path)
    found.update(_PADDING[: -status.st_size % 8] + _CLOSE)


def _sorted(names: Iterable[str]) -> list[str]:
    """By bytes, as Nix sorts; the order of str differs where a name is not UTF-8."""
    return sorted(names, key=os.fsencode)


def _tree(entries: Mapping[str, Path]) -> _Folder:
    root: _Folder = {}
    for name, path in entries.items():
        *parents, last = name.split("/")
        if not {"", ".", ".."}.isdisjoint((*parents, last)):
            raise ValueError(f"`{name}` is no relative path of a tree")
        folder = root
        for parent in parents:
            below = folder.setdefault(parent, {})
            if isinstance(below, str):
                raise ValueError(f"`{name}` lies below what is no folder")
            folder = below
        if last in folder:
            raise ValueError(f"`{name}` is there twice")
        folder[last] = os.fspath(path)
    return root
