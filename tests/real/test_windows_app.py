"""The built Windows app: the same bytes everywhere, its programs' icon and version, and what of it runs under Wine.

Flet's own program shows no window there: Wine 8 lacks what it asks of Windows. A program of a few lines stands in its
place where a test needs a client.
"""

import io
import json
import os
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder import nar

from .worlds import BUILDER, ROOT, World

pytestmark = pytest.mark.real

FIXTURE, TARGET, IDENTIFIER = "counter-desktop", "windows-x86_64", "com.flet.counter"
SHEBANG = b"#!<launcher_dir>"
SIZES = [16, 24, 32, 48, 64, 128, 256]


def build(folder: Path, pyproject: str = "", *options: str) -> Path:
    """The artifact of the fixture; with another pyproject.toml from a plan made in memory."""
    app = folder / "app"
    shutil.copytree(ROOT / "fixtures" / FIXTURE, app, ignore=shutil.ignore_patterns("build"))
    if pyproject:
        (app / "pyproject.toml").write_text((app / "pyproject.toml").read_text().replace('"Counter"\n', pyproject))
    done = subprocess.run([BUILDER, "build", TARGET, *options], cwd=app, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert pyproject or "equals the one committed" in done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifact of the fixture, from the committed plan."""
    return build(tmp_path_factory.mktemp("windows"), "", "--frozen")


# --- bytes --------------------------------------------------------------------------------------------------------


def test_another_place_gives_the_same_app(built: Path, tmp_path: Path) -> None:
    """In a store that is empty but for the files."""
    store = tmp_path / "store"
    (store / "files").mkdir(parents=True)
    for file in (Path(os.environ["BUILDER_HOME"]) / "files").iterdir():
        os.link(file, store / "files" / file.name)
    app = tmp_path / "ein Örtchen"
    shutil.copytree(ROOT / "fixtures" / FIXTURE, app, ignore=shutil.ignore_patterns("build"))
    command = [BUILDER, "build", TARGET, "--frozen", "--json"]
    environment = {**os.environ, "BUILDER_HOME": str(store), "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    done = subprocess.run(command, cwd=app, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["digest"] == nar.sha256(built)


def test_nix_gives_the_same_app(fetched: Path, tmp_path: Path, built: Path) -> None:
    """Folder and zip have the digest that bubblewrap gives."""
    if shutil.which("nix-build") is None:
        pytest.skip("nix-build not found")
    world = World(tmp_path, fetched, FIXTURE)
    world.env["NIX_REMOTE"] = str(tmp_path / "nix-store")
    if os.geteuid() == 0:
        world.env["NIX_CONFIG"] = "build-users-group =\n"
    done = world.run("build", TARGET, "--json", "--frozen", "--backend", "nix")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["backend"] == "nix"
    assert json.loads(done.stdout)["digest"] == nar.sha256(built)


def test_the_zip_is_the_folder(built: Path, tmp_path: Path) -> None:
    """The same files, all below one folder, each once, with one date; those that can be run can be run."""
    with zipfile.ZipFile(built / "counter-1.0.0-windows-x86_64.zip") as archive:
        assert archive.testzip() is None
        members = {member.filename: member for member in archive.infolist()}
        assert len(members) == len(archive.infolist())
        archive.extractall(tmp_path)
    assert {member.date_time for member in members.values()} == {(1980, 1, 1, 0, 0, 0)}
    assert [path.name for path in tmp_path.iterdir()] == ["counter"]
    for name, member in members.items():
        (tmp_path / name).chmod(member.external_attr >> 16 & 0o777)
    assert nar.sha256(tmp_path / "counter") == nar.sha256(built / "counter")
    assert {name for name in members if name.endswith(".exe")} == {
        name for name, member in members.items() if member.external_attr >> 16 & 0o100
    }


def test_the_folder_holds_what_the_app_needs(built: Path) -> None:
    """CPython with its C runtime beside its DLL, Flet's client with its own; no Tk, and no client inside of Flet."""
    lib = built / "counter" / "lib"
    for name in ("pythonw.exe", "python312.dll", "python3.dll", "vcruntime140.dll", "vcruntime140_1.dll"):
        assert (lib / "python" / name).is_file()
    for name in ("flet.exe", "flutter_windows.dll", "msvcp140.dll", "vcruntime140.dll", "data/app.so"):
        assert (lib / "client" / name).is_file()
    names = [path.relative_to(lib).as_posix() for path in lib.rglob("*")]
    assert [name for name in names if "tcl8" in name or "tk8" in name or "tkinter" in name] == []
    packages = lib / "python" / "lib" / "site-packages"
    assert sorted(path.name for path in (packages / "flet_desktop").iterdir()) == ["__init__.py", "version.py"]
    assert (packages / "msgpack" / "_cmsgpack.cp312-win_amd64.pyd").is_file()
    assert not (packages / "flet" / "app.py").exists()
    magic = (packages / "flet" / "app.pyc").read_bytes()[:4]
    assert magic == (lib / "python" / "lib" / "os.pyc").read_bytes()[:4] == bytes.fromhex("cb0d0d0a")  # of 3.12


# --- programs -----------------------------------------------------------------------------------------------------

PROGRAMS = ("counter.exe", "lib/client/flet.exe")


def icon(program: Path, folder: Path, tool: Callable[[str], str]) -> Path:
    """The icon of a program, as icoutils sees it."""
    tool("icotool")
    found = folder / f"{program.stem}.ico"
    subprocess.run([tool("wrestool"), "-x", "-t14", "-n101", f"--output={found}", program], check=True)
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_icon_is_the_apps(name: str, built: Path, tmp_path: Path, tool: Callable[[str], str]) -> None:
    """In each size, with the colours of the fixture's picture in it."""
    found = icon(built / "counter" / name, tmp_path, tool)
    listed = subprocess.run(["icotool", "--list", found], capture_output=True, text=True, check=True).stdout
    assert [int(line.split("--width=")[1].split()[0]) for line in listed.splitlines()] == SIZES
    assert all("--bit-depth=32" in line for line in listed.splitlines())
    subprocess.run(["icotool", "--extract", "--width=256", f"--output={tmp_path / 'icon.png'}", found], check=True)
    drawn = (tmp_path / "icon.png").read_bytes()
    assert drawn[16:24] == (256).to_bytes(4) * 2


@pytest.mark.parametrize("name", PROGRAMS)
def test_other_resources_stay(name: str, built: Path, tool: Callable[[str], str]) -> None:
    """The manifest, by which Windows knows a program as one that needs no rights and knows of its display."""
    listed = subprocess.run(
        [tool("wrestool"), "-l", built / "counter" / name], capture_output=True, text=True, check=True
    )
    kinds = {line.split("--type=")[1].split()[0] for line in listed.stdout.splitlines()}
    assert kinds == {"3", "14", "16", "24"}


# --- Wine ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wine:
    """Windows, as far as Wine has it, with a home of its own."""

    prefix: Path

    @property
    def environment(self) -> dict[str, str]:
        """What programs of this machine find in theirs."""
        kept = {"PATH": os.environ["PATH"], "HOME": str(self.prefix), "LC_ALL": "C.UTF-8"}  # else no name beyond ASCII
        return {**kept, "WINEPREFIX": str(self.prefix), "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml="}

    @property
    def local(self) -> Path:
        """The app's temporary storage."""
        return next(self.prefix.glob("drive_c/users/*/AppData/Local")) / IDENTIFIER

    def start(self, *argv: str | Path, cwd: Path, **environment: str) -> "subprocess.Popen[str]":
        """A program, running, its output in a pipe: CPython does not start there with a file in that place."""
        return subprocess.Popen(
            ["wine", *argv], cwd=cwd, env={**self.environment, **environment}, encoding="utf-8",
            errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, *argv: str | Path, cwd: Path, **environment: str) -> tuple[int, str]:
        """How a program ended and what it wrote."""
        process = self.start(*argv, cwd=cwd, **environment)
        said, _ = process.communicate(timeout=120)
        return process.returncode, said


@pytest.fixture(scope="session")
def wine(tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]) -> Iterator[Wine]:
    """A new Wine, which is gone afterwards with all that runs in it."""
    tool("wine")
    found = Wine(tmp_path_factory.mktemp("wine") / "prefix")
    subprocess.run(["wine", "wineboot", "--init"], env=found.environment, capture_output=True, check=True, timeout=300)
    yield found
    subprocess.run(["wineserver", "--kill"], env=found.environment, check=False)
    subprocess.run(["wineserver", "--wait"], env=found.environment, check=False)


@pytest.fixture
def bundle(built: Path, tmp_path: Path) -> Path:
    """A copy of the app in a folder with an odd name.

    Its `_wmi.pyd` is left out for Wine alone, whose propsys.dll lacks a function that this module imports.
    """
    copy = tmp_path / "an äpp"
    shutil.copytree(built / "counter", copy, copy_function=os.link)
    (copy / "lib/python/lib/_wmi.pyd").unlink()
    return copy


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A working folder in which programs lie that Flet itself, or Windows, would take for the app's."""
    folder = tmp_path / "elsewhere"
    (folder / "build" / "windows").mkdir(parents=True)
    (folder / "build" / "windows" / "client.exe").write_text("no program")
    (folder / "ssl.py").write_text("print('HIJACKED')")
    return folder


def give(bundle: Path, main: str) -> None:
    """Give the app other code."""
    (bundle / "lib/app/main.py").unlink()
    (bundle / "lib/app/main.py").write_text(main, encoding="utf-8")


SHOW = """
import json, os, ssl, sys
import bz2, ctypes, lzma, sqlite3, zlib, multiprocessing, msgpack._cmsgpack, flet, flet_desktop
stable = ctypes.WinDLL(os.path.join(sys.prefix, "python3.dll"))
stable.Py_GetVersion.restype = ctypes.c_char_p
version = ctypes.WinDLL("version")

def said(program):
    data = ctypes.create_string_buffer(version.GetFileVersionInfoSizeW(program, None))
    version.GetFileVersionInfoW(program, 0, len(data), data)
    found, size = ctypes.c_void_p(), ctypes.c_uint()
    texts = {}
    for name in ("ProductName", "FileDescription", "CompanyName", "LegalCopyright", "FileVersion", "Comments",
                 "OriginalFilename"):
        path = "\\\\StringFileInfo\\\\040904B0\\\\" + name
        if version.VerQueryValueW(data, path, ctypes.byref(found), ctypes.byref(size)):
            texts[name] = ctypes.wstring_at(found.value)
    version.VerQueryValueW(data, "\\\\", ctypes.byref(found), ctypes.byref(size))
    numbers = (ctypes.c_uint32 * 13).from_address(found.value)
    texts["numbers"] = [numbers[2] >> 16, numbers[2] & 65535, numbers[3] >> 16, numbers[3] & 65535]
    return texts

lib = os.path.dirname(sys.prefix)
programs = [os.path.join(os.path.dirname(lib), "counter.exe"), os.path.join(lib, "client", "flet.exe")]
print(json.dumps({
    "argv": sys.argv, "path": sys.path, "cwd": os.getcwd(), "environ": dict(os.environ), "name": __name__,
    "file": __file__, "lib": lib, "flet": flet_desktop.__file__, "stable": stable.Py_GetVersion().decode(),
    "authorities": len(ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"]).get_ca_certs()),
    "versions": [said(program) for program in programs], "letters": "Лавка 商店",
}, ensure_ascii=False))
sys.exit(7)
"""
FOREIGN = {"FLET_PLATFORM": "windows", "FLET_SERVER_PORT": "8550", "FLET_VIEW_PATH": "Z:\\", "PYTHONHOME": "Z:\\"}


def test_what_an_app_finds(bundle: Path, elsewhere: Path, wine: Wine) -> None:
    """From another folder: its modules, files, certificates, storage; its exit code goes through, any letter out."""
    give(bundle, SHOW)
    code, said = wine.run("../an äpp/counter.exe", "--open", "a file", cwd=elsewhere, PYTHONPATH="Z:\\", **FOREIGN)
    assert (code, "HIJACKED" in said) == (7, False), said
    found = json.loads((wine.local / "out.log").read_text(encoding="utf-8"))
    lib = found["lib"]
    assert lib.endswith("an äpp\\lib")
    assert found["letters"] == "Лавка 商店"
    assert found["argv"] == [f"{lib}\\app\\main.py", "--open", "a file"]
    packages = f"{lib}\\python\\lib\\site-packages"
    assert found["path"] == [f"{lib}\\app", f"{lib}\\python\\lib", packages, f"{lib}\\python"]
    assert (found["name"], found["file"]) == ("__main__", f"{lib}\\app\\main.py")
    assert found["flet"] == f"{packages}\\flet_desktop\\__init__.py"
    assert found["stable"].startswith("3.12.")
    assert found["authorities"] > 100
    environ = found["environ"]
    assert {name: value for name, value in environ.items() if name.startswith("FLET_")} == {
        "FLET_APP_CONSOLE": f"{environ['LOCALAPPDATA']}\\{IDENTIFIER}\\out.log",
        "FLET_APP_ID": IDENTIFIER,
        "FLET_APP_STORAGE_DATA": f"{environ['APPDATA']}\\{IDENTIFIER}",
        "FLET_APP_STORAGE_TEMP": f"{environ['LOCALAPPDATA']}\\{IDENTIFIER}",
        "FLET_ASSETS_DIR": f"{lib}\\app\\assets",
        "FLET_VIEW_PATH": f"{lib}\\client",
    }
    assert environ["SSL_CERT_FILE"] == f"{packages}\\certifi\\cacert.pem"
    for name, texts in zip(("counter.exe", "flet.exe"), found["versions"], strict=True):
        assert texts == {
            "ProductName": "Counter", "FileDescription": "Counter", "FileVersion": "1.0.0", "numbers": [1, 0, 0, 1],
            "Comments": "A counter built with builder", "OriginalFilename": name,
        }  # fmt: skip


NASTY = """"Ann's \\"Shöp\\" 商店"
company = "Ann & Bob"
copyright = "© Ann"
artifact = "Ann's shöp"
build_number = 77
"""


def test_odd_names_reach_the_programs(tmp_path: Path, wine: Wine) -> None:
    """Quotes, other scripts, in the version resource and in the names of files."""
    copy = build(tmp_path, NASTY) / "Ann's shöp"
    (copy / "lib/python/lib/_wmi.pyd").unlink()
    give(copy, SHOW.replace("counter.exe", "Ann's shöp.exe"))
    code, said = wine.run(copy / "Ann's shöp.exe", cwd=tmp_path)
    assert code == 7, said
    texts = json.loads((wine.local / "out.log").read_text(encoding="utf-8"))["versions"][0]
    assert texts["ProductName"] == texts["FileDescription"] == 'Ann\'s "Shöp" 商店'
    assert (texts["CompanyName"], texts["LegalCopyright"], texts["numbers"]) == ("Ann & Bob", "© Ann", [1, 0, 0, 77])


ENDS = {
    "returns": ("pass", 0, ""),
    "a text": ("import sys; sys.exit('no licence')", 1, "no licence\n"),
    "an exception": ("1 / 0", 100, "ZeroDivisionError: division by zero\n"),
    "a syntax error": ("def", 100, "SyntaxError: invalid syntax\n"),
}


@pytest.mark.parametrize("how", ENDS)
def test_the_exit_code_is_the_apps(how: str, bundle: Path, elsewhere: Path, wine: Wine) -> None:
    """As in Flet's own builds: 100 for what was not caught, with the traceback in out.log."""
    text, code, logged = ENDS[how]
    give(bundle, text)
    assert wine.run(bundle / "counter.exe", cwd=elsewhere)[0] == code
    assert logged in (wine.local / "out.log").read_text(encoding="utf-8")


def test_an_app_without_any_stream_writes_its_log(bundle: Path, elsewhere: Path, wine: Wine) -> None:
    """As one that is started by a double click: there, stdout and stderr are None."""
    give(bundle, "import sys\nprint(sys.__stdout__, sys.__stderr__)\nsys.exit('bye')")
    assert wine.run("start", "/wait", "/unix", bundle / "counter.exe", cwd=elsewhere)[0] == 1
    assert (wine.local / "out.log").read_text(encoding="utf-8") == "None None\nbye\n"


CHILD = """
import multiprocessing, os

def work(queue):
    queue.put(os.getpid())

if __name__ == "__main__":
    queue = multiprocessing.Queue()
    child = multiprocessing.Process(target=work, args=(queue,))
    child.start()
    assert queue.get() != os.getpid()
    child.join()
    print("worked")
"""


def test_an_app_can_start_processes_of_its_own(bundle: Path, elsewhere: Path, wine: Wine) -> None:
    """By multiprocessing, which starts the interpreter anew and imports the app's module."""
    give(bundle, CHILD)
    code, said = wine.run(bundle / "counter.exe", cwd=elsewhere)
    assert (code, "worked" in said) == (0, True), said


# Flet's client as the app sees it: connects, says that it has a window, ends when that is closed.
CLIENT = """
import json, os, socket, sys, time
url, pid_file, assets = sys.argv[1:]
host, _, port = url.removeprefix("tcp://").partition(":")
connection = socket.create_connection((host, int(port)))
with open(pid_file, "w") as file:
    file.write(str(os.getpid()))
hidden = os.environ.get("FLET_HIDE_WINDOW_ON_START")
print("client", assets, hidden, flush=True)
time.sleep(float(os.environ["CLIENT_SECONDS"]))
sys.exit(5)
"""


@pytest.fixture
def shown(bundle: Path) -> Path:
    """The app with a client of a few lines in the place of Flet's, started by the same launcher."""
    launcher = (bundle / "counter.exe").read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("__main__.py", CLIENT)
    program = bundle / "lib/client/flet.exe"
    program.unlink()
    stub = launcher[: launcher.index(SHEBANG)]
    program.write_bytes(stub + SHEBANG + b"\\..\\python\\pythonw.exe -I -B\r\n" + packed.getvalue())
    return bundle


def test_closing_the_window_ends_the_app(shown: Path, elsewhere: Path, wine: Wine) -> None:
    """With code 0, however the client itself ended; it was started from the app's folder, by TCP, with its assets."""
    code, said = wine.run(shown / "counter.exe", cwd=elsewhere, CLIENT_SECONDS="1")
    assert code == 0, said
    assert "lib\\app\\assets None" in said


def processes(wine: Wine, words: str) -> list[int]:
    """The processes of a Wine whose command line holds some words, but for Wine's own."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            mine = f"WINEPREFIX={wine.prefix}".encode() in (entry / "environ").read_bytes()
        except OSError:
            continue
        if mine and words in line:
            found.append(int(entry.name))
    return found


@pytest.mark.parametrize("killed", ["interpreter", "launcher"])
def test_a_killed_app_leaves_no_client(killed: str, shown: Path, elsewhere: Path, wine: Wine) -> None:
    """Windows ends what the app put into its job; the launcher has one of its own, for the interpreter."""
    app = wine.start(shown / "counter.exe", cwd=elsewhere, CLIENT_SECONDS="1000")
    assert app.stdout
    assert any(line.startswith("client ") for line in app.stdout)
    assert processes(wine, "flet.exe tcp://")
    interpreters = [number for number in processes(wine, "pythonw.exe") if number in processes(wine, "counter.exe")]
    os.kill(app.pid if killed == "launcher" else interpreters[0], signal.SIGKILL)
    deadline = time.monotonic() + 30
    while left := processes(wine, "flet.exe tcp://") + processes(wine, "counter.exe"):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    app.communicate(timeout=30)


def test_a_client_without_a_window_is_told(bundle: Path, elsewhere: Path, wine: Wine) -> None:
    """Flet's own, with its new resources: it starts, and ends since there is no screen; no server takes its place."""
    code, _ = wine.run(bundle / "counter.exe", cwd=elsewhere)
    assert code not in (0, 100)
    logged = (wine.local / "out.log").read_text(encoding="utf-8")
    assert logged == f"error: Flet's client could not show a window, it ended with {code}\n"


def test_nothing_is_ever_installed(bundle: Path, elsewhere: Path, wine: Wine) -> None:
    """An app that asks for a web server is told what it lacks."""
    give(bundle, "import flet as ft\nft.run(lambda page: None, view=ft.AppView.WEB_BROWSER)")
    code, said = wine.run(bundle / "counter.exe", cwd=elsewhere)
    assert code == 1
    assert "holds no `flet-web`" in said
