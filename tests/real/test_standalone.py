"""The whole way of python-build-standalone's CPython, from a local mirror of it: locked, fetched, built, run."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder import lockfile
from builder.errors import Exit

from . import standalone
from .locking import Locking, store_beside
from .standalone import FILE, PATH, Table
from .worlds import BUILDER, ROOT

pytestmark = pytest.mark.real

JAR = "cpython-3.12.1-1.5.10-linux-x86_64.jar"
APP = """
[project]
name = "counter"
version = "1.0.0"
dependencies = ["flet==0.82.2"]
[tool.builder]
targets = ["linux-x86_64"]
"""
MIRROR = "BUILDER_MIRROR_PYTHON_BUILD_STANDALONE"


@pytest.fixture(scope="module")
def table() -> Table:
    """The mirror's archive."""
    fixture = ROOT / "fixtures" / "counter-desktop"
    subprocess.run([BUILDER, "fetch", fixture, "-t", "linux-x86_64"], check=True)
    (jar,) = {pin.sha256 for pin in lockfile.load(fixture).pins if pin.file == JAR}
    return standalone.packed(Path(os.environ["BUILDER_HOME"], "files", jar))


@pytest.fixture
def world(tmp_path: Path, table: Table, monkeypatch: pytest.MonkeyPatch) -> Locking:
    """An app that is locked with the mirror's archive in the table, while nothing of the mirror can be reached."""
    made = Locking(tmp_path, APP, store_beside(tmp_path))
    table.put(monkeypatch)
    made.environ[MIRROR] = "http://127.0.0.1:1/"
    made.lock()
    return made


def test_the_lock_takes_the_hash_of_the_table(world: Locking, table: Table) -> None:
    """The mirror is not asked for it, and is named nowhere."""
    (pin,) = (pin for pin in lockfile.load(world.app).pins_of("linux-x86_64") if pin.name == "cpython")
    assert (pin.name, pin.version, pin.source, pin.file) == ("cpython", "3.12.1", "python-build-standalone", FILE)
    assert (pin.sha256, pin.hash, pin.path) == (table.sha256, "table", f"{standalone.TAG}/")
    assert "127.0.0.1" not in (world.app / "builder.lock").read_text()


def test_a_mirror_that_cannot_be_reached_names_the_ways_out(world: Locking) -> None:
    """Its own variable, and the other runtime."""
    done = world.run("fetch")
    assert done.returncode == Exit.FETCH, done.stderr
    assert MIRROR in done.stderr
    assert 'runtime = "bytedeco"' in done.stderr


def test_other_bytes_of_the_mirror_are_refused(world: Locking, table: Table, server: Any) -> None:
    """Both hashes are named, and nothing of it is kept."""
    server.routes[PATH] = table.data[:-1] + b"x"
    world.environ[MIRROR] = server.url
    done = world.run("fetch")
    assert done.returncode == Exit.MISMATCH, done.stderr
    assert table.sha256 in done.stderr
    assert not (world.store / "files" / table.sha256).exists()


RUNS = """
import asyncio, bz2, ctypes, hashlib, lzma, sqlite3, ssl, sys, zlib, flet, msgpack._cmsgpack
print(sys.version.split()[0], sys.prefix, len(sys.path), flet.__file__.endswith(".pyc"))
"""


def test_an_app_is_built_with_it_and_runs(
    world: Locking, table: Table, server: Any, contents: Callable[[Path], dict[str, tuple[int, bytes]]]
) -> None:
    """From the mirror alone: the interpreter finds itself, its modules and the packages; nothing else came along."""
    server.routes[PATH] = table.data
    world.environ[MIRROR] = server.url
    done = world.run("fetch")
    assert done.returncode == 0, done.stderr
    built = world.run("build", "linux-x86_64", "--offline")
    assert built.returncode == 0, built.stderr
    python = Path(built.stdout.strip(), "counter", "lib", "python")
    assert {path.name for path in python.iterdir()} == {"bin", "lib"}
    assert {path.name for path in (python / "bin").iterdir()} == {"python3.12"}
    assert {path.name for path in (python / "lib").iterdir()} == {"libpython3.12.so.1.0", "python3.12"}
    assert not [path for path in python.rglob("*") if path.is_symlink()]
    modes = {name: mode for name, (mode, _) in contents(python).items()}
    assert modes["bin/python3.12"] == 0o755
    ran = subprocess.run(
        [python / "bin" / "python3.12", "-I", "-c", RUNS], capture_output=True, text=True, check=True, env={}
    )
    assert ran.stdout == f"3.12.1 {python} 4 True\n"
