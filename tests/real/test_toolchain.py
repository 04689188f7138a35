"""The toolchain that ships, made of the real files and run: under bubblewrap, and in place through its own loader."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder import nar, toolchain
from builder.network.http import Http
from builder.network.mirrors import Bases
from builder.sources import places

pytestmark = pytest.mark.real

USES = """
import bz2, ctypes, hashlib, json, lzma, os, pwd, ssl, sys, tarfile, zipfile, zlib
import glob, importlib
for module in (bz2, lzma, zlib):
    assert module.decompress(module.compress(b"x" * 99)) == b"x" * 99
assert hashlib.sha256(b"").hexdigest().startswith("e3b0c442")
assert ctypes.CDLL(None).getpid() == os.getpid()
assert sys.getfilesystemencoding() == "utf-8"
assert sys.version_info[:3] == (3, 12, 1)
for path in glob.glob(sys.prefix + "/lib/python3.12/lib-dynload/*.so"):
    importlib.import_module(os.path.basename(path).split(".")[0])
print(sys.prefix)
"""
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
SANDBOX = ("bwrap", "--unshare-all", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--ro-bind")
PYTHON = ("/usr/bin/python3", "-P", "-s", "-S", "-B", "-c", USES)


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """The root of the recipe that ships, out of files fetched from where this machine is told to fetch."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to other users
        work = Path(folder)
        work.chmod(0o755)
        yield made(work)


def made(work: Path) -> Path:
    """Fetch the files into a folder under their sha256, and make the root beside them."""
    bases = Bases(settings={}, environ=os.environ, home=Path.home(), origins={})
    fetched: dict[str, Path] = {}

    def keep(path: Path, sha256: str) -> None:
        fetched[sha256] = Path(shutil.move(path, work / sha256))

    http = Http(bases.base, environ=os.environ, keep=keep)
    recipe = toolchain.load("python-3.12")
    for pin in recipe.pins:
        http.take(next(places({}, http)(pin)), {"sha256": pin.sha256})
    toolchain.make(recipe, fetched, work / "root")
    return work / "root"


@pytest.fixture
def run() -> Callable[..., str]:
    """What a program prints; it must end well."""

    def call(*argv: str, user: int | None = None) -> str:
        done = subprocess.run(argv, env=ENVIRONMENT, user=user, group=user, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return call


def needs(*tools: str) -> pytest.MarkDecorator:
    """Skip where a tool is missing, but for CI."""
    lacking = [tool for tool in tools if shutil.which(tool) is None]
    skip = bool(lacking) and os.environ.get("BUILDER_REQUIRE_TOOLS") != "1"
    return pytest.mark.skipif(skip, reason=f"needs {', '.join(tools)}")


def test_made_again_by_another_python_is_the_same(root: Path, tmp_path: Path) -> None:
    """Any Python from 3.11 on, under any umask and time zone, makes the same root."""
    recipe = toolchain.load("python-3.12")
    (tmp_path / "recipe.json").write_bytes(toolchain.dump(recipe))
    folder = tmp_path / "in"
    folder.mkdir()
    for pin in recipe.pins:
        (folder / pin.sha256).symlink_to(root.parent / pin.sha256)
    script = Path(toolchain.__file__).parent / "inside" / "root.py"
    own = [str(root / "lib64/ld-linux-x86-64.so.2"), "--library-path", str(root / "usr/lib/x86_64-linux-gnu")]
    own += ["--argv0", str(root / "usr/bin/python3.12"), str(root / "usr/bin/python3.12")]
    for number, python in enumerate(([sys.executable], own)):
        out = tmp_path / str(number)
        command = [*python, "-B", str(script), str(tmp_path / "recipe.json"), str(folder), str(out)]
        subprocess.run(command, check=True, umask=0o077, env={"TZ": "Asia/Kolkata"})
        assert nar.sha256(out) == recipe.nar


@needs("bwrap")
def test_runs_as_the_root_of_a_sandbox(root: Path, run: Callable[..., str]) -> None:
    """Every extension module that was kept loads, with nothing of the host in sight."""
    assert run(*SANDBOX, str(root), "/", *PYTHON) == "/usr"


@needs("bwrap")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_runs_for_an_ordinary_user(root: Path, run: Callable[..., str]) -> None:
    """Nothing of the root needs a privilege."""
    assert run(*SANDBOX, str(root), "/", *PYTHON, user=65534) == "/usr"


@needs("bwrap")
def test_has_a_shell(root: Path, run: Callable[..., str]) -> None:
    """`sh` is busybox."""
    assert run(*SANDBOX, str(root), "/", "/usr/bin/sh", "-c", "echo $((6 * 7))") == "42"


def test_runs_in_place_through_its_own_loader(root: Path, run: Callable[..., str]) -> None:
    """Nix shows the root at another place; python finds its library by the path that it is called by."""
    python = str(root / "usr/bin/python3.12")
    loader = [str(root / "lib64/ld-linux-x86-64.so.2"), "--library-path", str(root / "usr/lib/x86_64-linux-gnu")]
    assert run(*loader, "--argv0", python, python, *PYTHON[1:]) == str(root / "usr")


@needs("readelf")
def test_every_needed_library_is_there(root: Path, run: Callable[..., str]) -> None:
    """No ELF file names a library that the root lacks."""
    libraries = {path.name for path in (root / "usr/lib/x86_64-linux-gnu").iterdir()}
    elves = [path for path in root.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    for path in elves:
        wanted = {
            line.split("[")[1].rstrip("]") for line in run("readelf", "-d", str(path)).splitlines() if "NEEDED" in line
        }
        assert wanted <= libraries, path
    assert len(elves) > 50


def test_holds_nothing_that_changes_or_leaves(root: Path) -> None:
    """No byte code, no static library, no file of setuid, no absolute or dangling symlink."""
    for path in root.rglob("*"):
        assert path.suffix not in (".pyc", ".a", ".o"), path
        assert not path.lstat().st_mode & 0o7000, path
        if path.is_symlink():
            assert not path.readlink().is_absolute(), path
            assert path.resolve().is_relative_to(root.resolve()), path
            assert path.exists(), path
