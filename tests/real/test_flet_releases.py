"""Flet 1.0 on Linux, whose client is an archive of Flet's own release: a real client of 0.82.2, packed and named so."""

import gzip
import hashlib
import io
import os
import re
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from builder import fletline, lockfile
from builder.commands.lock import Wish
from builder.errors import BuilderError, Exit
from builder.network import mirrors
from builder.network.http import Http
from builder.sources.pypi import project_files

from .desktop import missing, sandboxed
from .locking import Locking, store_beside
from .worlds import BUILDER, ROOT

pytestmark = pytest.mark.real

TARGET = "linux-x86_64"
FILE = "flet-linux-debian10-light-amd64.tar.gz"
PATH = f"/v1.0.5/{FILE}"
MIRROR = "BUILDER_MIRROR_FLET_RELEASES"
APP = f"""
[project]
name = "counter"
version = "1.0.0"
dependencies = ["flet==1.0.5"]
[tool.builder]
runtime = "bytedeco"
targets = ["{TARGET}"]
"""


@pytest.fixture(scope="module")
def archive() -> bytes:
    """The client as `tar -czf FILE -C ... flet` packs it, by somebody, on some day."""
    fixture = ROOT / "fixtures" / "counter-desktop"
    subprocess.run([BUILDER, "fetch", fixture, "-t", TARGET], check=True)
    (wheel,) = (pin for pin in lockfile.load(fixture).packages_of(TARGET) if pin.name == "flet-desktop-light")
    with zipfile.ZipFile(Path(os.environ["BUILDER_HOME"], "files", wheel.sha256)) as opened:
        (name,) = (name for name in opened.namelist() if name.endswith(".tar.gz"))
        inner = opened.read(name)
    data = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(inner)) as old,
        tarfile.open(fileobj=data, mode="w:gz", compresslevel=1) as new,
    ):
        for member in old:
            member.mtime, member.uid, member.uname = 1_800_000_000, 1001, "runner"
            new.addfile(member, old.extractfile(member) if member.isreg() else None)
    return data.getvalue()


@pytest.fixture
def world(tmp_path: Path, archive: bytes, server: Any) -> Locking:
    """An app of flet 1.0.5 beside a mirror of Flet's releases."""
    server.routes[PATH] = archive
    made = Locking(tmp_path, APP, store_beside(tmp_path))
    made.environ[MIRROR] = server.url
    return made


def test_the_first_bytes_are_the_ones_that_are_locked(world: Locking, archive: bytes, server: Any) -> None:
    """Hash and size of what came first; a further lock asks for nothing, and a mirror that changed is refused."""
    lock = world.lock()
    (pin,) = (pin for pin in lock.pins if pin.name == "flet-client")
    assert (pin.file, pin.path, pin.source, pin.hash) == (FILE, "v1.0.5/", "flet-releases", "first-use")
    assert (pin.sha256, pin.size) == (hashlib.sha256(archive).hexdigest(), len(archive))
    text = (world.app / "builder.lock").read_text()
    assert server.url not in text
    changed = gzip.compress(gzip.decompress(archive), 1, mtime=7)
    server.routes[PATH] = changed
    assert world.lock() == lock
    assert server.count(PATH) == 1
    with pytest.raises(BuilderError) as caught:
        world.lock(Wish(packages=("flet-client",)))
    assert caught.value.code == Exit.MISMATCH
    assert (world.app / "builder.lock").read_text() == text
    (world.store / "files" / pin.sha256).unlink()  # as on another machine
    done = world.run("fetch")
    assert done.returncode == Exit.MISMATCH, done.stderr
    assert pin.sha256 in done.stderr and hashlib.sha256(changed).hexdigest() in done.stderr


def test_where_nothing_can_be_reached_the_ways_out_are_named(world: Locking) -> None:
    """While locking and while fetching: the version whose client is a wheel, and the variable of a mirror."""
    reached = dict(world.environ)
    world.environ[MIRROR] = "http://127.0.0.1:1/"
    done = world.run("lock")
    assert done.returncode == Exit.FETCH
    assert "0.82.2" in done.stderr and MIRROR in done.stderr
    assert not (world.app / "builder.lock").exists()
    world.environ = reached
    (pin,) = (pin for pin in world.lock().pins if pin.name == "flet-client")
    (world.store / "files" / pin.sha256).unlink()
    world.environ = reached | {MIRROR: "http://127.0.0.1:1/"}
    done = world.run("fetch")
    assert done.returncode == Exit.FETCH
    assert "0.82.2" in done.stderr and MIRROR in done.stderr


IMPORTS = """
import os, flet.version, flet_desktop.version, msgpack._cmsgpack
client = os.environ["FLET_VIEW_PATH"] + "/flet"
print(flet.version.flet_version, flet_desktop.version.version, os.access(client, os.X_OK))
"""


def test_an_app_is_built_with_it_and_starts(world: Locking, tmp_path: Path) -> None:
    """The bundle is Flet 1.0.5 beside that client, and its launcher runs the app; a window needs the real one."""
    (world.app / "main.py").write_text(IMPORTS)
    world.lock()
    built = world.run("build", TARGET)
    assert built.returncode == 0, built.stderr
    bundle = Path(built.stdout.strip(), "counter")
    assert (bundle / "lib" / "client" / "lib" / "libflutter_linux_gtk.so").is_file()
    if lacking := missing():
        if os.environ.get("BUILDER_REQUIRE_TOOLS") == "1":
            pytest.fail(lacking)
        pytest.skip(lacking)
    command = sandboxed(bundle, "/opt/an app/counter", home=tmp_path / "home", DISPLAY=":1")
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=90, stdin=subprocess.DEVNULL)
    assert said.stdout.startswith("1.0.5 1.0.5 True\ncode 0\n")


def test_the_names_are_those_that_flet_downloads(tmp_path: Path) -> None:
    """As the code of flet-desktop makes them for the glibc that each client is taken for."""
    bases = mirrors.Bases(settings={}, environ=os.environ, home=Path.home(), origins={})
    http = Http(bases.base, environ=os.environ)
    line = fletline.of("1.0.5")
    for version in line.tested:
        file = f"flet_desktop-{version}-py3-none-any.whl"
        (url,) = (row.url for row in project_files("flet-desktop", http.base("pypi"), http) if row.file == file)
        with zipfile.ZipFile(io.BytesIO(http.read(url))) as wheel:
            code = wheel.read("flet_desktop/__init__.py").decode()
        table = dict(re.findall(r'\(\(2, (\d+)\), "([a-z0-9.]+)"\)', code))
        names: list[str] = re.findall(r'return f?"(flet-[^"]+)"', code)
        distros = {True: table["28"], False: table["36"]}  # of the light client and of the full one
        written = {
            name.replace("{distro}", distros["light" in name]).replace("{arch}", machine)
            for name in names
            for machine in ("amd64", "arm64")
        }
        assert written == set(line.archives.values())
