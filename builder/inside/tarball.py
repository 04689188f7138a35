"""tar.gz files that are the same bytes for the same contents: sorted, fixed dates, owners and modes."""

import gzip
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import tree

_DATE = 315532800  # 1980-01-01: an app that zips its own files could not hold an earlier one
BEST = 9  # of zlib's levels
QUICK = 5  # of compiled code it leaves 1.5 % more, in a fifth of the time


def plain(file: Path, name: str) -> tarfile.TarInfo:
    """The member of a file that is only ever read: mode 0644, whatever its own is."""
    member = tarfile.TarInfo(name)
    member.size = file.stat().st_size
    member.mtime = _DATE
    member.mode = 0o644
    return member


def as_it_is(file: Path, name: str) -> tarfile.TarInfo:
    """The member of a file with its x-bit, or of a symbolic link."""
    if file.is_symlink():
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.mtime, member.mode = tarfile.SYMTYPE, os.readlink(file), _DATE, 0o777  # noqa: PTH115 (a Path would make `a` of `./a`)
        return member
    member = plain(file, name)
    member.mode = 0o755 if os.access(file, os.X_OK) else 0o644
    return member


def layer(
    stream: BinaryIO,
    root: Path,
    prefix: str = "",
    *,
    member: Callable[[Path, str], tarfile.TarInfo] = plain,
    level: int = BEST,
    last: bool,
) -> None:
    """Append the files below a folder as one gzip member (RFC 1952) of a tar.

    Members that follow each other are one stream, so an archive can be put together from layers that were compressed
    earlier; the last of them ends the tar. `member` gives the header of a file.
    """
    with gzip.GzipFile(filename="", mode="wb", compresslevel=level, fileobj=stream, mtime=0) as packed:
        tar = tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8")
        for name in tree.names(root):
            header = member(root / name, prefix + name)
            if header.isreg():
                with (root / name).open("rb") as file:
                    tar.addfile(header, file)
            else:
                tar.addfile(header)
        if last:
            tar.close()
