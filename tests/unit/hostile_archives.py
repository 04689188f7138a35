"""Archives written byte by byte, and a corpus of hostile ones: each with the reason for which it must be refused."""

import bz2
import gzip
import lzma
import stat
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

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


def make_prefixed(prefix: str, name: str) -> bytes:
    """A tar of one file whose name is parted as ustar parts long ones."""
    return _patched(make_tar(file(name)), 345, prefix.encode())


def make_sized(size: bytes) -> bytes:
    """A tar of one file whose size field holds these twelve bytes."""
    return _patched(make_tar(file("a")), 124, size)


def _patched(tar: bytes, at: int, field: bytes) -> bytes:
    """A tar with a field of its first header changed, and the header's sum made right again."""
    head = bytearray(tar[:512])
    head[at : at + len(field)] = field
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + tar[512:]


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
    "ZIP64 extra that differs from the local header": (
        make_zip(Entry(local={"extra": zip64(7, len(Entry().packed()))})),
        "differs from its header",
    ),
    "ZIP64 extra that differs from the directory": (
        make_zip(Entry(central={"extra": zip64(6, len(Entry().packed()), 1)})),
        "differs from its header",
    ),
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
    "parent in a ustar prefix": (make_prefixed("../..", "evil"), "`..`"),
    "absolute by a ustar prefix": (make_prefixed("/etc", "passwd"), "absolute"),
    "negative size": (make_sized(b"\xff" * 12), "broken number"),
    "size of 8 exabytes": (make_sized(b"\x80" + b"\0" * 3 + b"\x7f" + b"\xff" * 7), "larger than"),
    "size that is no number": (make_sized(b"0000000009x\0"), "broken number"),
    "backslash": (make_tar(file("..\\evil")), "backslash"),
    "drive": (make_tar(file("C:/evil")), "drive"),
    "newline": (make_tar(file("a\nb")), "control"),
    "case clash": (make_tar(file("a"), file("A")), "differ only in case"),
    "NFC clash": (make_tar(file("é"), file("e\u0301")), "differ only in case or accents"),
    "trailing dot": (make_tar(file("a.")), "dot or a space"),
    "deep": (make_tar(pax(path="d/" * 65 + "f"), file("a")), "64 folders deep"),
    "long component": (make_tar(pax(path="n" * 256), file("a")), "255 bytes"),
    "hard link to itself": (make_tar(("a", "1", b"", "a")), "hard link"),
    "hard link to a folder": (make_tar(("d", "5", b"", ""), ("a", "1", b"", "d")), "hard link"),
    "symlink that is empty": (make_tar(("a", "2", b"", "")), "no relative path"),
    "symlink by a pax linkpath": (make_tar(pax(linkpath="../evil"), ("a", "2", b"", "good")), "leaves the folder"),
    "symlink by a GNU long link": (
        make_tar(("././@LongLink", "K", b"../evil\0", ""), ("a", "2", b"", "good")),
        "leaves the folder",
    ),
    "symlink replaced by a folder": (make_tar(("a", "2", b"", "b"), ("a", "5", b"", "")), "two members"),
    "contiguous file": (make_tar(("a", "7", b"", "")), "contiguous"),
    "bzip2": (bz2.compress(make_tar(file("a"))), "bzip2"),
    "gzip in gzip": (gzip.compress(gzip.compress(make_tar(file("a")))), "no zip, tar"),
    "second gzip member": (gzip.compress(make_tar(file("a"))) + gzip.compress(make_tar(file("b"))), "after its end"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(600), "zstd"),
}

NPM: dict[str, tuple[bytes, str]] = {
    name: (gzip.compress(TARS[name][0], mtime=0), TARS[name][1])
    for name in ("absolute", "parent", "parent in a pax header", "duplicate", "through a symlink", "symlink out")
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
    "size that is no number": (make_deb(FORMAT, DATA).replace(b"4         `", b"4x        `", 1), "broken number"),
    "size beyond the end": (make_deb(FORMAT, DATA).replace(b"4         `", b"9999999   `", 1), "ends too early"),
    "data in zstd": (make_deb(FORMAT, (b"data.tar.zst", b"\x28\xb5\x2f\xfd" + bytes(600))), "zstd"),
    "parent": (make_deb(FORMAT, (b"data.tar.gz", gzip.compress(make_tar(file("./../evil"))))), "`..`"),
}

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


@dataclass(frozen=True)
class Case:
    """One hostile archive."""

    name: str
    data: bytes
    reason: str  # regular expression that the refusal must fit
    limits: Mapping[str, int] = field(default_factory=dict)  # changes to the usual ones


def _named_zip(name: bytes) -> bytes:
    return make_zip(Entry(name=name, data=b"" if name.endswith(b"/") else b"x"))


CASES = [
    *(Case(f"zip: name: {name}", _named_zip(member), reason) for name, (member, reason) in ZIP_NAMES.items()),
    *(Case(f"zip: {name}", data, reason) for name, (data, reason) in ZIPS.items()),
    *(Case(f"tar: {name}", data, reason) for name, (data, reason) in TARS.items()),
    *(Case(f"npm: {name}", data, reason) for name, (data, reason) in NPM.items()),
    *(Case(f"deb: {name}", data, reason) for name, (data, reason) in DEBS.items()),
    *(Case(f"bomb: {name}", data, reason, limits) for name, (data, limits, reason) in BOMBS.items()),
]
