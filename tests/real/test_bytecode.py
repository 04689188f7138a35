"""The toolchain's own interpreter writes one form of byte code, whatever it compiled before."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import lockfile

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
FIXTURE = ROOT / "fixtures" / "counter"
NAMES = ("argparse.py", "ast.py", "enum.py", "ftplib.py", "typing.py", "uuid.py", "webbrowser.py")
CODE = """
import sys; sys.path.insert(0, "/run")
import pathlib, bytecode
assert bytecode.compile_files(pathlib.Path("/build"), sys.argv[2:], int(sys.argv[1])) == []
"""


@pytest.fixture
def toolchain(tool: Callable[[str], str]) -> Path:
    """The root that the fixture's steps run in."""
    tool("bwrap")
    subprocess.run([str(Path(sys.executable).with_name("builder")), "fetch", FIXTURE, "-t", "web"], check=True)
    return Path(os.environ["BUILDER_HOME"]) / "outputs" / lockfile.load(FIXTURE).toolchain.nar


def compiled(toolchain: Path, folder: Path, names: list[str], workers: int) -> dict[str, bytes]:
    """The byte code of some modules of the standard library, compiled in that order."""
    folder.mkdir()
    for name in NAMES:
        shutil.copyfile(toolchain / "usr" / "lib" / "python3.12" / name, folder / name)
    places = ["--ro-bind", str(toolchain), "/", "--dev", "/dev", "--proc", "/proc"]
    places += ["--bind", str(folder), "/build", "--ro-bind", str(ROOT / "builder" / "inside"), "/run"]
    python = ["/usr/bin/python3", "-P", "-s", "-S", "-B", "-c", CODE, str(workers), *names]
    subprocess.run(["bwrap", "--unshare-all", "--clearenv", *places, "--", *python], check=True)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_ftplib_has_one_form(toolchain: Path, tmp_path: Path) -> None:
    """Python 3.12 writes ftplib in two ways, by what it compiled before (cpython#129724); a fork a file mends it."""
    forwards = compiled(toolchain, tmp_path / "a", sorted(NAMES), 1)
    backwards = compiled(toolchain, tmp_path / "b", sorted(NAMES, reverse=True), 2)
    assert forwards.keys() == {f"{name}c" for name in NAMES}
    assert forwards == backwards
