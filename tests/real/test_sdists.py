"""Source distributions built in the real sandbox: of an index on this machine and of the registry."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder import lockfile

pytestmark = pytest.mark.real

BUILDER = str(Path(sys.executable).with_name("builder"))
SETUP = """
from setuptools import setup, Extension
setup(name="{name}", version="1.0", packages=["{name}"], ext_modules=[{extension}])
"""


class World:
    """An app that requires Flet and some source distributions of a local index."""

    def __init__(self, folder: Path, server: Any, *sdists: Path) -> None:
        self.app, self.server = folder / "app", server
        self.app.mkdir()
        names = [path.name.rpartition("-")[0] for path in sdists]
        for name, path in zip(names, sdists, strict=True):
            data = path.read_bytes()
            row = {"filename": path.name, "url": f"../../{path.name}", "size": len(data)}
            row["hashes"] = {"sha256": hashlib.sha256(data).hexdigest()}
            page = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": [row]}).encode()
            kind = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
            server.routes |= {f"/{path.name}": data, f"/simple/{name}/": server.page(page, headers=kind)}
        lines = [f"--extra-index-url {server.url}simple/", "flet==0.82.2", *names]
        (self.app / "requirements.txt").write_text("\n".join(lines) + "\n")
        settings = f'[tool.builder]\ntargets = ["web"]\nsdist = {json.dumps(names)}\n'
        (self.app / "pyproject.toml").write_text(f'[project]\nname = "demo"\nversion = "1"\n{settings}')
        (self.app / "main.py").write_text("")

    def run(self, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run builder in the app's folder."""
        everything = {name: value for name, value in os.environ.items() if name != "CI"} | env
        return subprocess.run(
            [BUILDER, *argv], cwd=self.app, env=everything, capture_output=True, text=True, check=False
        )

    def locked(self) -> "World":
        """The same, locked."""
        done = self.run("lock")
        assert done.returncode == 0, done.stderr
        return self


@pytest.fixture
def world(tmp_path: Path, server: Any, reply: Any) -> Callable[..., World]:
    server.page = reply
    return lambda *sdists: World(tmp_path, server, *sdists)


@pytest.fixture
def legacy(sdist: Callable[..., Path]) -> Callable[..., Path]:
    """A source distribution of before PEP 517: a setup.py, and no pyproject.toml."""

    def make(name: str, extension: str = "") -> Path:
        text = SETUP.format(name=name, extension=extension)
        return sdist(f"{name}-1.0", {"setup.py": text, f"{name}/__init__.py": "x = 1\n", f"{name}/fast.c": "int x;\n"})

    return make


def test_setup_py_and_a_backend_in_tree_reach_the_site(
    world: Callable[..., World], legacy: Callable[..., Path], in_tree: Callable[..., Path], tmp_path: Path
) -> None:
    """Both are in the app's archive, what built them is not; another store gives the same bytes, offline."""
    app = world(legacy("oldway"), in_tree("newway-1.0")).locked()
    lock = lockfile.load(app.app)
    built = {sdist.file: sdist for sdist in lock.sdists}
    assert built["newway-1.0.tar.gz"].wheels == ()
    assert built["oldway-1.0.tar.gz"].requires == ("setuptools>=40.8.0", "wheel")
    assert "index-1" in {pin.source for pin in lock.packages}
    digests = set()
    for store in ("one", "two"):
        env = {"BUILDER_HOME": str(tmp_path / store)}
        fetched = app.run("fetch", **env)
        assert fetched.returncode == 0, fetched.stderr
        done = app.run("build", "web", "--json", "--offline", **env)
        assert done.returncode == 0, done.stderr
        assert "build wheel-oldway" in done.stderr
        digests |= set(re.findall(r'"digest": "([0-9a-f]{64})"', done.stdout))
    assert len(digests) == 1
    with tarfile.open(app.app / "build" / "web" / "app.tar.gz") as archive:
        names = {name.removeprefix("__pypackages__/") for name in archive.getnames()}
    assert {"oldway/__init__.pyc", "oldway-1.0.dist-info/METADATA", "newway/__init__.pyc"} <= names
    assert not [name for name in names if name.startswith(("setuptools", "wheel", "pkg_resources", "_distutils"))]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("extension", "`native-1.0.tar.gz` can't be built: its backend .* failed, without network and compiler: "),
        ("platform", "it gives `native-1.0-cp312-cp312-linux_x86_64.whl`, which is not pure Python"),
    ],
)
def test_what_is_not_pure_python_is_refused(
    how: str, reason: str, world: Callable[..., World], legacy: Callable[..., Path], in_tree: Callable[..., Path]
) -> None:
    """No compiler is in the sandbox, and a wheel for its own platform is for no target: exit code 7."""
    tagged = in_tree("native-1.0", tag="cp312-cp312-linux_x86_64")
    made = legacy("native", 'Extension("native.fast", ["native/fast.c"])') if how == "extension" else tagged
    done = world(made).locked().run("build", "web")
    assert done.returncode == 7, done.stderr
    assert re.search(f"error: step `wheel-native` failed .*{reason}", done.stderr)


def test_a_build_sees_no_network(world: Callable[..., World], in_tree: Callable[..., Path], server: Any) -> None:
    """The index that the source distribution came from can't be reached from its build."""
    reach = f"\nimport socket\nsocket.create_connection(('127.0.0.1', {server.port}), 5)\n"
    done = world(in_tree("curious-1.0", text=reach)).locked().run("build", "web")
    assert done.returncode == 7, done.stderr
    assert "ConnectionRefusedError" in done.stderr
