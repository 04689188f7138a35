"""What the real tests of builds share: a copy of a fixture with a store of its own, and how to build in it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.commands.deliver import expected

ROOT = Path(__file__).parents[2]
FIXTURES = ("counter", "counter-1.0")
BUILDER = str(Path(sys.executable).with_name("builder"))
BUILD = ("build", "web", "--json")
NOBODY = 65534  # user and group


class World:
    """A copy of a fixture and a store of its own, which has the pinned files already but nothing else."""

    def __init__(self, folder: Path, files: Path, fixture: str = "counter", *, link: bool = False) -> None:
        self.app = folder / "app"
        self.store = folder / "store"
        shutil.copytree(ROOT / "fixtures" / fixture, self.app, ignore=shutil.ignore_patterns("build"))
        shutil.copytree(files / "files", self.store / "files", copy_function=os.link if link else shutil.copy2)
        self.env = {name: value for name, value in os.environ.items() if name != "CI"}
        self.env |= {"BUILDER_HOME": str(self.store)}

    def run(self, *argv: str, before: tuple[str, ...] = (), **env: str) -> subprocess.CompletedProcess[str]:
        """Run builder in the app's folder, with other programs before it on the command line."""
        command = [*before, BUILDER, *argv]
        return subprocess.run(command, cwd=self.app, env=self.env | env, capture_output=True, text=True, check=False)

    def digest(self, *argv: str, before: tuple[str, ...] = (), **env: str) -> str:
        """The digest of a build that must succeed."""
        done = self.run(*BUILD, *argv, before=before, **env)
        assert done.returncode == 0, done.stderr
        found = re.search(r'"digest": "([0-9a-f]{64})"', done.stdout)
        assert found
        return found[1]


def committed(fixture: str, target: str = "web") -> str:
    """The digest that stands beside a fixture."""
    return expected(ROOT / "fixtures" / fixture)[target]


def as_nobody(world: World, tool: Callable[[str], str], *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run builder as an ordinary user on one processor, in a world whose folder every user can get at.

    Skips where the tests run as such a user already, or where there is no interpreter that he may run.
    """
    if os.geteuid() != 0:
        pytest.skip("the other tests ran as an ordinary user already")
    user = (tool("setpriv"), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", tool("taskset"), "-c", "0")
    home = world.app.parent / "home"
    home.mkdir(exist_ok=True)
    for path in (home, world.app, world.store, *world.app.rglob("*"), *world.store.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    found = [entry for entry in sys.path if "site-packages" in entry]
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": ":".join([str(ROOT), *found])}
    return subprocess.run(
        [*user, readable_python(user), "-c", "from builder.entry import main; main()", *argv],
        cwd=world.app,
        env=given | {"BUILDER_HOME": str(world.store), "HOME": str(home)} | env,
        capture_output=True,
        text=True,
        check=False,
    )


def readable_python(user: tuple[str, ...]) -> str:
    """An interpreter of this version that another user may run; skips where there is none."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (str(Path(sys.executable).resolve()), f"/usr/bin/{version}"):
        asked = [*user, python, "-c", ""]
        if Path(python).exists() and subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return python
    pytest.skip(f"no {version} that an ordinary user may run")
