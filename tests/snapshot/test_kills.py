"""`builder lock`, killed where it writes: the old builder.lock or the new one, and the next run writes all of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from builder import lockfile

from .test_locks import committed_text, fresh, registries

__all__ = ["registries"]  # a fixture

pytestmark = pytest.mark.reliability

PLANS = Path("builder.plan")
BUILDER = Path(sys.executable).with_name("builder")


def test_a_lock_is_old_or_new(
    world: Any, registries: Any, killer: Any, some_points: Any, thorough: bool, figures: Any
) -> None:
    """Never half of one; the committed plans are those of the lock after the next run."""
    registries()
    lock = fresh(world, "counter")
    lockfile.save(world.app, lock.model_copy(update={"packages": lock.packages[1:]}))
    (world.app / PLANS).mkdir()
    old, new = (world.app / "builder.lock").read_text(), committed_text("counter")
    before = world.app.with_name("before")
    shutil.copytree(world.app, before)
    under = (world.app, world.store)
    points = killer.points(("lock",), os.environ, under)
    plans = {path.name: path.read_bytes() for path in (world.app / PLANS).rglob("*") if path.is_file()}
    for point in some_points(points, thorough=thorough, few=6):
        shutil.rmtree(world.app)
        shutil.copytree(before, world.app)
        os.chdir(world.app)
        killer.kill(("lock",), os.environ, under, point)
        figures("faults injected")
        assert (world.app / "builder.lock").read_text() in (old, new), point
        done = subprocess.run([BUILDER, "lock"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (point, done.stderr)
        assert (world.app / "builder.lock").read_text() == new
        left = {path.name: path.read_bytes() for path in (world.app / PLANS).rglob("*") if path.is_file()}
        assert left == plans, point
