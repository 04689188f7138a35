"""What a step does first: is somebody still there who wants it."""

import os
import subprocess
import sys

ASKS = "import os; from builder.inside import start; print(start.alone(), os.read(0, 1))"


def asked(stdin: int) -> str:
    return subprocess.run([sys.executable, "-c", ASKS], stdin=stdin, capture_output=True, text=True, check=True).stdout


def test_a_step_is_wanted_while_the_other_end_of_stdin_is_held() -> None:
    """A pipe that closes tells it; after that a script that reads stdin finds nothing and never waits."""
    theirs, ours = os.pipe()
    assert asked(theirs) == "False b''\n"
    os.close(ours)
    assert asked(theirs) == "True b''\n"
    os.close(theirs)


def test_without_a_pipe_nobody_holds_it() -> None:
    """Nix and containers give a step /dev/null, and end it themselves."""
    assert asked(subprocess.DEVNULL) == "False b''\n"
