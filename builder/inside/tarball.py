"""tar.gz files that are the same bytes for the same contents: sorted, fixed dates, owners and modes."""

import gzip
import tarfile
from pathlib import Path
from typing import BinaryIO

import tree

_DATE = 315532800  # 1980-01-01: an app that zips its own files could not hold an earlier one
_LEVEL = 9


def layer(stream: BinaryIO, root: Path, prefix: str = "", *, last: bool) -> None:
    """Append the files below a folder as one gzip member (RFC 1952) of a tar.

    Members that follow each other are one stream, so an archive can be put together from layers that were compressed
    earlier; the last of them ends the tar.
    """
    with gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=stream, mtime=0) as packed:
        tar = tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8")
        for name in tree.names(root):
            with (root / name).open("rb") as file:
                tar.addfile(_member(prefix + name, (root / name).stat().st_size), file)
        if last:
            tar.close()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mtime = _DATE
    member.mode = 0o644
    return member
