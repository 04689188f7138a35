"""Locking, fetching and exporting with all that only Unix has taken away, against the registries of this machine."""

import subprocess
import sys
from pathlib import Path

import pytest

from .worlds import ROOT, World

pytestmark = pytest.mark.real

MAIN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from test_portable import MAIN; exec(MAIN)"


def run(world: World, *argv: str) -> subprocess.CompletedProcess[str]:
    """Builder as it would be on Windows, as far as Python's own modules tell."""
    command = [sys.executable, "-W", "ignore", "-c", MAIN, str(ROOT / "tests" / "unit"), *argv]
    return subprocess.run(command, cwd=world.app, env=world.env, capture_output=True, text=True, check=False)


@pytest.fixture
def elsewhere(tmp_path: Path) -> World:
    """A world with an empty store."""
    (tmp_path / "none" / "files").mkdir(parents=True)
    return World(tmp_path, tmp_path / "none")


def test_a_lock_made_elsewhere_is_the_same(elsewhere: World) -> None:
    """uv is asked, and the lock and every plan are those that are committed."""
    (elsewhere.app / "builder.plan" / "web.json").unlink()
    done = run(elsewhere, "lock")
    assert done.returncode == 0, done.stderr
    for name in ("builder.lock", "builder.plan/web.json"):
        assert (elsewhere.app / name).read_bytes() == (ROOT / "fixtures" / "counter" / name).read_bytes()


def test_a_store_filled_elsewhere_serves_a_build_on_linux(elsewhere: World) -> None:
    """Files and toolchain are right: an offline build finds all that it needs."""
    done = run(elsewhere, "fetch", "-t", "web")
    assert done.returncode == 0, done.stderr
    assert elsewhere.run("fetch", "-t", "web").returncode == 0
    assert elsewhere.run("build", "web", "--frozen", "--offline").returncode == 0


def test_an_export_made_elsewhere_is_the_same(elsewhere: World, tmp_path: Path) -> None:
    """The same files with the same bytes."""
    places = [tmp_path / "unix", tmp_path / "elsewhere"]
    for place, export in zip(places, (elsewhere.run, lambda *argv: run(elsewhere, *argv)), strict=True):
        done = export("export", "flatpak", "linux-x86_64", "-o", str(place))
        assert done.returncode == 0, done.stderr
    held = [
        {path.relative_to(place): path.read_bytes() for path in place.rglob("*") if path.is_file()} for place in places
    ]
    assert held[0] == held[1]
