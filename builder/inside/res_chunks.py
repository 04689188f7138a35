"""Chunks of Android's binary resources (ResourceTypes.h), and the pool of strings that both its forms share."""

import struct
from collections.abc import Iterable, Sequence

NONE = 0xFFFFFFFF  # where an index of a string is left out
_STRING_POOL, _UTF8 = 0x0001, 0x100


def chunk(kind: int, head: bytes, body: bytes = b"") -> bytes:
    """A chunk of a kind with its own header after the common one of 8 bytes, and what it holds."""
    return struct.pack("<HHI", kind, 8 + len(head), 8 + len(head) + len(body)) + head + body


def pool(strings: Sequence[str], *, utf8: bool) -> bytes:
    """The chunk of a list of strings (ResStringPool); Android's own tools write XML in UTF-16, tables in UTF-8."""
    packed = [_utf8(text) if utf8 else _utf16(text) for text in strings]
    data = b"".join(packed)
    data += bytes(-len(data) % 4)
    start = 28 + 4 * len(strings)
    head = struct.pack("<IIIII", len(strings), 0, _UTF8 if utf8 else 0, start, 0)
    return chunk(_STRING_POOL, head, words(offsets(packed)) + data)


def words(numbers: Iterable[int]) -> bytes:
    """Numbers of 32 bits, one after the other."""
    return b"".join(struct.pack("<I", number) for number in numbers)


def offsets(parts: Iterable[bytes]) -> list[int]:
    """Where each part begins when they lie one after the other."""
    found, at = [], 0
    for part in parts:
        found.append(at)
        at += len(part)
    return found


def _utf16(text: str) -> bytes:
    data = text.encode("utf-16-le")
    units = len(data) // 2
    length = struct.pack("<H", units) if units < 0x8000 else struct.pack("<HH", units >> 16 | 0x8000, units & 0xFFFF)
    return length + data + b"\0\0"


def _utf8(text: str) -> bytes:
    data = text.encode()
    return _length(len(text.encode("utf-16-le")) // 2) + _length(len(data)) + data + b"\0"


def _length(number: int) -> bytes:
    return bytes((number,)) if number < 0x80 else bytes((number >> 8 | 0x80, number & 0xFF))
