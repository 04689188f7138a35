"""What the tests of containers share: an image storage of their own, a docker daemon, and single steps."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from builder import lockfile, scripts
from builder.backends import Chain, Work
from builder.plan import ENVIRONMENT, Plan, Step

from .worlds import NOBODY, ROOT

# Beside podman itself its programs: some it looks for in fixed places, these on the PATH.
PODMAN = ("podman", "newuidmap", "newgidmap", "fuse-overlayfs", "mount", "umount")

IMAGE = "localhost/builder:latest"
# As an agent has it that can nest nothing: no network, no rights, and no system calls that make namespaces.
AGENT = (
    "--network=none",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    f"--security-opt=seccomp={Path(__file__).with_name('no_nesting.json')}",
    "--user=4321:4321",
)


@contextlib.contextmanager
def storage() -> Iterator[dict[str, str]]:
    """The environment with which podman keeps images and containers in a folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="podman-", ignore_cleanup_errors=True) as name:
        file = Path(name, "storage.conf")
        file.write_text(f'[storage]\ndriver = "overlay"\ngraphroot = "{name}/storage"\nrunroot = "{name}/run"\n')
        yield {"CONTAINERS_STORAGE_CONF": str(file)}
        subprocess.run(["umount", f"{name}/storage/overlay"], capture_output=True, check=False)  # podman mounts it


@contextlib.contextmanager
def rootless() -> Iterator[dict[str, str]]:
    """The same for an ordinary user."""
    with tempfile.TemporaryDirectory(prefix="podman-") as name:
        os.chown(name, NOBODY, NOBODY)
        given = {"XDG_RUNTIME_DIR": f"{name}/run", "XDG_DATA_HOME": f"{name}/share", "TMPDIR": name}
        Path(given["XDG_RUNTIME_DIR"]).mkdir(mode=0o700)
        os.chown(given["XDG_RUNTIME_DIR"], NOBODY, NOBODY)
        yield given
        with contextlib.suppress(OSError, ValueError):  # what holds his namespaces ends with nothing else
            os.kill(int(Path(given["XDG_RUNTIME_DIR"], "libpod/tmp/pause.pid").read_text()), 9)


@contextlib.contextmanager
def daemon() -> Iterator[dict[str, str]]:
    """The environment with which docker asks a daemon that ends with the block; skips where none can be started."""
    programs = [shutil.which(name) or pytest.skip(f"{name} not found") for name in ("dockerd", "docker")]
    if os.geteuid() != 0:
        pytest.skip("only root can start dockerd")
    with tempfile.TemporaryDirectory(prefix="docker-", ignore_cleanup_errors=True) as name:
        host = f"unix://{name}/socket"
        places = [f"--data-root={name}/data", f"--exec-root={name}/run", f"--pidfile={name}/pid", f"--host={host}"]
        with Path(name, "log").open("w") as log:
            command = [programs[0], *places, "--iptables=false", "--bridge=none"]
            running = subprocess.Popen(command, stdout=log, stderr=log)
        given = {"DOCKER_HOST": host, "DOCKER_CONFIG": name, "BUILDER_OCI": "docker"}
        try:
            for _ in range(300):
                asked = subprocess.run([programs[1], "info"], env=os.environ | given, capture_output=True, check=False)
                if asked.returncode == 0 or running.poll() is not None:
                    break
                time.sleep(0.1)
            if asked.returncode != 0:  # it wants more rights than podman, which not every machine gives
                pytest.skip(f"dockerd does not start: {Path(name, 'log').read_text().strip()[-500:]}")
            yield given
        finally:
            running.terminate()
            running.wait(30)
            for place in ("data/overlay2", "run/netns/default"):
                subprocess.run(["umount", f"{name}/{place}"], capture_output=True, check=False)


def containers(env: Mapping[str, str], program: str = "podman") -> list[str]:
    """The names of the containers that there are, running or not."""
    listing = [program, "ps", "--all", "--format", "{{.Names}}"]
    done = subprocess.run(listing, env=os.environ | dict(env), capture_output=True, text=True, check=True)
    return done.stdout.split()


def toolchain(store: Path) -> Path:
    """The root of the fixtures' lock, which a store holds that was fetched into."""
    return store / "outputs" / lockfile.load(ROOT / "fixtures" / "counter").toolchain.nar


def work(folder: Path, store: Path, script: str, host: Mapping[str, str], **inputs: Path) -> Work:
    """A step of a script's text made ready, as `execute` does."""
    folder = folder / "step-1"
    (folder / "in" / "inside").mkdir(parents=True)
    (folder / "out").mkdir()
    (folder / "in" / "inside" / "start.py").write_bytes(scripts.text("start.py"))
    (folder / "in" / "inside" / "own.py").write_text(script)
    for name, path in inputs.items():
        shown = folder / "in" / name
        shown.mkdir() if path.is_dir() else shown.touch()
    step = Step(name="own", scripts=("own.py",))
    plan = Plan(target="web", artifact=".", toolchain="ab" * 32, project={}, scripts={}, pins={}, steps=(step,))
    chain = Chain(plan, {}, store / "files", scripts.text, ("own",))
    return Work(step, folder, inputs, toolchain(store), ENVIRONMENT, {"PATH": os.environ["PATH"], **host}, chain)


def only(folder: Path, *names: str) -> str:
    """A PATH that has just these programs of the machine, as far as it has them."""
    folder.mkdir()
    for name in names:
        if place := shutil.which(name):
            (folder / name).symlink_to(place)
    return str(folder)


def load(layout: Path, env: Mapping[str, str]) -> None:
    """Have podman take in a layout that builder exported."""
    tar = subprocess.Popen(["tar", "-C", str(layout), "-c", "."], stdout=subprocess.PIPE)
    done = subprocess.run(
        ["podman", "load"], stdin=tar.stdout, env=os.environ | dict(env), capture_output=True, text=True, check=False
    )
    assert (tar.wait(), done.returncode) == (0, 0), done.stderr


def in_image(
    app: Path, env: Mapping[str, str], image: str, flags: Sequence[str], *argv: str
) -> subprocess.CompletedProcess[str]:
    """What a program of an image says, with an app mounted."""
    limits = ("--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096", "--pull=never")
    mount = f"--mount=type=bind,source={app},destination=/app"
    command = ["podman", "run", "--rm", *limits, *flags, mount, image, *argv]
    return subprocess.run(command, env=os.environ | dict(env), capture_output=True, text=True, check=False)


def on_agent(app: Path, env: Mapping[str, str], *argv: str) -> subprocess.CompletedProcess[str]:
    """What builder says in its own image, on an agent that can nest nothing."""
    return in_image(app, env, IMAGE, AGENT, "builder", *argv)
