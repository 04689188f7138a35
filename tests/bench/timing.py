"""How a command is timed: medians of several runs, and the peak memory."""

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Timing:
    """Medians of several runs."""

    seconds: float
    megabytes: float  # peak resident memory of the largest process


def measure(
    argv: list[str], env: dict[str, str], cwd: Path, rounds: int, before: Callable[[], None] | None = None
) -> Timing:
    """Run a command some rounds, `before` ahead of each and outside the clock."""
    seconds, memory = [], []
    for _ in range(rounds):
        if before:
            before()
        start = time.perf_counter()
        child = subprocess.Popen(argv, env=env, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        noise = child.stderr.read() if child.stderr else b""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds.append(time.perf_counter() - start)
        memory.append(usage.ru_maxrss / 1024)
        if child.returncode:
            raise SystemExit(f"{argv} ended with {child.returncode}: {noise.decode()}")
    return Timing(statistics.median(seconds), max(memory))


def row(what: str, mine: Timing, peer: Timing | None, bound: str) -> None:
    """One line of the table."""
    beside = f"{peer.seconds:7.3f} s  ratio {mine.seconds / peer.seconds:5.2f}" if peer else "      -"
    print(f"{what:34} {mine.seconds:7.3f} s {mine.megabytes:6.0f} MB  | {beside}  | {bound}", flush=True)


def forget_outputs(store: Path) -> None:
    """Remove all that a store has made but the toolchain's root."""
    root = next(path.name for path in (store / "outputs").iterdir() if (path / "usr").is_dir())
    for path in (store / "outputs").iterdir():
        if not path.name.startswith(root):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(store / "apps", ignore_errors=True)
