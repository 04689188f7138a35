"""What a Java class file declares, and what it uses of other classes (JVM specification, chapter 4)."""

import struct
from dataclasses import dataclass
from typing import Any

PUBLIC, PRIVATE, PROTECTED, STATIC, INTERFACE, ABSTRACT = 0x0001, 0x0002, 0x0004, 0x0008, 0x0200, 0x0400
_TAGS = {3: ">i", 4: ">f", 5: ">q", 6: ">d", 7: ">H", 8: ">H", 15: ">BH", 16: ">H"}  # constant's tag -> its form
_PAIRS = (9, 10, 11, 12, 17, 18)  # tags of constants that name two others
_WIDE = (5, 6)  # tags of constants that count twice


@dataclass(frozen=True)
class ClassFile:
    """One class."""

    name: str  # android/webkit/WebView
    flags: int
    above: tuple[str, ...]  # superclass, then interfaces
    members: dict[tuple[str, str], tuple[int, Any]]  # name and descriptor -> flags, value of a constant
    uses: frozenset[tuple[str, str, str]]  # class, member, descriptor


def read(data: bytes) -> ClassFile:
    """A class file's content."""
    return _Reader(data).read()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 8
        self._constants: dict[int, tuple[int, Any]] = {}

    def read(self) -> ClassFile:
        count = self._take(">H")
        number = 1
        while number < count:
            tag = self._take(">B")
            if tag == 1:
                value: Any = self._bytes(self._take(">H")).decode("utf-8", "surrogatepass")
            elif tag in _PAIRS:
                value = (self._take(">H"), self._take(">H"))
            elif tag == 15:
                value = self._bytes(3)
            else:
                value = self._take(_TAGS[tag])
            self._constants[number] = (tag, value)
            number += 2 if tag in _WIDE else 1
        flags, this, parent = self._take(">H"), self._take(">H"), self._take(">H")
        above = ([parent] if parent else []) + [self._take(">H") for _ in range(self._take(">H"))]
        members = dict(self._member() for kind in range(2) for _ in range(self._take(">H")))
        return ClassFile(self._class(this), flags, tuple(map(self._class, above)), members, self._uses())

    def _member(self) -> tuple[tuple[str, str], tuple[int, Any]]:
        flags, name, descriptor = self._take(">H"), self._text(self._take(">H")), self._text(self._take(">H"))
        constant = None
        for _ in range(self._take(">H")):
            attribute, size = self._text(self._take(">H")), self._take(">I")
            content = self._bytes(size)
            if attribute == "ConstantValue":
                tag, value = self._constants[struct.unpack(">H", content)[0]]
                constant = self._text(value) if tag == 8 else value
        return (name, descriptor), (flags, constant)

    def _uses(self) -> frozenset[tuple[str, str, str]]:
        found = set()
        for tag, value in self._constants.values():
            if tag in (9, 10, 11):
                owner, (_, (name, descriptor)) = self._class(value[0]), self._constants[value[1]]
                found.add((owner, self._text(name), self._text(descriptor)))
        return frozenset(found)

    def _class(self, number: int) -> str:
        return self._text(self._constants[number][1])

    def _text(self, number: int) -> str:
        return str(self._constants[number][1])

    def _take(self, form: str) -> Any:
        (value,) = struct.unpack(form, self._bytes(struct.calcsize(form)))
        return value

    def _bytes(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]
