"""Zip files (wheels, jars; PKWARE's APPNOTE) read strictly.

Central directory and local headers must tell the same, and headers, data and directory must fill the file without
gap or overlap: so no other reader can see other members.
"""

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import BinaryIO

from archive_guard import BLOCK, Limits, Member, Names, Refused, read_at

_END = struct.Struct("<4s4H2LH")
_END64_PLACE = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")

_MAX16, _MAX32 = 0xFFFF, 0xFFFFFFFF
_STORED, _DEFLATED = 0, 8
_DESCRIPTOR, _UTF8 = 1 << 3, 1 << 11
_ENCRYPTED = 1 | 1 << 6 | 1 << 13
_KNOWN = _ENCRYPTED | _DESCRIPTOR | _UTF8 | 1 << 1 | 1 << 2  # bits 1 and 2 only tell how hard it was deflated
_ZIP64, _UNICODE_PATH = 0x0001, 0x7075


@dataclass(frozen=True)
class _Entry:
    """A member as the central directory describes it."""

    raw: bytes  # its name
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int  # of its local header
    mode: int  # of Unix; 0 where the archive does not say

    @property
    def shown(self) -> str:
        return f"member `{self.raw.decode('ascii', 'backslashreplace')}`"


def members(file: BinaryIO, limits: Limits) -> Iterator[Member]:
    """The members of a zip, in the order of its central directory; all headers are checked before the first."""
    count, start, stop = _directory(file)
    if count > limits.entries:
        raise Refused(f"has more than {limits.entries} members")
    entries = _entries(read_at(file, start, stop - start), count)
    _check_sizes(entries, stop, limits)
    names = Names(limits)
    for entry in entries:
        names.add(_name(entry))
    data = _places(file, entries, start)
    for entry in entries:
        yield _member(file, entry, data[entry.offset])


def _directory(file: BinaryIO) -> tuple[int, int, int]:
    """How many entries the central directory has, and from where to where it goes."""
    length = file.seek(0, 2)
    tail = read_at(file, max(0, length - _END.size - _MAX16), min(length, _END.size + _MAX16))
    at = tail.rfind(b"PK\5\6")
    if at < 0 or at + _END.size > len(tail):
        raise Refused("is no zip: it has no end record")
    _, disk, first, here, count, size, offset, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail):
        raise Refused("has bytes after its end")
    if disk or first or here != count:
        raise Refused("is one of several parts")
    end = length - len(tail) + at
    place = read_at(file, end - _END64_PLACE.size, _END64_PLACE.size) if end >= _END64_PLACE.size else b""
    if place[:4] == b"PK\6\7":
        return _directory64(file, end - _END64_PLACE.size, place, (count, size, offset))
    if offset + size != end or count == _MAX16:
        raise Refused("has a central directory that is not where its end record says")
    return count, offset, end


def _directory64(file: BinaryIO, end: int, place: bytes, short: tuple[int, int, int]) -> tuple[int, int, int]:
    """The same out of the ZIP64 records, which must agree with the short end record."""
    _, disk, at, disks = _END64_PLACE.unpack(place)
    if disk or disks > 1 or at + _END64.size != end:
        raise Refused("has a ZIP64 end record that is not where its locator says")
    sign, length, _, _, disk, first, here, count, size, offset = _END64.unpack(read_at(file, at, _END64.size))
    if sign != b"PK\6\6" or length != _END64.size - 12 or disk or first or here != count or offset + size != at:
        raise Refused("has a broken ZIP64 end record")
    for told, real, most in zip(short, (count, size, offset), (_MAX16, _MAX32, _MAX32), strict=True):
        if told not in (real, most):
            raise Refused("has a ZIP64 end record that differs from its end record")
    return count, offset, at


def _entries(directory: bytes, count: int) -> list[_Entry]:
    """The entries of a central directory, which they must fill."""
    entries, at = [], 0
    for _ in range(count):
        if at + _CENTRAL.size > len(directory):
            raise Refused("has fewer entries in its central directory than its end record says")
        entry, at = _entry(directory, at)
        entries.append(entry)
    if at != len(directory):
        raise Refused("has more in its central directory than its end record says")
    return entries


def _entry(directory: bytes, at: int) -> tuple[_Entry, int]:
    sign, _, _, flags, method, _, _, crc, packed, size, *rest = _CENTRAL.unpack_from(directory, at)
    name_size, extra_size, comment_size, disk, _, attributes, offset = rest
    name_end = at + _CENTRAL.size + name_size
    extra_end = name_end + extra_size
    if sign != b"PK\1\2" or extra_end + comment_size > len(directory):
        raise Refused("has a broken central directory")
    raw, extra = directory[name_end - name_size : name_end], directory[name_end:extra_end]
    size, packed, offset = _long(extra, (size, packed, offset))
    entry = _Entry(raw, flags, method, crc, packed, size, offset, attributes >> 16)
    _check_entry(entry, disk)
    return entry, extra_end + comment_size


def _check_entry(entry: _Entry, disk: int) -> None:
    if disk:
        raise Refused(f"{entry.shown} lies in another part")
    if entry.flags & _ENCRYPTED:
        raise Refused(f"{entry.shown} is encrypted")
    if entry.flags & ~_KNOWN:
        raise Refused(f"{entry.shown} has unknown flags {entry.flags:#x}")
    if entry.method not in (_STORED, _DEFLATED):
        raise Refused(f"{entry.shown} is packed by method {entry.method}; only stored and deflated are read")
    if entry.method == _STORED and entry.packed != entry.size:
        raise Refused(f"{entry.shown} is stored, yet has two sizes")
    if entry.raw.endswith(b"/") and (entry.size or entry.crc):
        raise Refused(f"{entry.shown} is a folder with bytes of its own")


def _check_sizes(entries: list[_Entry], length: int, limits: Limits) -> None:
    """Declared sizes must be within the limits; that they are true is checked while the bytes stream."""
    for entry in entries:
        if entry.size > limits.entry:
            raise Refused(f"{entry.shown} is larger than {limits.entry} bytes")
        if entry.size > limits.free and entry.size > limits.ratio * entry.packed:
            raise Refused(f"{entry.shown} unpacks to more than {limits.ratio} times its size")
    total = sum(entry.size for entry in entries)
    if total > limits.total:
        raise Refused(f"unpacks to more than {limits.total} bytes")
    if total > limits.free and total > limits.ratio * length:
        raise Refused(f"unpacks to more than {limits.ratio} times its size")


def _name(entry: _Entry) -> str:
    """The name without a slash at its end. Without the UTF-8 flag it must be ASCII: readers differ on the rest."""
    try:
        return entry.raw.decode("utf-8" if entry.flags & _UTF8 else "ascii").removesuffix("/")
    except UnicodeDecodeError:
        raise Refused(f"{entry.shown} has a name of unclear encoding") from None


def _places(file: BinaryIO, entries: list[_Entry], end: int) -> dict[int, int]:
    """Where the bytes of each entry begin, under the offset of its local header; everything is accounted for."""
    ordered = sorted(entries, key=lambda entry: entry.offset)
    starts = [entry.offset for entry in ordered]
    if (starts or [end])[0] != 0:
        raise Refused("has bytes before its first member")
    data = {}
    for entry, (start, following) in zip(ordered, pairwise([*starts, end]), strict=True):
        place = data[start] = _local(file, entry)
        gap = following - place - entry.packed
        if gap < 0:
            raise Refused(f"{entry.shown} overlaps what follows it")
        if entry.flags & _DESCRIPTOR:
            _check_descriptor(entry, read_at(file, following - gap, gap) if gap <= 24 else b"")
        elif gap:
            raise Refused(f"{entry.shown} is followed by bytes that belong to no member")
    return data


def _local(file: BinaryIO, entry: _Entry) -> int:
    """Where the bytes of an entry begin, once its local header tells what the central directory told."""
    header = read_at(file, entry.offset, _LOCAL.size)
    sign, _, flags, method, _, _, crc, packed, size, name_size, extra_size = _LOCAL.unpack(header)
    if sign != b"PK\3\4":
        raise Refused(f"{entry.shown} has no local header")
    rest = read_at(file, entry.offset + _LOCAL.size, name_size + extra_size)
    size, packed = _long(rest[name_size:], (size, packed))
    told = {"name": rest[:name_size], "flags": flags, "method": method, "crc": crc, "packed": packed, "size": size}
    real = {**vars(entry), "name": entry.raw}
    later = ("crc", "packed", "size") if entry.flags & _DESCRIPTOR else ()
    for what, value in told.items():
        if value != real[what] and not (what in later and value == 0):
            raise Refused(f"{entry.shown} has another {what} in its local header")
    return entry.offset + _LOCAL.size + name_size + extra_size


def _check_descriptor(entry: _Entry, found: bytes) -> None:
    """The data descriptor, with or without its signature, of 32 or 64 bits, must repeat the central directory."""
    body = found[4:] if len(found) in (16, 24) and found[:4] == b"PK\7\x08" else found
    form = {12: "<3L", 20: "<L2Q"}.get(len(body))
    if form is None or struct.unpack(form, body) != (entry.crc, entry.packed, entry.size):
        raise Refused(f"{entry.shown} has a wrong data descriptor")


def _long(extra: bytes, values: tuple[int, ...]) -> tuple[int, ...]:
    """Sizes and offset with those in place that only the ZIP64 extra field can hold.

    Some writers put all of them into that field, needed or not: they must be those that the header itself has.
    """
    fields = _extras(extra)
    if _UNICODE_PATH in fields:
        raise Refused("has a member with a second name in an extra field")
    long = fields.get(_ZIP64, b"")
    short = [index for index, value in enumerate(values) if value == _MAX32]
    held = range(len(values)) if len(long) == 8 * len(values) else short
    if len(long) != 8 * len(held):
        raise Refused("has a ZIP64 extra field of the wrong size")
    found = list(values)
    for index, value in zip(held, struct.unpack(f"<{len(held)}Q", long), strict=True):
        if index not in short and value != found[index]:
            raise Refused("has a ZIP64 extra field that differs from its header")
        found[index] = value
    return tuple(found)


def _extras(extra: bytes) -> dict[int, bytes]:
    fields: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if at + 4 + size > len(extra) or (kind == _ZIP64 and kind in fields):
            raise Refused("has a broken extra field")
        fields[kind] = extra[at + 4 : at + 4 + size]
        at += 4 + size
    if any(extra[at:]):  # zeros: an aligner's padding
        raise Refused("has a broken extra field")
    return fields


def _member(file: BinaryIO, entry: _Entry, place: int) -> Member:
    folder, kind, bits = entry.raw.endswith(b"/"), stat.S_IFMT(entry.mode), stat.S_IMODE(entry.mode)
    if kind not in ((0, stat.S_IFDIR) if folder else (0, stat.S_IFREG, stat.S_IFLNK)):
        raise Refused(f"{entry.shown} has a mode that is not of a file, folder or symlink as its name tells")
    if bits & 0o7000 and not folder:
        raise Refused(f"{entry.shown} has a setuid, setgid or sticky bit")
    chunks = partial(_checked, file, entry, place)
    if kind == stat.S_IFLNK:
        return Member(_name(entry), "symlink", False, _target(entry, chunks()), chunks)
    return Member(_name(entry), "folder" if folder else "file", bool(bits & 0o111), "", chunks)


def _target(entry: _Entry, chunks: Iterator[bytes]) -> str:
    if entry.size > 4096:
        raise Refused(f"{entry.shown} is a symlink with a target of more than 4096 bytes")
    try:
        return b"".join(chunks).decode()
    except UnicodeDecodeError:
        raise Refused(f"{entry.shown} has a target that is not UTF-8") from None


def _checked(file: BinaryIO, entry: _Entry, place: int) -> Iterator[bytes]:
    """The bytes of an entry; Refused before a byte more than it declared, or at its end if size or CRC are wrong."""
    got = crc = 0
    for chunk in (_stored if entry.method == _STORED else _inflated)(file, entry, place):
        got += len(chunk)
        crc = zlib.crc32(chunk, crc)
        if got > entry.size:
            raise Refused(f"{entry.shown} is larger than its header says")
        yield chunk
    if got != entry.size:
        raise Refused(f"{entry.shown} is smaller than its header says")
    if crc != entry.crc:
        raise Refused(f"{entry.shown} has a wrong CRC")


def _stored(file: BinaryIO, entry: _Entry, place: int) -> Iterator[bytes]:
    for at in range(0, entry.packed, BLOCK):
        yield read_at(file, place + at, min(BLOCK, entry.packed - at))


def _inflated(file: BinaryIO, entry: _Entry, place: int) -> Iterator[bytes]:
    unpack, at, data = zlib.decompressobj(-zlib.MAX_WBITS), 0, b""
    while not unpack.eof:
        if not data and at < entry.packed:
            data = read_at(file, place + at, min(BLOCK, entry.packed - at))
            at += len(data)
        fed = bool(data)
        try:
            chunk = unpack.decompress(data, BLOCK)
        except zlib.error as error:
            raise Refused(f"{entry.shown} is no DEFLATE stream: {error}") from None
        data = unpack.unconsumed_tail
        if chunk:
            yield chunk
        elif not fed and not unpack.eof:
            raise Refused(f"{entry.shown} ends within its DEFLATE stream")
    if at != entry.packed or data or unpack.unused_data:
        raise Refused(f"{entry.shown} has bytes after its DEFLATE stream")
