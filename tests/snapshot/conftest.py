"""A command line, run in this process, as its exit code, stdout and stderr."""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.amber import AmberSnapshotExtension

from builder import cli

FIXTURES = Path(__file__).parents[2] / "fixtures"


class World:
    """An app's folder, a store, and an environment with nothing of this machine in it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.app = folder / "app"
        self.store = folder / "store"
        self.monkeypatch = monkeypatch
        self._capsys = capsys
        for name in ("CI", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"BUILDER_HOME": self.store, "HOME": folder, "TERM": "dumb", "COLUMNS": "100"}.items():
            monkeypatch.setenv(name, str(value))
        for alias in ("PYPI", "MAVEN", "NPM", "DEBIAN", "DEBIAN_SNAPSHOT"):
            monkeypatch.setenv(f"BUILDER_MIRROR_{alias}", "http://127.0.0.1:1/")  # where nothing listens
        self.places = {str(self.app): "APP", str(self.store): "STORE", str(folder): "HOME"}
        self.places[str(Path(sys.executable).parent)] = "BIN"
        self.app.mkdir()
        monkeypatch.chdir(self.app)

    def counter(self, name: str = "counter") -> "World":
        """The fixture, locked and with its committed plan."""
        shutil.copytree(FIXTURES / name, self.app, dirs_exist_ok=True, ignore=shutil.ignore_patterns("build"))
        return self

    def write(self, name: str, text: str) -> "World":
        """A file of the app."""
        (self.app / name).parent.mkdir(parents=True, exist_ok=True)
        (self.app / name).write_text(text)
        return self

    def edit(self, name: str, old: str, new: str) -> "World":
        """Change a file of the app where it says `old`, once."""
        text = (self.app / name).read_text()
        assert old in text
        return self.write(name, text.replace(old, new, 1))

    def run(self, *argv: str) -> str:
        """Exit code, stdout and stderr, with this run's places taken out."""
        self._capsys.readouterr()
        code = cli.main(argv)
        captured = self._capsys.readouterr()
        text = f"exit code {int(code)}\n----- stdout\n{captured.out}----- stderr\n{captured.err}"
        return self.shown(text)

    def shown(self, text: str) -> str:
        """A text without the places of this run."""
        for place, name in self.places.items():
            text = text.replace(place, name)
        return re.sub(r"work/[0-9]+-[0-9a-f]{8}", "work/N", text)

    def mirror(self, alias: str, url: str) -> "World":
        """A registry at a URL, which is then shown as its alias."""
        self.monkeypatch.setenv(f"BUILDER_MIRROR_{alias.upper()}", url)
        self.places[url] = f"{alias}://"
        self.places.setdefault(url.partition("/simple/")[0], "server:")
        return self


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> World:
    """An empty app folder and an empty store."""
    return World(tmp_path, monkeypatch, capsys)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Snapshots as text."""
    return snapshot.use_extension(AmberSnapshotExtension)


Arrange = Callable[[World], object]
