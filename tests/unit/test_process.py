"""Rules of child processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builder import process

ENV = {"PATH": os.environ["PATH"]}


def test_a_child_gets_no_terminal_and_all_it_says_is_kept() -> None:
    """stdin is empty, stdout and stderr are pipes, the exit code is given and never raised."""
    code = "[ -t 0 ] || [ -t 1 ] || [ -t 2 ] && echo terminal; cat; echo out; echo err >&2; exit 3"
    assert process.run(["sh", "-c", code], env=ENV) == process.Result(3, "out\n", "err\n")


def test_a_signal_is_a_negative_code() -> None:
    """As the standard library tells it."""
    assert process.run(["sh", "-c", "kill -9 $$"], env=ENV).code == -9


def test_the_environment_is_the_one_given() -> None:
    """Nothing of the caller's reaches the child."""
    assert process.run(["env"], env={**ENV, "X": "1"}).out.splitlines() == [f"PATH={ENV['PATH']}", "X=1"]


def test_lines_come_while_the_child_runs() -> None:
    """Each line of stderr is handed on."""
    heard: list[str] = []
    process.run(["sh", "-c", "echo one >&2; echo two >&2"], env=ENV, line=heard.append)
    assert heard == ["one", "two"]


def test_a_missing_program_is_told() -> None:
    """By the error that says which."""
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        process.run(["no-such-program"], env=ENV)


@pytest.mark.parametrize("seconds", [0.3, 0.6])
def test_ctrl_c_ends_the_child_first(seconds: float, tmp_path: Path) -> None:
    """The child is gone when KeyboardInterrupt goes on."""
    code = (
        "import os, sys\nfrom builder import process\nfrom pathlib import Path\n"
        "try:\n process.run(['sh', '-c', 'echo $$ > pid; exec sleep 60'], env=os.environ)\n"
        "except KeyboardInterrupt:\n sys.exit(7 if Path('/proc', Path('pid').read_text().strip()).exists() else 130)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, start_new_session=True)
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().endswith("\n"):
        time.sleep(0.01)
    time.sleep(seconds)
    child.send_signal(signal.SIGINT)
    assert child.wait(20) == 130


def test_a_held_stdin_closes_when_this_process_is_killed(tmp_path: Path) -> None:
    """So a child that watches it learns of a kill -9; until then it waits."""
    code = (
        "import os\nfrom builder import process\n"
        "process.run(['sh', '-c', 'echo > began; read -r _; echo > ended'], env=os.environ, hold=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    wait_for(tmp_path / "began")
    time.sleep(0.3)
    assert not (tmp_path / "ended").exists()
    child.kill()
    wait_for(tmp_path / "ended")


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
