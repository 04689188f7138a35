"""APKs as zip archives: their order and alignment, what is copied and what replaces it, what no APK can hold."""

import json
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.inside import module

apk_zip = module("apk_zip")

Contents = Callable[[Path], Any]
TEXT = b"the same line\n" * 1000


def _pinned_zlib() -> bool:
    try:
        apk_zip.check_zlib()
    except apk_zip.Refused:
        return False
    return True


pytestmark = pytest.mark.skipif(not _pinned_zlib(), reason="this Python has another zlib than the toolchain's")


def folder(root: Path, files: Mapping[str, bytes]) -> Path:
    """A folder that holds these files."""
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def packed(found: Mapping[str, Path], place: Path, scratch: Path) -> Path:
    """An archive of these files."""
    apk_zip.write(apk_zip.gather(found, scratch), place)
    return place


def starts(archive: Path) -> Iterator[tuple[zipfile.ZipInfo, int]]:
    """Each member with the offset of its data."""
    data = archive.read_bytes()
    for info in zipfile.ZipFile(archive).infolist():
        name, extra = struct.unpack_from("<2H", data, info.header_offset + 26)
        yield info, info.header_offset + 30 + name + extra


def settings_of(name: str, *trees: tuple[str, str], packed: tuple[str, ...] = ()) -> str:
    return json.dumps({"name": name, "packed": packed, "trees": trees})


@pytest.fixture
def static(inside: Any, tmp_path: Path) -> Callable[[Mapping[str, bytes]], Path]:
    """Packs a client with apk_pack.py."""

    def run(files: Mapping[str, bytes]) -> Path:
        client: Path = inside.run(
            "apk_pack.py", {"client": folder(tmp_path / "client", files)}, ["client", "assets/web/"]
        )
        return client

    return run


def test_what_changes_seldom_is_copied_and_what_comes_later_replaces_it(
    inside: Any, static: Callable[[Mapping[str, bytes]], Path], tmp_path: Path
) -> None:
    """A tree replaces a packed member, a later tree an earlier one; an APK in one go would be the same bytes."""
    client = {"main.js": TEXT, "worker.js": b"old" * 99, "pyodide/x.wasm": TEXT * 9, "icon.png": b"\x89PNG"}
    first = folder(tmp_path / "first", {"worker.js": b"new" * 99, "app.tar.gz": b"\x1f\x8b1"})
    second = folder(tmp_path / "second", {"app.tar.gz": b"\x1f\x8b2"})
    shell = folder(tmp_path / "shell", {"classes.dex": b"dex\n" * 50})
    inputs = {"static": static(client), "first": first, "second": second, "shell": shell}
    trees = [("first", "assets/web/"), ("second", "assets/web/"), ("shell", "")]
    made = inside.run("apk.py", {**inputs, "apk.json": settings_of("a-unsigned.apk", *trees, packed=("static",))})
    with zipfile.ZipFile(made / "a-unsigned.apk") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "assets/web/app.tar.gz": b"\x1f\x8b2",
            "assets/web/icon.png": b"\x89PNG",
            "assets/web/main.js": TEXT,
            "assets/web/pyodide/x.wasm": TEXT * 9,
            "assets/web/worker.js": b"new" * 99,
            "classes.dex": b"dex\n" * 50,
        }
        assert archive.namelist() == sorted(archive.namelist())
    whole = {**inputs, "client": tmp_path / "client"}
    trees.insert(0, ("client", "assets/web/"))
    again = inside.run("apk.py", {**whole, "apk.json": settings_of("a-unsigned.apk", *trees)})
    assert (again / "a-unsigned.apk").read_bytes() == (made / "a-unsigned.apk").read_bytes()


def test_what_is_not_wanted_is_left_out(inside: Any, tmp_path: Path) -> None:
    """Of what is packed early, by patterns below the folder."""
    client = folder(tmp_path / "client", {"main.js": b"1", "icons/a.png": b"2", "icons/b.txt": b"3", "sw.js": b"4"})
    made = inside.run("apk_pack.py", {"client": client}, ["client", "assets/web/", "icons/**.png", "sw.js"])
    held = [member.name for member in apk_zip.read(made / "members.zip")]
    assert held == ["assets/web/icons/b.txt", "assets/web/main.js"]


def test_bytes_depend_on_nothing_but_the_contents(
    inside: Any, shuffled: Callable[[Path], Path], tmp_path: Path, contents: Contents
) -> None:
    """Not on the order in which files were made, their modes and dates, or the umask."""
    tree = folder(tmp_path / "tree", {f"{n % 7}/{n}.txt": TEXT[n:] for n in range(40)})
    given = {"apk.json": settings_of("x.apk", ("tree", ""))}
    made = contents(inside.run("apk.py", {**given, "tree": tree}))
    assert made == contents(inside.run("apk.py", {**given, "tree": shuffled(tree)}, umask=0o077))
    assert made.keys() == {"x.apk"}
    assert made["x.apk"][0] == 0o644


names = st.lists(
    st.text(
        st.characters(max_codepoint=0xFFFF, exclude_categories=("Cs", "Cc"), exclude_characters="/\\."), min_size=1
    ),
    min_size=1,
    max_size=3,
).map("/".join)
endings = st.sampled_from(["", ".txt", ".png", ".arsc", ".PNG", ".so"])


@given(st.dictionaries(st.tuples(st.sampled_from(["", "lib/"]), names, endings).map("".join), st.binary(max_size=300)))
def test_any_files_are_read_back_and_aligned(tmp_path_factory: pytest.TempPathFactory, held: dict[str, bytes]) -> None:
    """By zipfile and by what reads them to copy them on; stored data begins where Android maps it."""
    taken = {name.rpartition("/")[0] for name in held}
    held = {name: data for name, data in held.items() if not any(f"{above}/".startswith(f"{name}/") for above in taken)}
    root = tmp_path_factory.mktemp("apk")
    found = {}
    for number, (name, data) in enumerate(held.items()):
        found[name] = root / str(number)
        found[name].write_bytes(data)
    archive = packed(found, root / "one.zip", root / "scratch")
    with zipfile.ZipFile(archive) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == held
        assert [name.encode() for name in opened.namelist()] == sorted(name.encode() for name in held)
        assert {info.date_time for info in opened.infolist()} <= {(1980, 1, 1, 0, 0, 0)}
    for info, start in starts(archive):
        stored = info.compress_type == zipfile.ZIP_STORED
        library = info.filename.startswith("lib/") and info.filename.endswith(".so")
        assert start % (1 << 14 if library else 4) == 0 or not stored
        assert stored or not library
    apk_zip.write(apk_zip.read(archive), root / "two.zip")
    assert (root / "two.zip").read_bytes() == archive.read_bytes()


def test_compressed_kinds_are_stored(tmp_path: Path) -> None:
    """And resources.arsc, which Android reads in place; the rest is deflated, however short, but empty files."""
    kinds = {"a.png": True, "a.whl": True, "a.tar.gz": True, "resources.arsc": True, "a.JPG": True, "empty.txt": True}
    kinds |= {"a.js": False, "a.wasm": False, "classes.dex": False, "png": False, "assets/libx.so": False}
    files = folder(tmp_path / "files", {name: b"" if name == "empty.txt" else TEXT for name in kinds})
    archive = packed(apk_zip.files(files, ""), tmp_path / "a.zip", tmp_path / "scratch")
    found = {info.filename: info.compress_type == zipfile.ZIP_STORED for info in zipfile.ZipFile(archive).infolist()}
    assert found == kinds


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a\\b.txt", r"has '\\\\' in it"),
        ("line\nbreak", r"has '\\n' in it"),
        ("smile \N{GRINNING FACE}.png", "a character beyond U.FFFF, which Android can't open"),
        ("bytes\udcff.txt", "is not UTF-8"),
    ],
)
def test_names_that_android_can_not_hold_are_refused(tmp_path: Path, name: str, why: str) -> None:
    """Before anything is written, naming the file."""
    files = folder(tmp_path / "files", {name: b""})
    with pytest.raises(apk_zip.Refused, match=why):
        apk_zip.gather(apk_zip.files(files, "assets/web/"), tmp_path / "scratch")


def test_awkward_names_are_held(tmp_path: Path) -> None:
    """Quotes, brackets, umlauts and 200 characters are fine."""
    held = dict.fromkeys(('it\'s <b>"x".txt', "Käse/日本.txt", "x" * 200), b"y")
    files = folder(tmp_path / "files", held)
    archive = packed(apk_zip.files(files, ""), tmp_path / "a.zip", tmp_path / "scratch")
    assert set(zipfile.ZipFile(archive).namelist()) == set(held)


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a//b", "./a", ""])
def test_paths_that_leave_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    """Android 14 opens no archive that holds one."""
    (tmp_path / "file").touch()
    with pytest.raises(apk_zip.Refused, match="is no path that an APK can hold"):
        apk_zip.gather({name: tmp_path / "file"}, tmp_path / "scratch")


def test_file_of_four_gigabytes_is_refused(tmp_path: Path) -> None:
    """By its size alone, before it is read."""
    with (tmp_path / "big.bin").open("wb") as file:
        file.truncate(1 << 32)
    with pytest.raises(apk_zip.Refused, match=r"`assets/big.bin` has 4294967296 bytes; a file of an APK has less than"):
        apk_zip.gather({"assets/big.bin": tmp_path / "big.bin"}, tmp_path / "scratch")


def test_archive_of_four_gigabytes_is_refused(tmp_path: Path) -> None:
    """Before it is written."""
    half = (1 << 31) - 50
    parts = [apk_zip.Member(name, apk_zip.STORED, 0, half, half, tmp_path / name) for name in ("a", "b")]
    with pytest.raises(apk_zip.Refused, match="with `b` the APK would have more than 4 GiB"):
        apk_zip.write(parts, tmp_path / "a.apk")
    assert not (tmp_path / "a.apk").exists()


def test_number_of_files_is_bounded(tmp_path: Path) -> None:
    """A zip without zip64 counts them in 16 bits."""
    parts = [apk_zip.Member(f"{n}", apk_zip.STORED, 0, 0, 0, tmp_path / "none") for n in range(65536)]
    assert len(list(apk_zip.layout(parts[1:]))) == 65535
    with pytest.raises(apk_zip.Refused, match="65536 files are too many, an APK holds 65535"):
        list(apk_zip.layout(parts))


def test_file_that_is_a_folder_too_is_refused(
    inside: Any, static: Callable[[Mapping[str, bytes]], Path], tmp_path: Path, step_failed: type[Exception]
) -> None:
    """Of a packed member and a tree as well."""
    inputs = {"static": static({"a/b": b"1"}), "app": folder(tmp_path / "app", {"a": b"2"})}
    given = settings_of("x.apk", ("app", "assets/web/"), packed=("static",))
    with pytest.raises(step_failed, match="`assets/web/a` is a file, and a folder with `assets/web/a/b` in it"):
        inside.run("apk.py", {**inputs, "apk.json": given})


def test_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    """Nothing is left out without a word."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "gone").symlink_to("nowhere")
    with pytest.raises(apk_zip.Refused, match="`gone` is no file, but a symbolic link that leads to none"):
        apk_zip.gather(apk_zip.files(files, ""), tmp_path / "scratch")


def test_other_zlib_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it deflates is right but other bytes, which would make another APK of the same plan."""
    monkeypatch.setattr(apk_zip, "_LEVEL", 5)  # stands for a zlib that finds other matches
    with pytest.raises(apk_zip.Refused, match=r"this zlib \(.*\) does not deflate to the bytes"):
        apk_zip.check_zlib()


def test_large_files_are_streamed(inside: Any, tmp_path: Path) -> None:
    """An asset of 200 MB is packed with a few MB of memory."""
    (tmp_path / "app").mkdir()
    with (tmp_path / "app" / "big.bin").open("wb") as file:
        file.truncate(200 << 20)
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\nulimit -d 102400\nexec {sys.executable} "$@"\n')
    wrapper.chmod(0o755)
    inside.python = str(wrapper)
    made = inside.run("apk.py", {"app": tmp_path / "app", "apk.json": settings_of("x.apk", ("app", ""))})
    with zipfile.ZipFile(made / "x.apk") as archive:
        assert archive.getinfo("big.bin").file_size == 200 << 20
