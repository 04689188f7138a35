"""Builds in the real sandbox: the same bytes for everybody, and what happens when something is wrong."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from builder import lockfile

from .worlds import BUILD, BUILDER, FIXTURES, ROOT, World, as_nobody, committed

pytestmark = pytest.mark.real


@pytest.mark.parametrize("fixture", FIXTURES)
@pytest.mark.parametrize("how", [("--frozen", "--offline"), ("--offline",)], ids=["committed plan", "plan in memory"])
def test_a_fixture_gives_the_committed_bytes(fixture: str, how: tuple[str, ...], tmp_path: Path, fetched: Path) -> None:
    """On this machine, in a fresh store: the digest that is committed, from either plan."""
    assert World(tmp_path, fetched, fixture).digest(*how) == committed(fixture)


@pytest.mark.parametrize("fixture", FIXTURES)
def test_the_surroundings_do_not_matter(fixture: str, tmp_path: Path, fetched: Path) -> None:
    """Another path, order, umask, date, time zone, locale and hash seed give the same bytes."""
    world = World(tmp_path / "a folder with ünïcode", fetched, fixture)
    files = sorted((path for path in world.app.rglob("*") if path.is_file()), reverse=True)
    for path in files:  # made anew in the opposite order
        text = path.read_bytes()
        path.unlink()
        path.write_bytes(text)
        path.chmod(0o600)
        os.utime(path, (2**31 + 5, 2**31 + 5))
    odd = {
        "TZ": "Pacific/Kiritimati",
        "LANG": "tr_TR.UTF-8",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "SOURCE_DATE_EPOCH": "9",
    }
    assert world.digest("--offline", before=("sh", "-c", 'umask 077; exec "$@"', "sh"), **odd) == committed(fixture)


def test_an_ordinary_user_gets_the_same_bytes(open_folder: Path, fetched: Path, tool: Callable[[str], str]) -> None:
    """Without root rights, and with one processor."""
    done = as_nobody(World(open_folder, fetched), tool, *BUILD, "--offline")
    assert committed("counter") in done.stdout, done.stderr


def test_offline_needs_no_network(world: World, tool: Callable[[str], str]) -> None:
    """In a network namespace without even lo up, a build from fetched pins succeeds."""
    assert world.digest("--offline", before=(tool("unshare"), "--map-root-user", "--net")) == committed("counter")


def test_nothing_runs_twice(world: World) -> None:
    """A second build is answered without any step, and so is one after the build folder was lost."""
    first = world.digest()
    assert "build " not in world.run(*BUILD).stderr
    shutil.rmtree(world.app / "build")
    done = world.run(*BUILD)
    assert first in done.stdout
    assert "build " not in done.stderr
    assert (world.app / "build" / "web" / "index.html").is_file()


def test_what_was_edited_in_the_copy_comes_back(world: World) -> None:
    """A changed, added or lost file of build/web is found by hashing and mended."""
    digest = world.digest()
    page = world.app / "build" / "web" / "index.html"
    text = page.read_bytes()
    for damage in (lambda: page.write_bytes(b"evil"), page.unlink, lambda: page.with_name("more").touch()):
        damage()
        assert world.digest() == digest
        assert page.read_bytes() == text
        assert not page.with_name("more").exists()


def test_a_new_file_is_seen(world: World) -> None:
    """A build that would be answered at once is not, when a file came, changed or went."""
    digest = world.digest()
    extra = world.app / "extra.py"
    for change in (lambda: extra.write_text("x = 1"), lambda: extra.write_text("x = 2")):
        change()
        assert world.digest() != digest
    extra.unlink()
    assert world.digest() == digest


def test_builds_at_once_share_one_store(world: World) -> None:
    """Four processes on cold outputs all get the same bytes."""
    command = [BUILDER, *BUILD, "--offline"]
    outputs = [("-o", str(world.app.parent / f"out-{number}")) for number in range(4)]
    running = [
        subprocess.Popen(
            [*command, *output], cwd=world.app, env=world.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for output in outputs
    ]
    said = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0, 0], said
    assert all(committed("counter") in out.decode() for out, _ in said)


@pytest.mark.parametrize("how", ["flip", "truncate"])
def test_a_damaged_pin_is_never_used(how: str, world: World) -> None:
    """A file of the store with other bytes stops an offline build with exit code 6 and both hashes."""
    pin = next(pin for pin in lockfile.load(world.app).packages if pin.name == "flet-web")
    wheel = world.store / "files" / pin.sha256
    data = wheel.read_bytes()
    wheel.write_bytes(data[:-1] if how == "truncate" else bytes([data[0] ^ 1]) + data[1:])
    done = world.run(*BUILD, "--offline")
    assert done.returncode == 6, done.stderr
    assert pin.file in done.stderr
    assert pin.sha256 in done.stderr
    assert not (world.app / "build").exists()


def test_without_bubblewrap_the_mend_is_named(world: World, tmp_path: Path) -> None:
    """No bwrap on the PATH: exit code 9, and what to install."""
    (tmp_path / "bin").mkdir()
    done = world.run(*BUILD, "--offline", PATH=str(tmp_path / "bin"))
    assert done.returncode == 9, done.stderr
    assert "apt-get install bubblewrap" in done.stderr


def test_without_user_namespaces_nothing_runs(world: World, tool: Callable[[str], str]) -> None:
    """Where the kernel refuses namespaces the build ends with exit code 9; it never goes on without a sandbox."""
    jail = (tool("bwrap"), "--dev-bind", "/", "/", "--unshare-user", "--disable-userns", "--")
    done = world.run(*BUILD, "--offline", before=jail)
    assert done.returncode == 9, done.stderr
    assert "user namespaces" in done.stderr
    doctor = world.run("doctor", before=jail)
    assert doctor.returncode == 9
    assert "FAILS  backend bwrap" in doctor.stdout


def test_a_script_refuses_to_run_on_the_host() -> None:
    """start.py, which every backend runs first, sees the host and ends before the script."""
    start = ROOT / "builder" / "inside" / "start.py"
    done = subprocess.run([sys.executable, start, "none.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 97
    assert "the sandbox does not hold" in done.stderr


def test_a_full_disk_is_told(world: World, tool: Callable[[str], str]) -> None:
    """A store on 40 MB: a clear error, and no traceback."""
    small = 'mount -t tmpfs -o size=40m none "$BUILDER_HOME/outputs" && exec "$@"'
    (world.store / "outputs").mkdir()
    (world.store / "work").symlink_to("outputs")
    done = world.run(
        *BUILD, "--offline", before=(tool("unshare"), "--map-root-user", "--mount", "sh", "-c", small, "sh")
    )
    assert done.returncode == 7, done.stderr
    assert "Traceback" not in done.stderr.rsplit("error:", 1)[-1]
    assert world.digest("--offline") == committed("counter")


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.0, 1.5])
def test_ctrl_c_leaves_nothing_half_written(seconds: float, world: World) -> None:
    """Whenever it comes: exit code 130 or a finished build, no workspace left, and the next build is right."""
    command = [BUILDER, *BUILD, "--offline"]
    process = subprocess.Popen(command, cwd=world.app, env=world.env, stderr=subprocess.PIPE, start_new_session=True)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate()[1].decode()
    assert process.returncode in (0, 130, -signal.SIGINT), said
    assert "Traceback" not in said or process.returncode == -signal.SIGINT
    assert not (world.store / "work").exists() or list((world.store / "work").iterdir()) == []
    assert world.digest("--offline") == committed("counter")


def test_no_secret_of_the_environment_reaches_anything(world: World) -> None:
    """A canary in the environment is in no output, log or record."""
    canary = "canary-5f1c"
    world.digest("--offline", AWS_SECRET=canary, BUILDER_CANARY=canary)
    places = [path for top in (world.store, world.app) for path in top.rglob("*") if path.is_file()]
    assert [path for path in places if canary.encode() in path.read_bytes()] == []


def test_verbose_shows_commands(world: World) -> None:
    """-v shows the sandbox's command line; the log keeps it in any case."""
    assert "$ bwrap --unshare-all" in world.run(*BUILD, "--offline", "-v").stderr
    assert "$ bwrap --unshare-all" in (world.store / "logs" / "build.log").read_text()


def environment(values: Mapping[str, str]) -> Mapping[str, str]:
    """The environment without what belongs to this checkout."""
    return {name: value for name, value in values.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


def test_the_wheel_works_away_from_the_checkout(tmp_path: Path, world: World) -> None:
    """The built wheel holds all it needs: it plans what is committed, and builds the committed bytes."""
    make = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(make, cwd=ROOT, check=True, capture_output=True)
    wheel = next((tmp_path / "dist").glob("*.whl"))
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(tmp_path / "lib"), str(wheel)]
    subprocess.run(install, check=True)
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from builder.entry import main; main()"
    run = [sys.executable, "-c", code, str(tmp_path / "lib")]
    plan = subprocess.run(
        [*run, "plan", "web"], cwd=world.app, env=environment(world.env), capture_output=True, check=True
    )
    assert plan.stdout == (world.app / "builder.plan" / "web.json").read_bytes()
    built = subprocess.run([*run, *BUILD, "--offline"], cwd=world.app, env=world.env, capture_output=True, check=True)
    assert committed("counter") in built.stdout.decode()
