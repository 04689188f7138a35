"""Builder killed where it writes: what was there before or what was meant to come, never a half."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .test_fetch import pin

pytestmark = pytest.mark.reliability


def builder(env: dict[str, str], *argv: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "builder.entry", *argv]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_signing(
    tmp_path: Path, unsigned_apk: Callable[..., Path], killer: Any, some_points: Any, thorough: bool, figures: Any
) -> None:
    """There is no signed APK or a whole one; the next run gives the bytes of an undisturbed one, and leaves nothing."""
    apk, place = unsigned_apk(), tmp_path / "counter.apk"
    place = apk.with_name("counter.apk")
    env = {**os.environ, "BUILDER_HOME": str(tmp_path / "store")}
    argv = ("sign", str(apk), "--debug")
    points = killer.points(argv, env, (tmp_path,))
    expected = hashlib.sha256(place.read_bytes()).hexdigest()
    for point in some_points(points, thorough=thorough, few=8):
        place.unlink(missing_ok=True)
        killer.kill(argv, env, (tmp_path,), point)
        figures("faults injected")
        assert not place.exists() or hashlib.sha256(place.read_bytes()).hexdigest() == expected, point
        done = builder(env, *argv)
        assert done.returncode == 0, (point, done.stderr)
        assert hashlib.sha256(place.read_bytes()).hexdigest() == expected
        assert [path.name for path in tmp_path.glob(".*")] == []


FETCH = """
import sys
from pathlib import Path
from builder.fetch import fetch
from builder.lock import Pin
from builder.network.http import Http
from builder.store import Store

url, root, *texts = sys.argv[1:]
pins = [Pin.model_validate_json(text) for text in texts]
fetch(pins, Store(Path(root)), lambda pin: [url + pin.file], Http(lambda alias: url, environ={}))
"""


@pytest.mark.parametrize(("files", "few"), [(1, 100), (3, 8)], ids=["each point of one file", "files side by side"])
def test_fetching(
    tmp_path: Path,
    server: Any,
    ranged: Any,
    killer: Any,
    some_points: Any,
    thorough: bool,
    figures: Any,
    files: int,
    few: int,
) -> None:
    """A file is in the store whole or not at all; the next run goes on, and leaves no parts."""
    bodies = {f"{number}.whl": bytes(range(256)) * 600 + bytes([number]) for number in range(files)}
    pins = [pin(file, body) for file, body in bodies.items()]
    server.routes = {f"/{file}": ranged(body) for file, body in bodies.items()}
    killer.script, store = FETCH, tmp_path / "store"
    argv = (server.url, str(store), *(pin.model_dump_json() for pin in pins))
    for point in some_points(killer.points(argv, os.environ, (store,)), thorough=thorough, few=few):
        shutil.rmtree(store)
        killer.kill(argv, os.environ, (store,), point)
        figures("faults injected")
        for path in (store / "files").glob("*"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name, point
        done = subprocess.run([sys.executable, "-c", FETCH, *argv], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (point, done.stderr)
        assert {path.name for path in (store / "files").iterdir()} == {pin.sha256 for pin in pins}
        assert list(store.glob("partial/*")) == []


def test_the_debug_key(
    tmp_path: Path, unsigned_apk: Callable[..., Path], killer: Any, some_points: Any, thorough: bool, figures: Any
) -> None:
    """It is made whole or not at all: no run finds half of one."""
    env = {**os.environ, "BUILDER_HOME": str(tmp_path / "store")}
    argv = ("sign", str(unsigned_apk()), "--debug")
    keys = tmp_path / "store" / "keys"
    for point in some_points(killer.points(argv, env, (keys,)), thorough=thorough, few=4):
        for path in keys.iterdir():
            path.unlink()
        killer.kill(argv, env, (keys,), point)
        figures("faults injected")
        done = builder(env, *argv)
        assert done.returncode == 0, (point, done.stderr)
