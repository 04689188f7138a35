"""Manifest and resources of an APK against Android's own tools, and the images that are drawn for it."""

import re
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from builder import data, inside, project
from builder.android import manifest
from builder.android.facts import facts
from builder.requirements import Context

from .worlds import World

pytestmark = pytest.mark.real

FRAMEWORK = Path("/usr/share/android-framework-res/framework-res.apk")  # of Debian's android-framework-res
ANDROID_10 = 0x01010606  # the last attribute that it knows
UNKNOWN = re.compile(r' android:(enableOnBackInvokedCallback|usesPermissionFlags)="[^"]*"')  # in Android 10

NAMES = {
    "plain": "Shop",
    "quotes": "Ann & Bob's \"<b>Shop</b>\" ]]> <!-- --> '",
    "backslashes": "C:\\new\\u0041 \\",
    "reference": "@string/app_name",
    "attribute": "?attr/name",
    "emoji": "\U0001f4a9\U0001f468\u200d\U0001f469\u200d\U0001f467 \u5e97\u8216 \u0645\u062a\u062c\u0631",
    "200 characters": "\u03a9" * 200,
    "lines": "one\ntwo\tthree",
    "number": "42",
    "jinja": "{{ 7 * 7 }} {% raw %} ${applicationId} %s",
}
KEYS = """
permissions = ["camera", "location", "microphone", "photo_library"]
[tool.flet.android.deep_linking]
scheme = "shop"
host = "example.com"
[tool.flet.android.permission]
"android.permission.BLUETOOTH_SCAN" = { usesPermissionFlags = "neverForLocation", maxSdkVersion = 40 }
[tool.flet.android.meta_data]
"a.text" = "a \\\\u0041 & <b>"
"b.number" = 5
"c.on" = true
"d.ratio" = 1.5
"e.color" = "#80102030"
"f.icon" = "@mipmap/ic_launcher"
"g.hex" = "0x1F"
[tool.flet.android.manifest_application]
appCategory = "game"
maxAspectRatio = 2
[tool.flet.android.provider."android.content.Searches"]
authorities = "${applicationId}.searches"
exported = false
initOrder = 3
meta_data = { "a" = "b", "c" = { resource = "@mipmap/ic_launcher" } }
"""


@pytest.fixture(scope="module")
def framework() -> Path:
    """The resources of Android 10, which aapt2 links against."""
    if not FRAMEWORK.is_file():
        pytest.skip("android-framework-res is not installed")
    return FRAMEWORK


def text(name: str) -> str:
    """The manifest of an app with every kind of key, without what Android 10 does not know."""
    pyproject = f'[project]\nname = "shop"\nversion = "1.0"\ndependencies = ["flet"]\n[tool.flet]{KEYS}'

    def read(file: str) -> bytes:
        if file != "pyproject.toml":
            raise FileNotFoundError(file)
        return pyproject.encode()

    app = project.parse("shop", {"product": name}, Context(read, {}, lambda warning: None))
    return UNKNOWN.sub("", manifest.text(app, "1.0", ("example.com",)))


def dumped(aapt2: str, apk: Path) -> str:
    """A manifest as aapt2 reads it: without ids of resources, and without what aapt2 adds of itself when it links."""
    asked = [aapt2, "dump", "xmltree", "--file", "AndroidManifest.xml", apk]
    found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    lines = [line for line in found.splitlines() if "compileSdkVersion" not in line and "platformBuild" not in line]
    return re.sub(r"@0x7f\w+", "@resource", "\n".join(lines))


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_manifest_is_what_aapt2_makes_of_its_text(
    name: str, tmp_path: Path, tool: Callable[[str], str], framework: Path
) -> None:
    """Every element, attribute, kind of value and text, as Android's own tool writes and reads them."""
    aapt2, source = tool("aapt2"), tmp_path / "AndroidManifest.xml"
    source.write_text(text(name))
    values = '<resources><style name="LaunchTheme" /></resources>'
    for name_of_file, body in {"values/styles.xml": values, "mipmap-v26/ic_launcher.xml": "<adaptive-icon />"}.items():
        (tmp_path / "res" / name_of_file).parent.mkdir(parents=True)
        (tmp_path / "res" / name_of_file).write_text(body)
    subprocess.run([aapt2, "compile", "--dir", tmp_path / "res", "-o", tmp_path / "res.zip"], check=True)
    theirs, ours = tmp_path / "theirs.apk", tmp_path / "ours.apk"
    how = ("-I", framework, "--no-auto-version", "--manifest", source, "-o", theirs, tmp_path / "res.zip")
    subprocess.run([aapt2, "link", *how], check=True)
    rows = {key: row.model_dump() for key, row in facts().attributes.items()}
    ids = {"mipmap/ic_launcher": 0x7F010000, "style/LaunchTheme": 0x7F020000}
    with ZipFile(theirs) as linked, ZipFile(ours, "w") as written:
        written.writestr("AndroidManifest.xml", inside.module("axml").encode(source.read_text(), rows, ids))
        written.writestr("resources.arsc", linked.read("resources.arsc"))
    assert dumped(aapt2, ours) == dumped(aapt2, theirs)


def test_ids_and_values_are_the_frameworks(tool: Callable[[str], str], framework: Path) -> None:
    """Each attribute and style of toolchains/android.toml that Android 10 knows."""
    asked = [tool("aapt2"), "dump", "resources", framework]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    known = {name: int(number, 16) for number, name in re.findall(r"resource (0x\w+) (\S+) PUBLIC", said)}
    for name, number in facts().resources.items():
        assert known[name] == number, name
    for name, row in facts().attributes.items():
        assert row.id > ANDROID_10 or known[f"attr/{name}"] == row.id, name
    for name, kinds, listed in re.findall(r" attr/(\w+) PUBLIC\n +\(\) \(attr\) type=(\S+)(.*(?:\n {8}\S.*)*)", said):
        row = facts().attributes.get(name)
        if row is not None:
            assert set(row.format.split("|")) - {""} == set(kinds.split("|")) - {"enum", "flags"}, name
            theirs = {key: int(value, 16) for key, value in re.findall(r"(\S+)\(0x\w+\)=(0x\w+)", listed)}
            ours = {key: value & 0xFFFFFFFF for key, value in {**row.flags, **row.choices}.items()}
            assert theirs.items() <= ours.items(), name


def test_names_of_permissions_are_those_of_a_table_that_is_sorted() -> None:
    """So that a new Android shows as lines that were added."""
    for names in data.table("android-names.toml").values():
        assert names == sorted(set(names))


# --- images ---------------------------------------------------------------------------------------------------------


def png(side: int, color: bytes, filled: float = 1) -> bytes:
    """A PNG: a square of one colour (RGBA) in the middle of a transparent one, filled as far as is said."""
    edge = round(side * (1 - filled) / 2)
    row = bytes(4 * edge) + color * (side - 2 * edge) + bytes(4 * edge)
    rows = b"".join(b"\0" + (row if edge <= y < side - edge else bytes(4 * side)) for y in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


RED, GREEN = b"\xc8\x14\x14\xff", b"\x14\xc8\x14\xff"


def build(folder: Path, fetched: Path, **assets: bytes) -> subprocess.CompletedProcess[str]:
    """A build of the counter with assets, by name with _ for the dot before the ending."""
    world = World(folder, fetched)
    for name, content in assets.items():
        stem, _, ending = name.rpartition("_")
        (world.app / "assets" / f"{stem}.{ending}").write_bytes(content)
    world.env |= {"BUILDER_HOME": str(fetched)}  # the steps that no image changes are there already
    return world.run("build", "apk")


def sizes(apk: Path) -> dict[str, int]:
    """Width of each image below res/."""
    with ZipFile(apk) as members:
        names = [name for name in members.namelist() if name.startswith("res/") and name.endswith(".png")]
        return {name: struct.unpack(">I", members.read(name)[16:20])[0] for name in names}


def test_icons_and_splash_images_have_every_size(tmp_path: Path, fetched: Path, tool: Callable[[str], str]) -> None:
    """A launcher icon and its layers for each density; one splash image, and in dark mode its own."""
    done = build(tmp_path, fetched, icon_png=png(512, RED, 0.9), splash_dark_android_png=png(200, GREEN, 0.5))
    assert done.returncode == 0, done.stderr
    apk = Path(done.stdout.strip())
    scales = {"mdpi": 2, "hdpi": 3, "xhdpi": 4, "xxhdpi": 6, "xxxhdpi": 8}
    assert sizes(apk) == {
        **{f"res/mipmap-{density}/ic_launcher.png": 24 * scale for density, scale in scales.items()},
        **{f"res/drawable-{density}/ic_launcher_foreground.png": 54 * scale for density, scale in scales.items()},
        "res/drawable-xxxhdpi/splash.png": 512,
        "res/drawable-xxxhdpi/android12splash.png": 1152,
        "res/drawable-night-xxxhdpi/splash.png": 200,
        "res/drawable-night-xxxhdpi/android12splash.png": 1152,
    }
    said = subprocess.run([tool("aapt2"), "dump", "resources", apk], capture_output=True, text=True, check=True).stdout
    assert "(anydpi-v26) (file) res/mipmap-anydpi-v26/ic_launcher.xml type=XML" in said
    assert "(night-xxxhdpi) (file) res/drawable-night-xxxhdpi/splash.png type=PNG" in said
    assert "(night-v31) (style)" in said
    badging = subprocess.run([tool("aapt"), "dump", "badging", apk], capture_output=True, text=True, check=True).stdout
    assert "application-icon-640:'res/mipmap-anydpi-v26/ic_launcher.xml'" in badging


@pytest.mark.parametrize(
    ("assets", "told"),
    [
        ({"icon_svg": b"<svg/>"}, "`icon.svg` of the app's assets is a drawing"),
        ({"icon_png": b"nonsense"}, "`icon.png` of the app's assets is no image that can be read"),
        ({"icon_png": png(512, RED)[:200]}, "`icon.png` of the app's assets is broken"),
        ({"icon_android_png": png(16, RED)}, "`icon_android.png` of the app's assets has 16 by 16 pixels, too few"),
        ({"splash_png": png(8400, RED)}, "`splash.png` of the app's assets has 8400 by 8400 pixels"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_image_that_is_none_is_refused_with_the_mend(
    assets: dict[str, bytes], told: str, tmp_path: Path, fetched: Path
) -> None:
    """By the step, before an APK is there."""
    done = build(tmp_path, fetched, **assets)
    assert done.returncode == 7
    assert told in done.stderr
    assert not (tmp_path / "app" / "build").exists()
