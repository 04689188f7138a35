"""Locking, fetching, planning and exporting need nothing that only Unix has; what builds is for Linux."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from builder import exclusive

ROOT = Path(__file__).parents[2]
# As CPython's documentation has them: modules and functions that Windows lacks.
WINDOWS = """
import os, subprocess, sys  # these choose by what they find
for name in ("fcntl", "grp", "pwd", "pty", "readline", "resource", "sh", "syslog", "termios", "tty"):
    sys.modules[name] = None
gone = "chown fchmod fork forkpty getegid geteuid getgid getgroups getuid killpg lchown mkfifo mknod readv"
gone += " sched_getaffinity setgid setsid setuid uname writev O_CLOEXEC O_NOFOLLOW"
for name in gone.split():
    delattr(os, name)
"""
MAIN = WINDOWS + "from builder.entry import main\nmain()\n"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The counter, in no git work tree."""
    copy = tmp_path / "app"
    shutil.copytree(ROOT / "fixtures" / "counter", copy, ignore=shutil.ignore_patterns("build"))
    return copy


def run(app: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Builder as it would be on Windows, as far as Python's own modules tell."""
    env = {"PATH": os.environ["PATH"], "HOME": str(app.parent), "BUILDER_HOME": str(app.parent / "store")}
    return subprocess.run(
        [sys.executable, "-c", MAIN, *argv], cwd=app, env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "argv",
    [
        ("plan", "web"),
        ("lock", "--check"),
        ("tree",),
        ("doctor",),
        ("gc", "--dry-run"),
        ("store", "size"),
        ("export", "--help"),
    ],
    ids=" ".join,
)
def test_a_command_works_without_what_only_unix_has(argv: tuple[str, ...], app: Path) -> None:
    """`doctor` says whether there is a backend."""
    done = run(app, *argv)
    assert done.returncode in ((0, 9) if argv == ("doctor",) else (0,)), done.stderr
    assert "Traceback" not in done.stderr


def test_a_plan_is_the_committed_one(app: Path) -> None:
    """Byte for byte."""
    assert run(app, "plan", "web").stdout == (app / "builder.plan" / "web.json").read_text()


def test_a_build_without_a_sandbox_is_refused(app: Path) -> None:
    """With exit code 5: it needs pins, and is not let out."""
    done = run(app, "build", "web", "--offline")
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr


LOCKS = """
import sys, time
from pathlib import Path
from builder import exclusive
path, seconds = Path(sys.argv[1]), float(sys.argv[2])
with exclusive.taken(path, patience=0) as got:
    print(got, flush=True)
    time.sleep(seconds)
"""


@pytest.mark.parametrize("before", ["", WINDOWS], ids=["unix", "windows"])
def test_a_lock_keeps_others_out(before: str, tmp_path: Path) -> None:
    """Until the process that holds it ends."""
    command = [sys.executable, "-W", "ignore", "-c", before + LOCKS, str(tmp_path / "lock")]
    holder = subprocess.Popen([*command, "600"], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    assert holder.stdout.readline() == "True\n"
    second = subprocess.run([*command, "0"], capture_output=True, text=True, check=True)
    assert second.stdout == "False\n"
    holder.kill()
    holder.wait()
    if not before:  # a killed holder's stays there where neither flock nor Windows' own locks are to be had
        third = subprocess.run([*command, "0"], capture_output=True, text=True, check=True)
        assert third.stdout == "True\n"


def test_shared_locks_keep_out_only_others(tmp_path: Path) -> None:
    """As many as want."""
    path = tmp_path / "lock"
    with exclusive.taken(path, shared=True) as first, exclusive.taken(path, shared=True, patience=0) as second:
        assert (first, second) == (True, True)
        with exclusive.taken(path, patience=0) as alone:
            assert not alone
