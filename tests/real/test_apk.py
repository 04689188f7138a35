"""The APK as a whole: the same bytes from every backend, and what Android's own tools say of it."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from .worlds import FIXTURES, World, committed

pytestmark = pytest.mark.real

BUILD = ("build", "apk", "--json", "--offline")


def built(world: World, *argv: str) -> dict[str, str]:
    """What a build that must succeed says of its APK."""
    done = world.run(*BUILD, *argv)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("fixture", FIXTURES)
def test_every_backend_gives_the_committed_bytes(
    fixture: str, tmp_path: Path, fetched: Path, tool: Callable[[str], str]
) -> None:
    """Each in stores of its own, from the committed plan and from one in memory, at another path."""
    tool("nix-build")
    for number, argv in enumerate([("--frozen",), (), ("--backend", "nix")]):
        world = World(tmp_path / f"place {number}", fetched, fixture)
        world.env |= {"NIX_REMOTE": str(tmp_path / "nix"), "TZ": "Pacific/Kiritimati", "LC_ALL": "C"}
        assert built(world, *argv)["digest"] == committed(fixture, "apk")


@pytest.fixture(scope="module")
def apk(tmp_path_factory: pytest.TempPathFactory, fetched: Path) -> Path:
    """The counter's APK, signed with a debug key; its unsigned twin lies beside it."""
    world = World(tmp_path_factory.mktemp("apk"), fetched)
    return Path(built(world, "--debug")["signed"])


def said(*argv: str | Path) -> str:
    """What a program says that must succeed."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_androids_tools_find_nothing_wrong(apk: Path, tool: Callable[[str], str]) -> None:
    """Signed by v2 and v3, aligned, and readable for aapt, with the names of the project."""
    verified = said(tool("apksigner"), "verify", "--verbose", "--Werr", apk)
    assert re.search(r"v2 scheme .*: true", verified)
    assert re.search(r"v3 scheme .*: true", verified)
    said(tool("zipalign"), "-c", "-p", "4", apk)
    badging = said(tool("aapt"), "dump", "badging", apk)
    assert "package: name='com.flet.counter' versionCode='1' versionName='1.0.0'" in badging
    assert "launchable-activity: name='dev.flet.shell.MainActivity'" in badging
    assert "application-label:'Counter'" in badging
    assert "sdkVersion:'24'" in badging


def test_a_signature_can_be_put_on_a_rebuilt_apk(apk: Path, fetched: Path, tmp_path: Path) -> None:
    """Who rebuilds gets the published bytes without the key; on another app's APK it does not fit."""
    world = World(tmp_path, fetched)
    rebuilt = Path(built(world)["path"])
    assert world.run("sign", str(rebuilt), "--copy-from", str(apk)).returncode == 0
    assert rebuilt.with_name("counter.apk").read_bytes() == apk.read_bytes()
    with (world.app / "main.py").open("a") as file:
        file.write("# another app\n")
    other = Path(built(world)["path"])
    refused = world.run("sign", str(other), "--copy-from", str(apk))
    assert refused.returncode == 10, refused.stderr
    assert not other.with_name("counter.apk").exists()


def test_it_is_small_and_holds_one_renderer(apk: Path) -> None:
    """At most 14 MB, with what a WebView draws with and nothing that only other browsers load."""
    assert apk.stat().st_size <= 14_000_000
    names = ZipFile(apk).namelist()
    assert "assets/web/canvaskit/chromium/canvaskit.wasm" in names
    assert [name for name in names if "skwasm" in name or "service_worker" in name] == []
    assert names == sorted(names, key=str.encode)
