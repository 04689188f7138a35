"""Apps that tests lock themselves, against the registries of this machine and mirrors of their own."""

import os
import shutil
import subprocess
from pathlib import Path

from builder.commands import Context, locking
from builder.commands.lock import Wish
from builder.lock import Lock
from builder.project import load
from builder.store import Store

from .worlds import BUILDER, ROOT

NOTHING = Wish()


def store_beside(folder: Path) -> Path:
    """A store of a test's own, which holds what was fetched already but no output."""
    shutil.copytree(Path(os.environ["BUILDER_HOME"], "files"), folder / "store" / "files", copy_function=os.link)
    return folder / "store"


class Locking:
    """The app of a fixture with another pyproject.toml."""

    def __init__(self, folder: Path, pyproject: str, store: Path) -> None:
        self.app, self.store = folder / "app", store
        shutil.copytree(ROOT / "fixtures" / "counter-desktop", self.app, ignore=shutil.ignore_patterns("build*"))
        (self.app / "pyproject.toml").write_text(pyproject)
        self.environ = {name: value for name, value in os.environ.items() if name != "CI"}
        self.environ |= {"BUILDER_HOME": str(self.store)}

    def lock(self, wish: Wish = NOTHING) -> Lock:
        """The lock that is made now, in this process. Raises BuilderError."""
        context = Context(self.app, Store(self.store), self.environ, lambda line: None)
        return locking.run(context, load(self.app, {}, lambda line: None, self.environ), wish).lock

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Builder itself, in the app's folder."""
        return subprocess.run(
            [BUILDER, *argv], cwd=self.app, env=self.environ, capture_output=True, text=True, check=False
        )
