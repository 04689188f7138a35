"""Files that hold files, for comparing: zip, tar, gzip, xz and .pyc as headers and parts.

They may come from anyone, so nothing is unpacked to disk by name, and no part is read beyond a limit. What does not
hold to its format is no container: its bytes are compared as they are.
"""

import io
import lzma
import mmap
import os
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Data = bytes | mmap.mmap

LARGEST = 1 << 30  # bytes of one part; a larger one is compared packed
_MOST = 200_000  # parts
_BLOCK = 1 << 20  # bytes
_MEMORY = 256 << 20  # bytes that xz may use
_BROKEN = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, struct.error, tarfile.TarError)
_UNREADABLE = (*_BROKEN, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


@dataclass(frozen=True)
class Header:
    """One field of a header."""

    kind: str  # of a difference in it: date, mode, owner, order, packing, header
    told: str  # which field it is, for people
    value: str
    at: int | None = None  # offset in the container


@dataclass(frozen=True)
class Part:
    """A file in a container."""

    name: str
    headers: tuple[Header, ...]
    stamp: object  # equal ones mean equal bytes; None: nobody knows
    read: Callable[[], Data]  # raises ValueError where it is too large or broken


@dataclass(frozen=True)
class Container:
    """A file that holds files."""

    what: str
    headers: tuple[Header, ...]
    parts: tuple[Part, ...]


def opened(name: str, data: Data) -> Container | None:
    """A file's data as a container; None where it is none, or broken."""
    try:
        if data[:4] in (b"PK\3\4", b"PK\5\6"):
            return _zip(data)
        if data[:3] == b"\x1f\x8b\x08":
            return _gzip(name, data)
        if data[:6] == b"\xfd7zXZ\0":
            return Container("xz", (), (_unpacked(name, ".xz", data, lzma.LZMADecompressor(memlimit=_MEMORY)),))
        if data[257:262] == b"ustar":
            return _tar(data)
        if name.endswith(".pyc") and data[2:4] == b"\r\n" and len(data) > 16:
            return _pyc(data)
    except _UNREADABLE:
        return None
    return None


def _zip(data: Data) -> Container:
    archive = zipfile.ZipFile(_file(data))
    return Container("zip", (), tuple(_zip_part(archive, entry) for entry in archive.infolist()[:_MOST]))


def _zip_part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Part:
    at = entry.header_offset
    year, month, day, hour, minute, second = entry.date_time
    date = f"{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
    headers = (
        Header("date", "the date in the member's header", date, at + 10),
        Header("mode", "the mode in the member's entry of the directory", stat.filemode(entry.external_attr >> 16)),
        Header("packing", "the way it is packed", str(entry.compress_type), at + 8),
        Header("header", "the flags of the member's header", str(entry.flag_bits), at + 6),
        Header("header", "the system that the member's entry names", str(entry.create_system)),
        Header("header", "the extra field of the member's entry", entry.extra.hex()),
        Header("header", "the comment of the member", entry.comment.hex()),
    )

    def read() -> Data:
        try:
            with archive.open(entry) as stream:
                return _held(iter(lambda: stream.read(_BLOCK), b""))
        except _UNREADABLE as error:
            raise ValueError(str(error)) from error

    return Part(entry.filename, headers, (entry.CRC, entry.file_size), read)


def _tar(data: Data) -> Container:
    archive = tarfile.TarFile(fileobj=_file(data))
    parts = []
    for number, member in enumerate(archive):
        if number == _MOST:
            break
        parts.append(_tar_part(archive, member))
    return Container("tar", (), tuple(parts))


def _tar_part(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Part:
    at = member.offset_data - tarfile.BLOCKSIZE
    headers = (
        Header("date", "the date in the member's header", _moment(int(member.mtime)), at + 136),
        Header("mode", "the mode in the member's header", f"{member.mode:o}", at + 100),
        Header("owner", "the owner's numbers in the member's header", f"{member.uid}:{member.gid}", at + 108),
        Header("owner", "the owner's names in the member's header", f"{member.uname}:{member.gname}", at + 265),
        Header("header", "the kind of the member", member.type.decode("latin-1"), at + 156),
        Header("header", "what the member links to", member.linkname, at + 157),
        Header("header", "the extended headers of the member", str(sorted(member.pax_headers.items()))),
    )

    def read() -> Data:
        stream = archive.extractfile(member) if member.isfile() else None
        return _held(iter(lambda: stream.read(_BLOCK), b"")) if stream else b""

    return Part(member.name, headers, None, read)


def _gzip(name: str, data: Data) -> Container:
    """Only its first member is looked at."""
    held = data[10 : data.find(b"\0", 10)] if data[3] & 8 and not data[3] & 4 else b""
    headers = (
        Header("date", "the date in the gzip header", _moment(int.from_bytes(data[4:8], "little")), 4),
        Header("header", "the file name in the gzip header", held.decode("latin-1"), 10),
        Header("header", "the flags, level and system in the gzip header", bytes(data[3:4] + data[8:10]).hex(), 3),
    )
    return Container("gzip", headers, (_unpacked(name, ".gz", data, zlib.decompressobj(31)),))


def _unpacked(name: str, ending: str, data: Data, reader: "zlib._Decompress | lzma.LZMADecompressor") -> Part:
    """The one part of what packs one file."""

    def pieces() -> Iterator[bytes]:
        rest: bytes = data[:]
        while not reader.eof:
            piece = reader.decompress(rest, _BLOCK)
            rest = getattr(reader, "unconsumed_tail", b"")
            if not piece and not rest:
                return
            yield piece

    def read() -> Data:
        try:
            return _held(pieces())
        except _UNREADABLE as error:
            raise ValueError(str(error)) from error

    return Part(name.removesuffix(ending) if name.endswith(ending) else "what it packs", (), None, read)


def _pyc(data: Data) -> Container:
    """PEP 552."""
    checked_by = int.from_bytes(data[4:8], "little")
    stamp = (
        Header("header", "the hash of the source in the .pyc header", data[8:16].hex(), 8)
        if checked_by
        else Header("date", "the date of the source in the .pyc header", _moment(*struct.unpack("<L", data[8:12])), 8)
    )
    headers = (
        Header("header", "the Python version in the .pyc header", data[:4].hex(), 0),
        Header("header", "the flags of the .pyc header", str(checked_by), 4),
        stamp,
    )
    return Container("pyc", headers, (Part("its code", (), None, lambda: data[16:]),))


class _View(io.RawIOBase):
    """Data as a file, without a copy of it."""

    def __init__(self, data: Data) -> None:
        self._data, self._at = data, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self._data)}[whence])
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        piece = self._data[self._at : self._at + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def _file(data: Data) -> io.BufferedReader:
    return io.BufferedReader(_View(data))


def _held(pieces: Iterator[bytes]) -> Data:
    """Pieces in one, on a disk where they are many. Raises ValueError beyond the limit."""
    with tempfile.SpooledTemporaryFile(max_size=_BLOCK * 16) as file:
        size = 0
        for piece in pieces:
            size += len(piece)
            if size > LARGEST:
                raise ValueError("it is too large")
            file.write(piece)
        file.seek(0)
        if size <= _BLOCK * 16:
            return file.read()
        file.flush()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def mapped(path: "os.PathLike[str]") -> Data:
    """The bytes of a file, read as they are asked for."""
    with open(path, "rb") as file:  # noqa: PTH123 (mmap wants its number)
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if os.fstat(file.fileno()).st_size else b""


def _moment(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return str(seconds)
