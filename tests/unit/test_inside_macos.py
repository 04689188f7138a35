"""The steps of a macOS app with small archives, and its start, as far as that runs on any system."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from builder import data, templates
from builder.inside import module

CLIENT = {
    "Flet.app/Contents/MacOS/Flet": b"macho",
    "Flet.app/Contents/Info.plist": b"<plist/>",
    "Flet.app/Contents/_CodeSignature/CodeResources": b"seal",
    "Flet.app/Contents/Frameworks/App.framework/Versions/A/App": b"app",
}
LINKS = {
    "Flet.app/Contents/Frameworks/App.framework/Versions/Current": "A",
    "Flet.app/Contents/Frameworks/App.framework/App": "Versions/Current/App",
}
WHEEL = "flet_desktop/app/flet-macos.tar.gz"


def tar(files: Mapping[str, bytes], links: Mapping[str, str], executable: tuple[str, ...]) -> bytes:
    """A tar.gz of some files and links."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755 if name in executable else 0o644
            archive.addfile(member, io.BytesIO(content))
        for name, target in links.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return packed.getvalue()


def client(files: Mapping[str, bytes] = CLIENT) -> bytes:
    """A client's archive."""
    return tar(files, LINKS, ("Flet.app/Contents/MacOS/Flet",))


# --- client -------------------------------------------------------------------------------------------------------


def test_the_client_comes_out_whole(inside: Any, wheel: Any) -> None:
    """With its links and modes, of a wheel and of an archive alike."""
    file = wheel("flet_desktop", {WHEEL: client(), "flet_desktop/x.py": ""})
    outs = [
        inside.run("macos_client.py", {file.name: file}, [file.name]),
        inside.run("macos_client.py", {"flet-macos.tar.gz": client()}, ["flet-macos.tar.gz"]),
    ]
    for out in outs:
        held = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_symlink() or path.is_file()}
        assert held == {*CLIENT, *LINKS}
        assert {name: str((out / name).readlink()) for name in LINKS} == LINKS
        assert os.access(out / "Flet.app/Contents/MacOS/Flet", os.X_OK)
        assert not os.access(out / "Flet.app/Contents/Info.plist", os.X_OK)


@pytest.mark.parametrize("lost", CLIENT)
def test_a_client_that_lacks_a_file_is_refused(
    lost: str, inside: Any, wheel: Any, step_failed: type[Exception]
) -> None:
    """It is named."""
    file = wheel("flet_desktop", {WHEEL: client({name: data for name, data in CLIENT.items() if name != lost})})
    with pytest.raises(step_failed, match=f"has no `{lost}`"):
        inside.run("macos_client.py", {file.name: file}, [file.name])


def test_a_wheel_without_client_is_refused(inside: Any, wheel: Any, step_failed: type[Exception]) -> None:
    """As flet-desktop of Flet 1.0 is."""
    file = wheel("flet_desktop", {"flet_desktop/__init__.py": ""})
    with pytest.raises(step_failed, match="holds 0 clients, not one"):
        inside.run("macos_client.py", {file.name: file}, [file.name])


# --- CPython ------------------------------------------------------------------------------------------------------

STANDALONE = {
    "python/bin/python3.12": b"macho",
    "python/bin/pip": b"#!python",
    "python/lib/libpython3.12.dylib": b"macho",
    "python/lib/python3.12/LICENSE.txt": b"PSF",
    "python/lib/python3.12/asyncio/__init__.py": b"x = 1\n",
    "python/lib/python3.12/lib-dynload/_lzma.cpython-312-darwin.so": b"so",
    "python/lib/python3.12/lib-dynload/_tkinter.cpython-312-darwin.so": b"so",
    "python/lib/python3.12/site-packages/pip/__init__.py": b"",
    "python/lib/tcl8.6/init.tcl": b"",
}


@pytest.mark.parametrize("target", ["macos-arm64", "macos-x86_64"])
def test_the_standalone_cpython_is_pruned(target: str, inside: Any) -> None:
    """As python-build-standalone packs it, in a stand-in: without Tk and pip, its links not taken."""
    table = data.table("desktop.toml")
    row = table["python-build-standalone"][target]
    packed = tar(STANDALONE, {"python/bin/python3": "python3.12"}, ("python/bin/python3.12",))
    given = {
        "archive": "cpython.tar.gz", "below": row["below"], "take": row["take"], "leave": table["leave"], "move": {},
        "executable": [], "linked": {}, "require": ["bin/python3.12", "lib/python3.12/LICENSE.txt"], "compile": False,
    }  # fmt: skip
    out = inside.run("desktop_python.py", {"cpython.tar.gz": packed, "python.json": json.dumps(given)})
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == [
        "bin/python3.12",
        "lib/libpython3.12.dylib",
        "lib/python3.12/LICENSE.txt",
        "lib/python3.12/asyncio/__init__.py",
        "lib/python3.12/lib-dynload/_lzma.cpython-312-darwin.so",
    ]
    assert os.access(out / "bin/python3.12", os.X_OK)


# --- app ----------------------------------------------------------------------------------------------------------

APP = {"main.py": "x = 1\n", "assets/logo.png": "png", "builder.lock": "", ".env": "SECRET"}
TEXTS = ("launcher", "start.py", "start.json", "flet_desktop.py", "version.py", "Info.plist", "entitlements")


@pytest.fixture
def app(inside: Any, tmp_path: Path) -> Callable[..., Path]:
    """Runs macos_app.py over one layer; keywords are settings."""
    (tmp_path / "client" / "Flet.app").mkdir(parents=True)
    (tmp_path / "client" / "Flet.app" / "Link").symlink_to("nothing")
    layer = inside.run("zip_layer.py", {"client": tmp_path / "client"}, ["client", "Shop.app/Contents/Helpers/"])

    def run(files: Mapping[str, str] = APP, **settings: Any) -> Path:
        for name, text in files.items():
            (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "tree" / name).write_text(text)
        given = {
            "path": ".", "module": "main", "exclude": [], "include": [], "defaults": True, "cleanup": [],
            "compile": False, "bundle": "Shop.app", "launcher": "Shop", "entitlements": "Shop.entitlements",
            "archive": "Shop.zip", "layers": ["client-layer"], **settings,
        }  # fmt: skip
        inputs = {"app": tmp_path / "tree", "client-layer": layer, "app.json": json.dumps(given)}
        out: Path = inside.run("macos_app.py", {**inputs, **{name: name for name in TEXTS}})
        return out

    return run


def test_the_app_is_laid_out(app: Callable[..., Path]) -> None:
    """Its files and assets, without secrets and what says nothing to a running app; the launcher can be run."""
    out = app()
    resources = "Shop.app/Contents/Resources"
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == [
        "Shop.app/Contents/Info.plist",
        "Shop.app/Contents/MacOS/Shop",
        "Shop.app/Contents/PkgInfo",
        f"{resources}/app/assets/logo.png",
        f"{resources}/app/main.py",
        f"{resources}/python/lib/python3.12/site-packages/flet_desktop/__init__.py",
        f"{resources}/python/lib/python3.12/site-packages/flet_desktop/version.py",
        f"{resources}/start.json",
        f"{resources}/start.py",
        "Shop.entitlements",
        "Shop.zip",
    ]
    assert os.access(out / "Shop.app/Contents/MacOS/Shop", os.X_OK)


def test_the_archive_holds_layers_and_bundle(app: Callable[..., Path]) -> None:
    """And nothing that lies beside the bundle."""
    with zipfile.ZipFile(app() / "Shop.zip") as archive:
        found = {member.filename: member.external_attr >> 16 for member in archive.infolist()}
    assert found["Shop.app/Contents/Helpers/Flet.app/Link"] == 0o120755
    assert found["Shop.app/Contents/MacOS/Shop"] == 0o100755
    assert {name.split("/")[0] for name in found} == {"Shop.app"}


def test_an_app_that_would_hide_the_client_is_refused(app: Callable[..., Path], step_failed: type[Exception]) -> None:
    """Two members of one name."""
    with pytest.raises(step_failed, match="would be in the archive twice"):
        app(layers=["client-layer", "client-layer"])


def test_an_app_without_its_module_is_refused(app: Callable[..., Path], step_failed: type[Exception]) -> None:
    """It could not start."""
    with pytest.raises(step_failed, match=r"has no `main\.py`"):
        app(exclude=["main.py"])


# --- icon files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"icns", b"icns\0\0\0\x08", b"icns\0\0\0\x11ic07\0\0\0\x09", b"icns\0\0\0\x10ic07\0\0\0\0", b"\x89PNG" * 9],
)
def test_what_is_no_icon_file_is_refused(content: bytes, tmp_path: Path) -> None:
    """One that is cut off as well."""
    (tmp_path / "icon.icns").write_bytes(content)
    sys.path.insert(0, str(Path(module("tree").__file__ or "").parent))
    icns = module("icns")
    with pytest.raises(icns.Refused, match=r"`icon\.icns` of the app's assets is no icon file"):
        icns.checked(tmp_path / "icon.icns")


# --- the start of an app ------------------------------------------------------------------------------------------

# Runs start.py as macOS would: what asks for the system is told that it is that one.
AS_DARWIN = """
import asyncio, ctypes, runpy, subprocess, sys
sys.platform = "darwin"
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
FLET = """#!/bin/sh
printf '%s\\n' "$0" "$@" > "$HOME/arguments"
env > "$HOME/environment"
echo $$ > "$HOME/client"
[ -n "$2" ] && echo $$ > "$2"
[ -e "$HOME/ends" ] && exit "$(cat "$HOME/ends")"
exec sleep 1000
"""
SHOWS = """
import asyncio, flet_desktop, os, sys
view, pid_file = flet_desktop.open_flet_view("/tmp/socket", os.environ["FLET_ASSETS_DIR"], False)
open(os.environ["HOME"] + "/watcher", "w").write(str(flet_desktop.watcher.pid))
view.wait()
flet_desktop.close_flet_view(pid_file)
"""
SHOWS_ASYNC = """
import asyncio, flet_desktop, os
async def main():
    view, pid_file = await flet_desktop.open_flet_view_async("/tmp/socket", os.environ["FLET_ASSETS_DIR"], False)
    await view.wait()
    flet_desktop.close_flet_view(pid_file)
asyncio.run(main())
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle whose client is a script; the working folder holds an app that Flet's own module would prefer."""
    contents = tmp_path / "The Shop.app" / "Contents"
    program = contents / "Helpers" / "Flet.app" / "Contents" / "MacOS" / "Flet"
    app = contents / "Resources" / "app"
    for folder in (program.parent, app / "flet" / "utils", app / "flet_desktop", tmp_path / "home"):
        folder.mkdir(parents=True)
    program.write_text(FLET)
    program.chmod(0o755)
    (app / "flet" / "utils" / "pip.py").write_text("")
    (app / "flet_desktop" / "__init__.py").write_text(templates.render("desktop/flet_desktop.py"))
    (contents / "Resources" / "start.py").write_text(templates.render("desktop/start.py"))
    (contents / "Resources" / "start.json").write_text(json.dumps({"id": "org.shop", "module": "main", "hidden": True}))
    (tmp_path / "build" / "macos" / "Other.app").mkdir(parents=True)
    return contents


@pytest.fixture
def started(bundle: Path, tmp_path: Path) -> Iterator[Callable[[str], "subprocess.Popen[str]"]]:
    """Starts the bundle's app; what still runs of it at the end is killed."""
    running = []

    def start(main: str, code: str = "") -> "subprocess.Popen[str]":
        (bundle / "Resources" / "app" / "main.py").write_text(main)
        if code:
            (tmp_path / "home" / "ends").write_text(code)
        command = [sys.executable, "-I", "-B", "-c", AS_DARWIN, str(bundle / "Resources" / "start.py")]
        environment = {"HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin", "FLET_VIEW_PATH": "/else"}
        running.append(subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def written(place: Path) -> str:
    """The text of a file that is about to be there."""
    deadline = time.monotonic() + 20
    while not (place.is_file() and place.read_text().endswith("\n")):
        assert time.monotonic() < deadline, place
        time.sleep(0.02)
    return place.read_text()


def gone(process: int) -> bool:
    """Whether a process that is about to end has ended."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("main", [SHOWS, SHOWS_ASYNC], ids=["threads", "asyncio"])
def test_the_client_inside_is_started(main: str, started: Any, bundle: Path, tmp_path: Path) -> None:
    """Directly, with the app's environment; not the one in build/macos of the working folder."""
    app = started(main, "0")
    assert app.wait(30) == 0
    home = tmp_path / "home"
    lines = (home / "arguments").read_text().splitlines()
    assert lines[0] == str(bundle / "Helpers/Flet.app/Contents/MacOS/Flet")
    assert lines[1] == "/tmp/socket"
    assert lines[3] == str(bundle / "Resources/app/assets")
    found = dict(line.split("=", 1) for line in (home / "environment").read_text().splitlines())
    assert found["FLET_HIDE_WINDOW_ON_START"] == "true"
    assert found["FLET_APP_STORAGE_DATA"] == f"{home}/Library/Application Support/org.shop"
    assert found["FLET_APP_STORAGE_TEMP"] == f"{home}/Library/Caches/org.shop"
    assert found["FLET_APP_CONSOLE"] == f"{home}/Library/Caches/org.shop/out.log"
    assert "DISPLAY" not in found
    assert not Path(lines[2]).exists()  # the file of the process id


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_one_signal_ends_both(number: signal.Signals, started: Any, tmp_path: Path) -> None:
    """And what watches over them."""
    app = started(SHOWS)
    client = int(written(tmp_path / "home" / "client"))
    while not (tmp_path / "home" / "watcher").is_file():
        time.sleep(0.02)
    app.send_signal(number)
    assert app.wait(30) == -number
    assert gone(client)
    assert gone(int((tmp_path / "home" / "watcher").read_text()))


def test_a_killed_app_leaves_no_client(started: Any, tmp_path: Path) -> None:
    """Even where Python can do nothing more: macOS has no prctl."""
    app = started(SHOWS)
    client = int(written(tmp_path / "home" / "client"))
    while not (tmp_path / "home" / "watcher").is_file():
        time.sleep(0.02)
    app.kill()
    app.wait(30)
    assert gone(client)


def test_an_exception_is_logged(started: Any, tmp_path: Path) -> None:
    """Exit code 100, and the traceback where macOS' users look for it."""
    assert started("1 / 0").wait(30) == 100
    log = (tmp_path / "home/Library/Caches/org.shop/out.log").read_text()
    assert log.endswith("ZeroDivisionError: division by zero\n")
    assert (tmp_path / "home/Library/Application Support/org.shop").stat().st_mode & 0o777 == 0o700


def test_a_client_that_shows_no_window_is_told(started: Any, bundle: Path, tmp_path: Path) -> None:
    """Its exit code is the app's."""
    program = bundle / "Helpers/Flet.app/Contents/MacOS/Flet"
    program.write_text("#!/bin/sh\nexit 3\n")
    assert started(SHOWS).wait(30) == 3
    log = (tmp_path / "home/Library/Caches/org.shop/out.log").read_text()
    assert log == "error: Flet's client could not show a window, it ended with 3\n"
