"""Plain Nix of each version, as the machine's owner, behind a daemon and as an ordinary user: the committed bytes."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder import nar, toolchain
from builder.inside.start import REFUSED
from builder.network.http import Http
from builder.network.mirrors import Bases
from builder.sources import places

from . import nixes
from .nixes import Machine
from .worlds import BUILD, FIXTURES, ROOT, World, committed

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a machine with other users"),
]

HERE = "installed here"
VERSIONS = (HERE, pytest.param("stable", marks=pytest.mark.thorough), "testing")  # these two are suites of Debian
TOOLS = ("apt-get", "dpkg-deb", "git", "nsenter", "setpriv", "unshare")
GUARDS = ("--option", "sandbox", "true", "--option", "sandbox-fallback", "false")

# A flake has one app; this one has both fixtures, under names without dots.
FLAKE = """
{
  outputs = { self }:
    let targets = src: ((import ./nix/plan.nix).mkApp { inherit src; }).packages.x86_64-linux; in
    { packages.x86_64-linux = { counter = (targets ./counter).web; counter-1_0 = (targets ./counter-1.0).web; }; };
}
"""
NO_FLAKE = "((import ./nix/plan.nix).mkApp { src = ./counter; }).packages.x86_64-linux.web"


@pytest.fixture(scope="module")
def pins(fetched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that the fixtures need, under the names that a Nix store has for it: `files`, `bootstrap` and `ready`."""
    folder = tmp_path_factory.mktemp("pins") / "pins"  # not that which pytest made, which is closed to other users
    for name in ("files", "bootstrap", "ready"):
        (folder / name).mkdir(parents=True)
    for fixture in FIXTURES:
        for sha256, name in names(fixture).items():
            if (fetched / "files" / sha256).exists():
                shutil.copyfile(fetched / "files" / sha256, folder / "files" / name)
    recipe = toolchain.load("python-3.12")
    shutil.copytree(fetched / "outputs" / recipe.nar, folder / "ready" / "toolchain", symlinks=True)
    bases = Bases(settings={}, environ=os.environ, home=Path.home(), origins={})
    archive = recipe.bootstrap.pin
    place = folder / "bootstrap" / archive.file
    http = Http(bases.base, environ=os.environ, keep=lambda path, _: shutil.move(path, place))
    http.take(next(places({}, http)(archive)), {"sha256": archive.sha256})
    return folder


def names(fixture: str) -> dict[str, str]:
    """What a Nix store calls the pins of a fixture: sha256 -> name."""
    folder = ROOT / "fixtures" / fixture / "builder.plan"
    planned, recipe = (json.loads((folder / name).read_bytes()) for name in ("web.json", "toolchain.json"))
    return recipe["stores"] | {sha256: pin["store"] for sha256, pin in planned["pins"].items()}


@pytest.fixture(scope="session")
def unpacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what is unpacked of Debian; it stays where pytest keeps a cache, until `pytest --cache-clear`."""
    cache = request.config.cache if request.config.pluginmanager.hasplugin("cacheprovider") else None
    return cache.mkdir("unpacked") if cache else tmp_path_factory.mktemp("unpacked")


@pytest.fixture(params=VERSIONS)
def machine(
    request: pytest.FixtureRequest, tool: Callable[[str], str], pins: Path, unpacked: Path, tmp_path: Path
) -> Iterator[Machine]:
    """A machine with a Nix of this version whose store is empty, a flake of both fixtures, and the pins."""
    for name in TOOLS:
        tool(name)
    if request.param == HERE and not tool("nix-build").startswith("/usr/"):
        pytest.skip("the Nix of this machine is no package of its distribution")
    usr = Path("/usr") if request.param == HERE else nixes.debian(request.param, unpacked)
    with nixes.machine(usr, tmp_path / "machine") as machine:
        flake = machine.folder / "flake"
        for fixture in FIXTURES:
            source = ROOT / "fixtures" / fixture
            shutil.copytree(source, flake / fixture, ignore=shutil.ignore_patterns("build"))
        shutil.copytree(ROOT / "nix", flake / "nix")
        (flake / "flake.nix").write_text(FLAKE)
        (flake / "default.nix").write_text(NO_FLAKE)
        for command in (["init", "--quiet"], ["add", "."]):
            subprocess.run(["git", "-C", flake, *command], check=True)
        shutil.copytree(pins, machine.folder / "pins", symlinks=True, copy_function=os.link)
        yield machine
    shutil.rmtree(tmp_path / "machine")  # a store is too big to be kept for three runs


def add(machine: Machine, *store: str, user: int = 0) -> None:
    """Put every pin and the ready toolchain into the Nix store."""
    files = sorted(str(path) for path in (machine.folder / "pins" / "files").iterdir())
    machine.must("nix-store", *store, "--add-fixed", "sha256", *files, user=user)
    ready = str(machine.folder / "pins" / "ready" / "toolchain")
    machine.must("nix-store", *store, "--add-fixed", "--recursive", "sha256", ready, user=user)


def build(machine: Machine, *store: str) -> subprocess.CompletedProcess[str]:
    """How an ordinary user builds the fixture `counter`; its output is a store path."""
    command = ["nix-build", str(machine.folder / "flake"), "--no-out-link"]
    return machine.run(*command, *GUARDS, *store, user=nixes.ANN)


def test_an_empty_store_builds_the_committed_bytes(machine: Machine) -> None:
    """Given nothing but pins, it makes the toolchain and both fixtures, and does so again with the same bytes."""
    files = sorted(str(path) for name in ("files", "bootstrap") for path in (machine.folder / "pins" / name).iterdir())
    machine.must("nix-store", "--add-fixed", "sha256", *files)
    for fixture in FIXTURES:
        flake, link = f"{machine.folder}/flake#{fixture.replace('.', '_')}", machine.folder / f"result-{fixture}"
        machine.must("nix", "build", flake, "--offline", "--out-link", str(link), *GUARDS)
        assert digest(machine.folder, str(link.readlink())) == committed(fixture)
    machine.must("nix", "build", flake, "--offline", "--no-link", "--rebuild", *GUARDS)


def test_a_daemon_serves_a_user_whom_it_does_not_trust(machine: Machine) -> None:
    """Such a user may put pins into the store, and needs no option that the daemon would not take from her."""
    with machine.daemon(sandbox="true"):
        add(machine, user=nixes.ANN)
        assert digest(machine.folder, build(machine).stdout) == committed("counter")


def test_a_daemon_without_a_sandbox_is_found_out(machine: Machine) -> None:
    """It takes `sandbox` from nobody whom it does not trust, so the first step refuses; from others it does."""
    with machine.daemon(sandbox="false"):
        add(machine, user=nixes.ANN)
        refused = build(machine)
    assert f"failed with exit code {REFUSED}" in refused.stderr
    assert "the sandbox does not hold" in refused.stderr
    assert refused.stdout == ""
    with machine.daemon(**{"sandbox": "false", "trusted-users": "root ann"}):
        assert digest(machine.folder, build(machine).stdout) == committed("counter")


def test_a_user_has_a_store_of_her_own(machine: Machine) -> None:
    """Where there is no daemon and /nix is another's, a store elsewhere holds the same paths and bytes."""
    store = machine.home / "store"
    add(machine, "--store", str(store), user=nixes.ANN)
    assert digest(store, build(machine, "--store", str(store)).stdout) == committed("counter")


@pytest.fixture
def world(machine: Machine, fetched: Path) -> World:
    """A world of builder whose programs of Nix are the machine's; builder's own store lies where both see it."""
    world = World(machine.folder, fetched)
    for name in ("nix", "nix-build", "nix-instantiate"):
        program = machine.folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec {shlex.join(machine.enter())} /usr/bin/{name} "$@"\n')
        program.chmod(0o755)
    world.env |= {"PATH": f"{machine.folder}/bin:{os.environ['PATH']}", "NIX_REMOTE": f"{machine.folder}/store/nix"}
    return world


def test_builder_builds_with_it(world: World) -> None:
    """The Nix backend gives the committed bytes, and says which step failed in the words that bubblewrap's has."""
    assert world.digest("--frozen", "--offline", "--backend", "nix") == committed("counter")
    with (world.app / "pyproject.toml").open("a") as file:
        file.write("\n[tool.flet.compile]\napp = true\n")
    (world.app / "main.py").write_text("def (\n")
    done = world.run(*BUILD, "--offline", "--backend", "nix")
    assert done.returncode == 7
    assert re.search(r"error: step `app` failed with exit code 1: .*main\.py", done.stderr), done.stderr


def test_builder_trusts_no_daemon(machine: Machine, world: World) -> None:
    """One that has no sandbox, and takes none from root either, is told by the first step: exit code 9, no artifact."""
    with machine.daemon(**{"sandbox": "false", "trusted-users": "nobody"}):
        done = world.run(*BUILD, "--offline", "--backend", "nix", NIX_REMOTE="daemon")
    assert done.returncode == 9, done.stderr
    assert "error: the sandbox failed: the sandbox does not hold, a step can see" in done.stderr
    assert not (world.app / "build").exists()


def test_a_missing_pin_is_named(machine: Machine) -> None:
    """An empty store asks nobody: the error has the file's name and the mend."""
    done = machine.run("nix-build", str(machine.folder / "flake"), "--no-out-link", *GUARDS)
    assert done.returncode != 0
    assert re.search(r"missing pin \S+: run `builder fetch --nix`", done.stderr)


def digest(root: Path, path: str) -> str:
    """The NAR sha256 of a store path in the store below a folder."""
    assert path.startswith("/nix/store/")
    return nar.sha256(root / path.strip().removeprefix("/"))
