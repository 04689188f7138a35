"""python3.dll for a CPython that comes without it: `windows_stable.py ARCHIVE MEMBER` leaves it in out/.

Compiled modules of the stable ABI (PEP 384, wheels tagged `abi3`) load python3.dll, all of whose functions lead on to
those of the CPython of one version. Which they are says its import library, MEMBER of the archive in/ARCHIVE; CPython
itself makes the DLL of the same list. It has no code: a table of exports, each the name of another DLL's ("forwarder").
Formats: Microsoft's "PE Format", sections on the import library and on the .edata section.
"""

import struct
import sys
from pathlib import Path

import archive
import tree

DLL, TARGET = "python3.dll", "python312"
_SIGNATURE, _MEMBER = b"!<arch>\n", 60  # of an archive; bytes of the header of a member
_IMPORTED = "__imp_"  # begins the second symbol of each function or object that is imported
_ALIGNMENT, _FILE_ALIGNMENT = 0x1000, 0x200
_HEADERS = 0x200  # bytes of all headers
_EXPORTS = struct.Struct("<2L2H7L")  # IMAGE_EXPORT_DIRECTORY
_COFF = struct.Struct("<2H3L2H")  # IMAGE_FILE_HEADER
_OPTIONAL = struct.Struct("<H2B5LQ2L6H4L2H4Q2L")  # IMAGE_OPTIONAL_HEADER64, without its directories
_SECTION = struct.Struct("<8s6L2HL")  # IMAGE_SECTION_HEADER
_DIRECTORIES = 16


def main(name: str, member: str) -> None:
    """Find the names, write the DLL."""
    out, scratch = Path("out"), Path("library")
    try:
        archive.unpack(Path("in", name), scratch, want=lambda path: path if path == member else None)
    except archive.Refused as error:
        sys.exit(f"error: {error}")
    names = symbols((scratch / member).read_bytes()) if (scratch / member).is_file() else []
    if not names:
        sys.exit(f"error: `{name}` has no import library `{member}`: it is no CPython as this runtime packs it")
    (out / DLL).write_bytes(forwarding(names))
    tree.settle(out)


def symbols(library: bytes) -> list[str]:
    """The names that an import library's first member, its table of symbols, lists as imported; sorted."""
    if not library.startswith(_SIGNATURE) or library[8:24].rstrip() != b"/":
        return []
    start = len(_SIGNATURE) + _MEMBER
    (count,) = struct.unpack_from(">L", library, start)
    listed = library[start + 4 + 4 * count :].split(b"\0", count)[:count]
    names = (name.decode("ascii") for name in listed)
    return sorted(name.removeprefix(_IMPORTED) for name in names if name.startswith(_IMPORTED))


def forwarding(names: list[str]) -> bytes:
    """A DLL for x86-64 whose exports, sorted, are those of TARGET."""
    exports = table(names, _ALIGNMENT)
    size = _up(len(exports), _FILE_ALIGNMENT)
    head = b"MZ".ljust(60, b"\0") + struct.pack("<L", 64) + b"PE\0\0"
    head += _COFF.pack(0x8664, 1, 0, 0, 0, _OPTIONAL.size + 8 * _DIRECTORIES, 0x2022)  # DLL, large addresses
    head += _OPTIONAL.pack(
        0x20B, 14, 0, 0, size, 0, 0, 0,  # PE32+; no code, so no entry point
        0x180000000, _ALIGNMENT, _FILE_ALIGNMENT, 6, 0, 0, 0, 6, 0,  # image base; Windows 6.0
        0, _ALIGNMENT + _up(len(exports), _ALIGNMENT), _HEADERS, 0, 2, 0x160,  # ASLR with high entropy, NX
        1 << 20, 1 << 12, 1 << 20, 1 << 12, 0, _DIRECTORIES,
    )  # fmt: skip
    head += struct.pack("<2L", _ALIGNMENT, len(exports)) + bytes(8 * (_DIRECTORIES - 1))
    head += _SECTION.pack(b".rdata", len(exports), _ALIGNMENT, size, _HEADERS, 0, 0, 0, 0, 0x40000040)  # data, read
    return head.ljust(_HEADERS, b"\0") + exports.ljust(size, b"\0")


def table(names: list[str], base: int) -> bytes:
    """The export directory with its tables and strings, for a section that is loaded at `base`.

    An address within the directory itself is that of a forwarder's name.
    """
    count = len(names)
    addresses = _EXPORTS.size
    pointers, ordinals = addresses + 4 * count, addresses + 8 * count
    strings = bytearray()
    begin = base + ordinals + 2 * count

    def place(text: str) -> int:
        at = begin + len(strings)
        strings.extend(text.encode("ascii") + b"\0")
        return at

    own = place(DLL)
    named = [place(name) for name in names]
    forwarded = [place(f"{TARGET}.{name}") for name in names]
    head = _EXPORTS.pack(0, 0, 0, 0, own, 1, count, count, base + addresses, base + pointers, base + ordinals)
    parts = (
        struct.pack(f"<{count}L", *forwarded),
        struct.pack(f"<{count}L", *named),
        struct.pack(f"<{count}H", *range(count)),
    )
    return head + b"".join(parts) + bytes(strings)


def _up(number: int, alignment: int) -> int:
    return -(-number // alignment) * alignment


if __name__ == "__main__":
    main(*sys.argv[1:])
