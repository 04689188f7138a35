"""Builds that are killed, starved or lied to: the next one is right, and nothing that was kept is lost."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from builder import toolchain

from .worlds import BUILD, BUILDER, World, committed

pytestmark = [pytest.mark.real, pytest.mark.reliability]

LONG = pytest.mark.thorough  # left to `make reliability`
RECORD = ("build", "web", "--offline", "--record")


def long(values: Iterable[Any]) -> list[Any]:
    """Values that only the long form tries."""
    return [
        pytest.param(*value, marks=LONG)
        if isinstance(value, tuple) and callable(value[-1])
        else pytest.param(value, marks=LONG)
        for value in values
    ]


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory, fetched: Path) -> World:
    """A world in which the fixture was built once, so that little has to run when its own files change."""
    world = World(tmp_path_factory.mktemp("warm"), fetched)
    assert world.digest("--offline") == committed("counter")
    return world


def again(warm: World, folder: Path) -> World:
    """The warm world once more, whose store has all but what follows the app's own files."""
    world = World.__new__(World)
    world.app, world.store = folder / "app", folder / "store"
    world.env = warm.env | {"BUILDER_HOME": str(world.store)}
    shutil.copytree(warm.app, world.app, ignore=shutil.ignore_patterns("build"))
    shutil.copytree(warm.store, world.store, symlinks=True, copy_function=os.link)
    shutil.rmtree(world.store / "logs")
    for path in [path for path in (world.store / "apps").iterdir() if path.suffix != ".use"]:
        path.unlink()  # the others keep `gc` from what the warm world needs
    for record in (warm.store / "apps").glob("*.use"):
        for key in json.loads(record.read_bytes())["builds"][0]:
            shutil.rmtree(world.store / "outputs" / key)
            (world.store / "outputs" / f"{key}.nar").unlink()
    return world


def kept(store: Path) -> set[str]:
    """What must never be lost: files, and outputs with their records."""
    outputs = {path.stem for path in (store / "outputs").glob("*.nar") if path.with_suffix("").is_dir()}
    return outputs | {path.name for path in (store / "files").iterdir()}


def lost(world: World, before: set[str]) -> set[str]:
    """What was there before and is no more, or has other bytes."""
    done = world.run("store", "verify", "--json")
    wrong = {row["name"].partition("/")[2] for row in json.loads(done.stdout)["wrong"]}
    return (before - kept(world.store)) | wrong


def test_a_build_that_is_killed_where_it_writes(
    warm: World, tmp_path: Path, killer: Any, some_points: Any, thorough: bool, figures: Any
) -> None:
    """At any point: the next build gives the committed bytes, what was in the store is still there, and is right."""
    first = again(warm, tmp_path / "first")
    under = [(tmp_path / "first").parent]
    argv = [*RECORD[:2], str(first.app), *RECORD[2:]]
    points = killer.points(argv, first.env, under)
    for point in some_points(points, thorough=thorough, few=6):
        folder = tmp_path / f"point-{point.number}"
        world = again(warm, folder)
        before = kept(world.store)
        killer.kill([*RECORD[:2], str(world.app), *RECORD[2:]], world.env, under, point)
        figures("faults injected")
        assert world.digest("--offline") == committed("counter"), point
        gone = lost(world, before)
        figures("entries lost", len(gone))
        assert gone == set(), point
        expected = (world.app / "builder.expected.toml").read_text()
        assert expected == (warm.app / "builder.expected.toml").read_text()
        shutil.rmtree(folder)


def test_a_toolchain_that_is_killed_while_it_is_made(
    tmp_path: Path, fetched: Path, killer: Any, some_points: Any, thorough: bool, figures: Any
) -> None:
    """At any point: the next command makes it whole, and no file that was fetched is lost."""
    nar = toolchain.load("python-3.12").nar

    def world(name: str) -> World:
        return World(tmp_path / name, fetched, link=True)

    first = world("first")
    points = killer.points(("fetch", str(first.app), "-t", "web"), first.env, [first.store])
    for point in some_points(points, thorough=thorough, few=4):
        one = world(f"point-{point.number}")
        before = kept(one.store)
        argv = ("fetch", str(one.app), "-t", "web")
        killer.kill(argv, one.env, [one.store], point)
        figures("faults injected")
        assert one.run("fetch", "-t", "web").returncode == 0, point
        assert lost(one, before) == set(), point
        assert nar in kept(one.store)
        assert [path for path in (one.store / "work").glob("*") if path.name.startswith("old-")] == []
        shutil.rmtree(tmp_path / f"point-{point.number}")


# --- what lies in the store is changed ------------------------------------------------------------------------------


def _flip(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()  # it is a hard link to the warm world's
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:] if data else b"x")


def _truncate(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2])


def _empty(path: Path) -> None:
    path.unlink()
    path.touch()


def _link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _remove(path: Path) -> None:
    path.unlink()


DAMAGE = [_flip, _truncate, _empty, _link, _folder, _remove]


def damage(store: Path, how: Callable[[Path], None]) -> int:
    """Damage one file of each output, the toolchain among them; gives how many."""
    number = 0
    for output in sorted((store / "outputs").iterdir()):
        files = sorted(
            path for path in output.rglob("*") if path.is_file() and not path.is_symlink() and path.stat().st_size
        )
        if files:
            how(files[number % len(files)])
            number += 1
    return number


@pytest.mark.parametrize("how", [_flip, *long(DAMAGE[1:])])
def test_damaged_outputs_are_made_again(
    how: Callable[[Path], None], warm: World, tmp_path: Path, figures: Any, thorough: bool
) -> None:
    """One file of every output and of the toolchain is changed: the build is right, and so is the store then."""
    world = again(warm, tmp_path)
    figures("faults injected", damage(world.store, how))
    assert world.digest("--offline") == committed("counter")
    world.run("store", "verify")
    assert world.run("store", "verify").returncode == 0
    assert world.digest("--offline") == committed("counter")


RECORDS = [("*.nar", _flip), ("*.json", _empty), ("*.use", _folder), ("*.place", _link)]
EVERY = [(what, how) for what, _ in RECORDS for how in (_flip, _empty, _folder, _link) if (what, how) not in RECORDS]


@pytest.mark.parametrize(("what", "how"), [*RECORDS, *long(EVERY)])
def test_damaged_records_are_no_error(
    what: str, how: Callable[[Path], None], warm: World, tmp_path: Path, figures: Any
) -> None:
    """Of outputs, of builds that had nothing to do, of apps, of places."""
    world = again(warm, tmp_path)
    assert world.digest("--offline") == committed("counter")
    paths = sorted(world.store.glob(f"*/{what}"))[:3]
    assert paths
    for path in paths:
        how(path)
        figures("faults injected")
    assert world.digest("--offline") == committed("counter")
    assert world.run("gc").returncode == 0
    assert world.digest("--offline") == committed("counter")


@pytest.mark.parametrize("how", [_truncate, *long([_flip, _empty, _link, _folder])])
def test_damaged_files_are_found(how: Callable[[Path], None], warm: World, tmp_path: Path, figures: Any) -> None:
    """Every one: `store verify` names it, and an offline build that needs it ends with exit code 6 or 5."""
    world = again(warm, tmp_path)
    files = sorted(path for path in (world.store / "files").iterdir())
    shutil.rmtree(world.store / "outputs")
    for path in files:
        how(path)
    figures("faults injected", len(files))
    done = world.run(*BUILD, "--offline")
    assert done.returncode == 6, done.stderr
    assert "Traceback" not in done.stderr
    verified = json.loads(world.run("store", "verify", "--json").stdout)
    assert {row["name"] for row in verified["wrong"]} <= {f"files/{path.name}" for path in files}
    assert world.run(*BUILD, "--offline").returncode == 5
    assert list((world.store / "files").iterdir()) == []


# --- a place that takes no more, or nothing -------------------------------------------------------------------------


def in_mounts(tool: Callable[[str], str], *commands: str) -> tuple[str, ...]:
    """What to put before a command line for it to see other mounts."""
    script = " && ".join([*commands, 'exec "$@"'])
    return (tool("unshare"), "--map-root-user", "--mount", "sh", "-c", script, "sh")


def told(done: "subprocess.CompletedProcess[str]") -> None:
    """An error that a user can mend, or success."""
    assert "entry.py" not in done.stderr, done.stderr  # a traceback of builder; one of a step says what the step lacked
    assert done.returncode == 0 or "hint: " in done.stderr, done.stderr


FULL = {  # mount point, size
    "the store": ("{store}/work", "8m"),
    "the app's build folder": ("{app}/build", "8m"),
    "the app": ("{app}/build", "16k"),
    "outputs": ("{store}/outputs", "8m"),
    "records": ("{store}/apps", "4k"),
    "locks": ("{store}/locks", "4k"),
    "logs": ("{store}/logs", "4k"),
}


@pytest.mark.parametrize("where", ["the store", "the app's build folder", *long(FULL)[2:]])
def test_a_small_disk(where: str, warm: World, tmp_path: Path, tool: Callable[[str], str], figures: Any) -> None:
    """8 MB or less: an error with its mend, or a build that is right all the same; the next one is right."""
    world = again(warm, tmp_path)
    place, size = FULL[where]
    place = place.format(store=world.store, app=world.app)
    Path(place).mkdir(exist_ok=True)
    before = in_mounts(tool, f"mount -t tmpfs -o size={size},nr_inodes=400 none '{place}'")
    told(world.run(*BUILD, "--offline", before=before))
    figures("faults injected")
    assert world.digest("--offline") == committed("counter")


READ_ONLY = ("{store}", "{app}", "{app}/build", "{store}/work", "{store}/outputs", "{store}/apps", "{store}/locks")


@pytest.mark.parametrize("where", ["{store}", "{app}", *long(READ_ONLY[2:])])
@pytest.mark.parametrize("argv", [BUILD, *long([RECORD, ("gc",), ("store", "verify"), ("fetch",)])], ids=" ".join)
def test_a_read_only_place(
    where: str,
    argv: tuple[str, ...],
    warm: World,
    tmp_path: Path,
    tool: Callable[[str], str],
    figures: Any,
    thorough: bool,
) -> None:
    """An error with its mend, or success; the next build is right."""
    world = again(warm, tmp_path)
    place = where.format(store=world.store, app=world.app)
    Path(place).mkdir(exist_ok=True)
    before = in_mounts(tool, f"mount --bind '{place}' '{place}'", f"mount -o remount,bind,ro '{place}'")
    told(world.run(*argv, before=before))
    figures("faults injected")
    assert world.digest("--offline") == committed("counter")


def test_other_file_systems(warm: World, tmp_path: Path, tool: Callable[[str], str], figures: Any) -> None:
    """The store, the app's build folder, --output and /tmp each on their own: no rename goes across."""
    world = again(warm, tmp_path)
    (world.app / "build").mkdir()
    (tmp_path / "out").mkdir()
    mounts = [f"mount -t tmpfs none '{place}'" for place in (world.app / "build", tmp_path / "out", "/tmp/.")]
    if tmp_path.is_relative_to("/tmp"):
        mounts.pop()  # it would hide the world
    assert world.digest("--offline", before=in_mounts(tool, *mounts)) == committed("counter")
    out = ("--output", str(tmp_path / "out" / "site"))
    assert world.digest("--offline", *out, before=in_mounts(tool, *mounts), TMPDIR="/dev/shm") == committed("counter")
    figures("faults injected", 2)


LIMITS = ["-n 24", "-f 100", "-n 40", "-f 8", "-v 200000", "-t 1", "-u 20"]


@pytest.mark.parametrize("limit", [*LIMITS[:2], *long(LIMITS[2:])])
def test_a_limit_of_the_system(limit: str, warm: World, tmp_path: Path, figures: Any) -> None:
    """On open files, the size of files, memory, time: an error or a right build, and the next one is right."""
    world = again(warm, tmp_path)
    done = world.run(*BUILD, "--offline", before=("sh", "-c", f'ulimit {limit}; exec "$@"', "sh"))
    figures("faults injected")
    if done.returncode >= 0 and "-v" not in limit:  # else the system ended it
        told(done)
    assert done.returncode != 0 or committed("counter") in done.stdout
    assert world.digest("--offline") == committed("counter")


# --- the surroundings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["1981-05-01 00:00:00", *long(["2039-01-01 00:00:00", "2120-01-01 00:00:00"])])
def test_another_clock(when: str, warm: World, tmp_path: Path, tool: Callable[[str], str], figures: Any) -> None:
    """One that goes back, or far ahead, between builds and `gc`."""
    world = again(warm, tmp_path)
    before = (tool("faketime"), "-f", f"@{when}")
    collect = ("gc", "--older-than", "30") if when < "2" else ("gc",)  # with a clock ahead all apps were idle for years
    for argv in (BUILD, BUILD, collect):
        assert world.run(*argv, before=before).returncode == 0
        figures("faults injected")
        assert world.digest("--offline") == committed("counter")
    assert world.digest("--offline", before=before) == committed("counter")


@pytest.mark.parametrize("umask", ["077", *long(["000", "777"])])
def test_any_umask(umask: str, warm: World, tmp_path: Path, figures: Any) -> None:
    """The same bytes and modes in the store; with one that allows nothing, an error at the worst."""
    world = again(warm, tmp_path)
    done = world.run(*BUILD, "--offline", before=("sh", "-c", f'umask {umask}; exec "$@"', "sh"))
    figures("faults injected")
    told(done)
    assert done.returncode != 0 or committed("counter") in done.stdout
    for path in [path for path in world.store.rglob("*") if path.is_dir()]:
        path.chmod(0o755)
    assert world.digest("--offline") == committed("counter")


def test_no_home(warm: World, tmp_path: Path, figures: Any) -> None:
    """HOME is not set, or names what is not there."""
    for number, name in enumerate(("/nowhere", "")):
        world = again(warm, tmp_path / str(number))
        world.env.pop("HOME")
        assert world.digest("--offline", **({"HOME": name} if name else {})) == committed("counter")
        figures("faults injected")


def test_a_folder_that_is_gone(warm: World, tmp_path: Path, figures: Any) -> None:
    """The working folder was removed: an error that says so."""
    world = again(warm, tmp_path)
    (tmp_path / "gone").mkdir()
    remove = f'cd "{tmp_path / "gone"}" && rmdir "{tmp_path / "gone"}" && exec "$@"'
    for argv in (BUILD, ("gc",), ("store", "verify"), ("fetch",), ("lock",)):
        told(world.run(*argv, before=("sh", "-c", remove, "sh")))
        figures("faults injected")
        (tmp_path / "gone").mkdir()


def test_a_store_that_was_moved(warm: World, tmp_path: Path, figures: Any) -> None:
    """It holds no path of its own: nothing is made again."""
    world = again(warm, tmp_path)
    world.digest("--offline")
    world.store = world.store.rename(tmp_path / "moved")
    done = world.run(*BUILD, "--offline", BUILDER_HOME=str(world.store))
    assert committed("counter") in done.stdout
    assert "build " not in done.stderr
    figures("faults injected")


# --- several at once, and signals -----------------------------------------------------------------------------------


def test_eight_builds_of_one_app_at_once(warm: World, tmp_path: Path, figures: Any) -> None:
    """Into one build folder, from one store, with `gc` and `store verify` beside them: all give the right bytes."""
    world = again(warm, tmp_path)
    command = [BUILDER, *BUILD, "--offline"]
    running = [_start(world, *command) for _ in range(8)]
    others = [_start(world, BUILDER, "gc"), _start(world, BUILDER, "store", "verify")]
    said = [process.communicate() for process in [*running, *others]]
    assert [process.returncode for process in [*running, *others]] == [0] * 10, said
    assert all(committed("counter") in out.decode() for out, _ in said[:8])
    figures("faults injected", 10)
    assert world.digest("--offline") == committed("counter")


def _start(world: World, *argv: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(argv, cwd=world.app, env=world.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGKILL, *long([signal.SIGHUP, signal.SIGQUIT])], ids=lambda n: n.name
)
@pytest.mark.parametrize("seconds", [0.6, *long([0.2, 1.2])])
def test_a_signal(
    number: signal.Signals, seconds: float, warm: World, tmp_path: Path, figures: Any, thorough: bool
) -> None:
    """Whenever it comes, no process stays behind, what was kept is there, and the next build is right."""
    world = again(warm, tmp_path)
    before = kept(world.store)
    process = _start(world, BUILDER, *BUILD, "--offline")
    time.sleep(seconds)
    process.send_signal(number)
    said = process.communicate()[1]
    figures("faults injected")
    assert b"Traceback" not in said
    assert process.returncode in (0, 130, -number), said
    if number in (signal.SIGTERM, signal.SIGHUP):
        assert not (world.store / "work").exists() or list((world.store / "work").iterdir()) == []
    time.sleep(0.1)
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert str(world.store).encode() not in path.read_bytes()
        except OSError:
            continue
    assert world.digest("--offline") == committed("counter")
    gone = lost(world, before)
    figures("entries lost", len(gone))
    assert gone == set()


def test_gc_beside_builds(warm: World, tmp_path: Path, figures: Any) -> None:
    """Removing all that it may, again and again while builds run: each build gives the right bytes."""
    world = again(warm, tmp_path)
    main = world.app / "main.py"
    text = main.read_text()
    main.write_text(f"{text}# changed\n")
    changed = world.digest("--offline")
    main.write_text(text)
    for number in range(4):
        main.write_text(text if number % 2 else f"{text}# changed\n")
        build = _start(world, BUILDER, *BUILD, "--offline")
        time.sleep(0.2 * number)
        collect = _start(world, BUILDER, "gc")
        out, said = build.communicate()
        assert build.returncode == 0, said
        assert (committed("counter") if number % 2 else changed) in out.decode()
        assert collect.wait() == 0
        figures("faults injected")
