"""Just enough of Mach-O (mach-o/loader.h, mach-o/fat.h) to say what a file runs on, loads, and is signed with."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

X86_64, ARM64 = 0x01000007, 0x0100000C
_FAT, _THIN = b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe"
_DYLIBS = {0xC, 0x80000018, 0x8000001F, 0x80000023}  # LOAD, WEAK, REEXPORT, UPWARD
_RPATH, _SIGNATURE, _VERSION_MIN, _BUILD_VERSION = 0x8000001C, 0x1D, 0x24, 0x32


@dataclass(frozen=True)
class Slice:
    """What the load commands of one architecture say."""

    arch: int
    dylibs: tuple[str, ...]
    rpaths: tuple[str, ...]
    signed: bool
    oldest: tuple[int, int]  # macOS


def slices(file: Path) -> tuple[Slice, ...]:
    """Each architecture of a file; none of a file that is no Mach-O."""
    if file.is_symlink() or not file.is_file():
        return ()
    with file.open("rb") as stream:
        head = stream.read(8)
        if head[:4] not in (_FAT, _THIN):
            return ()
        data = head + stream.read()
    if head[:4] == _THIN:
        return (_slice(data),)
    count = struct.unpack(">L", head[4:])[0]
    if count > 20:  # a class file of Java begins so as well
        return ()
    places = (struct.unpack_from(">5L", data, 8 + 20 * number) for number in range(count))
    return tuple(_slice(data[offset : offset + size]) for _, _, offset, size, _ in places)


def found(root: Path) -> Iterator[tuple[Path, Slice]]:
    """All below a folder."""
    for path in sorted(root.rglob("*")):
        for part in slices(path):
            yield path, part


def _slice(data: bytes) -> Slice:
    arch, count = struct.unpack_from("<4xL8xL", data)
    dylibs, rpaths, signed, oldest = [], [], False, (0, 0)
    at = 32
    for _ in range(count):
        command, size = struct.unpack_from("<2L", data, at)
        body = data[at : at + size]
        if command in _DYLIBS or command == _RPATH:
            text = body[struct.unpack_from("<L", body, 8)[0] :].rstrip(b"\0").decode()
            (rpaths if command == _RPATH else dylibs).append(text)
        signed |= command == _SIGNATURE
        if command in (_VERSION_MIN, _BUILD_VERSION):
            version = struct.unpack_from("<L", body, 8 if command == _VERSION_MIN else 12)[0]
            oldest = (version >> 16, version >> 8 & 0xFF)
        at += size
    return Slice(arch, tuple(dylibs), tuple(rpaths), signed, oldest)


def missing(path: Path, part: Slice, executable: Path) -> list[str]:
    """The libraries that are neither the system's nor where the file looks for them."""
    return [name for name in part.dylibs if not _resolves(name, path, part, executable)]


def _resolves(name: str, path: Path, part: Slice, executable: Path) -> bool:
    if name.startswith(("/usr/lib/", "/System/Library/")):
        return True
    if name.startswith("@rpath/"):
        return any(
            _resolves(f"{rpath.rstrip('/')}/{name.removeprefix('@rpath/')}", path, part, executable)
            for rpath in (*part.rpaths, "@executable_path/../Frameworks")
        )
    for variable, base in (("@loader_path/", path.parent), ("@executable_path/", executable.parent)):
        if name.startswith(variable):
            return (base / name.removeprefix(variable)).is_file()
    return False
