"""Rules of builder as a wheel, and of the wheels that it is installed with."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from builder import data, itself
from builder.errors import BuilderError, Exit
from builder.network.http import Http
from builder.resolver import own_wheels

ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_all_that_git_tracks_of_builder(tmp_path: Path) -> None:
    """The package, its data and its requirements, and no byte code."""
    with zipfile.ZipFile(itself.wheel(tmp_path)) as wheel:
        names = set(wheel.namelist())
        assert wheel.read("builder/requirements.lock.txt") == data.requirements()
        assert wheel.testzip() is None
        assert wheel.namelist()[-1].endswith(".dist-info/RECORD")
        assert "# builder" not in wheel.read("builder-0.1.0.dist-info/METADATA").decode()
    listed = subprocess.run(["git", "ls-files", "builder"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(listed.stdout.split()) <= names
    assert {"builder/toolchains/tools.toml", "builder/nix/plan.nix", "builder/nix/template/flake.nix"} <= names
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []


def test_the_wheel_is_the_same_bytes_from_a_checkout_and_once_installed(tmp_path: Path) -> None:
    """An installation of the wheel, in another place, makes that wheel again."""
    first = itself.wheel(tmp_path)
    site = tmp_path / "site"
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site), str(first)]
    subprocess.run([sys.executable, *install], check=True)
    (tmp_path / "again").mkdir()
    make = "import pathlib, sys; from builder import itself; itself.wheel(pathlib.Path(sys.argv[1]))"
    subprocess.run(
        [sys.executable, "-c", make, str(tmp_path / "again")], cwd=tmp_path, env={"PYTHONPATH": str(site)}, check=True
    )
    assert (tmp_path / "again" / first.name).read_bytes() == first.read_bytes()


# --- what it is installed with ----------------------------------------------------------------------------------

LINUX = "manylinux_2_17_x86_64"
FILES = [
    "pure-1.0-py3-none-any.whl",
    "pure-2.0-py3-none-any.whl",
    "pure-1.0.tar.gz",
    f"native-1.0-cp311-cp311-{LINUX}.whl",
    f"native-1.0-cp312-abi3-{LINUX}.whl",
    "native-1.0-cp312-abi3-win_amd64.whl",
    "native-1.0-cp312-cp312-manylinux_2_39_x86_64.whl",
]


def sha256(file: str) -> str:
    return hashlib.sha256(file.encode()).hexdigest()


def line(requirement: str, *files: str) -> str:
    """Of a requirements file with hashes."""
    return " \\\n".join([requirement, *(f"    --hash=sha256:{sha256(file)}" for file in files)]) + "\n"


TEXT = "# made by a tool\n" + line("pure==1.0", FILES[0], FILES[2]) + line("native==1.0", *FILES[3:])


@pytest.fixture
def http(server: Any, request: pytest.FixtureRequest) -> Http:
    """An index of these files, with hashes or without."""
    hashed = getattr(request, "param", True)
    for name in ("pure", "native"):
        links = [
            f'<a href="../../{file}{f"#sha256={sha256(file)}" if hashed else ""}">{file}</a>'
            for file in FILES
            if file.startswith(name)
        ]
        server.routes[f"/simple/{name}/"] = f"<title>Links for {name}</title>{''.join(links)}".encode()
    server.routes |= {f"/{file}": file.encode() for file in FILES}
    return Http(lambda alias: f"{server.url}simple/", environ={}, sleep=lambda seconds: None)


@pytest.mark.parametrize("http", [True, False], indirect=True, ids=["hashes", "no hashes"])
def test_each_python_gets_the_wheel_that_suits_it_best(http: Http) -> None:
    """Of the locked version, for Linux and a glibc that is not too new; one that suits several is there once."""
    found = own_wheels.pins(own_wheels.locked(TEXT), http)
    assert [pin.file for pin in found] == [FILES[0], FILES[3], FILES[4]]
    assert [pin.sha256 for pin in found] == [sha256(pin.file) for pin in found]


def test_a_marker_that_never_holds_needs_no_wheel(http: Http) -> None:
    """Such as one of another system."""
    text = line("pure==1.0", FILES[0]) + line('native==1.0 ; sys_platform == "win32"', FILES[5])
    assert [pin.file for pin in own_wheels.pins(own_wheels.locked(text), http)] == [FILES[0]]


def test_a_version_without_a_wheel_is_told(http: Http) -> None:
    """Naming the package and the Python."""
    with pytest.raises(BuilderError, match=r"no wheel of native 1\.0 for 3\.11") as caught:
        own_wheels.pins(own_wheels.locked(line("native==1.0", FILES[4])), http)
    assert caught.value.code == Exit.LOCK


@pytest.mark.parametrize("http", [False], indirect=True)
def test_a_file_that_is_not_locked_is_refused(http: Http) -> None:
    """An index without hashes can't pass another file off under the name."""
    with pytest.raises(BuilderError, match=r"requirements\.lock\.txt") as caught:
        own_wheels.pins(own_wheels.locked(line("pure==1.0", "other")), http)
    assert caught.value.code == Exit.MISMATCH
