"""Tar archives (POSIX ustar and pax, GNU long names), bare, in gzip or in xz, and Debian packages, read strictly.

Not by `tarfile`: that takes a broken header after the first for the archive's end, and says nothing.
"""

import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from archive_guard import BLOCK, Limits, Member, Names, Refused, read_at

_RECORD = 512  # bytes of a header; members are padded to a multiple of it
_LONG_MAX = 1 << 20  # bytes of a pax or long-name header
_XZ_MEMORY = 128 << 20  # bytes; `xz -9` needs 65 MiB to unpack
_KINDS = {b"0": "file", b"\0": "file", b"1": "hardlink", b"2": "symlink", b"5": "folder"}
_NAMED = {b"3": "a device", b"4": "a device", b"6": "a pipe", b"7": "a contiguous file", b"S": "a sparse file"}
_GNU_LONG = {b"L": "path", b"K": "linkpath"}
_DIGITS = frozenset(b"01234567")


def members(file: BinaryIO, limits: Limits) -> Iterator[Member]:
    """The members of a tar, in its order; a member's bytes can be read only before the next is asked for.

    `./` before a name is dropped, and so are setuid and setgid bits: packages of systems have both in good faith.
    """
    length = file.seek(0, 2)
    file.seek(0)
    return _Tar(_unpacked(file, length, limits), limits).members()


def deb_members(file: BinaryIO, limits: Limits) -> Iterator[Member]:
    """The members of a Debian package's data archive (deb(5), format 2.x); its control archive is not read."""
    parts = _ar(file)
    if not parts or parts[0][0] != "debian-binary" or not _part(file, parts[0]).read(2) == b"2.":
        raise Refused("is no Debian package of format 2")
    data = [part for part in parts if part[0].startswith("data.tar")]
    others = [part[0] for part in parts[1:] if not part[0].startswith(("data.tar", "control.tar", "_"))]
    if len(data) != 1 or others:
        raise Refused(f"has not exactly one data archive: {', '.join(part[0] for part in parts)}")
    return members(_part(file, data[0]), limits)


class _Tar:
    """One pass over a stream of members."""

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._left = 0  # bytes of the present member that nobody has read
        self._padding = 0
        self._begun = False  # True: the first header was read

    def members(self) -> Iterator[Member]:
        names = Names(self._limits)
        told: dict[str, str] = {}  # about the next member, by an extended header
        while header := self._header():
            kind = header[156:157]
            extended = kind in b"xgLK"
            own = extended or "size" not in told
            self._left = _number(header[124:136]) if own else _decimal(told["size"])
            self._padding = -self._left % _RECORD
            if extended:
                told |= _extended(kind, self._whole())
            else:
                member = self._member(header, told)
                if member.name != ".":
                    names.add(member.name)
                    yield member
                told = {}
            self._skip()
        if told:
            raise Refused("ends after an extended header")
        while rest := self._stream.read(BLOCK):  # to its end: checks the compressor's own sum as well
            if rest.strip(b"\0"):
                raise Refused("has bytes after its end")

    def _header(self) -> bytes:
        """The next header; empty at the mark of the end."""
        header = self._read(_RECORD) if self._begun else self._stream.read(_RECORD)
        if len(header) == _RECORD and not any(header):
            if any(self._read(_RECORD)):
                raise Refused("has a header after its end")
            return b""
        told = header[148:156].strip(b" \0")
        if len(header) != _RECORD or told.lstrip(b"0") != b"%o" % (sum(header) - sum(header[148:156]) + 8 * ord(" ")):
            raise Refused("has a broken header" if self._begun else "is no zip, tar or Debian package")
        self._begun = True
        return header

    def _member(self, header: bytes, told: dict[str, str]) -> Member:
        name = told.get("path", _text(header[:100]))
        if "path" not in told and header[257:263] == b"ustar\0" and header[345]:
            name = f"{_text(header[345:500])}/{name}"
        shown = f"member `{name.encode('ascii', 'backslashreplace').decode()}`"
        kind = _KINDS.get(header[156:157])
        if kind is None:
            raise Refused(f"{shown} is {_NAMED.get(header[156:157], 'of an unknown kind')}")
        if self._left > self._limits.entry:
            raise Refused(f"{shown} is larger than {self._limits.entry} bytes")
        if kind != "file" and self._left:
            raise Refused(f"{shown} is a {kind} with bytes of its own")
        target = told.get("linkpath", _text(header[157:257])) if kind.endswith("link") else ""
        if kind == "folder":
            name = name.removesuffix("/")
        if kind == "hardlink":
            target = target.removeprefix("./")
        name = name if name == "." else name.removeprefix("./")
        return Member(name, kind, bool(_number(header[100:108]) & 0o111), target, self._chunks)

    def _chunks(self) -> Iterator[bytes]:
        while self._left:
            chunk = self._read(min(BLOCK, self._left))
            self._left -= len(chunk)
            yield chunk

    def _whole(self) -> bytes:
        if self._left > _LONG_MAX:
            raise Refused(f"has an extended header of more than {_LONG_MAX} bytes")
        return b"".join(self._chunks())

    def _skip(self) -> None:
        for _ in self._chunks():
            pass
        self._read(self._padding)

    def _read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) != size:
            raise Refused("ends too early")
        return data


class _Counted:
    """A stream of unpacked bytes that ends with Refused at the limit, or where the compressed bytes are broken."""

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream = stream
        self._most = most
        self._got = 0

    def read(self, size: int) -> bytes:
        try:
            data = self._stream.read(size)
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
            raise Refused(f"is broken: {error}") from None
        self._got += len(data)
        if self._got > self._most:
            raise Refused(f"unpacks to more than {self._most} bytes")
        return data


class _Xz(io.RawIOBase):
    """The bytes of one .xz stream, unpacked within a memory limit, which `lzma.open` can't be given."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._unpack = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # only BufferedReader calls it
        while not self._unpack.eof:
            data = self._file.read(BLOCK) if self._unpack.needs_input else b""
            if self._unpack.needs_input and not data:
                raise EOFError("the xz stream ends too early")
            chunk = self._unpack.decompress(data, len(buffer))
            if chunk:
                buffer[: len(chunk)] = chunk
                return len(chunk)
        if self._unpack.unused_data or self._file.read(1):
            raise Refused("has bytes after its xz stream")
        return 0


class _Part(io.RawIOBase):
    """A stretch of a file, as a file."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # only BufferedReader calls it
        self._file.seek(self._start + self._at)
        data = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _part(file: BinaryIO, part: tuple[str, int, int]) -> BinaryIO:
    return io.BufferedReader(_Part(file, part[1], part[2]), BLOCK)


def _unpacked(file: BinaryIO, length: int, limits: Limits) -> BinaryIO:
    """The bytes of a tar, out of the compressor that the first bytes tell."""
    most = min(limits.total, max(limits.free, limits.ratio * length))
    head = file.read(6)
    file.seek(0)
    if head[:2] == b"\x1f\x8b":
        stream: BinaryIO = gzip.GzipFile(fileobj=file, mode="rb")  # type: ignore[assignment]  # it reads as one
    elif head == b"\xfd7zXZ\0":
        stream = io.BufferedReader(_Xz(file), BLOCK)
    elif head[:4] == b"\x28\xb5\x2f\xfd" or head[:3] == b"BZh":
        raise Refused("is compressed by zstd or bzip2; only gzip and xz are read")
    else:
        stream = file
    return _Counted(stream, most)  # type: ignore[return-value]  # it reads as one


def _ar(file: BinaryIO) -> list[tuple[str, int, int]]:
    """Name, start and size of each member of an ar archive; they fill the file."""
    length, at, parts = file.seek(0, 2), 8, []
    while at < length:
        header = read_at(file, at, 60)
        if header[58:] != b"`\n":
            raise Refused("has a broken ar header")
        name, size = _text(header[:16]).rstrip(" ").removesuffix("/"), _decimal(_text(header[48:58]).strip(" "))
        if at + 60 + size > length:
            raise Refused("ends too early")
        if name in (part[0] for part in parts):
            raise Refused(f"has two members `{name}`")
        parts.append((name, at + 60, size))
        at += 60 + size + size % 2
    return parts


def _extended(kind: bytes, data: bytes) -> dict[str, str]:
    """What an extended header tells of the next member."""
    if kind in _GNU_LONG:
        return {_GNU_LONG[kind]: _text(data)}  # ends in a NUL
    if kind == b"g":  # for all members; nothing of it changes where bytes go, unless it is one of these
        if {"path", "linkpath", "size"} & _pax(data).keys():
            raise Refused("has a global header with a path or size")
        return {}
    told = _pax(data)
    if any(key.startswith("GNU.sparse.") for key in told):
        raise Refused("has a sparse file")
    return {key: told[key] for key in ("path", "linkpath", "size") if key in told}


def _pax(data: bytes) -> dict[str, str]:
    """The records of a pax header, each `LENGTH KEY=VALUE` and a newline (POSIX pax, "Extended Header")."""
    told: dict[str, str] = {}
    while data:
        length = _decimal(_text(data.split(b" ", 1)[0]))
        record, data = data[:length], data[length:]
        key, equals, value = record.partition(b" ")[2].partition(b"=")
        if len(record) != length or not equals or not record.endswith(b"\n"):
            raise Refused("has a broken pax header")
        if key in (b"path", b"linkpath", b"size") or key.startswith(b"GNU.sparse."):
            if b"\0" in value:
                raise Refused("has a pax header with a NUL in a name")
            told[_text(key)] = _text(value[:-1])
    return told


def _text(field: bytes) -> str:
    """A field up to its first NUL."""
    try:
        return field.split(b"\0", 1)[0].decode()
    except UnicodeDecodeError:
        raise Refused(f"has a name that is not UTF-8: {field!r}") from None


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise Refused(f"has a broken number `{text[:40]}`")
    return int(text)


def _number(field: bytes) -> int:
    """A number of a header: octal digits, or base 256 where its first bit is set (GNU)."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not _DIGITS.issuperset(digits):
        raise Refused(f"has a broken number {field!r}")
    return int(digits or b"0", 8)
