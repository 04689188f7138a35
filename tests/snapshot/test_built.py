"""What the command line says when the store holds what a build would make: no sandbox is needed to see it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

import pytest

from builder import lockfile, nar, plan, planning, project, tree
from builder.store import Store


@pytest.fixture
def built(world: Any) -> Any:
    """The counter, with a tiny site in the store as the output of its last step."""
    world.counter()
    found = project.load(world.app, {}, pytest.fail)
    planned = planning.plan_of(found, lockfile.load(world.app), "web")
    files = tree.app_files(world.app, lambda arguments: pytest.fail("the app is in no git repository")).files
    key = plan.keys(planned, {"app": nar.sha256_of(files)})[planned.steps[-1].name]
    store = Store(world.store)
    with store.workspace() as folder:
        (folder / "site").mkdir()
        (folder / "site" / "index.html").write_text("<title>Counter</title>")
        store.put(key, folder / "site")
    world.places[key] = "KEY"
    return world


def shown(said: str) -> str:
    """What was said, without digests: the fixture's own moves with each release."""
    return re.sub(r"[0-9a-f]{64}", "DIGEST", said)


BUILDS = {
    "build": ("build", "web"),
    "build offline": ("build", "web", "--offline"),
    "build frozen": ("build", "web", "--frozen"),
    "build as JSON": ("build", "web", "--json"),
    "build elsewhere": ("build", "web", "--output", "build/elsewhere"),
    "build and record": ("build", "web", "--record"),
}


@pytest.mark.parametrize("case", BUILDS)
def test_a_build_with_nothing_to_run_says(case: str, built: Any, snapshot: Any) -> None:
    """The artifact's path is all of stdout."""
    assert shown(built.run(*BUILDS[case])) == snapshot


def test_the_same_build_again_says_the_same(built: Any) -> None:
    """Word for word."""
    assert built.run("build", "web") == built.run("build", "web")


def test_verbose_shows_every_command(built: Any, snapshot: Any) -> None:
    """-v in a git repository: what git was asked, as one could ask it again."""
    built.monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=built.app, check=True, capture_output=True)
    assert shown(built.run("build", "web", "-v", "--offline")) == snapshot


@contextmanager
def serving(world: Any) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`builder run web` as a process of its own, and the URL that it printed."""
    argv = [sys.executable, "-m", "builder.entry", "run", "web", "--port", "0"]
    process = subprocess.Popen(
        argv, cwd=world.app, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.wait()


def test_ctrl_c_ends_the_server(built: Any, snapshot: Any) -> None:
    """The site was served at the printed URL; then exit code 130, and no traceback."""
    with serving(built) as (url, process):
        assert urlopen(url, timeout=5).read() == b"<title>Counter</title>"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert built.shown(f"exit code {process.returncode}\n----- stdout\n{out}----- stderr\n{err}") == snapshot


def test_a_taken_port_has_a_mend(built: Any) -> None:
    """Exit code 2, naming the port and the option."""
    with serving(built) as (url, _):
        port = url.rstrip("/").rpartition(":")[2]
        said = built.run("run", "web", "--port", port)
    assert said.startswith("exit code 2\n")
    assert f"error: port {port} can't be used" in said
    assert "--port" in said.partition("hint: ")[2]
