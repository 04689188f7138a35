"""Rules of finding what differs: the member, the field of its header, the bytes."""

import gzip
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.verification.compare import Difference, differences, differing

DATES = [(2020, 1, 1, 0, 0, 0), (2021, 1, 1, 0, 0, 0)]


def zipped(number: int, **varied: object) -> bytes:
    """A zip of two members; one field follows the number."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("a.txt", "folder/b.txt")[:: -1 if "order" in varied and number else 1]:
            member = zipfile.ZipInfo(name, DATES[number] if "date" in varied else DATES[0])
            member.external_attr = (0o600 if "mode" in varied and number else 0o644) << 16
            member.extra = b"\xca\xfe\0\0" if "extra" in varied and number else b""
            member.compress_type = zipfile.ZIP_DEFLATED if "deflated" in varied and number else zipfile.ZIP_STORED
            archive.writestr(member, f"one\ntwo {number if 'text' in varied else ''}\n" * 9)
    return out.getvalue()


def tarred(number: int, **varied: object) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("folder/member")
        member.mtime = 1000 * number if "date" in varied else 0
        member.uid = number if "uid" in varied else 0
        member.uname = f"user{number}" if "uname" in varied else ""
        member.mode = 0o600 if "mode" in varied and number else 0o644
        member.size = 4
        archive.addfile(member, io.BytesIO(f"abc{number}".encode() if "text" in varied else b"abcd"))
    return out.getvalue()


@pytest.fixture
def compared(tmp_path: Path) -> Callable[..., tuple[Difference, ...]]:
    """What differs between the bytes that a function gives for 0 and for 1."""

    def compare(name: str, make: Callable[[int], bytes]) -> tuple[Difference, ...]:
        for number in (0, 1):
            (tmp_path / str(number)).mkdir()
            (tmp_path / str(number) / name).write_bytes(make(number))
        assert differing(tmp_path / "0", tmp_path / "1") == (name,)
        return differences(name, tmp_path / "0" / name, tmp_path / "1" / name)

    return compare


@pytest.mark.parametrize(
    ("varied", "kind", "told"),
    [
        ("date", "date", "the date in the member's header"),
        ("mode", "mode", "the mode in the member's entry"),
        ("extra", "header", "the extra field"),
        ("deflated", "packing", "the way it is packed"),
    ],
)
def test_a_field_of_a_zip_is_named(
    compared: Callable[..., tuple[Difference, ...]], varied: str, kind: str, told: str
) -> None:
    """With the member that it is of, and both values."""
    first = compared("x.zip", lambda number: zipped(number, **{varied: 1}))[0]
    assert first.place == ("x.zip", "a.txt")
    assert first.kind == kind
    assert first.told.startswith(told)
    assert first.first != first.then


def test_the_place_of_a_zips_date_is_in_its_local_header(compared: Callable[..., tuple[Difference, ...]]) -> None:
    """Offset 10 of it (APPNOTE 4.3.7), and the hex shows the bytes there."""
    first = compared("x.zip", lambda number: zipped(number, date=1))[0]
    assert first.offset == 10
    assert first.context[0].startswith("00000000  50 4b 03 04")
    assert (first.first, first.then) == ("2020-01-01 00:00:00", "2021-01-01 00:00:00")


def test_the_order_of_members_is_one_difference(compared: Callable[..., tuple[Difference, ...]]) -> None:
    """Not one of each member."""
    (only,) = compared("x.zip", lambda number: zipped(number, order=1))
    assert (only.kind, only.first, only.then) == ("order", "a.txt, folder/b.txt", "folder/b.txt, a.txt")


def test_a_line_of_a_member_is_shown(compared: Callable[..., tuple[Difference, ...]]) -> None:
    """The innermost place, its line, its offset there."""
    first = compared("x.zip", lambda number: zipped(number, text=1))[0]
    assert (first.place, first.told, first.offset) == (("x.zip", "a.txt"), "line 2", 8)
    assert (first.first, first.then) == ("two 0", "two 1")


@pytest.mark.parametrize(
    ("varied", "kind", "offset", "values"),
    [
        ("date", "date", 136, ("1970-01-01 00:00:00", "1970-01-01 00:16:40")),
        ("uid", "owner", 108, ("0:0", "1:0")),
        ("uname", "owner", 265, ("user0:", "user1:")),
        ("mode", "mode", 100, ("644", "600")),
    ],
)
def test_a_field_of_a_tar_in_gzip_is_named(
    compared: Callable[..., tuple[Difference, ...]], varied: str, kind: str, offset: int, values: tuple[str, str]
) -> None:
    """Through both; offsets are those of the ustar header (POSIX)."""
    found = compared("x.tar.gz", lambda number: gzip.compress(tarred(number, **{varied: 1}), mtime=0))
    (only,) = found
    assert only.place == ("x.tar.gz", "x.tar", "folder/member")
    assert (only.kind, only.offset, (only.first, only.then)) == (kind, offset, values)


def test_a_gzip_header_is_looked_at(compared: Callable[..., tuple[Difference, ...]]) -> None:
    """Its date (RFC 1952) differs, what it packs does not."""
    (only,) = compared("x.gz", lambda number: gzip.compress(b"same", mtime=number + 1))
    assert (only.place, only.kind, only.offset) == (("x.gz",), "date", 4)


def test_another_level_of_compression_is_told_from_other_data(compared: Callable[..., tuple[Difference, ...]]) -> None:
    """The members are the same."""
    data = bytes(range(256)) * 500 + os.urandom(100)
    (only,) = compared("x.xz", lambda number: lzma.compress(data, preset=[0, 6][number]))
    assert (only.place, only.kind) == (("x.xz",), "packing")


@pytest.mark.parametrize(
    ("at", "flags", "kind", "told"),
    [
        (8, 0, "date", "the date of the source"),
        (8, 1, "header", "the hash of the source"),
        (4, 2, "header", "the flags"),
    ],
)
def test_a_pyc_header_is_looked_at(
    compared: Callable[..., tuple[Difference, ...]], at: int, flags: int, kind: str, told: str
) -> None:
    """PEP 552: flags, then a date or a hash."""

    def pyc(number: int) -> bytes:
        head = bytearray(b"\xcb\r\r\n" + bytes([flags]) + bytes(11))
        head[at] = (flags | 1) if at == 4 and number else number if at != 4 else flags
        return bytes(head) + b"code"

    first = compared("m.cpython-312.pyc", pyc)[0]
    assert (first.kind, first.offset) == (kind, at)
    assert first.told.startswith(told)


def test_reference_flags_are_told_from_other_code(compared: Callable[..., tuple[Difference, ...]]) -> None:
    """Only the highest bit of some bytes differs."""
    head = b"\xcb\r\r\n\1" + bytes(11)
    (only,) = compared("m.pyc", lambda number: head + b"\0code" + bytes([0x69 | 0x80 * number]))
    assert "FLAG_REF" in only.told
    assert (only.place, only.offset) == (("m.pyc", "its code"), 5)


def test_lines_in_another_order_are_the_same_lines(compared: Callable[..., tuple[Difference, ...]]) -> None:
    """Which is another cause than other lines."""
    (only,) = compared("list", lambda number: "\n".join(["a", *("bc" if number else "cb")]).encode())
    assert (only.kind, only.told) == ("order", "the order of the lines, from line 2 on; they are the same")


def test_a_long_line_is_shown_where_it_differs(compared: Callable[..., tuple[Difference, ...]]) -> None:
    """Not from its start."""
    (only,) = compared("min.js", lambda number: b"x" * 5000 + b"%d" % number + b"y" * 5000)
    assert "0" in only.first
    assert "1" in only.then
    assert max(len(only.first), len(only.then)) < 200


def test_a_file_too_many_a_mode_and_a_link_are_seen(tmp_path: Path) -> None:
    """And nothing that is the same."""
    for name, mode, target in (("one", 0o644, "x"), ("two", 0o755, "y")):
        folder = tmp_path / name
        (folder / "below").mkdir(parents=True)
        (folder / "below" / "same").write_text("same")
        (folder / "program").write_text("")
        (folder / "program").chmod(mode)
        (folder / "link").symlink_to(target)
    (tmp_path / "two" / "below" / "more").touch()
    names = differing(tmp_path / "one", tmp_path / "two")
    assert names == ("below/more", "link", "program")
    found = [differences(name, tmp_path / "one" / name, tmp_path / "two" / name)[0] for name in names]
    assert [(spot.kind, spot.first, spot.then) for spot in found] == [
        ("presence", "not there", "there"),
        ("presence", "-> x", "-> y"),
        ("mode", "-rw-r--r--", "-rwxr-xr-x"),
    ]


@pytest.mark.parametrize("kind", ["cut", "nested", "bomb", "flipped"])
def test_a_hostile_archive_is_compared_as_bytes_or_cut_short(
    compared: Callable[..., tuple[Difference, ...]], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is broken, too deep, or too large to unpack is still told to differ, and never raises."""
    from builder.verification import containers

    monkeypatch.setattr(containers, "LARGEST", 1 << 20)

    def make(number: int) -> bytes:
        data = zipped(number, text=1, deflated=1)
        if kind == "cut":
            return data[:-9] + bytes([number])
        if kind == "bomb":
            return gzip.compress(bytes(30 << 20) + bytes([number]), mtime=0)
        if kind == "flipped":
            return zipped(0)[:40] + bytes([number]) + zipped(0)[41:]
        for _ in range(9):
            data = gzip.compress(data, mtime=0)
        return data

    assert compared("x.zip", make)
