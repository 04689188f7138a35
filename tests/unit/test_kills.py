"""Builder killed where it writes: what was there before or what was meant to come, never a half."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
