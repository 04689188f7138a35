"""The command line of the sandbox: all that a step is shown and allowed stands in it."""

from pathlib import Path
from typing import Any

import pytest

from builder.backends import Work, bwrap
from builder.plan import ENVIRONMENT, Built, Pinned, Step, Tree

STORE = Path("/store")
SHA256 = "ab" * 32
STEPS = {
    "nothing but a script": Step(name="stdlib", scripts=("stdlib.py", "bytecode.py"), args=("json", "--all")),
    "every kind of input": Step(
        name="app",
        scripts=("web_app.py",),
        inputs={
            "stdlib": Built(step="stdlib"),
            "app": Tree(tree="app"),
            "a file with spaces.whl": Pinned(pin=SHA256),
        },
        files={"app.json": "{}\n", "index.html": "<html>"},
    ),
    "arguments that look like options": Step(name="odd", scripts=("odd.py",), args=("--bind", "/", "/", "--", "$(id)")),
}
PLACES = {"stdlib": "outputs/1", "app": "outputs/2", "a file with spaces.whl": f"files/{SHA256}"}


@pytest.mark.parametrize("name", STEPS)
def test_the_command_line_of_a_step(name: str, snapshot: Any) -> None:
    """One argument a line, so that each flag that comes or goes is one line of a pull request."""
    step = STEPS[name]
    inputs = {key: STORE / PLACES[key] for key in step.inputs}
    work = Work(step, STORE / "temp" / "1", inputs, STORE / "outputs" / "root", ENVIRONMENT, "/usr/bin:/bin")
    assert "\n".join(bwrap.argv(work)) == snapshot


def test_the_host_is_not_in_it() -> None:
    """No PATH of the host, no folder but the store's, no host variable."""
    work = Work(STEPS["every kind of input"], STORE / "work", {}, STORE / "root", ENVIRONMENT, "/home/me/bin")
    argv = bwrap.argv(work)
    assert not [word for word in argv if word.startswith("/home")]
    shown = [argv[at + 1] for at, word in enumerate(argv) if word in ("--bind", "--ro-bind", "--dev-bind")]
    assert shown
    assert all(Path(place).is_relative_to(STORE) for place in shown)
