"""Kills builder at each point where it writes: counted from within, in a process of its own.

Points are calls of os.rename, os.mkdir, os.fsync and the like, the opening of a file to write, and each `write`, after
half of its bytes. A first run lists the points with the line of builder that each comes from; then one run a point
ends there by SIGKILL.
"""

import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest

_BUILDER = [sys.executable, "-m", "builder.entry"]

# Loaded by the interpreter before anything else (the module `site` imports it).
_INJECTOR = """
import builtins, io, os, signal, sys, threading

def _arm():
    if os.environ.get("KILL_ARMED"):
        return  # a child of the process that is to be killed
    os.environ["KILL_ARMED"] = "1"
    pid, at, under = os.getpid(), int(os.environ["KILL_AT"]), tuple(os.environ["KILL_UNDER"].split(":"))
    log, lock, seen = os.open(os.environ["KILL_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND), threading.Lock(), [0]

    def ours(path):
        try:
            path = os.path.abspath(os.fsdecode(path))
        except TypeError:
            return False
        return path.startswith(under) and "/logs/" not in path

    def site():
        frame = sys._getframe(2)
        while frame:
            name = frame.f_code.co_filename
            if "/builder/" in name and "/site-packages/" not in name:
                return f"{name.rpartition('/builder/')[2]}:{frame.f_lineno}"
            frame = frame.f_back
        return "?"

    def point(what, half=None):
        if os.getpid() != pid:
            return
        with lock:
            seen[0] += 1
            if not at:
                os.write(log, f"{what} {site()}\\n".encode())
            elif seen[0] == at:
                if half:
                    half()
                os.kill(pid, signal.SIGKILL)

    def wrap(name):
        real = getattr(os, name)
        def call(*args, **options):
            if isinstance(args[0], int) or options or ours(args[0]) or (len(args) > 1 and ours(args[1])):
                point(name)
            return real(*args, **options)
        setattr(os, name, call)

    for name in ("replace rename mkdir link symlink unlink remove rmdir fsync chmod fchmod utime truncate "
                 "ftruncate sendfile").split():
        wrap(name)

    class Written:
        def __init__(self, file):
            self._file = file
        def __getattr__(self, name):
            return getattr(self._file, name)
        def __enter__(self):
            self._file.__enter__()
            return self
        def __exit__(self, *why):
            return self._file.__exit__(*why)
        def __iter__(self):
            return iter(self._file)
        def write(self, data):
            def half():
                self._file.write(data[: len(data) // 2])
                self._file.flush()
            point("write", half)
            return self._file.write(data)

    def opening(real):
        def call(file, mode="r", *args, **options):
            writes = set(mode) & set("wax+") and (isinstance(file, int) or ours(file))
            if writes:
                point("open")
            opened = real(file, mode, *args, **options)
            return Written(opened) if writes else opened
        return call

    builtins.open = opening(builtins.open)
    io.open = opening(io.open)

_arm()
"""


@dataclass(frozen=True)
class Point:
    """One call that writes."""

    number: int  # of all, from 1
    what: str  # the call and the line of builder that it comes from


class Killer:
    """Runs builder, or a script that uses it, to a point and no further."""

    def __init__(self, folder: Path) -> None:
        self.script = ""  # what runs instead of the command line
        self._log = folder / "points"
        self._folder = folder / "injector"
        self._folder.mkdir()
        (self._folder / "sitecustomize.py").write_text(_INJECTOR)

    def points(self, argv: Sequence[str], env: Mapping[str, str], under: Iterable[Path]) -> list[Point]:
        """Every point of a command that must succeed, in order."""
        self._log.unlink(missing_ok=True)
        done = self._run(argv, env, under, 0)
        assert done.returncode == 0, done.stderr
        return [Point(number, line) for number, line in enumerate(self._log.read_text().splitlines(), 1)]

    def kill(self, argv: Sequence[str], env: Mapping[str, str], under: Iterable[Path], point: Point) -> None:
        """Run a command to that point; threads may have it end a little elsewhere, or before it is reached."""
        done = self._run(argv, env, under, point.number)
        assert done.returncode in (-signal.SIGKILL, 0), done.stderr

    def _run(
        self, argv: Sequence[str], env: Mapping[str, str], under: Iterable[Path], at: int
    ) -> "subprocess.CompletedProcess[str]":
        own = {"PYTHONPATH": str(self._folder), "KILL_LOG": str(self._log), "KILL_AT": str(at)}
        own |= {"KILL_UNDER": ":".join(map(str, under))}
        command = [sys.executable, "-c", self.script, *argv] if self.script else [*_BUILDER, *argv]
        return subprocess.run(command, env={**env, **own}, capture_output=True, text=True, check=False)


def chosen(points: Sequence[Point], *, thorough: bool, few: int) -> list[Point]:
    """Of each line of builder that writes the first, middle and last call; or a few points from beginning to end."""
    if not thorough:
        step = max(1, len(points) // few)
        return list(points[step // 2 :: step])
    picked = []
    for _, group in groupby(sorted(points, key=lambda point: (point.what, point.number)), key=lambda point: point.what):
        calls = list(group)
        picked += [calls[0], calls[len(calls) // 2], calls[-1]]
    return sorted(set(picked), key=lambda point: point.number)


@pytest.fixture
def killer(tmp_path: Path) -> Killer:
    """Kills builder where it writes."""
    (tmp_path / "killer").mkdir()
    return Killer(tmp_path / "killer")


@pytest.fixture(scope="session")
def some_points() -> object:
    """Which points a test tries."""
    return chosen
