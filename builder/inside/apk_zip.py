"""APK files: zip archives (APPNOTE 6.3, without zip64) that are the same bytes for the same contents.

Members are sorted by their names' bytes, dated 1980-01-01 and without modes. What is compressed already is stored, the
rest deflated (RFC 1951) by this interpreter's own zlib. As Android wants it, the data of a stored member begins at a
multiple of 4 bytes, that of a library below lib/ at one of 16 KiB, by means of the extra field 0xd935 with which
apksigner does the same.
"""

import os
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

import tree

STORED, DEFLATED = 0, 8  # methods of compression
_LEVEL = 6  # 9 takes twice as long for 0.3 % less
_BLOCK = 1 << 20  # bytes read at a time
# Endings of what is stored; Android 11 and later read resources.arsc in place.
_COMPRESSED = re.compile(
    r"\.(7z|aac|apk|arsc|avif|br|bz2|docx|flac|gif|gz|heic|jar|jpe?g|m4[av]|mp[34]|ogg|opus|png|pptx|tgz|web[mp]|whl"
    r"|woff2?|xlsx|xz|zip|zst)$",
    re.IGNORECASE,
)
_MOST, _LIMIT = 0xFFFF, 0xFFFFFFFF  # members; bytes of a file and of the archive
_LOCAL, _CENTRAL, _END = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s4H2LH")
_VERSION, _UTF8, _DATE = 20, 0x800, 0x21  # 2.0; the flag that a name is UTF-8; 1980-01-01
_ALIGNMENT, _LEAST = 0xD935, struct.Struct("<3H")  # extra field: its id, its size, the alignment, then zeros
_CANARY = 0xDA0C961F  # CRC-32; hashlib would load OpenSSL for it


class Refused(ValueError):  # noqa: N818 (what happened, as the field says it)
    """Contents that no APK can hold, or a zlib whose bytes are not the expected ones."""


class Member(NamedTuple):
    """A file of an archive, and where its bytes lie as the archive holds them."""

    name: str
    method: int
    crc: int
    size: int
    packed: int  # size as the archive holds it
    source: Path
    start: int = 0  # offset in the source


def files(root: Path, prefix: str) -> dict[str, Path]:
    """What a folder holds, by name in the archive."""
    return {prefix + name: root / name for name in tree.names(root)}


def gather(found: Mapping[str, Path], scratch: Path, each: Callable[..., Iterable[Member]] = map) -> list[Member]:
    """Files as members; what is not stored is deflated into the folder `scratch`, which must stay until all is written.

    `each` is a map that may work on several at once; the bytes are the same. Raises Refused.
    """
    check_zlib()
    for name, path in found.items():
        _check_name(name)
        if not path.is_file():
            raise Refused(f"`{name}` is no file, but a symbolic link that leads to none")
        if path.stat().st_size > _LIMIT:
            raise Refused(f"`{name}` has {path.stat().st_size} bytes; a file of an APK has less than 4 GiB")
    scratch.mkdir()
    return list(each(_member, found, found.values(), [scratch / str(number) for number in range(len(found))]))


def read(archive: Path) -> list[Member]:
    """The members of an archive that `write` made."""
    with archive.open("rb") as stream:
        stream.seek(-_END.size, os.SEEK_END)
        _, _, _, _, count, size, offset, _ = _END.unpack(stream.read())
        stream.seek(offset)
        directory = stream.read(size)
        found, place = [], 0
        for _ in range(count):
            entry = _CENTRAL.unpack_from(directory, place)
            method, crc, packed, full, length, local = entry[4], *entry[7:11], entry[16]
            place += _CENTRAL.size
            name = directory[place : place + length].decode()
            place += length
            stream.seek(local)
            start = local + _LOCAL.size + sum(_LOCAL.unpack(stream.read(_LOCAL.size))[-2:])
            found.append(Member(name, method, crc, full, packed, archive, start))
    return found


def write(members: Iterable[Member], place: Path) -> None:
    """Write an archive. Raises Refused where it can't be one."""
    laid = list(layout(members))
    with place.open("wb") as stream:
        for member, offset, extra in laid:
            stream.seek(offset)
            name = member.name.encode()
            stream.write(_LOCAL.pack(b"PK\3\4", *_common(member), len(name), len(extra)) + name + extra)
            _copy(member, stream)
        begin = stream.tell()
        for member, offset, _ in laid:
            name = member.name.encode()
            fixed = (len(name), 0, 0, 0, 0, 0, offset)
            stream.write(_CENTRAL.pack(b"PK\1\2", _VERSION, *_common(member), *fixed) + name)
        size = stream.tell() - begin
        stream.write(_END.pack(b"PK\5\6", 0, 0, len(laid), len(laid), size, begin, 0))


def layout(members: Iterable[Member]) -> Iterator[tuple[Member, int, bytes]]:
    """Each member in the archive's order, with the offset of its header and its extra field. Raises Refused."""
    ordered = sorted(members, key=lambda member: member.name.encode())
    _check_names([member.name for member in ordered])
    end = 0
    directory = _END.size
    for member in ordered:
        length = len(member.name.encode())
        extra = _extra(member, end + _LOCAL.size + length)
        offset, end = end, end + _LOCAL.size + length + len(extra) + member.packed
        directory += _CENTRAL.size + length
        if end + directory > _LIMIT:
            raise Refused(f"with `{member.name}` the APK would have more than 4 GiB")
        yield member, offset, extra


def check_zlib() -> None:
    """Raise Refused where this zlib deflates otherwise than that of the pinned toolchain: the APK would be another."""
    text = b"".join(b"%x," % (number * number % 65521 >> number % 13) for number in range(12000))
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    if zlib.crc32(packer.compress(text) + packer.flush()) != _CANARY:
        raise Refused(
            f"this zlib ({zlib.ZLIB_RUNTIME_VERSION}) does not deflate to the bytes that the pinned one gives"
        )


def _member(name: str, path: Path, scratch: Path) -> Member:
    if path.stat().st_size == 0 or _stored(name):
        return _plain(name, path)
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    crc = size = 0
    with path.open("rb") as reader, scratch.open("wb") as writer:
        while block := reader.read(_BLOCK):
            crc, size = zlib.crc32(block, crc), size + len(block)
            writer.write(packer.compress(block))
        writer.write(packer.flush())
        return Member(name, DEFLATED, crc, size, writer.tell(), scratch)


def _plain(name: str, path: Path) -> Member:
    crc = size = 0
    with path.open("rb") as reader:
        while block := reader.read(_BLOCK):
            crc, size = zlib.crc32(block, crc), size + len(block)
    return Member(name, STORED, crc, size, size, path)


def _copy(member: Member, stream: BinaryIO) -> None:
    left = member.packed
    with member.source.open("rb") as reader:
        reader.seek(member.start)
        while left and (block := reader.read(min(left, _BLOCK))):
            stream.write(block)
            left -= len(block)
    if left:
        raise Refused(f"`{member.name}` ends early in `{member.source}`")


def _stored(name: str) -> bool:
    return _library(name) or bool(_COMPRESSED.search(name))


def _library(name: str) -> bool:
    """Whether Android maps the file into memory as it lies in the APK."""
    return name.startswith("lib/") and name.endswith(".so")


def _extra(member: Member, begin: int) -> bytes:
    """The extra field after which data begins where it must; `begin` is where the field itself does."""
    if member.method != STORED:
        return b""
    alignment = 1 << 14 if _library(member.name) else 4
    padding = -(begin + _LEAST.size) % alignment
    return _LEAST.pack(_ALIGNMENT, 2 + padding, alignment) + bytes(padding)


def _common(member: Member) -> tuple[int, ...]:
    """What both headers of a member say."""
    return (_VERSION, _UTF8, member.method, 0, _DATE, member.crc, member.packed, member.size)


def _check_names(ordered: list[str]) -> None:
    if len(ordered) > _MOST:
        raise Refused(f"{len(ordered)} files are too many, an APK holds {_MOST}")
    taken = set(ordered)
    for name in ordered:
        parts = name.split("/")
        for above in ("/".join(parts[:depth]) for depth in range(1, len(parts))):
            if above in taken:
                raise Refused(f"`{above}` is a file, and a folder with `{name}` in it")


def _check_name(name: str) -> None:
    """Raise Refused for a name that Android, or a tool that reads APKs, can't hold."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise Refused(f"the name {name!r} is not UTF-8") from None
    if length > _MOST or not {"", ".", ".."}.isdisjoint(name.split("/")):
        raise Refused(f"`{name[:200]}` is no path that an APK can hold: rename the file")
    if wrong := [char for char in name if char == "\\" or ord(char) < 32 or ord(char) == 127]:
        raise Refused(f"{name!r} has {wrong[0]!r} in it, which no path of an APK may hold: rename the file")
    if wrong := [char for char in name if ord(char) > 0xFFFF]:  # looked up as surrogates (modified UTF-8), never found
        raise Refused(
            f"`{name}` has `{wrong[0]}` in it, a character beyond U+FFFF, which Android can't open: rename it"
        )
