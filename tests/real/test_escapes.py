"""Steps that try to get out, in every backend: what each try gives stands in one table, and a difference fails."""

import contextlib
import json
import os
import pty
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import containers, escaping
from .worlds import BUILD, World

pytestmark = [pytest.mark.real, pytest.mark.reliability]

PLACES = ("bwrap", "nix", "podman", "docker")
# What a step can reach, by backend; whatever is not here must be stopped. Each row is told in
# docs/explanation/security.md.
OPEN = {
    "learn where the store is": {"bwrap", "podman", "docker"},  # in /proc/self/mountinfo
    "learn the boot": set(PLACES),
    "learn the kernel": set(PLACES),
    "learn the processor": set(PLACES),
    "learn the time": set(PLACES),
    "learn the command line of the kernel": set(PLACES),
    "write the root": {"nix"},  # a folder of this build alone, which goes away
}
REFUSED = {
    "out is a link to a folder of the host": "`out` itself is no folder any more",
    "out is a link to a file of the host": "`out` itself is no folder any more",
    "out is a file": "`out` itself is no folder any more",
    "out is gone": "there is no `out`",
    "an absolute link": "a link leads out of it: `link`",
    "an absolute link into the output": "a link leads out of it: `link`",
    "a link that leaves": "a link leads out of it: `link`",
    "a link that leaves by others": "a link leads out of it: `a/b/leaves`",
    "a pipe": "there is something that is no file, folder or link: `pipe`",
    "a socket": "there is something that is no file, folder or link: `socket`",
    "a terabyte of nothing": "it has 1099511627776 bytes",
    "a tree deeper than paths": "a path is too long: `folder/",
    "a name that is not UTF-8": r"a name is not UTF-8: `\udcff\udcfe`",
}
KEPT = ("bits of a mode", "attributes", "files that are one", "long names", "lines in names", "a child that stays")


@dataclass(frozen=True)
class Place:
    """A backend with a world of its own, and the host around it."""

    name: str
    backend: str
    world: World
    host: dict[str, Any]

    def build(self, script: str, *args: str) -> subprocess.CompletedProcess[str]:
        """Build a plan of one script, on a terminal that it could type into, with a secret in the environment."""
        escaping.plan_of(self.world.app, script, *args)
        command = [sys.executable, "-c", ON_TERMINAL, *COMMAND, "--backend", self.backend]
        env = self.world.env | {"CANARY": self.host["canary"], "USER": "canary-user", "LOGNAME": "canary-user"}
        ours, theirs = pty.openpty()
        with open(ours, "rb", buffering=0), open(theirs, "rb", buffering=0) as terminal:  # noqa: PTH123 (numbers)
            return subprocess.run(
                command, cwd=self.world.app, env=env, stdin=terminal, capture_output=True, text=True,
                start_new_session=True, check=False, timeout=120,
            )  # fmt: skip

    @property
    def out(self) -> Path:
        """What was delivered."""
        return self.world.app / "build" / "web"


ON_TERMINAL = "import fcntl, os, sys; fcntl.ioctl(0, 0x540E, 0); os.execv(sys.argv[1], sys.argv[1:])"  # TIOCSCTTY
COMMAND = (str(Path(sys.executable).with_name("builder")), *BUILD, "--offline", "--frozen")


@pytest.fixture(scope="module", params=PLACES)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, fetched: Path, tool: Callable[[str], str]
) -> Iterator[Place]:
    """Each backend, and of `oci` each program."""
    name = request.param
    folder = tmp_path_factory.mktemp(f"escapes-{name}")
    with contextlib.ExitStack() as stack:
        world = World(folder, fetched)
        if name == "nix":
            tool("nix-build")
            world.env["NIX_REMOTE"] = str(folder / "nix-store")
            if os.geteuid() == 0:
                world.env["NIX_CONFIG"] = "build-users-group =\n"
        elif name in ("podman", "docker"):
            tool(name)
            world.env |= stack.enter_context(containers.storage() if name == "podman" else containers.daemon())
        else:
            tool(name)
        host = stack.enter_context(escaping.host(world))
        escaping.given(world.app, host)
        yield Place(name, "oci" if name in ("podman", "docker") else name, world, host)


def test_each_way_out_is_closed(place: Place, figures: Callable[..., None]) -> None:
    """Network, files, devices, processes, the kernel, what can be learnt: got is what the table says, and no more."""
    done = place.build("probes.py")
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads((place.out / "found.json").read_text())
    assert set(OPEN) <= set(found)
    assert len(found) > 110
    odd = {name: how for name, how in found.items() if how.startswith(("bug", "killed", "hangs"))}
    assert odd == {}
    got = {name for name, how in found.items() if how == "got"}
    assert got == {name for name, where in OPEN.items() if place.name in where}
    environment = json.loads((place.out / "given.json").read_text())
    assert "canary" not in json.dumps(environment)
    figures("escapes tried", len(found) - len(got))
    figures("escapes stopped", len(found) - len(got))


def test_a_step_leaves_no_trace_on_the_host(place: Place) -> None:
    """The app, the store's files and what lies beside them are as they were."""
    before = shape(place.world.store / "files"), shape(place.world.app), shape(Path(place.host["victim"]))
    done = place.build("probes.py")
    assert done.returncode == 0, done.stderr
    after = shape(place.world.store / "files"), shape(place.world.app), shape(Path(place.host["victim"]))
    assert after == before


def shape(root: Path) -> dict[str, tuple[int, int, float]]:
    """Mode, size and date of all below a folder, but for what builder writes."""
    return {
        str(path.relative_to(root)): (status.st_mode, status.st_size, status.st_mtime)
        for path in sorted([root, *root.rglob("*")])
        if not {"build", "builder.plan"} & set(path.relative_to(root).parts) and path != root
        for status in [path.lstat()]
    }


@pytest.mark.parametrize("trick", REFUSED)
def test_an_output_that_would_do_harm_is_refused(trick: str, place: Place, figures: Callable[..., None]) -> None:
    """Exit code 7 and why; nothing of the host is read or changed, nothing is left in the store."""
    if place.name == "nix" and trick in ("a terabyte of nothing", "a tree deeper than paths"):
        pytest.skip("Nix hashes the one before builder sees it, and never gets rid of the other")
    victim = Path(place.host["victim"])
    before = shape(victim)
    done = place.build("tricks.py", trick)
    figures("escapes tried")
    assert done.returncode == 7, done.stderr
    assert "Traceback" not in done.stderr
    assert "error: step `escape` left an output that can't be kept: " in done.stderr
    assert REFUSED[trick] in done.stderr or place.name == "nix"  # which refuses some itself, in words of its own
    assert shape(victim) == before
    assert place.host["canary"] not in done.stderr
    assert list((place.world.store / "work").iterdir()) == []
    figures("escapes stopped")


@pytest.mark.parametrize("trick", KEPT)
def test_what_an_output_may_not_have_is_taken_away(trick: str, place: Place, figures: Callable[..., None]) -> None:
    """Modes are 0644, 0755 and no bit more, attributes do not reach the artifact, and no child outlives its step."""
    done = place.build("tricks.py", trick)
    figures("escapes tried")
    assert done.returncode == 0, done.stderr
    assert {stat.S_IMODE(path.lstat().st_mode) for path in place.out.rglob("*")} <= {0o644, 0o755}
    assert [path for path in place.out.rglob("*") if os.listxattr(path)] == []
    held = {path.name for path in place.out.rglob("*")}
    if trick == "a child that stays":
        time.sleep(1)
        late = [path for path in place.world.store.rglob("late") if "nix-store" not in path.parts]
        assert late == []
        assert running("tricks.py") == []
    assert "late" not in held
    figures("escapes stopped")


def running(word: str) -> list[str]:
    """The command lines of processes that name a word."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += [line for line in [path.read_bytes().decode(errors="replace")] if word in line]
    return found


def test_a_killed_builder_leaves_no_step(place: Place, figures: Callable[..., None], thorough: bool) -> None:
    """kill -9 of builder ends the step with it, however it was started and however far the sandbox is by then."""
    if place.name == "nix":
        pytest.skip("Nix goes on by itself until its client's pipe breaks")
    escaping.plan_of(place.world.app, "tricks.py", "sleeps")
    for moment in range((200 if thorough else 12) if place.name == "bwrap" else 2):
        process = subprocess.Popen(
            [*COMMAND, "--backend", place.backend],
            cwd=place.world.app,
            env=place.world.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        figures("escapes tried")
        wait_for(lambda: bool(running("\0tricks.py\0sleeps")))
        time.sleep(moment % 20 / 2000)  # up to 10 ms, in which a sandbox is made
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_for(lambda: not running("\0tricks.py\0sleeps"))
        figures("escapes stopped")


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.001)
