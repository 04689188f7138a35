"""Locks of the Flet versions that builder is tested with, against the registry that this machine is configured for."""

import os
from pathlib import Path

import pytest
from uv import find_uv_bin

from builder import fletline, lockfile, toolchain, tools
from builder.commands.roots import NAME as RECIPE
from builder.inputs import inputs_of
from builder.lock import Origin
from builder.network import mirrors
from builder.network.http import Http
from builder.project import Project
from builder.resolver import resolve
from builder.resolver.kept import keep
from builder.resolver.question import Uv
from builder.resolver.world import World
from builder.settings import Settings

pytestmark = pytest.mark.real

DESKTOP = ("linux-aarch64", "linux-x86_64", "macos-arm64", "macos-x86_64", "windows-x86_64")


@pytest.fixture
def locked(tmp_path):
    """Lock requirements with the registries of this machine."""

    def made(*requires, old=None, **settings):
        origins: dict[str, Origin] = dict(resolve.ORIGINS)
        bases = mirrors.Bases(settings={}, environ=os.environ, home=Path.home(), origins=origins)
        http = Http(bases.base, environ=os.environ)
        uv = Uv(find_uv_bin(), os.environ, tmp_path / "cache", http.secret_base("pypi"))
        project = Project(name="app", version="1", requires=requires, settings=Settings(**settings))
        world = World(http, uv, keep(old, False, ()), toolchain.load(RECIPE))
        return resolve.resolve(inputs_of(project), world).lock

    return made


def held(lock, target):
    """The packages of a target with their versions."""
    return {pin.name: pin.version for pin in lock.packages_of(target)}


def test_flet_0_82_2_locks_for_every_target(locked):
    """Each target has flet, its client and its interpreter; the web has four packages and msgpack's source."""
    lock = locked("flet[all]==0.82.2")
    assert lock.unavailable == {}
    assert held(lock, "web").keys() == {"flet", "flet-web", "msgpack", "repath", "six"}
    assert held(lock, "apk") == held(lock, "web")
    clients = {"linux": "flet-desktop-light", "windows": "flet-desktop", "macos": "flet-desktop"}
    for target in DESKTOP:
        assert held(lock, target)["flet"] == held(lock, target)[clients[target.split("-")[0]]] == "0.82.2"
        assert {pin.name for pin in found(lock, target)} == {"cpython"}
    files = {pin.file: pin.sha256 for pin in lock.packages}
    assert files["flet_desktop-0.82.2-py3-none-win_amd64.whl"].startswith("1150f1f1")
    assert files["flet_desktop-0.82.2-py3-none-macosx_12_0_arm64.whl"].startswith("74de5549")
    assert "flet_desktop_light-0.82.2-py3-none-manylinux_2_28_x86_64.whl" in files
    assert not {"fastapi", "uvicorn", "flet-cli"} & {pin.name for pin in lock.packages}
    assert all(pin.size for pin in lock.packages)
    assert lock.flutter == fletline.of("0.82.2").flutter


def found(lock, target):
    """What else than packages a registry was asked for; builder's own tools come from its table."""
    own = {pin.name for pin in tools.pins((target,), ())}
    return [pin for pin in lock.pins_of(target) if pin.name not in own]


def test_flet_1_0_5_locks_for_the_web_and_says_why_no_desktop(locked):
    """The web has its client and Pyodide from npm; the desktop's client is on no index, as recorded."""
    lock = locked("flet==1.0.5")
    assert lock.unavailable.keys() == set(DESKTOP)
    assert {(pin.name, pin.version, pin.source) for pin in found(lock, "web")} == {("pyodide", "0.27.7", "npm")}
    assert held(lock, "web")["flet-web"] == "1.0.5"
    assert not {"httpx", "oauthlib"} & held(lock, "web").keys()


def test_a_second_lock_is_the_first(locked):
    """With nothing changed the same bytes come out, and no registry but the index is asked for versions."""
    first = locked("flet==0.82.2", runtime="bytedeco", targets=["linux", "windows", "macos-x86_64"], declared=True)
    again = locked(
        "flet==0.82.2", runtime="bytedeco", targets=["linux", "windows", "macos-x86_64"], declared=True, old=first
    )
    assert lockfile.dump(again) == lockfile.dump(first)
    assert {(pin.name, pin.version, pin.source) for pin in found(first, "linux-aarch64")} == {
        ("cpython", "3.12.1", "maven")
    }
    assert lockfile.parse(lockfile.dump(first).encode()) == lockfile.parse(lockfile.dump(again).encode())


def test_python_3_14_locks_for_the_web(locked):
    """A line whose Pyodide is 3.14 gives the web its packages; the client's wheel has that Pyodide."""
    assert fletline.of("1.0.5").pyodide["3.14"].bundled
    lock = locked("flet==1.0.5", python="3.14", targets=["web"], declared=True)
    assert lock.unavailable == {}
    assert found(lock, "web") == []
    assert {"flet", "flet-web", "msgpack"} <= held(lock, "web").keys()


@pytest.mark.parametrize("version", ["0.82.2", "1.0.5"])
def test_extensions_lock_where_the_client_has_them(version, locked):
    """Those of Flet itself: each is in some client, and its package has it under the name that the table knows."""
    names = sorted({name for each in fletline.of(version).compiled.values() for name in each})
    packages = [name.replace("_", "-") for name in names]
    lock = locked(f"flet=={version}", *packages, targets=["web", *DESKTOP[:2]], declared=False)
    assert set(packages) <= held(lock, "web").keys()
    assert lock.unavailable.keys() == set(DESKTOP[:2])
    if version == "0.82.2":
        for name in ("audio", "rive", "video"):
            assert f"`flet-{name}` 0.82.2 has the Flutter extension `flet_{name}`" in lock.unavailable["linux-x86_64"]
        assert lock.unavailable["linux-x86_64"].count("has the Flutter extension") == 3
