"""The guarded archive reader: what it unpacks, and a corpus of hostile archives that it refuses with a reason."""

import contextlib
import gzip
import io
import lzma
import os
import random
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from builder import inside, scripts

archive = inside.module("archive")
LIMITS = archive.LIMITS


# --- archives byte by byte ------------------------------------------------------------------------------------------


@dataclass
class Entry:
    """A zip entry with every field of both headers free to lie."""

    name: bytes = b"a.txt"
    data: bytes = b"hello\n"
    method: int = 8
    flags: int = 0
    mode: int = 0
    local: dict[str, Any] | None = None  # what the local header says otherwise
    central: dict[str, Any] | None = None  # what the central directory says otherwise
    body: bytes | None = None  # packed bytes
    descriptor: bytes = b""

    def packed(self) -> bytes:
        """The bytes between header and descriptor."""
        if self.body is not None:
            return self.body
        if self.method != 8:
            return self.data
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        return deflate.compress(self.data) + deflate.flush()

    def fields(self, changes: dict[str, Any] | None) -> dict[str, Any]:
        """What a header says."""
        truth = {"name": self.name, "flags": self.flags, "method": self.method, "crc": zlib.crc32(self.data)}
        truth |= {"packed": len(self.packed()), "size": len(self.data), "extra": b"", "offset": None, "disk": 0}
        return truth | (changes or {})


def make_zip(*entries: Entry, prefix: bytes = b"", gap: bytes = b"", **end: Any) -> bytes:
    """A zip of these entries; `end` changes fields of the end record, `tail` and `comment` what follows it."""
    out, directory = bytearray(prefix), bytearray()
    for entry in entries:
        offset = len(out)
        here = entry.fields(entry.local)
        head = (b"PK\3\4", 20, here["flags"], here["method"], 0, 33, here["crc"], here["packed"], here["size"])
        out += struct.pack("<4s5H3L2H", *head, len(here["name"]), len(here["extra"])) + here["name"] + here["extra"]
        out += entry.packed() + entry.descriptor + gap
        there = entry.fields(entry.central)
        head = (
            b"PK\1\2",
            0x314,
            20,
            there["flags"],
            there["method"],
            0,
            33,
            there["crc"],
            there["packed"],
            there["size"],
        )
        where = offset if there["offset"] is None else there["offset"]
        lengths = (len(there["name"]), len(there["extra"]), 0, there["disk"], 0, entry.mode << 16, where)
        directory += struct.pack("<4s6H3L5H2L", *head, *lengths) + there["name"] + there["extra"]
    values = {"count": len(entries), "size": len(directory), "offset": len(out), "disk": 0} | end
    comment = values.get("comment", b"")
    record = (b"PK\5\6", values["disk"], 0, values["count"], values["count"], values["size"], values["offset"])
    trail = struct.pack("<4s4H2LH", *record, values.get("comment_size", len(comment))) + comment
    return bytes(out + directory + values.get("before_end", b"") + trail + values.get("tail", b""))


def make_tar(*members: tuple[str, str, bytes, str], end: bytes = bytes(1024), patch: bytes = b"") -> bytes:
    """A tar of (name, type, bytes, link target); written by hand so that no library mends a name."""
    out = bytearray()
    for name, kind, data, target in members:
        head = bytearray(512)
        head[0 : len(name.encode())] = name.encode()
        head[100:108] = b"0004755\0" if kind == "0" and "setuid" in name else b"0000644\0"
        head[124:136] = b"%011o\0" % len(data)
        head[136:148] = b"%011o\0" % 0
        head[156:157] = kind.encode()
        head[157 : 157 + len(target.encode())] = target.encode()
        head[257:265] = b"ustar\x0000"
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
        out += head + data + bytes(-len(data) % 512)
    return bytes(out) + patch + end


def make_deb(*parts: tuple[bytes, bytes]) -> bytes:
    """An ar archive of these members."""
    out = bytearray(b"!<arch>\n")
    for name, data in parts:
        out += (
            b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name, 0, 0, 0, b"100644", len(data)) + data + b"\n" * (len(data) % 2)
        )
    return bytes(out)


def file(name: str, data: bytes = b"x") -> tuple[str, str, bytes, str]:
    """A file for `make_tar`."""
    return (name, "0", data, "")


def pax(**records: str) -> tuple[str, str, bytes, str]:
    """A pax header for `make_tar`."""
    body = b""
    for key, value in records.items():
        rest = f" {key.replace('__', '.')}={value}\n".encode()
        length = len(rest) + 2
        length += len(str(length)) - 2 if len(str(length)) > 2 else 0
        body += str(length).encode() + rest
    return ("PaxHeaders/x", "x", body, "")


def zip64(*values: int) -> bytes:
    """A ZIP64 extra field."""
    return struct.pack(f"<2H{len(values)}Q", 1, 8 * len(values), *values)


@pytest.fixture
def unpack(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Unpack bytes as an archive into box/out; afterwards nothing may stand beside box/out."""
    box = tmp_path / "box"
    box.mkdir()

    def run(data: bytes, **options: Any) -> Path:
        (tmp_path / "hostile").write_bytes(data)
        archive.unpack(tmp_path / "hostile", box / "out", **options)
        return box / "out"

    yield run
    assert sorted(p.name for p in tmp_path.iterdir()) == ["box", "hostile"]
    assert [p.name for p in box.iterdir()] in ([], ["out"])


# --- the corpus -----------------------------------------------------------------------------------------------------

BIG = 0xFFFFFFFF
CRC = zlib.crc32(b"hello\n")
RAW = Entry(method=0)
STREAMED = replace(RAW, flags=8, local={"crc": 0, "packed": 0, "size": 0})

ZIP_NAMES = {
    "absolute": (b"/etc/passwd", "absolute"),
    "parent": (b"../evil", "`..`"),
    "parent inside": (b"a/../../evil", "`..`"),
    "parent at the end": (b"a/..", "`..`"),
    "backslash": (b"..\\evil", "backslash"),
    "drive": (b"C:/evil", "drive"),
    "drive relative": (b"C:evil", "drive"),
    "nul": (b"a\0.txt", "NUL"),
    "newline": (b"a\nb", "control"),
    "double slash": (b"a//b", "empty component"),
    "network path": (b"//host/share", "absolute"),
    "empty": (b"", "empty component"),
    "only slash": (b"/", "empty component"),
    "dot": (b"./a", "dot or a space"),
    "dot inside": (b"a/./b", "dot or a space"),
    "trailing dot": (b"a.", "dot or a space"),
    "trailing space": (b"a /b", "dot or a space"),
    "long component": (b"n" * 256, "255 bytes"),
    "deep": (b"/".join([b"d"] * 65), "64 folders deep"),
    "not ASCII without the flag": (b"caf\xe9", "unclear encoding"),
}

ZIPS: dict[str, tuple[bytes, str]] = {
    "duplicate name": (make_zip(Entry(), Entry()), "two members"),
    "file and folder of one name": (make_zip(Entry(name=b"a"), Entry(name=b"a/", data=b"")), "two members"),
    "case clash": (make_zip(Entry(), Entry(name=b"A.TXT")), "differ only in case"),
    "case clash of folders": (make_zip(Entry(name=b"d/a"), Entry(name=b"D/b")), "differ only in case"),
    "NFC clash": (
        make_zip(Entry(name="é".encode(), flags=1 << 11), Entry(name="e\u0301".encode(), flags=1 << 11)),
        "differ only in case or accents",
    ),
    "invalid UTF-8": (make_zip(Entry(name=b"\xff", flags=1 << 11)), "unclear encoding"),
    "file becomes folder": (make_zip(Entry(name=b"a"), Entry(name=b"a/b")), "as a folder and as a file"),
    "folder becomes file": (make_zip(Entry(name=b"a/b"), Entry(name=b"a")), "as a file and as a folder"),
    "folder with bytes": (make_zip(Entry(name=b"a/")), "folder with bytes"),
    "prefix": (make_zip(Entry(), prefix=b"#!sh"), "no zip"),
    "prefix that is a member": (make_zip(Entry(), prefix=make_zip(Entry(name=b"h"))[:39]), "before its first member"),
    "offsets as without a prefix": (make_zip(Entry(), offset=0), "not where its end record says"),
    "bytes after the end": (make_zip(Entry(), tail=b"more"), "after its end"),
    "comment longer than the file": (make_zip(Entry(), comment_size=9), "after its end"),
    "comment shorter than it is": (make_zip(Entry(), comment=b"abc", comment_size=1), "after its end"),
    "two end records": (make_zip(Entry()) + make_zip(Entry()), "not where its end record says"),
    "bytes before the end record": (make_zip(Entry(), before_end=b"xx"), "not where its end record says"),
    "bytes between members": (make_zip(Entry(), Entry(name=b"b"), gap=b"hidden"), "belong to no member"),
    "overlap": (make_zip(Entry(), Entry(name=b"b", central={"offset": 0})), "overlaps"),
    "header hidden from the directory": (
        make_zip(
            Entry(body=Entry().packed() + make_zip(Entry(name=b"h"))[:41], central={"packed": 8}, local={"packed": 8})
        ),
        "belong to no member",
    ),
    "header only in the directory": (make_zip(Entry(central={"offset": 1})), "before its first member"),
    "fewer than told": (make_zip(Entry(), count=2), "fewer entries"),
    "more than told": (make_zip(Entry(), Entry(name=b"b"), count=1), "more in its central directory"),
    "no end record": (make_zip(Entry())[:-22], "no end record"),
    "cut": (make_zip(Entry())[:30], "no end record"),
    "several disks": (make_zip(Entry(), disk=1), "several parts"),
    "member on another disk": (make_zip(Entry(central={"disk": 1})), "another part"),
    "name differs": (make_zip(Entry(local={"name": b"b.txt"})), "another name"),
    "size differs": (make_zip(Entry(local={"size": 5})), "another size"),
    "packed size differs": (make_zip(Entry(local={"packed": 5})), "another packed"),
    "CRC differs": (make_zip(Entry(local={"crc": 5})), "another crc"),
    "method differs": (make_zip(Entry(local={"method": 0})), "another method"),
    "flags differ": (make_zip(Entry(local={"flags": 1 << 11})), "another flags"),
    "wrong CRC": (make_zip(Entry(local={"crc": 5}, central={"crc": 5})), "wrong CRC"),
    "larger than told": (make_zip(Entry(local={"size": 3}, central={"size": 3})), "larger than its header"),
    "smaller than told": (make_zip(Entry(local={"size": 9}, central={"size": 9})), "smaller than its header"),
    "stored with two sizes": (make_zip(replace(RAW, local={"size": 3}, central={"size": 3})), "two sizes"),
    "no DEFLATE": (make_zip(Entry(body=b"\xff\xff\xff\xff")), "no DEFLATE"),
    "DEFLATE ends early": (make_zip(Entry(body=Entry().packed()[:-2])), "ends within"),
    "bytes after DEFLATE": (make_zip(Entry(body=Entry().packed() + b"zz")), "after its DEFLATE"),
    "encrypted": (make_zip(Entry(flags=1)), "encrypted"),
    "strongly encrypted": (make_zip(Entry(flags=1 << 6 | 1)), "encrypted"),
    "unknown flag": (make_zip(Entry(flags=1 << 5)), "unknown flags"),
    "bzip2": (make_zip(Entry(method=12)), "method 12"),
    "lzma": (make_zip(Entry(method=14)), "method 14"),
    "descriptor differs": (
        make_zip(replace(STREAMED, descriptor=struct.pack("<4s3L", b"PK\7\x08", CRC, 6, 7))),
        "data descriptor",
    ),
    "descriptor missing": (make_zip(STREAMED), "data descriptor"),
    "descriptor with more behind": (
        make_zip(replace(STREAMED, descriptor=struct.pack("<3L", CRC, 6, 6) + b"hidden" * 9)),
        "data descriptor",
    ),
    "two ZIP64 extras": (
        make_zip(Entry(central={"size": BIG, "extra": zip64(6) + zip64(7)})),
        "broken extra field",
    ),
    "ZIP64 extra that is not needed": (make_zip(Entry(central={"extra": zip64(99)})), "ZIP64 extra field"),
    "ZIP64 extra that is missing": (make_zip(Entry(central={"size": BIG})), "ZIP64 extra field"),
    "ZIP64 size differs": (make_zip(Entry(central={"size": BIG, "extra": zip64(7)})), "another size"),
    "ZIP64 locator to nowhere": (
        make_zip(Entry(), before_end=struct.pack("<4sLQL", b"PK\6\7", 0, 7, 1)),
        "ZIP64 end record",
    ),
    "second name": (make_zip(Entry(central={"extra": struct.pack("<2H", 0x7075, 5) + b"\1evil"})), "second name"),
    "broken extra": (make_zip(Entry(central={"extra": b"\1\0\x09\0x"})), "broken extra field"),
    "setuid": (make_zip(Entry(mode=stat.S_IFREG | 0o4755)), "setuid"),
    "device": (make_zip(Entry(mode=stat.S_IFCHR | 0o644)), "mode"),
    "pipe": (make_zip(Entry(mode=stat.S_IFIFO | 0o644)), "mode"),
    "folder's mode on a file": (make_zip(Entry(mode=stat.S_IFDIR | 0o755)), "mode"),
    "link out": (make_zip(Entry(data=b"../evil", mode=stat.S_IFLNK | 0o777)), "leaves the folder"),
    "link absolute": (make_zip(Entry(data=b"/etc", mode=stat.S_IFLNK | 0o777)), "no relative path"),
    "link of no length": (make_zip(Entry(data=b"", mode=stat.S_IFLNK | 0o777)), "no relative path"),
    "long link": (make_zip(Entry(data=b"a/" * 4000, mode=stat.S_IFLNK | 0o777)), "4096"),
}

LINK_LATER = (("d/e/link", "2", b"", "../.."), ("m", "2", b"", "d/e/link/../evil"))
TARS: dict[str, tuple[bytes, str]] = {
    "absolute": (make_tar(file("/etc/passwd")), "absolute"),
    "parent": (make_tar(file("../evil")), "`..`"),
    "parent in a pax header": (make_tar(pax(path="../evil"), file("good")), "`..`"),
    "parent in a GNU long name": (make_tar(("././@LongLink", "L", b"../evil\0", ""), file("good")), "`..`"),
    "parent of a folder": (make_tar(("a/../..", "5", b"", "")), "`..`"),
    "dots twice": (make_tar(file("././a")), "dot or a space"),
    "duplicate": (make_tar(file("a"), file("./a")), "two members"),
    "folder replaced": (make_tar(("a", "5", b"", ""), file("a")), "two members"),
    "below a file": (make_tar(file("a"), file("a/b")), "as a folder and as a file"),
    "through a symlink": (make_tar(("a", "2", b"", "b"), file("a/b")), "as a folder and as a symlink"),
    "through a symlink that comes later": (make_tar(file("a/b"), ("a", "2", b"", "b")), "as a symlink and as a folder"),
    "symlink out": (make_tar(("a", "2", b"", "../evil")), "leaves the folder"),
    "symlink out from below": (make_tar(("d/a", "2", b"", "x/../../../evil")), "leaves the folder"),
    "symlink absolute": (make_tar(("a", "2", b"", "/etc/passwd")), "no relative path"),
    "symlink with backslash": (make_tar(("a", "2", b"", "..\\evil")), "no relative path"),
    "symlink out through another": (make_tar(*LINK_LATER), "leaves the folder"),
    "symlinks in a circle": (make_tar(("a", "2", b"", "b"), ("b", "2", b"", "a")), "never ends"),
    "hard link out": (make_tar(("a", "1", b"", "../evil")), "hard link"),
    "hard link absolute": (make_tar(("a", "1", b"", "/etc/passwd")), "hard link"),
    "hard link to what comes later": (make_tar(("a", "1", b"", "b"), file("b")), "hard link"),
    "hard link to a symlink": (make_tar(("b", "2", b"", "c"), ("a", "1", b"", "b")), "hard link"),
    "character device": (make_tar(("a", "3", b"", "")), "device"),
    "block device": (make_tar(("a", "4", b"", "")), "device"),
    "pipe": (make_tar(("a", "6", b"", "")), "pipe"),
    "sparse": (make_tar(("a", "S", b"", "")), "sparse"),
    "sparse by pax": (make_tar(pax(GNU__sparse__major="1"), file("a")), "sparse"),
    "unknown kind": (make_tar(("a", "Z", b"", "")), "unknown kind"),
    "folder with bytes": (make_tar(("a", "5", b"x", "")), "bytes of its own"),
    "global path": (make_tar(("g", "g", pax(path="x")[2], "")), "global header"),
    "NUL in a pax name": (make_tar(pax(path="a\0b"), file("a")), "NUL"),
    "broken pax header": (make_tar(("p", "x", b"99 path=a\n", ""), file("a")), "broken pax header"),
    "broken pax size": (make_tar(pax(size="-1"), file("a")), "broken number"),
    "extended header at the end": (make_tar(pax(path="a")), "after an extended header"),
    "broken header later": (make_tar(file("a"), patch=b"x" * 512), "broken header"),
    "broken checksum": (make_tar(file("a")).replace(b"a\0", b"b\0", 1), "no zip, tar"),
    "no end mark": (make_tar(file("a"), end=b""), "ends too early"),
    "cut in a member": (make_tar(file("a", b"x" * 5000), end=b"")[:2048], "ends too early"),
    "bytes after the end": (make_tar(file("a")) + make_tar(file("b")), "after its end"),
    "not UTF-8": (make_tar(file("a")).replace(b"a\0", b"\xff\0", 1), "no zip, tar"),
    "no archive": (b"<!DOCTYPE html><title>404</title>" + b" " * 600, "no zip, tar"),
    "empty file": (b"", "no zip, tar"),
    "broken gzip": (gzip.compress(make_tar(file("a")))[:-20], "broken"),
    "gzip with a wrong CRC": (gzip.compress(make_tar(file("a")))[:-8] + bytes(8), "broken"),
    "bytes after gzip": (gzip.compress(make_tar(file("a"))) + b"more", "broken"),
    "broken xz": (lzma.compress(make_tar(file("a")))[:-20], "ends too early"),
    "bytes after xz": (lzma.compress(make_tar(file("a"))) + b"more", "after its xz"),
    "second xz stream": (lzma.compress(make_tar(file("a"))) * 2, "after its xz"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(600), "zstd"),
}

DATA = (b"data.tar.xz", lzma.compress(make_tar(file("./usr/a"))))
FORMAT = (b"debian-binary", b"2.0\n")
DEBS: dict[str, tuple[bytes, str]] = {
    "no format": (make_deb(DATA), "no Debian package"),
    "format 3": (make_deb((b"debian-binary", b"3.0\n"), DATA), "no Debian package"),
    "no data": (make_deb(FORMAT), "one data archive"),
    "data twice": (make_deb(FORMAT, DATA, (b"data.tar.gz", DATA[1])), "one data archive"),
    "same member twice": (make_deb(FORMAT, DATA, DATA), "two members"),
    "another member": (make_deb(FORMAT, DATA, (b"evil", b"")), "one data archive"),
    "cut": (make_deb(FORMAT, DATA)[:-40], "ends too early"),
    "broken ar header": (make_deb(FORMAT, DATA) + b"x" * 60, "broken ar header"),
    "parent": (make_deb(FORMAT, (b"data.tar.gz", gzip.compress(make_tar(file("./../evil"))))), "`..`"),
}


@pytest.mark.parametrize(("name", "reason"), ZIP_NAMES.values(), ids=ZIP_NAMES)
def test_zip_name_is_refused(unpack: Callable[..., Path], name: bytes, reason: str) -> None:
    """A name that some system reads otherwise is refused, never repaired."""
    with pytest.raises(archive.Refused, match=reason):
        unpack(make_zip(Entry(name=name, data=b"" if name.endswith(b"/") else b"x")))


@pytest.mark.parametrize(("data", "reason"), [*ZIPS.values()], ids=ZIPS)
def test_zip_is_refused(unpack: Callable[..., Path], data: bytes, reason: str) -> None:
    """A zip that two readers could see differently, or that lies, is refused with its reason."""
    with pytest.raises(archive.Refused, match=reason):
        unpack(data)


@pytest.mark.parametrize(("data", "reason"), [*TARS.values()], ids=TARS)
def test_tar_is_refused(unpack: Callable[..., Path], data: bytes, reason: str) -> None:
    """A tar that leaves its folder, holds what is no file, or is broken anywhere is refused with its reason."""
    with pytest.raises(archive.Refused, match=reason):
        unpack(data)


@pytest.mark.parametrize(("data", "reason"), [*DEBS.values()], ids=DEBS)
def test_deb_is_refused(unpack: Callable[..., Path], data: bytes, reason: str) -> None:
    """A Debian package of another form than deb(5) gives is refused with its reason."""
    with pytest.raises(archive.Refused, match=reason):
        unpack(data)


# --- limits ---------------------------------------------------------------------------------------------------------

ZEROS = bytes(1 << 20)
BOMBS: dict[str, tuple[bytes, dict[str, int], str]] = {
    "zip entry": (make_zip(Entry(data=ZEROS)), {"entry": 1000}, "larger than 1000"),
    "zip ratio": (make_zip(Entry(data=ZEROS)), {"free": 1000, "ratio": 10}, "10 times"),
    "zip total": (make_zip(Entry(data=ZEROS), Entry(name=b"b", data=ZEROS)), {"total": 1_500_000}, "1500000 bytes"),
    "zip entries": (make_zip(*(Entry(name=b"%d" % n) for n in range(9))), {"entries": 8}, "8 members"),
    "zip that lies": (
        make_zip(Entry(data=ZEROS, local={"size": 9}, central={"size": 9})),
        {"entry": 1000},
        "larger than its header",
    ),
    "tar entry": (make_tar(file("a", ZEROS)), {"entry": 1000}, "larger than 1000"),
    "tar.gz ratio": (gzip.compress(make_tar(file("a", ZEROS))), {"free": 1000, "ratio": 10}, "unpacks to more"),
    "tar.xz ratio": (lzma.compress(make_tar(file("a", ZEROS))), {"free": 1000, "ratio": 10}, "unpacks to more"),
    "tar.gz after its end": (
        gzip.compress(make_tar(file("a")) + ZEROS),
        {"free": 99999, "ratio": 1},
        "unpacks to more",
    ),
    "tar total": (make_tar(file("a", ZEROS)), {"total": 1000}, "unpacks to more"),
    "tar entries": (make_tar(*(file(str(n)) for n in range(9))), {"entries": 8}, "8 members"),
    "pax header": (make_tar(("p", "x", b"x" * ((1 << 20) + 1), "")), {}, "extended header of more"),
}


@pytest.mark.parametrize(("data", "changes", "reason"), [*BOMBS.values()], ids=BOMBS)
def test_bomb_is_refused(unpack: Callable[..., Path], data: bytes, changes: dict[str, int], reason: str) -> None:
    """Every limit ends the unpacking with its reason."""
    with pytest.raises(archive.Refused, match=reason):
        unpack(data, limits=replace(LIMITS, **changes))


def test_lying_zip_writes_no_byte_more_than_it_declared(tmp_path: Path) -> None:
    """A member that unpacks to more than its header says is stopped while it streams."""
    data = make_zip(Entry(data=bytes(50 << 20), local={"size": 9}, central={"size": 9}))
    (tmp_path / "bomb").write_bytes(data)
    with pytest.raises(archive.Refused):
        archive.unpack(tmp_path / "bomb", tmp_path / "out")
    assert (tmp_path / "out" / "a.txt").stat().st_size <= 9


# --- what is unpacked -----------------------------------------------------------------------------------------------


def tree(root: Path) -> dict[str, Any]:
    """What lies below a folder: bytes and mode of files, targets of symlinks."""
    found: dict[str, Any] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_file():
            found[name] = (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
        else:
            found[name] = stat.S_IMODE(path.stat().st_mode)
    return found


EXPECTED = {
    "bin": 0o755,
    "bin/run": (b"#!/bin/sh\n", 0o755),
    "empty": 0o755,
    "lib": 0o755,
    "lib/é.txt": (b"text\n", 0o644),
    "link": "lib/é.txt",
}


def usual_zip() -> bytes:
    """A zip as Python's zipfile writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text, mode in (
            ("bin/run", "#!/bin/sh\n", stat.S_IFREG | 0o775),
            ("empty/", "", stat.S_IFDIR | 0o700),
            ("lib/é.txt", "text\n", 0o600),
            ("link", "lib/é.txt", stat.S_IFLNK | 0o777),
        ):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            made.writestr(info, text)
    return buffer.getvalue()


def usual_tar(kind: str, form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar as Python's tarfile writes it, in `gz` or `xz` or bare."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{kind}", format=form) as made:  # type: ignore[call-overload]
        for name, data, mode, how in (
            (".", b"", 0o755, tarfile.DIRTYPE),
            ("./bin/run", b"#!/bin/sh\n", 0o4755, tarfile.REGTYPE),
            ("./empty", b"", 0o700, tarfile.DIRTYPE),
            ("./lib/é.txt", b"text\n", 0o600, tarfile.REGTYPE),
            ("./link", b"lib/\xc3\xa9.txt", 0o777, tarfile.SYMTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.mode, info.type = mode, how
            info.linkname = data.decode() if how == tarfile.SYMTYPE else ""
            info.size = len(data) if how == tarfile.REGTYPE else 0
            made.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


USUAL = {
    "zip": usual_zip(),
    "tar": usual_tar(""),
    "tar.gz": usual_tar("gz"),
    "tar.xz": usual_tar("xz"),
    "GNU tar": usual_tar("", tarfile.GNU_FORMAT),
    "deb": make_deb(FORMAT, (b"control.tar.xz", b"not read"), (b"data.tar.xz", usual_tar("xz"))),
}


@pytest.mark.parametrize("data", USUAL.values(), ids=USUAL)
def test_every_format_gives_the_same_tree(unpack: Callable[..., Path], data: bytes) -> None:
    """Files, folders, symlinks and the x bit come out alike; all other mode bits are fixed, setuid of a tar dropped."""
    before = os.umask(0o077)
    try:
        assert tree(unpack(data)) == EXPECTED
    finally:
        os.umask(before)


@pytest.mark.parametrize("data", USUAL.values(), ids=USUAL)
def test_want_renames_and_leaves_out(unpack: Callable[..., Path], data: bytes) -> None:
    """`want` gets names without slash or dot before or after, and decides what goes where."""
    seen = []

    def want(name: str) -> str | None:
        seen.append(name)
        return "new/place" if name == "bin/run" else None

    assert tree(unpack(data, want=want)) == {"new": 0o755, "new/place": EXPECTED["bin/run"]}
    assert seen == ["bin/run", "empty", "lib/é.txt", "link"]


@pytest.mark.parametrize(
    "entry",
    [
        Entry(),
        RAW,
        Entry(data=b""),
        replace(STREAMED, descriptor=struct.pack("<4s3L", b"PK\7\x08", CRC, 6, 6)),
        replace(STREAMED, descriptor=struct.pack("<3L", CRC, 6, 6)),
        replace(STREAMED, descriptor=struct.pack("<4sL2Q", b"PK\7\x08", CRC, 6, 6)),
        Entry(flags=1 << 1),
        Entry(local={"extra": b"\0\0\0"}),
        Entry(data=os.urandom(1 << 20) + bytes(1 << 20)),
        Entry(central={"size": BIG, "extra": zip64(6)}),
        Entry(local={"size": BIG, "packed": BIG, "extra": zip64(6, len(Entry().packed()))}),
    ],
    ids=[
        "deflated",
        "stored",
        "empty",
        "descriptor",
        "bare",
        "64 bits",
        "level",
        "padded",
        "large",
        "ZIP64 directory",
        "ZIP64 header",
    ],
)
def test_sound_zip_is_read(unpack: Callable[..., Path], entry: Entry) -> None:
    """What writers do in good faith is read."""
    assert (unpack(make_zip(entry)) / "a.txt").read_bytes() == entry.data


def test_zip_comment_and_empty_zip_are_read(unpack: Callable[..., Path]) -> None:
    """A comment at the end is no hidden data, and a zip without members is one."""
    assert tree(unpack(make_zip(comment=b"some words"))) == {}


def test_zip64_end_record_is_read(unpack: Callable[..., Path]) -> None:
    """A zip whose end record stands in its ZIP64 form is read."""
    plain = make_zip(Entry())
    size, offset = struct.unpack_from("<2L", plain, len(plain) - 10)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, size, offset)
    end64 += struct.pack("<4sLQL", b"PK\6\7", 0, offset + size, 1)
    data = make_zip(Entry(), count=0xFFFF, size=BIG, offset=BIG, before_end=end64)
    assert tree(unpack(data)) == {"a.txt": (b"hello\n", 0o644)}


def test_hard_link_becomes_a_file(unpack: Callable[..., Path]) -> None:
    """A hard link of a tar is a file of its own, with the bytes and the x bit of the first."""
    out = unpack(make_tar(file("./a.setuid", b"bytes"), ("./b", "1", b"", "./a.setuid")))
    assert tree(out) == {"a.setuid": (b"bytes", 0o755), "b": (b"bytes", 0o755)}
    assert (out / "b").stat().st_nlink == 1


def test_long_names_are_read(unpack: Callable[..., Path]) -> None:
    """Names beyond a header's 100 bytes come from pax, GNU or ustar prefix."""
    name = "/".join(["folder"] * 20) + "/name"
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=form) as made:
            made.addfile(tarfile.TarInfo(name))
        assert (unpack(buffer.getvalue(), want=lambda n, form=form: f"{form}/{n}") / str(form) / name).is_file()


def test_symlinks_through_symlinks_within_are_kept(unpack: Callable[..., Path]) -> None:
    """Frameworks of macOS point through their `Current` link; that stays within the folder."""
    links = (("V/Current", "2", b"", "A"), ("F", "2", b"", "V/Current/F"), ("up/x", "2", b"", "../V/./A//F"))
    out = unpack(make_tar(file("V/A/F"), *links))
    assert (out / "F").read_bytes() == b"x"
    assert (out / "up" / "x").read_bytes() == b"x"


def test_second_archive_may_not_replace_or_leave(tmp_path: Path) -> None:
    """Unpacking beside what is there neither replaces a file nor goes through a symlink that lies there."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "out" / "kept").mkdir(parents=True)
    (tmp_path / "out" / "way").symlink_to("../outside")
    (tmp_path / "out" / "file").write_bytes(b"first")
    (tmp_path / "dangling").symlink_to("gone")
    (tmp_path / "out" / "dangling").symlink_to("../outside/new")
    cases = {
        "way/evil": [file("way/evil")],
        "file": [file("file")],
        "dangling": [file("dangling")],
        "leaves the folder": [("l", "2", b"", "way/../x")],
    }
    for reason, members in cases.items():
        (tmp_path / "second").write_bytes(make_tar(*members))
        with pytest.raises(archive.Refused, match=reason.split("/")[0]):
            archive.unpack(tmp_path / "second", tmp_path / "out")
    assert list((tmp_path / "outside").iterdir()) == []
    assert (tmp_path / "out" / "file").read_bytes() == b"first"
    (tmp_path / "second").write_bytes(make_tar(file("kept/new")))
    archive.unpack(tmp_path / "second", tmp_path / "out")
    assert (tmp_path / "out" / "kept" / "new").is_file()


def test_bad_place_from_want_is_refused(unpack: Callable[..., Path]) -> None:
    """A place that `want` gives is checked like a name."""
    with pytest.raises(archive.Refused, match=r"`\.\.`"):
        unpack(make_zip(Entry()), want=lambda _: "../evil")


def test_one_member_is_read(tmp_path: Path) -> None:
    """`read` gives the bytes of one file; a name that is no file is a KeyError; the reason names the archive."""
    (tmp_path / "usual.whl").write_bytes(USUAL["zip"])
    assert archive.read(tmp_path / "usual.whl", "lib/é.txt") == b"text\n"
    with pytest.raises(KeyError):
        archive.read(tmp_path / "usual.whl", "empty")
    (tmp_path / "bad.whl").write_bytes(make_zip(Entry(local={"crc": 5}, central={"crc": 5})))
    with pytest.raises(archive.Refused, match=r"^`bad\.whl` member `a\.txt` has a wrong CRC$"):
        archive.read(tmp_path / "bad.whl", "a.txt")


def test_reader_is_whole_in_the_sandbox() -> None:
    """A step that imports the reader gets all of its parts, and it names no package of ours."""
    assert set(scripts.closure("archive.py")) >= {"archive.py", "archive_guard.py", "archive_tar.py", "archive_zip.py"}
    assert not any(b"import builder" in scripts.text(name) for name in scripts.closure("archive.py"))


def test_host_and_sandbox_share_one_module() -> None:
    """A script's module is the same however often the host asks, and sys.path stays as it was."""
    import sys

    before = list(sys.path)
    assert inside.module("archive") is archive
    assert inside.module("archive_guard").Refused is archive.Refused
    assert sys.path == before


@pytest.mark.parametrize("data", USUAL.values(), ids=USUAL)
def test_damage_is_refused_or_harmless(tmp_path: Path, data: bytes) -> None:
    """A changed byte, or a cut, gives Refused or a tree; no other error, and nothing beside the folder."""
    chance = random.Random(1)
    for number in range(150):
        damaged = bytearray(data)
        damaged[chance.randrange(len(data))] = chance.randrange(256)
        damaged = damaged[: chance.randrange(len(data))] if number % 5 == 0 else damaged
        (tmp_path / "damaged").write_bytes(damaged)
        with contextlib.suppress(archive.Refused):
            archive.unpack(tmp_path / "damaged", tmp_path / "out" / str(number))
    assert {path.name for path in tmp_path.iterdir()} <= {"damaged", "out"}
