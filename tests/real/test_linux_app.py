"""The built Linux app, without network and system Python: it draws, counts and ends; what it gives to apps."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder import nar

from .desktop import HEIGHT, Screen, missing, sandboxed, screen
from .worlds import BUILDER, ROOT, World

pytestmark = pytest.mark.real

FIXTURE = "counter-desktop"
IDENTIFIER = "com.flet.counter"
LAUNCHER = "/opt/an app/counter"
PLUS = (665, 475)  # the button that counts up
LABEL = (540, 390, 740, 440)  # where the count stands
ARM = Path("/usr/aarch64-linux-gnu")  # of Debian's libc6-arm64-cross


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifact of the fixture for this machine's kind of processor."""
    return build("linux-x86_64", tmp_path_factory.mktemp("linux"))


def build(target: str, folder: Path) -> Path:
    """The artifact of the fixture for a target, from the committed plan."""
    app = folder / "app"
    shutil.copytree(ROOT / "fixtures" / FIXTURE, app, ignore=shutil.ignore_patterns("build"))
    done = subprocess.run([BUILDER, "build", target, "--frozen"], cwd=app, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "equals the one committed" in done.stderr
    return Path(done.stdout.strip())


@pytest.fixture
def bundle(built: Path) -> Path:
    """The app's folder; skips where the machine can't show windows."""
    if lacking := missing():
        if os.environ.get("BUILDER_REQUIRE_TOOLS") == "1":
            pytest.fail(lacking)
        pytest.skip(lacking)
    return built / "counter"


@pytest.fixture
def display(bundle: Path, tmp_path: Path) -> Iterator[Screen]:
    with screen(tmp_path) as found:
        yield found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def with_main(bundle: Path, folder: Path, text: str) -> Path:
    """The bundle with another app in it: links to its files, but for main.py."""
    copy = folder / "bundle"
    shutil.copytree(bundle, copy, copy_function=os.link, symlinks=True)
    main = copy / "lib" / "app" / "main.py"
    main.unlink()
    main.write_text(text)
    return copy


def run(bundle: Path, *argv: str, home: Path, **environment: str) -> str:
    """What a program of the bundle writes, its code, and what it leaves running."""
    command = sandboxed(bundle, *(argv or (LAUNCHER,)), home=home, **environment)
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=90, stdin=subprocess.DEVNULL
    ).stdout


def start(bundle: Path, display: Screen, home: Path) -> subprocess.Popen[str]:
    """The app on a screen, running."""
    command = sandboxed(bundle, LAUNCHER, home=home, shared=(display.socket,), DISPLAY=f":{display.number}")
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def ended(app: subprocess.Popen[str]) -> tuple[int, list[str]]:
    """How the app ended: its exit code, and what of it still runs."""
    said, _ = app.communicate(timeout=60)
    assert "HIJACKED" not in said
    code, _, left = said.partition("\ncode ")[2].partition("\n")
    assert code, said
    return int(code), running(left)


def running(listed: str) -> list[str]:
    """The processes of the app in a list of all."""
    return [line for line in listed.splitlines() if line.startswith(("/opt/an app/", IDENTIFIER))]


def inside(app: subprocess.Popen[str], words: str) -> int:
    """The process in the app's sandbox whose command line begins so, by the id that this machine has for it."""
    children = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            children[int(status.parent.name)] = int(re.findall(r"^PPid:\t(\d+)", status.read_text(), re.MULTILINE)[0])
        except (OSError, IndexError):
            continue
    for process in children:
        above = process
        while above in children and above != app.pid:
            above = children[above]
        try:
            line = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if above == app.pid and line.startswith(words):
            return process
    raise AssertionError(f"no process {words}")


def test_the_window_draws_counts_and_closes(bundle: Path, display: Screen, home: Path) -> None:
    """A read-only app: the picture is there, a click changes the count, closing the window ends all, with code 0."""
    app = start(bundle, display, home)
    window = display.window("Counter")
    display.wait("picture of the app", lambda: display.pixel(640, 300) == (220, 40, 90))
    assert display.pixel(640, 330) == (255, 255, 255)  # the plus in the picture: assets were found
    assert display.pixel(5, HEIGHT - 5) == (0, 0, 0)  # below the window
    before = display.part(*LABEL)
    assert len(set(before)) > 10  # there is a text
    display.click(*PLUS)
    display.wait("another count", lambda: display.part(*LABEL) != before, 20)
    name = subprocess.run(
        ["xprop", "-display", f":{display.number}", "-id", window, "WM_CLASS"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f'"{IDENTIFIER}"' in name.stdout
    close(display, window)
    assert ended(app) == (0, [])
    assert (home / ".cache" / IDENTIFIER / "out.log").is_file()
    assert not (home / ".flet").exists()


def close(display: Screen, window: str) -> None:
    """Ask a window to close, as a window manager does whose button is pressed (ICCCM 4.2.8.1)."""
    code = Path(__file__).with_name("x11_close.py")
    subprocess.run([sys.executable, str(code), display.socket, window], check=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_one_signal_ends_both(number: signal.Signals, bundle: Path, display: Screen, home: Path) -> None:
    """The launcher's process gets it, once; the exit code says which it was."""
    app = start(bundle, display, home)
    display.window("Counter")
    os.kill(inside(app, "/opt/an app/lib/python/bin/python3.12 "), number)
    assert ended(app) == (128 + number, [])


def test_a_killed_app_leaves_no_client(bundle: Path, display: Screen, home: Path) -> None:
    """Even where Python can do nothing more."""
    app = start(bundle, display, home)
    display.window("Counter")
    os.kill(inside(app, "/opt/an app/lib/python/bin/python3.12 "), signal.SIGKILL)
    assert ended(app) == (137, [])


def test_a_dead_client_ends_the_app(bundle: Path, display: Screen, home: Path) -> None:
    """As if its window had been closed: with some drivers it aborts then."""
    app = start(bundle, display, home)
    display.window("Counter")
    os.kill(inside(app, f"{IDENTIFIER} "), signal.SIGSEGV)
    assert ended(app) == (0, [])


THREADS = """
import threading, time
import flet as ft

def main(page):
    page.title = "Counter"
    threading.Thread(target=time.sleep, args=(1000,)).start()
    page.run_thread(time.sleep, 1000)

ft.run(main)
"""


def test_threads_keep_no_closed_app_running(bundle: Path, display: Screen, home: Path, tmp_path: Path) -> None:
    """Neither Flet's own nor the app's."""
    app = start(with_main(bundle, tmp_path, THREADS), display, home)
    window = display.window("Counter")
    time.sleep(1)
    close(display, window)
    assert ended(app) == (0, [])


@pytest.mark.parametrize("session", [{}, {"WAYLAND_DISPLAY": "gone"}], ids=["no display", "broken Wayland"])
def test_without_a_display_no_server_is_started(session: dict[str, str], bundle: Path, home: Path) -> None:
    """Flet would become a web server on port 8000, and install what that needs; here the client says what is wrong."""
    said = run(bundle, home=home, **session)
    assert "code 1\n" in said
    assert running(said.partition("code 1\n")[2]) == []
    logged = (home / ".cache" / IDENTIFIER / "out.log").read_text()
    assert logged == "error: Flet's client could not show a window, it ended with 1\n"


def test_wayland_alone_shows_the_window(bundle: Path, home: Path, tmp_path: Path) -> None:
    """In a session that knows no X11 the window comes up under the app's own name."""
    if shutil.which("weston") is None:
        pytest.skip("weston not found")
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    options = ["--backend=headless-backend.so", "--use-gl", "--no-config", "--idle-time=0", "--socket=wayland-test"]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    with (tmp_path / "weston.log").open("w") as log:
        compositor = subprocess.Popen(["weston", *options], env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while not (runtime / "wayland-test").exists():
            assert time.monotonic() < deadline, (tmp_path / "weston.log").read_text()
            time.sleep(0.1)
        session = {"XDG_RUNTIME_DIR": str(runtime), "WAYLAND_DISPLAY": "wayland-test", "WAYLAND_DEBUG": "client"}
        command = sandboxed(bundle, LAUNCHER, home=home, shared=(str(runtime),), **session)
        app = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert app.stderr
        told = []
        for line in app.stderr:
            told.append(line)
            if 'set_title("Counter")' in line:
                break
        app.kill()
    finally:
        compositor.terminate()
        compositor.wait()
    assert any(f'set_app_id("{IDENTIFIER}")' in line for line in told)
    assert 'set_title("Counter")' in told[-1]


ENDS = {
    "returns": ("pass", 0, ""),
    "sys.exit(7)": ("import sys; sys.exit(7)", 7, ""),
    "a text": ("import sys; sys.exit('no licence')", 1, "no licence\n"),
    "an exception": ("1 / 0", 100, "ZeroDivisionError: division by zero\n"),
    "no such module": ("import nothing_of_that_name", 100, "No module named 'nothing_of_that_name'"),
    "a syntax error": ("def", 100, "SyntaxError: invalid syntax\n"),
}


@pytest.mark.parametrize("how", ENDS)
def test_the_exit_code_is_the_apps(how: str, bundle: Path, home: Path, tmp_path: Path) -> None:
    """As in Flet's own builds: 100 for what was not caught, with the traceback in out.log."""
    text, code, logged = ENDS[how]
    said = run(with_main(bundle, tmp_path, text), home=home, DISPLAY=":1")
    assert f"code {code}\n" in said
    assert logged in (home / ".cache" / IDENTIFIER / "out.log").read_text()


SHOW = """
import json, os, ssl, sys
import bz2, ctypes, lzma, sqlite3, zlib, msgpack._cmsgpack, flet, flet_desktop
print(json.dumps({
    "argv": sys.argv, "path": sys.path, "cwd": os.getcwd(), "environ": dict(os.environ), "name": __name__,
    "authorities": len(ssl.create_default_context().get_ca_certs()), "file": __file__, "prefix": sys.prefix,
    "flet": flet_desktop.__file__, "modules": sorted(name for name in sys.modules if name.startswith("pip")),
}))
"""
FOREIGN = {
    "FLET_PLATFORM": "linux",
    "FLET_FORCE_WEB_SERVER": "true",
    "FLET_SERVER_PORT": "8550",
    "FLET_VIEW_PATH": "/tmp/other",
    "FLET_ASSETS_DIR": "/tmp/other",
    "PYTHONPATH": "/tmp/here",
    "PYTHONHOME": "/tmp/here",
    "XDG_DATA_HOME": "relative/is/ignored",
}


def shown(said: str) -> dict[str, object]:
    """What SHOW printed."""
    found: dict[str, object] = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    return found


def test_what_an_app_finds(bundle: Path, home: Path, tmp_path: Path) -> None:
    """Its own modules, files, certificates and storage, whatever another app or a developer left in the environment."""
    copy = with_main(bundle, tmp_path, SHOW)
    found = shown(run(copy, LAUNCHER, "--open", "a file", home=home, DISPLAY=":1", **FOREIGN))
    lib = "/opt/an app/lib"
    assert found["argv"] == [f"{lib}/app/main.py", "--open", "a file"]
    assert found["path"] == [
        f"{lib}/app",
        f"{lib}/python/lib/python312.zip",
        f"{lib}/python/lib/python3.12",
        f"{lib}/python/lib/python3.12/lib-dynload",
        f"{lib}/python/lib/python3.12/site-packages",
    ]
    assert (found["cwd"], found["name"], found["file"]) == ("/tmp/here", "__main__", f"{lib}/app/main.py")
    assert found["modules"] == []
    assert int(str(found["authorities"])) > 100
    environ = found["environ"]
    assert isinstance(environ, dict)
    assert {name: value for name, value in environ.items() if name.startswith("FLET_")} == {
        "FLET_APP_CONSOLE": f"/home/user/.cache/{IDENTIFIER}/out.log",
        "FLET_APP_ID": IDENTIFIER,
        "FLET_APP_STORAGE_DATA": f"/home/user/.local/share/{IDENTIFIER}",
        "FLET_APP_STORAGE_TEMP": f"/home/user/.cache/{IDENTIFIER}",
        "FLET_ASSETS_DIR": f"{lib}/app/assets",
        "FLET_VIEW_PATH": f"{lib}/client",
    }
    assert environ["SSL_CERT_FILE"] == f"{lib}/python/lib/python3.12/site-packages/certifi/cacert.pem"
    assert (home / ".local" / "share" / IDENTIFIER).stat().st_mode & 0o777 == 0o700


def test_the_users_own_places_count(bundle: Path, home: Path, tmp_path: Path) -> None:
    """XDG's folders, and certificates that the user trusts."""
    own = {"XDG_DATA_HOME": "/home/user/d", "XDG_CACHE_HOME": "/home/user/c", "SSL_CERT_DIR": "/etc/ssl/certs"}
    environ = shown(run(with_main(bundle, tmp_path, SHOW), home=home, DISPLAY=":1", **own))["environ"]
    assert isinstance(environ, dict)
    assert environ["FLET_APP_STORAGE_DATA"] == f"/home/user/d/{IDENTIFIER}"
    assert environ["FLET_APP_CONSOLE"] == f"/home/user/c/{IDENTIFIER}/out.log"
    assert "SSL_CERT_FILE" not in environ


def test_an_app_without_a_place_to_write_runs(bundle: Path, home: Path, tmp_path: Path) -> None:
    """It is told, and goes on."""
    said = run(with_main(bundle, tmp_path, "print('ran')"), home=home, HOME="/usr", DISPLAY=":1")
    assert "ran\ncode 0\n" in said


@pytest.mark.parametrize("link", ["/home/user/bin/counter", "/home/user/again"])
def test_a_link_starts_the_app(link: str, bundle: Path, home: Path, tmp_path: Path) -> None:
    """Found on PATH, absolute or relative, and a link to a link."""
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "counter").symlink_to(LAUNCHER)
    (home / "again").symlink_to("bin/counter")
    found = shown(
        run(
            with_main(bundle, tmp_path, SHOW),
            Path(link).name,
            home=home,
            DISPLAY=":1",
            PATH=f"{Path(link).parent}:/usr/bin",
        )
    )
    assert found["prefix"] == "/opt/an app/lib/python"


BROWSER = "import flet as ft\nft.run(lambda page: None, view=ft.AppView.WEB_BROWSER)"


def test_nothing_is_ever_installed(bundle: Path, home: Path, tmp_path: Path) -> None:
    """An app that asks for a web server is told what it lacks; neither pip nor the uv on PATH is started."""
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "uv").write_text("#!/bin/sh\ntouch /home/user/installed\n")
    (home / "bin" / "uv").chmod(0o755)
    said = run(with_main(bundle, tmp_path, BROWSER), home=home, DISPLAY=":1", PATH="/home/user/bin:/usr/bin")
    assert "code 1\n" in said
    assert "holds no `flet-web`" in (home / ".cache" / IDENTIFIER / "out.log").read_text()
    assert not (home / "installed").exists()


MISSES = """
import dataclasses, hashlib, marshal, sys
with open(sys.argv[1], "rb") as file:
    known = marshal.load(file)
missed = []
def execute(text, names, found):
    missed.extend([text] * (hashlib.blake2b(text.encode(), digest_size=16).digest() not in known))
    exec(text, names, found)
dataclasses.exec = execute
import flet
print(len(known), len(missed))
"""


def test_what_flets_data_classes_are_is_compiled_beforehand(built: Path) -> None:
    """All of it, for this is a third of the time that importing Flet takes."""
    lib = built / "counter" / "lib"
    packages = lib / "python" / "lib" / "python3.12" / "site-packages"
    command = [lib / "python" / "bin" / "python3.12", "-I", "-B", "-c", MISSES, packages / "flet-generated.bin"]
    known, missed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert int(known) > 500
    assert missed == "0"


def test_the_archive_is_the_folder(built: Path, tmp_path: Path) -> None:
    """The same files with the same modes, all below one folder, owned by nobody in particular."""
    with tarfile.open(built / "counter-1.0.0-linux-x86_64.tar.gz") as archive:
        names = archive.getnames()
        assert {(member.uid, member.gid, member.uname, member.mtime) for member in archive} == {(0, 0, "", 315532800)}
        archive.extractall(tmp_path, filter="tar")
    assert len(names) == len(set(names))
    assert [path.name for path in tmp_path.iterdir()] == ["counter"]
    for path in [tmp_path / "counter", *(tmp_path / "counter").rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
    assert nar.sha256(tmp_path / "counter") == nar.sha256(built / "counter")


def test_the_desktop_knows_the_app(built: Path) -> None:
    """Entry and icons, by the names that their specifications ask for."""
    share = built / "counter" / "share"
    entry = (share / "applications" / f"{IDENTIFIER}.desktop").read_text().splitlines()
    assert entry[0] == "[Desktop Entry]"
    wanted = {
        "Name=Counter",
        'Exec="counter"',
        f"Icon={IDENTIFIER}",
        f"StartupWMClass={IDENTIFIER}",
        "Categories=Utility;",
    }
    assert wanted <= set(entry)
    sizes = {path.parent.parent.name for path in (share / "icons" / "hicolor").rglob(f"apps/{IDENTIFIER}.png")}
    assert sizes == {f"{side}x{side}" for side in (16, 22, 24, 32, 48, 64, 128, 256, 512)}


def test_nix_gives_the_same_app(fetched: Path, tmp_path: Path, built: Path) -> None:
    """Folder and archive have the digest that bubblewrap gives."""
    if shutil.which("nix-build") is None:
        pytest.skip("nix-build not found")
    world = World(tmp_path, fetched, FIXTURE)
    world.env["NIX_REMOTE"] = str(tmp_path / "nix-store")
    if os.geteuid() == 0:
        world.env["NIX_CONFIG"] = "build-users-group =\n"
    done = world.run("build", "linux-x86_64", "--json", "--frozen", "--backend", "nix")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["backend"] == "nix"
    assert json.loads(done.stdout)["digest"] == nar.sha256(built)


LOADS = "import asyncio, ctypes, msgpack._cmsgpack, platform, sys; print(platform.machine(), sys.version_info[:2])"


def test_aarch64_starts_its_interpreter(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Emulated: CPython finds its library, libffi and the packages of its own processor."""
    emulator = shutil.which("qemu-aarch64-static")
    if emulator is None or not ARM.is_dir():
        pytest.skip("qemu-aarch64-static or the C library of aarch64 not found")
    lib = build("linux-aarch64", tmp_path_factory.mktemp("arm")) / "counter" / "lib"
    command = [emulator, "-L", str(ARM), str(lib / "python/bin/python3.12"), "-I", "-B", "-c", LOADS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "aarch64 (3, 12)\n"
    for file in ("client/flet", "client/lib/libapp.so"):
        assert (lib / file).read_bytes()[18:20] == b"\xb7\0"  # e_machine: EM_AARCH64
