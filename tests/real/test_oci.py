"""Containers: a step sees what it sees in bubblewrap, nothing is left running, and what can't be is told."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder import ociimage
from builder.backends import BACKENDS, Work
from builder.errors import BuilderError

from . import containers
from .worlds import BUILD, BUILDER, World, committed

pytestmark = pytest.mark.real

OCI = (*BUILD, "--offline", "--backend", "oci")


@pytest.fixture(scope="module")
def podman(tool: Callable[[str], str]) -> Iterator[dict[str, str]]:
    """Podman with a storage of its own."""
    tool("podman")
    with containers.storage() as found:
        yield found


@pytest.fixture(scope="module", params=["bwrap", "podman", "docker"])
def place(request: pytest.FixtureRequest, podman: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """A backend's name, and what its program is told by the environment."""
    if request.param != "docker":
        yield ("oci", podman) if request.param == "podman" else ("bwrap", {})
        return
    with containers.daemon() as found:
        yield "oci", found


# Tries to get out and to see the host, each in a child, as some ends the process; writes what it got.
ESCAPES = """
import json, os, pathlib, socket, sys
def connect(family, address):
    with socket.socket(family) as probe:
        probe.settimeout(5)
        probe.connect(address)
def write(path):
    pathlib.Path(path).write_text("x")
def chroot():
    os.mkdir("/tmp/x")
    os.chroot("/tmp/x")
TRIES = {
    "connect": lambda: connect(socket.AF_INET, ("192.0.2.1", 80)),
    "connect6": lambda: connect(socket.AF_INET6, ("2001:db8::1", 80)),
    "daemon": lambda: [connect(socket.AF_UNIX, place) for place in ("/run/docker.sock", "/run/podman/podman.sock")],
    "resolve": lambda: socket.getaddrinfo("example.com", 80),
    "raw socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "write an input": lambda: write("in/data/file"),
    "add to an input": lambda: write("in/data/new"),
    "write a script": lambda: write("in/inside/own.py"),
    "make an input writable": lambda: os.chmod("in/data/file", 0o777),
    "remove an input": lambda: os.unlink("in/data/file"),
    "write the toolchain": lambda: write("/usr/bin/sh"),
    "write the root": lambda: write("/new"),
    "write /etc": lambda: write("/etc/hosts"),
    "become another": lambda: os.setuid(4321),
    "own a file": lambda: os.chown("out", 4321, 4321),
    "device": lambda: os.mknod("/tmp/disk", 0o60666, os.makedev(254, 0)),
    "mount": lambda: (_ for _ in ()).throw(OSError(1)) if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) else None,
    "host name": lambda: socket.sethostname("other"),
    "chroot": chroot,
    "set the clock": lambda: __import__("time").clock_settime(0, 1e9),
    "kernel setting": lambda: write("/proc/sys/kernel/hostname"),
    "see a process": lambda: os.kill(int(pathlib.Path("in/data/pid").read_text()), 0),
    "home": lambda: [os.listdir(place) for place in ("/home", "/root")],
    "password": lambda: open("/etc/shadow").read(),
}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
escaped = []
for name, attempt in TRIES.items():
    child = os.fork()
    if not child:
        try:
            attempt()
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        escaped.append(name)
seen = {
    "environment": dict(os.environ),
    "first process": pathlib.Path("/proc/1/environ").read_text(),
    "host name": socket.gethostname(),
    "hosts": [line.split() for line in open("/etc/hosts")],
    "resolver": os.path.exists("/etc/resolv.conf") and open("/etc/resolv.conf").read(),
    "umask": os.umask(0),
    "folder": [sorted(os.listdir(place)) for place in (".", "in", "out")],
    "names": sorted(os.listdir("/")),
    "hardware": os.path.exists("/sys/class"),
    "terminal": os.isatty(0) or os.isatty(1) or os.isatty(2),
    "stdin": sys.stdin.read(),
    "capabilities": [line.split()[1] for line in open("/proc/self/status") if line.startswith("Cap")],
    "new rights": [line.split()[1] for line in open("/proc/self/status") if line.startswith("NoNewPrivs")],
}
pathlib.Path("out/seen.json").write_text(json.dumps({"tries": len(TRIES), "escaped": escaped, "seen": seen}))
"""


def test_a_step_can_not_get_out_nor_see_the_host(
    place: tuple[str, dict[str, str]], tmp_path: Path, fetched: Path
) -> None:
    """The same script in each backend: no network, no file of the host, nothing to be written but `out` and /tmp."""
    backend, env = place
    (tmp_path / "data").mkdir()
    for name, text in {"file": "given", "pid": str(os.getpid())}.items():
        (tmp_path / "data" / name).write_text(text)
    host = {**env, "HTTP_PROXY": "http://me:canary@proxy.example.com", "SECRET": "canary", "TERM": "odd"}
    work = containers.work(tmp_path, fetched, ESCAPES, host, data=tmp_path / "data")
    BACKENDS[backend].run(work, lambda line: None)
    found = json.loads((work.folder / "out" / "seen.json").read_text())
    seen = found["seen"]
    assert found["escaped"] == []
    assert found["tries"] == 24
    assert (tmp_path / "data" / "file").read_text() == "given"
    assert {**seen["environment"], "PWD": "/build"} == {**work.environment, "PWD": "/build"}  # which bwrap sets
    assert "canary" not in json.dumps(found)
    assert seen["host name"] == "localhost"
    assert seen["hosts"] == [["127.0.0.1", "localhost"], ["::1", "localhost"]]
    assert not seen["resolver"]
    assert seen["umask"] == 0o022
    assert seen["folder"] == [["in", "out"], ["data", "inside"], []]
    assert set(seen["names"]) - {".dockerenv"} == {
        "bin", "build", "dev", "etc", "lib", "lib64", "proc", "run", "sys", "tmp", "usr"
    }  # fmt: skip
    assert not seen["hardware"]
    assert not seen["terminal"]
    assert seen["stdin"] == ""
    assert set(seen["capabilities"]) == {"0" * 16}
    assert seen["new rights"] == ["1"]


@pytest.mark.parametrize("victim", ["builder", "client"])
def test_a_kill_leaves_no_container(
    victim: str, place: tuple[str, dict[str, str]], tmp_path: Path, fetched: Path
) -> None:
    """kill -9 of builder, or of the program that it started: the step ends with it, and its container is gone."""
    if place[0] != "oci":
        pytest.skip("of containers")
    program = place[1].get("BUILDER_OCI", "podman")
    work = containers.work(tmp_path, fetched, "import time; time.sleep(600)", place[1])
    child = os.fork()
    if not child:
        run_for_ever(work)
    wait_for(lambda: containers.containers(place[1], program) != [] and (work.folder / "out").exists())
    time.sleep(1)
    running = [child] if victim == "builder" else clients(child)
    assert running
    for process in running:
        os.kill(process, signal.SIGKILL)
    wait_for(lambda: containers.containers(place[1], program) == [])
    os.waitpid(child, 0)


def run_for_ever(work: Work) -> None:
    """In a forked child: run a step, and end without pytest."""
    try:
        BACKENDS["oci"].run(work, lambda line: None)
    finally:
        os._exit(0)


def clients(parent: int) -> list[int]:
    """The children of a process."""
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(child) for child in found.split()]


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_ctrl_c_leaves_no_container(podman: dict[str, str], tmp_path: Path, fetched: Path) -> None:
    """The container is gone when KeyboardInterrupt goes on, so that the step's folder can be removed."""
    code = (
        "import os, signal, threading\nfrom builder.backends import BACKENDS\nfrom pathlib import Path\n"
        "from tests.real import containers\n"
        f"work = containers.work(Path({str(tmp_path)!r}), Path({str(fetched)!r}), 'import time; time.sleep(600)', "
        f"{podman!r})\n"
        "def interrupt():\n while not containers.containers(work.host):\n  pass\n"
        " os.kill(os.getpid(), signal.SIGINT)\n"
        "threading.Thread(target=interrupt).start()\n"
        "try:\n BACKENDS['oci'].run(work, lambda line: None)\n"
        "except KeyboardInterrupt:\n print(containers.containers(work.host))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "[]\n", done.stderr


def test_the_image_is_loaded_once(podman: dict[str, str], world: World) -> None:
    """It is named after the toolchain's NAR, and stays; what it is called by is the digest of its configuration."""
    world.env |= podman
    assert world.digest("--offline", "--backend", "oci") == committed("counter")
    listing = ["podman", "image", "inspect", "--format", "{{.Id}} {{.Created.Unix}}"]
    name = f"localhost/builder-toolchain:{containers.toolchain(world.store).name}"
    found = subprocess.run([*listing, name], env=os.environ | podman, capture_output=True, text=True, check=True)
    written = ociimage.write(
        world.app.parent / "layout",
        [image_of(containers.toolchain(world.store))],
        {},
        name,
    )
    assert found.stdout.split() == [written.config.removeprefix("sha256:"), "315532800"]
    with (world.app / "main.py").open("a") as file:
        file.write("# a change\n")
    done = world.run(*OCI, "-v")
    assert done.returncode == 0, done.stderr
    assert "podman --log-level=fatal run" in done.stderr
    assert " load " not in done.stderr


def image_of(root: Path) -> list[ociimage.Entry]:
    """What the image of a toolchain holds."""
    return [ociimage.Entry(entry.name, 0o1777) if entry.name == "tmp" else entry for entry in ociimage.entries(root)]


def test_a_lost_image_is_loaded_again(podman: dict[str, str], world: World) -> None:
    """After `podman rmi`."""
    world.env |= podman
    for _ in range(2):
        name = f"localhost/builder-toolchain:{containers.toolchain(world.store).name}"
        subprocess.run(["podman", "rmi", name], env=os.environ | podman, capture_output=True, check=False)
        assert world.digest("--offline", "--backend", "oci") == committed("counter")
        shutil.rmtree(world.store / "outputs")
        shutil.rmtree(world.app / "build")


def test_a_failed_step_is_told_and_kept(podman: dict[str, str], world: World) -> None:
    """As bubblewrap's: exit code 7, what failed, and the step's folder."""
    world.env |= podman
    with (world.app / "main.py").open("a") as file:
        file.write("def (\n")
    settings = world.app / "pyproject.toml"
    settings.write_text(settings.read_text().replace("[tool.flet]", "[tool.flet]\ncompile.app = true"))
    said = []
    for backend in ("bwrap", "oci"):
        done = world.run(*BUILD, "--offline", "--backend", backend, "--keep-failed")
        assert done.returncode == 7, done.stderr
        said.append(done.stderr[done.stderr.index("error: step") :])
        kept = next((world.store / "failed").iterdir())
        assert (kept / "in" / "app" / "main.py").is_file()
        shutil.rmtree(kept)
    assert said[0] == said[1]
    assert "main.py" in said[0]


def test_auto_takes_containers_where_all_else_is_missing(podman: dict[str, str], world: World, tmp_path: Path) -> None:
    """A PATH with podman, and without bwrap and Nix."""
    world.env |= podman
    done = world.run(*BUILD, "--offline", PATH=containers.only(tmp_path / "bin", *containers.PODMAN))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["backend"] == "oci"
    assert json.loads(done.stdout)["digest"] == committed("counter")


def test_without_podman_and_docker_the_mend_is_named(world: World, tmp_path: Path) -> None:
    """Exit code 9; so is it for a program that BUILDER_OCI names and that is not there."""
    path = containers.only(tmp_path / "bin")
    done = world.run(*OCI, PATH=path)
    assert done.returncode == 9, done.stderr
    assert "apt-get install podman" in done.stderr
    named = world.run(*OCI, BUILDER_OCI="/no/such/program")
    assert named.returncode == 9, named.stderr
    assert "`/no/such/program`, which BUILDER_OCI names" in named.stderr


def test_a_daemon_that_does_not_answer_is_told(world: World, tool: Callable[[str], str]) -> None:
    """Exit code 9 with docker's own words, from `build` and from `doctor`."""
    tool("docker")
    lost = {"BUILDER_OCI": "docker", "DOCKER_HOST": "unix:///no/such/socket"}
    done = world.run(*OCI, **lost)
    assert done.returncode == 9, done.stderr
    assert "the sandbox failed: docker: " in done.stderr
    assert "FAILS  backend oci: docker: " in world.run("doctor", **lost).stdout


def test_doctor_says_which_program_runs_containers(podman: dict[str, str], world: World) -> None:
    """It runs one for trial, which leaves nothing."""
    world.env |= podman
    done = world.run("doctor")
    assert "ok     backend oci: podman version" in done.stdout
    assert containers.containers(podman) == []


def test_a_shell_shows_the_step(podman: dict[str, str], world: World) -> None:
    """On a terminal, in the container: the inputs are in place, and the shell's exit code is given."""
    ours, theirs = pty.openpty()
    command = [BUILDER, "shell", "web/app", "--offline", "--backend", "oci"]
    process = subprocess.Popen(
        command, cwd=world.app, env=world.env | podman, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, b"ls in; echo $TZ:$HOME:$PWD; [ -t 0 ] && echo on a terminal; exit 5\n")
    said = b""
    while chunk := read(ours):
        said += chunk
    assert process.wait() == 5, said
    assert {"app", "inside", "stdlib", "layer", "UTC:/nowhere:/build"} <= set(said.decode().split()), said
    assert "on a terminal\r\n" in said.decode()


def read(terminal: int) -> bytes:
    """What comes from a terminal, nothing once its other end is closed."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_a_step_that_lies_about_its_program_is_no_sandbox_error(
    podman: dict[str, str], tmp_path: Path, fetched: Path
) -> None:
    """Podman gives 125 to 127 itself; a step that ends with these is a step that failed."""
    work = containers.work(tmp_path, fetched, "import sys; print('oh', file=sys.stderr); sys.exit(125)", podman)
    with pytest.raises(BuilderError, match="step `own` failed with exit code 125: oh"):
        BACKENDS["oci"].run(work, lambda line: None)
