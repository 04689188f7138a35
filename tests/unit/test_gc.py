"""Rules of `builder gc`, `builder store` and of what they go by: the records of what each app needs."""

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from builder import lockfile
from builder.commands import Context, gc, uses
from builder.commands import store as storing
from builder.commands.gc import Wish
from builder.errors import BuilderError, Exit
from builder.store import Store

DAY = 86400


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class World:
    """A store in which apps left records."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root / "store")
        self.root = root

    def context(self, app: str = "app") -> Context:
        (self.root / app).mkdir(exist_ok=True)
        return Context(root=self.root / app, store=self.store, environ={}, say=lambda line: None)

    def file(self, text: str) -> str:
        self.store.file(sha(text)).write_text(text)
        return sha(text)

    def output(self, key: str, text: str = "x") -> str:
        made = self.root / "made"
        made.mkdir()
        (made / "file").write_text(text)
        self.store.put(key, made)
        return key

    def app(self, name: str, days: float = 0, **needs: tuple[object, ...]) -> Path:
        """An app that was used so many days ago, and needs some pins, outputs and builds."""
        context = self.context(name)
        (context.root / "builder.lock").write_text("broken")
        use = uses.Use(str(context.root), "web", **needs)
        uses.save(self.store, use)
        self.used(name, days)
        return context.root

    def used(self, name: str, days: float) -> None:
        for path, use, _ in uses.all_of(self.store):
            if use and use.root == str(self.root / name):
                os.utime(path, (time.time() - days * DAY,) * 2)

    def names(self) -> set[str]:
        """What is there of files and outputs."""
        places = [*self.store.files.glob("*"), *(self.store.root / "outputs").glob("*[!.nar]")]
        return {path.read_text() if path.is_file() else path.name for path in places if ".nar" not in path.name}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_no_app_needs_goes(world: World) -> None:
    """Files, outputs with their records, and what was set aside; what an app needs stays."""
    world.app("app", pins=(world.file("kept"),), outputs=(world.output("tool"),), builds=((world.output("site"),),))
    world.file("gone")
    world.output("old")
    world.store.rejected("bad").write_text("bad")
    result = gc.run(world.context(), Wish())
    assert world.names() == {"kept", "tool", "site"}
    assert {entry.name for entry in result.removed} == {f"files/{sha('gone')}", "outputs/old", "rejected/bad"}
    assert not (world.store.root / "outputs" / "old.nar").exists()
    assert result.freed == len("gone") + 1 + 64 + len("bad")
    assert list((world.store.root / "work").iterdir()) == []


def test_a_dry_run_removes_nothing(world: World) -> None:
    """It tells the same as the run would."""
    world.file("gone")
    told = gc.run(world.context(), Wish(dry_run=True))
    assert world.names() == {"gone"}
    assert [entry.name for entry in gc.run(world.context(), Wish()).removed] == [e.name for e in told.removed]


def test_an_app_that_is_gone_needs_nothing(world: World) -> None:
    """Its folder was removed, or has no lock any more; its record goes too."""
    root = world.app("app", pins=(world.file("gone"),))
    (root / "builder.lock").unlink()
    gc.run(world.context("other"), Wish())
    assert world.names() == set()
    assert uses.all_of(world.store) == []


def test_older_than_goes_by_when_an_app_was_last_used(world: World) -> None:
    """Whether its folder is still there does not matter then."""
    world.app("idle", 40, pins=(world.file("idle"), world.file("both")))
    (world.app("used", 20, pins=(world.file("used"), sha("both"))) / "builder.lock").unlink()
    gc.run(world.context(), Wish(older_than=30))
    assert world.names() == {"used", "both"}


def test_a_size_is_reached_by_forgetting_the_longest_idle_apps(world: World) -> None:
    """Nothing goes while the store is small enough; then what nobody needs; then app by app."""
    for number, name in enumerate(("old", "middle", "new")):
        world.app(name, 9 - number, pins=(world.file(name * 1000),))
    world.file("nobody" * 100)
    assert gc.run(world.context(), Wish(max_size=100_000)).removed == ()
    gc.run(world.context(), Wish(max_size=gc.run(world.context(), Wish(dry_run=True)).left))
    assert world.names() == {"old" * 1000, "middle" * 1000, "new" * 1000}
    assert gc.run(world.context(), Wish(max_size=7000)).left <= 7000
    assert world.names() == {"new" * 1000}
    assert gc.run(world.context(), Wish(max_size=0)).left == 0
    assert world.names() == set()


def test_keys_of_the_user_stay(world: World) -> None:
    """A debug key is no copy of anything."""
    (world.store.root / "keys").mkdir(parents=True)
    (world.store.root / "keys" / "android-debug.pem").write_text("key")
    gc.run(world.context(), Wish(max_size=0))
    assert (world.store.root / "keys" / "android-debug.pem").exists()


def test_pins_of_the_present_lock_stay(world: World) -> None:
    """An app that was locked anew since its last build needs what its lock says now."""
    fixture = Path(__file__).parents[2] / "fixtures" / "counter"
    (world.app("app") / "builder.lock").write_bytes((fixture / "builder.lock").read_bytes())
    world.store.file(lockfile.load(fixture).packages[0].sha256).write_text("locked")
    gc.run(world.context(), Wish())
    assert world.names() == {"locked"}


def test_places_that_builder_filled_are_remembered_while_they_are_there(world: World) -> None:
    """Else the next build would refuse to replace a folder of its own."""
    (world.root / "site").mkdir()
    for name in ("site", "none"):
        inode = (world.root / "site").stat().st_ino
        world.store.state(f"{name}.place").write_text(json.dumps({"path": str(world.root / name), "inodes": [inode]}))
    gc.run(world.context(), Wish())
    assert [path.name for path in (world.store.root / "apps").iterdir()] == ["site.place"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"root": 1}', "[" * 100_000, "\udcff"])
def test_broken_records_are_no_error(world: World, text: str) -> None:
    """They go."""
    for suffix in (".use", ".json", ".place"):
        world.store.state(f"x{suffix}").write_bytes(text.encode(errors="surrogateescape"))
    gc.run(world.context(), Wish())
    assert list((world.store.root / "apps").iterdir()) == []


def test_it_waits_for_builds_but_not_for_ever(world: World) -> None:
    """A build holds the store: nothing is removed, and that is an error with its mend."""
    world.file("gone")
    with world.store.locked("store", shared=True), pytest.raises(BuilderError, match="in use") as caught:
        gc.run(world.context(), Wish(), patience=0.1)
    assert caught.value.code == Exit.PROJECT
    assert world.names() == {"gone"}


def test_it_goes_on_once_the_build_has_ended(world: World) -> None:
    """Within its patience."""
    world.file("gone")
    held = threading.Event()

    def build() -> None:
        with world.store.locked("store", shared=True):
            held.set()
            time.sleep(0.3)

    other = threading.Thread(target=build)
    other.start()
    held.wait()
    gc.run(world.context(), Wish(), patience=30)
    other.join()
    assert world.names() == set()


def test_single_locks_go_too(world: World) -> None:
    """But not the store's own, which others may wait for."""
    with world.store.locked("one"):
        pass
    gc.run(world.context(), Wish())
    assert [path.name for path in (world.store.root / "locks").iterdir()] == ["store"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("5GB", 5 * 10**9), ("800 MB", 8 * 10**8), ("1GiB", 2**30), ("0", 0), ("1.5k", 1500), ("7b", 7)],
)
def test_sizes_are_read(text: str, number: int) -> None:
    """As people write them."""
    assert gc.bytes_of(text) == number


@pytest.mark.parametrize("text", ["", "much", "-1", "5 XB", "1e9"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """With what a size looks like."""
    with pytest.raises(BuilderError, match="no size"):
        gc.bytes_of(text)


def test_only_the_last_two_builds_of_an_app_are_kept(world: World) -> None:
    """All outputs that follow the app's tree go with their build, not only the last step's."""
    context = world.context()
    for number in range(4):
        build = (world.output(f"app{number}"), world.output(f"site{number}"))
        uses.built(context, uses.Use(str(context.root), "web"), build)
        uses.forget_older(context, "web")
    assert world.names() == {"app2", "app3", "site2", "site3"}


def test_a_sound_store_verifies(world: World) -> None:
    """Every file and output is looked at, nothing is wrong."""
    world.file("a")
    world.output("b")
    assert [finding.wrong for finding in storing.verify(world.store)] == ["", ""]


def test_wrong_bytes_are_found_and_taken_away(world: World) -> None:
    """A file is set aside, an output is removed; the store verifies again then."""
    world.store.file(world.file("a")).write_text("b")
    world.output("key")
    (world.store.output("key") / "file").write_text("y")
    assert [bool(finding.wrong) for finding in storing.verify(world.store)] == [True, True]
    assert not world.store.claims("key")
    assert world.store.rejected(sha("a")).read_text() == "b"
    assert storing.verify(world.store) == ()


def test_what_is_being_made_is_left_alone(world: World) -> None:
    """Another process holds its lock."""
    world.store.file(world.file("a")).write_text("half")
    with world.store.locked(sha("a")):
        assert [finding.busy for finding in storing.verify(world.store)] == [True]
    assert world.names() == {"half"}


def run(store: Store, *argv: str) -> "subprocess.CompletedProcess[str]":
    environ = {**os.environ, "BUILDER_HOME": str(store.root)}
    command = [sys.executable, "-m", "builder.entry", *argv]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def test_the_command_line_tells_what_went(world: World) -> None:
    """One line an entry on stdout, or JSON; the sums go to stderr."""
    world.file("gone")
    done = run(world.store, "gc", "--dry-run")
    assert done.stdout == f"files/{sha('gone')} 4\n"
    told = json.loads(run(world.store, "gc", "--json").stdout)
    assert (told["freed"], told["removed"]) == (4, [{"name": f"files/{sha('gone')}", "size": 4}])
    assert run(world.store, "gc", "--max-size", "lots").returncode == Exit.USAGE


def test_the_command_line_verifies(world: World) -> None:
    """Exit code 6 where something was wrong, 0 where not."""
    world.store.file(world.file("a")).write_text("b")
    done = run(world.store, "store", "verify")
    assert done.returncode == Exit.MISMATCH
    assert done.stdout.startswith(f"files/{sha('a')} has other bytes")
    assert "hint:" in done.stderr
    assert run(world.store, "store", "verify", "--json").returncode == 0
    assert run(world.store, "store", "path").stdout == f"{world.store.root}\n"
    assert int(run(world.store, "store", "size").stdout) > 0
