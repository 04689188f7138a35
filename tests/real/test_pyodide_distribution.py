"""The Pyodide distribution: its tables against the pyodide-lock.json of the clients, and its files from a mirror."""

import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder import fletline, lockfile
from builder.lock import Lock, Pin
from builder.resolver import distribution

from .worlds import ROOT, World

pytestmark = pytest.mark.real

SOURCE = distribution.ALIAS


def stated(lock: Lock, store: Path, name: str) -> dict[str, Any]:
    """The packages of the pyodide-lock.json in a pinned file: a client's wheel or Pyodide's npm package."""
    pin = next(pin for pin in (*lock.packages, *lock.pins) if pin.name == name and pin.source in ("pypi", "npm"))
    file = store / "files" / pin.sha256
    if pin.file.endswith(".whl"):
        with zipfile.ZipFile(file) as wheel:
            text = wheel.read("flet_web/web/pyodide/pyodide-lock.json")
    else:
        with tarfile.open(file) as archive:
            member = archive.extractfile("package/pyodide-lock.json")
            assert member
            text = member.read()
    packages: dict[str, Any] = json.loads(text)["packages"]
    return {package["file_name"]: package for package in packages.values()}


@pytest.mark.parametrize(
    ("fixture", "name", "python"),
    [("counter", "flet-web", "3.12"), ("counter-1.0", "pyodide", "3.12"), ("counter-1.0", "flet-web", "3.14")],
)
def test_a_table_holds_what_pyodides_own_lock_states(fixture: str, name: str, python: str, fetched: Path) -> None:
    """Each compiled wheel with its version, its sha256 and the shared libraries that it depends on."""
    lock = lockfile.load(ROOT / "fixtures" / fixture)
    flet = next(pin for pin in lock.packages if pin.name == "flet")
    rows = distribution.of(fletline.of(flet.version).pyodide[python].version).wheels
    own = stated(lock, fetched, name)
    libraries = {package["name"] for package in own.values() if package["package_type"] == "shared_library"}
    compiled = [
        file
        for file, package in own.items()
        if package["package_type"] == "package"
        and file.endswith("wasm32.whl")
        and not package["name"].endswith("-tests")
    ]
    assert sorted(row.file for row in rows.values()) == sorted(compiled)
    for row in rows.values():
        package = own[row.file]
        assert (row.version, row.sha256) == (package["version"], package["sha256"])
        assert set(row.libraries) == libraries & set(package["depends"])


def moved(pin: Pin) -> Pin:
    """A wheel of the index as if the Pyodide distribution had it."""
    return pin.model_copy(update={"source": SOURCE, "path": "v0.27.7/full/", "hash": "table"})


def test_a_wheel_of_the_distribution_comes_from_its_mirror(world: World, serve: Callable[..., Any]) -> None:
    """A real wheel, served as a mirror of the distribution serves it, is fetched, checked and built in."""
    lock = lockfile.load(world.app)
    six = next(pin for pin in lock.packages if pin.name == "six")
    packages = tuple(moved(pin) if pin is six else pin for pin in lock.packages)
    changed = {"packages": packages, "sources": {**lock.sources, SOURCE: distribution.ORIGIN}}
    lockfile.save(world.app, lock.model_copy(update=changed))
    shutil.rmtree(world.app / "builder.plan")
    file = world.store / "files" / six.sha256
    server = serve()
    server.routes[f"/v0.27.7/full/{six.file}"] = file.read_bytes()
    file.unlink()
    done = world.run("fetch", "--target", "web", BUILDER_MIRROR_PYODIDE=server.url)
    assert done.returncode == 0, done.stderr
    assert [asked.path for asked in server.asked] == [f"/v0.27.7/full/{six.file}"]
    assert world.digest("--offline")
    server.routes[f"/v0.27.7/full/{six.file}"] = b"other bytes"
    file.unlink()
    assert world.run("fetch", "--target", "web", BUILDER_MIRROR_PYODIDE=server.url).returncode == 6
