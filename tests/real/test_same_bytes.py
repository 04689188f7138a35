"""The same bytes of every fixture and target in every place where steps run; the test run ends with a table of them."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.commands.deliver import expected

from . import containers
from .test_nix import with_store
from .worlds import BUILDER, ROOT, World, as_nobody

pytestmark = [pytest.mark.real, pytest.mark.reliability]

ALL = ("counter", "counter-1.0", "counter-desktop")
PLACES = ("bwrap", "bwrap_user", "nix", "podman", "podman_user", "docker", "here")
QUICK = {("counter", "here"), ("counter", "podman_user")}  # others have tests of their own
LONG = pytest.mark.thorough  # left to `make reliability`
Place = Callable[[World, str, Path], subprocess.CompletedProcess[str]]


def options(backend: str, target: str) -> tuple[str, ...]:
    return ("build", target, "--json", "--frozen", "--offline", "--backend", backend)


@pytest.fixture(scope="module")
def every_pin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the pins of every fixture and target."""
    for fixture in ALL:
        world = World(tmp_path_factory.mktemp(fixture), empty(tmp_path_factory), fixture)
        for target in expected(world.app):
            subprocess.run([BUILDER, "fetch", "-t", target], cwd=world.app, check=True, capture_output=True)
    return Path(os.environ["BUILDER_HOME"])


def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    (folder / "files").mkdir()
    return folder


@pytest.fixture
def bwrap(tool: Callable[[str], str]) -> Place:
    tool("bwrap")
    return lambda world, target, folder: world.run(*options("bwrap", target))


@pytest.fixture
def bwrap_user(tool: Callable[[str], str]) -> Place:
    tool("bwrap")
    return lambda world, target, folder: as_nobody(world, tool, *options("bwrap", target))


@pytest.fixture
def nix(tool: Callable[[str], str]) -> Place:
    tool("nix-build")
    return lambda world, target, folder: with_store(world, folder).run(*options("nix", target))


@pytest.fixture
def podman(tool: Callable[[str], str]) -> Iterator[Place]:
    tool("podman")
    with containers.storage() as found:
        yield lambda world, target, folder: world.run(*options("oci", target), **found)


@pytest.fixture
def podman_user(tool: Callable[[str], str]) -> Iterator[Place]:
    tool("podman")
    with containers.rootless() as found:
        yield lambda world, target, folder: as_nobody(world, tool, *options("oci", target), **found)


@pytest.fixture
def docker() -> Iterator[Place]:
    with containers.daemon() as found:
        yield lambda world, target, folder: world.run(*options("oci", target), **found)


@pytest.fixture
def here(tool: Callable[[str], str]) -> Iterator[Place]:
    """In a container of the image that the fixture is exported as."""
    tool("podman")
    with containers.storage() as found:

        def run(world: World, target: str, folder: Path) -> subprocess.CompletedProcess[str]:
            layout = folder / "layout"
            if not layout.exists():
                done = world.run("export", "oci-layout", *expected(world.app), "-o", str(layout))
                assert done.returncode == 0, done.stderr
                containers.load(layout, found)
                world.app.chmod(0o777)
            return containers.on_agent(world.app, found, *options("here", target))

        yield run


@pytest.mark.parametrize(
    ("fixture", "place"),
    [
        pytest.param(fixture, place, marks=() if (fixture, place) in QUICK else LONG)
        for fixture in ALL
        for place in PLACES
    ],
)
def test_every_place_gives_the_same_bytes(
    fixture: str,
    place: str,
    request: pytest.FixtureRequest,
    every_pin: Path,
    open_folder: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """From the committed plan, in a fresh store: each digest is the one that is committed."""
    run: Place = request.getfixturevalue(place)
    world = World(open_folder, every_pin, fixture, link=True)
    wanted = expected(ROOT / "fixtures" / fixture)
    found = {}
    for target in wanted:
        done = run(world, target, open_folder)
        assert done.returncode == 0, done.stderr
        found[target] = json.loads(done.stdout)["digest"]
        record_property("same bytes", [fixture, target, place, found[target], wanted[target]])
    assert found == wanted
