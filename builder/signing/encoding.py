"""How signing blocks write things down: lengths before values, little-endian; ids before the blocks of each scheme."""

import struct
from collections.abc import Iterable

MAGIC = b"APK Sig Block 42"
PADDING = 0x42726577  # id of the pair that makes a signing block as long as wanted
PAGE = 4096  # apksigner has a signing block begin and end at multiples of it, as fs-verity wants it
_LEAST = 12  # bytes of a pair without a value


def prefixed(value: bytes) -> bytes:
    """A value with its length before it."""
    return struct.pack("<L", len(value)) + value


def sequence(values: Iterable[bytes]) -> bytes:
    """Values one after the other, each with its length before it."""
    return b"".join(map(prefixed, values))


def numbered(pairs: Iterable[tuple[int, bytes]]) -> bytes:
    """Values each with a number, such as that of an algorithm, before them."""
    return sequence(struct.pack("<L", number) + prefixed(value) for number, value in pairs)


def block(pairs: Iterable[tuple[int, bytes]]) -> bytes:
    """A signing block that holds a value under each id, padded to whole pages."""
    packed = b"".join(_pair(*pair) for pair in pairs)
    size = len(packed) + 8 + 8 + len(MAGIC)
    if size % PAGE:
        packed += _pair(PADDING, bytes(-(size + _LEAST) % PAGE))
    length = struct.pack("<Q", len(packed) + 8 + len(MAGIC))
    return length + packed + length + MAGIC


def pairs(block: bytes) -> dict[int, bytes]:
    """The values of a signing block, by id. Raises ValueError, struct.error where it is broken."""
    found: dict[int, bytes] = {}
    place, end = 8, len(block) - 8 - len(MAGIC)
    while place < end:
        length, identifier = struct.unpack_from("<QL", block, place)
        place += 8
        if not 4 <= length <= end - place or identifier in found:
            raise ValueError("its pairs do not fit")
        found[identifier] = block[place + 4 : place + length]
        place += length
    return found


class Reader:
    """Takes values off the front of bytes, which must hold them whole."""

    def __init__(self, data: bytes) -> None:
        """A reader of all these bytes."""
        self._data = data
        self._place = 0

    def number(self) -> int:
        """The next number of 4 bytes. Raises struct.error where there is none."""
        value: int = struct.unpack_from("<L", self._data, self._place)[0]
        self._place += 4
        return value

    def value(self) -> bytes:
        """The next value that has its length before it. Raises ValueError where it is cut short."""
        length = self.number()
        value = self._data[self._place : self._place + length]
        if len(value) != length:
            raise ValueError("a value is cut short")
        self._place += length
        return value

    def values(self) -> list[bytes]:
        """All that is left, as values."""
        found = []
        while self._place < len(self._data):
            found.append(self.value())
        return found

    def numbered(self) -> dict[int, bytes]:
        """All that is left, as values each with a number before them."""
        found = {}
        for entry in map(Reader, self.values()):
            number = entry.number()
            found[number] = entry.value()
        return found


def _pair(identifier: int, value: bytes) -> bytes:
    return struct.pack("<QL", 4 + len(value), identifier) + value
