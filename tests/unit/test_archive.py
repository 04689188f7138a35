"""The guarded archive reader: what it unpacks, and a corpus of hostile archives that it refuses with a reason."""

import contextlib
import io
import os
import random
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder import inside, scripts

from .hostile_archives import (
    BIG,
    CASES,
    CRC,
    FORMAT,
    RAW,
    STREAMED,
    Case,
    Entry,
    file,
    make_deb,
    make_tar,
    make_zip,
    zip64,
)

archive = inside.module("archive")
LIMITS = archive.LIMITS


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


@pytest.mark.reliability
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hostile_archive_is_refused(unpack: Callable[..., Path], case: Case, figures: Callable[..., None]) -> None:
    """What two readers may see differently, what leaves its folder, lies, is broken or too much."""
    figures("hostile inputs tried")
    with pytest.raises(archive.Refused, match=case.reason):
        unpack(case.data, limits=replace(LIMITS, **case.limits))
    figures("hostile inputs refused")


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
        Entry(local={"extra": zip64(6, len(Entry().packed()))}),
        Entry(central={"extra": zip64(6, len(Entry().packed()), 0)}),
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
        "ZIP64 header that is not needed",
        "ZIP64 directory that is not needed",
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


@pytest.mark.parametrize("size", [100, 300, 345, 400, 511])
def test_a_tar_that_ends_in_its_first_header_is_refused(size: int, tmp_path: Path) -> None:
    """Also where what is missing is zeros, so that the sum of the header is right."""
    (tmp_path / "cut").write_bytes(USUAL["tar"][:size])
    with pytest.raises(archive.Refused):
        archive.unpack(tmp_path / "cut", tmp_path / "out")


@pytest.mark.reliability
@pytest.mark.parametrize("data", USUAL.values(), ids=USUAL)
def test_damage_is_refused_or_harmless(
    tmp_path: Path, data: bytes, figures: Callable[..., None], thorough: bool
) -> None:
    """A changed byte, or a cut, gives Refused or a tree; no other error, and nothing beside the folder."""
    chance = random.Random(1)
    for number in range(3000 if thorough else 150):
        damaged = bytearray(data)
        damaged[chance.randrange(len(data))] = chance.randrange(256)
        damaged = damaged[: chance.randrange(len(data))] if number % 5 == 0 else damaged
        (tmp_path / "damaged").write_bytes(damaged)
        with contextlib.suppress(archive.Refused):
            archive.unpack(tmp_path / "damaged", tmp_path / "out" / str(number))
        figures("fuzz runs")
    assert {path.name for path in tmp_path.iterdir()} <= {"damaged", "out"}
