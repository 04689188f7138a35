"""The compiled programs in a pinned file, found by how they begin, in the archives within it too."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from builder.provenance.facts import Chunks, files

_HEADS = {
    b"\x7fELF": "ELF",
    b"\0asm": "wasm",
    b"dex\n": "dex",
    b"\xfe\xed\xfa\xce": "Mach-O",
    b"\xfe\xed\xfa\xcf": "Mach-O",
    b"\xce\xfa\xed\xfe": "Mach-O",
    b"\xcf\xfa\xed\xfe": "Mach-O",
}
_FAT_OR_CLASS = b"\xca\xfe\xba\xbe"
_OLDEST_CLASS = 45  # major version of Java 1.1; a fat Mach-O has fewer architectures


@dataclass(frozen=True)
class Binary:
    """One compiled program, library or module."""

    path: str  # in the file; `archive!/member` for one in an archive within it
    kind: str  # ELF, PE, Mach-O, wasm, dex, jar, dart2js
    size: int  # bytes


def binaries(file: Path, name: str, scratch: Path) -> Iterator[Binary]:
    """Each of a pinned file of that name; archives in it are unpacked below `scratch`, one at a time."""
    classes = False
    for path, chunks in files(file, scratch):
        head, size = _read(chunks)
        classes = classes or (head[:4] == _FAT_OR_CLASS and not _is_fat(head))
        if kind := _kind(path, head):
            yield Binary(path, kind, size)
    if classes and name.endswith(".jar"):
        yield Binary(".", "jar", file.stat().st_size)


def _kind(path: str, head: bytes) -> str:
    if head[:4] in _HEADS:
        return _HEADS[head[:4]]
    if head[:4] == _FAT_OR_CLASS:
        return "Mach-O" if _is_fat(head) else ""
    if head[:2] == b"MZ" and not path.endswith((".py", ".txt")):
        return "PE"
    if head[:2] == b"PK" and path.endswith(".jar"):
        return "jar"
    return "dart2js" if path.endswith(".dart.js") else ""


def _is_fat(head: bytes) -> bool:
    return int.from_bytes(head[4:8], "big") < _OLDEST_CLASS


def _read(chunks: Chunks) -> tuple[bytes, int]:
    """The first eight bytes, and the size."""
    head, size = b"", 0
    for chunk in chunks():
        head, size = head if len(head) >= 8 else head + chunk[: 8 - len(head)], size + len(chunk)
    return head, size
