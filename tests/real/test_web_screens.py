"""Icons, splash and boot screen of a web app with images of its own: made in the sandbox, seen in a real browser."""

import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from .worlds import BUILDER, ROOT

pytestmark = pytest.mark.real

KEYS = """
[tool.flet.web.splash]
color = "#ffeedd"

[tool.flet.boot_screen.flet]
spinner_size = 40
prepare_message = "First"
startup_message = "Then <b>"
"""
SIZES = {
    "favicon.png": 32,
    "icons/icon-192.png": 192,
    "icons/icon-512.png": 512,
    "icons/icon-maskable-192.png": 192,
    "icons/icon-maskable-512.png": 512,
    "icons/apple-touch-icon-192.png": 192,
    **{f"splash/img/light-{scale}x.png": 75 * scale for scale in (1, 2, 3, 4)},
    **{f"splash/img/dark-{scale}x.png": 25 * scale for scale in (1, 2, 3, 4)},
}


def png(side: int, color: bytes) -> bytes:
    """A PNG: a square of one colour (RGBA) that fills the middle half of its sides, the rest of it transparent."""
    quarter = side // 4
    empty, filled = bytes(4 * side), bytes(4 * quarter) + color * (side - 2 * quarter) + bytes(4 * quarter)
    rows = b"".join(b"\0" + (filled if quarter <= y < side - quarter else empty) for y in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def built(fixture: str, tmp_path: Path, keys: str = KEYS, **images: bytes) -> subprocess.CompletedProcess[str]:
    """A build of a fixture with further keys, and with assets by stem."""
    app = Path(shutil.copytree(ROOT / "fixtures" / fixture, tmp_path / "app", ignore=shutil.ignore_patterns("build*")))
    shutil.copy(ROOT / "fixtures" / fixture / "builder.lock", app)
    with (app / "pyproject.toml").open("a") as file:
        file.write(keys)
    for stem, data in images.items():
        (app / "assets" / f"{stem}.png").write_bytes(data)
    return subprocess.run([BUILDER, "build", "web"], cwd=app, capture_output=True, text=True, check=False)


def size(file: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    width, height = struct.unpack(">II", file.read_bytes()[16:24])
    return width, height


@pytest.mark.parametrize("fixture", ["counter", "counter-1.0"])
def test_an_app_is_seen_before_it_runs(
    fixture: str, tmp_path: Path, browse: Callable[[Path], AbstractContextManager[Any]]
) -> None:
    """Its icons and splash images have each size; the boot screen stays until the app draws, and not longer."""
    done = built(fixture, tmp_path, icon=png(300, b"\xc8\x14\x14\xff"), splash_dark_web=png(100, b"\x14\xc8\x14\xff"))
    assert done.returncode == 0, done.stderr
    site = Path(done.stdout.strip())
    assert {name: size(site / name) for name in SIZES} == {name: (side, side) for name, side in SIZES.items()}
    with browse(site) as page:
        page.call("Page.navigate", url="http://127.0.0.1:8000/")
        page.wait("splash", 30, lambda: page.evaluate("document.querySelector('#loading img')?.naturalWidth") == 75)
        color = page.evaluate("getComputedStyle(document.querySelector('#loading')).backgroundColor")
        assert color == "rgb(255, 238, 221)"
        page.wait(
            "start of Python", 60, lambda: page.evaluate("document.querySelector('#boot p').textContent") == "Then <b>"
        )
        page.wait("Python", 90, lambda: any("Python worker initialized" in line for line in page.log))
        page.wait("end of the boot screen", 30, lambda: page.evaluate("document.querySelector('#boot') === null"))
        page.wait("drawn app", 30, lambda: page.show_semantics() or "Count: 0" in page.texts())
        assert page.failures == []


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"<svg/>", "no image that can be read"), (png(300, b"\0\0\0\xff")[:200], "is broken")],
    ids=["no image", "cut"],
)
def test_an_image_that_can_not_be_read_is_named(data: bytes, says: str, tmp_path: Path) -> None:
    """The step fails with the file's name."""
    done = built("counter", tmp_path, keys="", icon=data)
    assert done.returncode == 7
    assert "`icon.png`" in done.stderr
    assert says in done.stderr


def test_icons_alone_leave_the_splash_screen_out_where_it_is_turned_off(tmp_path: Path) -> None:
    """`splash.web = false`: no image of it is made, none is shown."""
    done = built("counter", tmp_path, keys="[tool.flet.splash]\nweb = false\n", icon_web=png(64, b"\0\0\xff\xff"))
    assert done.returncode == 0, done.stderr
    site = Path(done.stdout.strip())
    assert size(site / "favicon.png") == (32, 32)
    assert not (site / "splash").exists()
    assert '<div id="loading" role="status" aria-label="Loading"></div>' in (site / "index.html").read_text()
