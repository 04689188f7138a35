"""An APK as signatures see it: the members, the signing block that may follow, the central directory, the end record.

Source: "APK Signature Scheme v2" of Android's documentation; APPNOTE 6.3 for the zip.
"""

import hashlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from builder import whole
from builder.signing import refused

MANIFEST = "AndroidManifest.xml"
_MAGIC = b"APK Sig Block 42"
_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL_SIZE = 30  # of a local header, without name and extra field
_SEARCHED = _END.size + 0xFFFF  # bytes at the end that can hold the end record and its comment
_LARGEST = 16 << 20  # bytes of a signing block; those of a few certificates are some KB
_PIECE = 1 << 20  # bytes
_MEND = "name an APK that `builder build apk` made"


@dataclass(frozen=True)
class Entry:
    """A member, as the central directory tells of it."""

    name: str
    method: int
    crc: int
    size: int  # unpacked
    offset: int  # of its local header

    @property
    def contents(self) -> tuple[int, int]:
        """What says whether two members hold the same bytes."""
        return self.crc, self.size


@dataclass(frozen=True)
class Apk:
    """The parts of an APK."""

    path: Path
    body: int  # bytes before the signing block, or before the central directory where there is no block
    block: bytes  # empty where the APK is not signed
    directory: bytes
    end: bytes  # the end record, with its comment

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """The members, by name."""
        return {entry.name: entry for entry in _entries(self.directory)}

    def pieces(self) -> Iterator[bytes]:
        """The bytes before the block, a MiB at a time."""
        with self.path.open("rb") as stream:
            left = self.body
            while left and (piece := stream.read(min(left, _PIECE))):
                yield piece
                left -= len(piece)

    def end_for(self, offset: int) -> bytes:
        """The end record of an APK whose central directory lies at another offset. Raises BuilderError (signing)."""
        if offset > 0xFFFFFFFF:
            raise refused(f"`{self.path}` would have more than 4 GiB with a signature", "leave large assets out")
        return self.end[:16] + struct.pack("<L", offset) + self.end[20:]


def load(path: Path) -> Apk:
    """The parts of an APK. Raises BuilderError (signing) where the file is none."""
    try:
        with path.open("rb") as stream:
            apk = _parse(path, stream)
        if MANIFEST not in apk.entries:
            raise ValueError(f"it has no {MANIFEST}")
    except OSError as error:
        raise refused(f"`{path}` can't be read: {error.strerror}", _MEND) from error
    except (ValueError, struct.error) as error:
        why = "its central directory is cut short" if isinstance(error, struct.error) else error
        raise refused(f"`{path}` is no APK: {why}", _MEND) from error
    return apk


def check_unsigned(apk: Apk) -> None:
    """Raise BuilderError (signing) for an APK that is signed, or whose stored members Android can't map into memory."""
    if apk.block:
        raise refused(f"`{apk.path}` is signed already", "name the APK that ends in `-unsigned.apk`")
    if wrong := _unaligned(apk):
        raise refused(f"`{apk.path}` is not aligned: the data of `{wrong}` begins in the wrong place", _MEND)


def write(apk: Apk, after: bytes, place: Path) -> str:
    """Write an APK with other bytes after its members than its block; gives the sha256 (hex) of the new file.

    The place has the old file or the new one, never half of it. Raises BuilderError (signing) where it has not.
    """
    temporary = place.with_name(f".{place.name}.{os.getpid()}")
    digest = hashlib.sha256()
    try:
        for left in whole.leftovers(place):
            left.unlink(missing_ok=True)
        with temporary.open("wb") as stream:
            for piece in chain(apk.pieces(), (after, apk.directory, apk.end_for(apk.body + len(after)))):
                stream.write(piece)
                digest.update(piece)
        temporary.replace(place)
    except OSError as error:
        raise refused(
            f"`{place}` can't be written: {error.strerror}", "allow or free that place, or name another with --out"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return digest.hexdigest()


def _parse(path: Path, stream: BinaryIO) -> Apk:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _SEARCHED))
    tail = stream.read()
    place = tail.rfind(b"PK\5\6", 0, max(0, len(tail) - _END.size) + 4)
    if place < 0:
        raise ValueError("it is no zip archive, or is cut short")
    end = tail[place:]
    *_, length, offset, comment = _END.unpack_from(end)  # of zip64, which Android 7 can't read, these are no sizes
    if len(end) != _END.size + comment or offset + length + len(end) != size:
        raise ValueError("its end record does not fit it")
    stream.seek(0)
    if stream.read(4) != b"PK\3\4":  # Android would run a dex file that someone put there
        raise ValueError("it does not begin with a member")
    body = _body(stream, offset)
    stream.seek(body)
    return Apk(path, body, stream.read(offset - body), stream.read(length), end)


def _body(stream: BinaryIO, directory: int) -> int:
    """Where the signing block begins that ends where the central directory begins; there, where there is none."""
    stream.seek(max(0, directory - 24))
    footer = stream.read(24)
    if footer[8:] != _MAGIC:
        return directory
    size: int = struct.unpack("<Q", footer[:8])[0]
    if not 24 <= size <= min(_LARGEST, directory - 8):
        raise ValueError("its signing block has no such size")
    stream.seek(directory - size - 8)
    if stream.read(8) != footer[:8]:
        raise ValueError("its signing block is broken")
    return directory - size - 8


def _entries(directory: bytes) -> Iterator[Entry]:
    place, names = 0, set()
    while place < len(directory):
        record = _CENTRAL.unpack_from(directory, place)
        place += _CENTRAL.size
        name = directory[place : place + record[10]].decode()
        place += sum(record[10:13])
        if record[0] != b"PK\1\2" or name in names:
            raise ValueError("its central directory is broken")
        names.add(name)
        yield Entry(name, method=record[4], crc=record[7], size=record[9], offset=record[16])


def _unaligned(apk: Apk) -> str:
    """The first stored member whose data does not begin at a multiple of 4 bytes, of 4096 for a library; else ""."""
    with apk.path.open("rb") as stream:
        for entry in apk.entries.values():
            stream.seek(entry.offset + 26)
            begin = entry.offset + _LOCAL_SIZE + sum(struct.unpack("<2H", stream.read(4)))
            library = entry.name.startswith("lib/") and entry.name.endswith(".so")
            if entry.method == 0 and begin % (4096 if library else 4):
                return entry.name
    return ""
