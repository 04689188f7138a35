"""The built macOS app, as far as Linux can tell: its bytes, its archive, what its programs load, Flet's seal."""

import hashlib
import json
import os
import plistlib
import shutil
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder import lockfile, nar

from . import machofiles
from .worlds import ROOT, World, committed

pytestmark = pytest.mark.real

FIXTURE = "counter-desktop"
TARGET = "macos-x86_64"
ARCHIVE = "Counter-1.0.0-macos-x86_64.zip"
ICONS = {"ic04": 16, "ic05": 32, "ic07": 128, "ic08": 256, "ic09": 512, "ic10": 1024} | {
    "ic11": 32, "ic12": 64, "ic13": 256, "ic14": 512
}  # fmt: skip


@pytest.fixture(scope="session")
def world(fetched: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A copy of the fixture; what a test changes of it, it changes back."""
    return World(tmp_path_factory.mktemp("macos"), fetched, FIXTURE)


@pytest.fixture(scope="session")
def built(world: World) -> Path:
    """The artifact, from the committed plan."""
    done = world.run("build", TARGET, "--frozen", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["digest"] == committed(FIXTURE, TARGET)
    return Path(json.loads(done.stdout)["path"])


@pytest.fixture(scope="session")
def contents(built: Path) -> Path:
    """What the bundle holds."""
    return built / "Counter.app" / "Contents"


@pytest.fixture(scope="session")
def client(world: World, built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flet.app as it is in the wheel, unpacked by the standard library."""
    lock = lockfile.load(ROOT / "fixtures" / FIXTURE)
    pin = next(pin for pin in lock.packages_of(TARGET) if pin.name == "flet-desktop")
    folder = tmp_path_factory.mktemp("client")
    with (
        zipfile.ZipFile(world.store / "files" / pin.sha256) as wheel,
        wheel.open("flet_desktop/app/flet-macos.tar.gz") as packed,
        tarfile.open(fileobj=packed) as archive,
    ):
        archive.extractall(folder, filter="tar")
    return folder / "Flet.app"


def listed(root: Path) -> dict[str, tuple[str, str]]:
    """Each file and link below a folder: its kind with its x-bit, and where it leads or its sha256."""
    found = {}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = ("link", str(path.readlink()))
        elif path.is_file():
            kind = "program" if path.stat().st_mode & 0o100 else "file"
            found[name] = (kind, hashlib.sha256(path.read_bytes()).hexdigest())
    return found


# --- the artifact -------------------------------------------------------------------------------------------------


def test_it_is_bundle_entitlements_and_archive(built: Path) -> None:
    """Nothing else."""
    assert sorted(path.name for path in built.iterdir()) == [ARCHIVE, "Counter.app", "Counter.entitlements"]


def test_another_place_gives_the_same_bytes(fetched: Path, tmp_path: Path) -> None:
    """Another folder, an empty store, another time zone, umask and order of files."""
    other = World(tmp_path / "another place", fetched, FIXTURE)
    done = other.run(
        "build", TARGET, "--frozen", "--json", before=("sh", "-c", 'umask 077; exec "$@"', "sh"), TZ="Asia/Tokyo"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["digest"] == committed(FIXTURE, TARGET)


def test_nix_gives_the_same_app(fetched: Path, tmp_path: Path, built: Path) -> None:
    """Bundle and archive have the digest that bubblewrap gives."""
    if shutil.which("nix-build") is None:
        pytest.skip("nix-build not found")
    other = World(tmp_path, fetched, FIXTURE)
    other.env["NIX_REMOTE"] = str(tmp_path / "nix-store")
    if os.geteuid() == 0:
        other.env["NIX_CONFIG"] = "build-users-group =\n"
    done = other.run("build", TARGET, "--json", "--frozen", "--backend", "nix")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["backend"] == "nix"
    assert json.loads(done.stdout)["digest"] == nar.sha256(built)


def test_the_archive_is_the_bundle(built: Path, tmp_path: Path, tool: Callable[[str], str]) -> None:
    """The same files, links and modes, for readers that do not know builder."""
    subprocess.run([tool("unzip"), "-q", built / ARCHIVE], cwd=tmp_path, check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["Counter.app"]
    assert listed(tmp_path / "Counter.app") == listed(built / "Counter.app")


def test_another_reader_finds_no_fault(built: Path, tool: Callable[[str], str]) -> None:
    """Headers, sizes and checksums."""
    subprocess.run([tool("7z"), "t", "-bso0", built / ARCHIVE], check=True)


def test_the_archive_names_no_user_and_no_time(built: Path) -> None:
    """1980, Unix, modes of which only the x-bit says something; no member twice."""
    with zipfile.ZipFile(built / ARCHIVE) as archive:
        members = archive.infolist()
    assert {(member.date_time, member.create_system, member.extra) for member in members} == {
        ((1980, 1, 1, 0, 0, 0), 3, b"")
    }
    wanted = {stat.S_IFREG | 0o644, stat.S_IFREG | 0o755, stat.S_IFLNK | 0o755}
    assert {member.external_attr >> 16 for member in members} == wanted
    assert len({member.filename for member in members}) == len(members)


# --- what macOS reads ---------------------------------------------------------------------------------------------


def test_the_bundle_names_its_parts(contents: Path, built: Path) -> None:
    """Info.plist: what it names is there, the launcher can be run, the icon is an icon."""
    info = plistlib.loads((contents / "Info.plist").read_bytes())
    launcher = contents / "MacOS" / info["CFBundleExecutable"]
    assert launcher.read_text().startswith("#!/bin/sh\n")
    assert launcher.stat().st_mode & 0o111 == 0o111
    assert (contents / "Resources" / info["CFBundleIconFile"]).is_file()
    assert (contents / "PkgInfo").read_bytes() == b"APPL????"
    assert list(info) == sorted(info)
    entitlements = plistlib.loads((built / "Counter.entitlements").read_bytes())
    assert entitlements["com.apple.security.network.client"] is True


def test_no_program_is_newer_than_the_bundle_says(contents: Path) -> None:
    """LSMinimumSystemVersion is what CPython, the packages and the client need."""
    info = plistlib.loads((contents / "Info.plist").read_bytes())
    least = tuple(int(part) for part in info["LSMinimumSystemVersion"].split("."))
    own = [part.oldest for path, part in machofiles.found(contents) if "libswift" not in path.name]
    assert max(own) <= least or max(own) == (13, 0)  # objective_c of the client, which is loaded when first used


def test_every_program_finds_its_libraries(contents: Path) -> None:
    """Of the system, or in the bundle; none of Homebrew, as _lzma, _dbm, _gdbm and _tkinter of this runtime want."""
    python = contents / "Resources" / "python"
    parts = list(machofiles.found(contents / "Resources"))
    assert len(parts) > 50
    assert {part.arch for _, part in parts} == {machofiles.X86_64}
    lost = {path.name: lack for path, part in parts if (lack := machofiles.missing(path, part, python / "bin" / "x"))}
    assert lost == {}
    names = {path.name.partition(".")[0] for path, _ in parts}
    assert {"_ssl", "_sqlite3", "_ctypes", "_cmsgpack", "zlib"} <= names
    assert not {"_lzma", "_dbm", "_gdbm", "_tkinter"} & names


def test_the_client_runs_on_both_kinds_of_processor(contents: Path) -> None:
    """And is signed for both, as arm64 runs nothing else; it finds its frameworks."""
    app = contents / "Helpers" / "Flet.app"
    program = app / "Contents" / "MacOS" / "Flet"
    parts = list(machofiles.found(app))
    assert {part.arch for path, part in parts if path == program} == {machofiles.X86_64, machofiles.ARM64}
    assert all(part.signed for _, part in parts)
    lost = {path.name: lack for path, part in parts if (lack := machofiles.missing(path, part, program))}
    assert set(lost) <= {"libswift_Concurrency.dylib"}  # its Swift is the system's


def test_wheels_for_arm64_are_signed(tmp_path: Path) -> None:
    """By the linker that made them: macOS on arm64 loads nothing else. It is the locked wheel that is looked at."""
    lock = lockfile.load(ROOT / "fixtures" / "counter")
    pin = next(pin for pin in lock.packages_of("macos-arm64") if pin.name == "msgpack")
    (tmp_path / "wanted").write_text(f"msgpack=={pin.version} --hash=sha256:{pin.sha256}\n")
    options = ["--no-deps", "--only-binary=:all:", "--platform=macosx_12_0_arm64", "--python-version=3.12"]
    command = [sys.executable, "-m", "pip", "download", "-q", "--require-hashes", "-r", tmp_path / "wanted", *options]
    subprocess.run([*command, "-d", tmp_path], check=True)
    with zipfile.ZipFile(tmp_path / pin.file) as wheel:
        wheel.extractall(tmp_path)
    parts = [part for _, part in machofiles.found(tmp_path)]
    assert parts
    assert all(part.arch == machofiles.ARM64 and part.signed for part in parts)


# --- Flet's sealed client -----------------------------------------------------------------------------------------


def test_the_client_is_untouched(contents: Path, client: Path) -> None:
    """Each file, link and x-bit is that of the archive in the wheel."""
    found = listed(contents / "Helpers" / "Flet.app")
    assert found == listed(client)
    assert sum(kind == "link" for kind, _ in found.values()) > 100


def sealed(bundle: Path) -> Iterator[Path]:
    """Each folder with a seal of its own, below a bundle."""
    for seal in bundle.rglob("_CodeSignature/CodeResources"):
        if not seal.parent.is_symlink() and "Current" not in seal.parts:
            yield seal.parent.parent


def test_the_seals_hold(contents: Path) -> None:
    """What each CodeResources says of files and links is so, in the app and in its frameworks."""
    checked = 0
    for bundle in sealed(contents / "Helpers"):
        rules = plistlib.loads((bundle / "_CodeSignature" / "CodeResources").read_bytes())["files2"]
        for name, rule in rules.items():
            if "symlink" in rule:
                assert str((bundle / name).readlink()) == rule["symlink"]
            elif "hash2" in rule:
                assert hashlib.sha256((bundle / name).read_bytes()).digest() == rule["hash2"], name
            else:
                assert (bundle / name).exists(), name  # code, by the hash of its own signature
            checked += 1
    assert checked > 60


# --- icons --------------------------------------------------------------------------------------------------------


def entries(icon: bytes) -> dict[str, bytes]:
    """The images of an icon file by type."""
    assert icon[:4] == b"icns"
    assert struct.unpack(">L", icon[4:8])[0] == len(icon)
    found, at = {}, 8
    while at < len(icon):
        kind, size = struct.unpack_from(">4sL", icon, at)
        found[kind.decode()] = icon[at + 8 : at + size]
        at += size
    return found


def channels(data: bytes, pixels: int) -> list[bytes]:
    """The four channels of an ARGB image: runs of a byte, and of literal ones."""
    assert data[:4] == b"ARGB"
    out, at = bytearray(), 4
    while at < len(data):
        head = data[at]
        if head & 0x80:
            out += data[at + 1 : at + 2] * (head - 125)
            at += 2
        else:
            out += data[at + 1 : at + 2 + head]
            at += 2 + head
    assert len(out) == 4 * pixels
    return [bytes(out[pixels * number : pixels * (number + 1)]) for number in range(4)]


def rows(png: bytes, side: int) -> list[bytes]:
    """The RGBA rows of a PNG of builder's own, unfiltered."""
    assert struct.unpack(">2L5B", png[16:29]) == (side, side, 8, 6, 0, 0, 0)
    at, packed = 8, b""
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        packed += png[at + 8 : at + 8 + size] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += size + 12
    data, above, found = zlib.decompress(packed), bytes(4 * side), []
    for number in range(side):
        kind, row = data[number * (4 * side + 1)], bytearray(data[number * (4 * side + 1) + 1 :][: 4 * side])
        for index in range(4 * side):
            left, corner = (row[index - 4], above[index - 4]) if index > 3 else (0, 0)
            paeth = min((left, above[index], corner), key=lambda each: abs(left + above[index] - corner - each))
            row[index] = (row[index] + (0, left, above[index], (left + above[index]) // 2, paeth)[kind]) & 0xFF
        found.append(above := bytes(row))
    return found


def test_the_icon_has_every_size(contents: Path) -> None:
    """For screens of one and of two pixels a point."""
    found = entries((contents / "Resources" / "AppIcon.icns").read_bytes())
    assert set(found) == set(ICONS)
    for kind, side in ICONS.items():
        if kind in ("ic04", "ic05"):
            assert max(channels(found[kind], side * side)[0]) == 255
        else:
            assert found[kind][:8] == b"\x89PNG\r\n\x1a\n"
            assert struct.unpack(">2L", found[kind][16:24]) == (side, side)


@pytest.fixture
def drawn(world: World, built: Path, tmp_path: Path) -> Callable[..., bytes]:
    """The icon file of the fixture with other assets and keys; of a broken one what builder says."""

    def draw(assets: dict[str, bytes], style: str = "") -> bytes:
        app = tmp_path / "app"
        shutil.copytree(world.app, app, ignore=shutil.ignore_patterns("build", "icon*"))
        for name, data in assets.items():
            (app / "assets" / name).write_bytes(data)
        if style:
            (app / "pyproject.toml").write_text(
                (app / "pyproject.toml").read_text() + f'[tool.flet.macos]\nicon_style = "{style}"\n'
            )
        command = ["build", TARGET, str(app), "--offline", "--output", str(tmp_path / "out")]
        done = world.run(*command)
        if done.returncode:
            return done.stderr.encode()
        return (tmp_path / "out" / "Counter.app" / "Contents" / "Resources" / "AppIcon.icns").read_bytes()

    return draw


def image(side: int, color: bytes = b"\xff\x00\x00\xff") -> bytes:
    """A PNG of one colour."""
    parts = [(b"IHDR", struct.pack(">2L5B", side, side, 8, 6, 0, 0, 0))]
    parts += [(b"IDAT", zlib.compress((b"\0" + color * side) * side)), (b"IEND", b"")]
    chunks = (struct.pack(">L", len(d)) + k + d + struct.pack(">L", zlib.crc32(k + d)) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_full_image_is_put_on_apples_plate(drawn: Callable[..., bytes]) -> None:
    """824 of 1024 pixels wide, rounded, with a shadow below; `raw` leaves the image as it is."""
    found = rows(entries(drawn({"icon_macos.png": image(256)}))["ic08"], 256)
    alpha = [row[3::4] for row in found]
    assert alpha[0] == bytes(256)
    assert alpha[128][23] < 128 < alpha[128][27]
    assert found[128][4 * 128 : 4 * 129] == b"\xff\x00\x00\xff"
    assert alpha[27][27] < 128  # the corner is round
    assert alpha[231][128] > alpha[24][128]  # the shadow


def test_raw_leaves_an_image_as_it_is(drawn: Callable[..., bytes]) -> None:
    """To its edges."""
    png = entries(drawn({"icon_macos.png": image(256)}, "raw"))["ic08"]
    assert struct.unpack(">2L5B", png[16:29]) == (256, 256, 8, 2, 0, 0, 0)  # without transparency


def test_an_icon_file_is_taken_as_it_is(drawn: Callable[..., bytes]) -> None:
    """Where no image of the same name is better."""
    body = b"ic07" + struct.pack(">L", 8 + len(image(128))) + image(128)
    ready = b"icns" + struct.pack(">L", 8 + len(body)) + body
    assert drawn({"icon_macos.icns": ready, "icon.png": image(512)}) == ready


BROKEN = {
    "no image": ({"icon.png": b"text"}, b"is no image that can be read"),
    "too small": ({"icon.png": image(64)}, b"has 64 pixels a side: an icon of macOS needs 128 at least"),
    "no icon file": ({"icon_macos.icns": b"icns\0\0\0\x63"}, b"is no icon file of macOS"),
    "a drawing": ({"icon_macos.svg": b"<svg/>"}, b"is a drawing, which can't be used for `icon_macos`"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_icon_is_named(case: str, drawn: Callable[..., bytes]) -> None:
    """With what to do."""
    assets, said = BROKEN[case]
    assert said in drawn(assets)
