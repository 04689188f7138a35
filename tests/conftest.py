"""What unit and real tests share: a script of builder/inside run as a step runs it, and small wheels for it."""

import base64
import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder import plan, scripts

RUN = """
import os, runpy, sys
sys.path[:0] = [os.path.abspath("in/inside")]
sys.argv = sys.argv[1:]
runpy.run_path(os.path.join("in/inside", sys.argv[0]), run_name="__main__")
"""


class StepFailed(Exception):  # noqa: N818 (what happened)
    """A script ended with an error; the text is what it wrote."""


@dataclass
class Inside:
    """Runs scripts in folders laid out as the sandbox lays them out, but in no sandbox."""

    root: Path
    python: str = sys.executable
    said: str = ""  # what the last script wrote

    def run(
        self,
        script: str,
        inputs: Mapping[str, Path | str | bytes],
        args: Iterable[str] = (),
        umask: int = 0o022,
        environment: Mapping[str, str] = plan.ENVIRONMENT,
    ) -> Path:
        """The output folder of a script; raises StepFailed."""
        number = sum(1 for _ in self.root.glob("step-*"))
        folder = self.root / f"step-{number}"
        (folder / "in" / "inside").mkdir(parents=True)
        (folder / "out").mkdir()
        for name in scripts.closure(script):
            (folder / "in" / "inside" / name).write_bytes(scripts.text(name))
        for name, source in inputs.items():
            place = folder / "in" / name
            if isinstance(source, Path):
                place.symlink_to(source.resolve())
            else:
                place.write_bytes(source.encode() if isinstance(source, str) else source)
        done = subprocess.run(
            [self.python, "-P", "-s", "-S", "-B", "-c", RUN, script, *args],
            cwd=folder,
            env=dict(environment),
            umask=umask,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.said = done.stdout
        if done.returncode:
            raise StepFailed(done.stdout)
        return folder / "out"


@pytest.fixture
def inside(tmp_path: Path) -> Inside:
    """A runner of the scripts of builder/inside."""
    return Inside(tmp_path)


def bytes_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Relative path -> mode and bytes of each file and folder below a folder."""
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_mode & 0o7777,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def contents() -> Callable[[Path], dict[str, tuple[int, bytes]]]:
    """All that reaches an output's bytes."""
    return bytes_of


@pytest.fixture
def wheel(tmp_path: Path) -> Callable[..., Path]:
    """Makes wheels: `wheel("demo", {"demo/__init__.py": ""})`; `record` replaces lines of its RECORD."""

    def make(name: str, files: Mapping[str, str | bytes], record: Mapping[str, str] | None = None) -> Path:
        info = f"{name}-1.0.dist-info"
        held = {key: value.encode() if isinstance(value, str) else value for key, value in files.items()}
        held.setdefault(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode())
        held.setdefault(f"{info}/WHEEL", b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        lines = {key: f"{key},sha256={_hash(value)},{len(value)}" for key, value in held.items()}
        lines[f"{info}/RECORD"] = f"{info}/RECORD,,"
        lines |= record or {}
        path = tmp_path / f"{name}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for key, value in held.items():
                archive.writestr(key, value)
            archive.writestr(f"{info}/RECORD", "".join(f"{line}\n" for line in lines.values() if line))
        return path

    return make


def _hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


@pytest.fixture
def step_failed() -> type[Exception]:
    """The error of a script that failed."""
    return StepFailed


@pytest.fixture
def shuffled(tmp_path: Path) -> Callable[[Path], Path]:
    """A copy of a tree whose files were made in the opposite order, with other modes and dates."""

    def copy(tree: Path) -> Path:
        other = tmp_path / "elsewhere" / "a folder with another name" / tree.name
        for path in sorted(tree.rglob("*"), reverse=True):
            if path.is_file():
                place = other / path.relative_to(tree)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(path.read_bytes())
                place.chmod(0o600)
                os.utime(place, (1, 1))
        return other

    return copy
