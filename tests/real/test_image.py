"""builder's own image: the same bytes wherever it is made, and builds in it where nothing can be nested."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from . import containers, escaping
from .containers import AGENT, IMAGE
from .worlds import ROOT, World, committed

pytestmark = pytest.mark.real

BUILD = ("builder", "build", "web", "--json", "--frozen", "--offline", "--backend", "here")


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory, fetched: Path) -> Path:
    """The image for the counter's web app."""
    world = World(tmp_path_factory.mktemp("image"), fetched)
    return exported(world, "oci-layout", "web", "--frozen")


def exported(world: World, *argv: str, before: tuple[str, ...] = (), **env: str) -> Path:
    """The folder of an export that must succeed."""
    done = world.run("export", *argv, before=before, **env)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def podman(layout: Path, tool: Callable[[str], str]) -> Iterator[dict[str, str]]:
    """Podman with a storage of its own, which has the image."""
    tool("podman")
    with containers.storage() as found:
        containers.load(layout, found)
        yield found


class Agent:
    """Runs programs in containers of an image, with an app mounted."""

    def __init__(self, app: Path, env: dict[str, str], image: str = IMAGE) -> None:
        self.app, self.env, self.image = app, env, image

    def run(self, *argv: str, flags: tuple[str, ...] = AGENT) -> subprocess.CompletedProcess[str]:
        """What a program of the image says."""
        return containers.in_image(self.app, self.env, self.image, flags, *argv)


@pytest.fixture
def agent(podman: dict[str, str], tmp_path: Path) -> Agent:
    """An agent, and an app that everybody may write to."""
    return Agent(open_app(tmp_path), podman)


def open_app(folder: Path) -> Path:
    app = folder / "app"
    shutil.copytree(ROOT / "fixtures" / "counter", app, ignore=shutil.ignore_patterns("build"))
    app.chmod(0o777)
    return app


def test_an_agent_that_can_nest_nothing_gives_the_same_bytes(agent: Agent) -> None:
    """An ordinary user without rights, for whom the kernel makes no namespace."""
    assert agent.run("busybox", "unshare", "-U", "true").returncode != 0
    done = agent.run(*BUILD)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["digest"] == committed("counter")
    assert json.loads(done.stdout)["backend"] == "here"
    assert json.loads(done.stdout)["path"] == "/app/build/web"
    assert (agent.app / "build" / "web" / "index.html").is_file()


def test_an_app_of_somebody_else_under_git_is_built(agent: Agent) -> None:
    """The image has git, which trusts what is mounted."""
    for argv in (("init", "-q"), ("add", "-A")):
        subprocess.run(["git", *argv], cwd=agent.app, check=True)
    done = agent.run(*BUILD)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["digest"] == committed("counter")


def test_root_in_a_container_gives_them_too(agent: Agent) -> None:
    """As `podman run --network=none` does it."""
    done = agent.run(*BUILD, flags=("--network=none",))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["digest"] == committed("counter")


REFUSED = {
    "a network": (("--network=host",), "the network interface"),
    "a file of the host": (
        ("--network=none", "--mount=type=bind,source=/etc/passwd,destination=/etc/shadow"),
        "`/etc/shadow` of the host",
    ),
    "somebody's home": (
        ("--network=none", "--mount=type=bind,source=/etc,destination=/home/me"),
        "a step could see `/home`",
    ),
    "another configuration": (
        ("--network=none", "--mount=type=bind,source=/etc,destination=/etc/more"),
        "it has `/etc/more`",
    ),
    "another program": (
        ("--network=none", "--mount=type=bind,source=/etc/passwd,destination=/usr/lib/python3.12/this.py"),
        "the toolchain of this image is not the one of builder.lock",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_no_step_runs_where_the_proof_fails(name: str, agent: Agent) -> None:
    """Exit code 9, and what a step could see."""
    flags, why = REFUSED[name]
    done = agent.run(*BUILD, flags=flags)
    assert done.returncode == 9, done.stderr
    assert why in done.stderr
    assert "builder export oci-layout" in done.stderr
    assert not (agent.app / "build").exists()


def test_a_host_is_no_image(world: World) -> None:
    """Right on this machine nothing runs either."""
    done = world.run("build", "web", "--offline", "--backend", "here")
    assert done.returncode == 9, done.stderr
    assert "this is no sandbox" in done.stderr


# Runs in the image: a step that changes its input, through the link by which it is shown.
CHANGES = """
import sys
sys.path.insert(0, "/opt/builder/site")
from pathlib import Path
from builder import scripts
from builder.backends import BACKENDS, Chain, Work
from builder.errors import BuilderError
from builder.plan import ENVIRONMENT, Plan, Step
folder, data = Path("/tmp/step"), Path("/tmp/data")
(folder / "in/inside").mkdir(parents=True)
(folder / "in/data").touch()
(folder / "out").mkdir()
data.write_text("given")
(folder / "in/inside/start.py").write_bytes(scripts.text("start.py"))
(folder / "in/inside/own.py").write_text("open('in/data', 'w').write('changed')")
step = Step(name="own", scripts=("own.py",))
plan = Plan(target="web", artifact=".", toolchain="ab" * 32, project={}, scripts={}, pins={}, steps=(step,))
(root,) = [path for path in Path("/var/lib/builder/outputs").iterdir() if path.is_dir()]
work = Work(step, folder, {"data": data}, root, ENVIRONMENT, {}, Chain(plan, {}, folder, scripts.text, ("own",)))
try:
    BACKENDS["here"].run(work, print)
except BuilderError as error:
    print(error.code.name, error.message)
"""


def test_a_step_that_changes_its_input_is_found_out(agent: Agent) -> None:
    """What no namespace holds off is seen by hashing."""
    done = agent.run("sh", "-c", 'LD_LIBRARY_PATH=/opt/builder/lib exec python3 -c "$1"', "sh", CHANGES)
    assert done.stdout == "STEP step `own` changed its input `data`\n", done.stderr


# What a step can get at that runs right where builder does: what it was given, which is looked at after it, and what
# podman tells every container. Nothing of the machine around that.
REACHED = {
    "write an input",
    "add to an input",
    "make an input writable",
    "remove an input",
    "write the scripts",
    "learn the boot",
    "learn the command line of the kernel",
    "learn the hardware",
    "learn the hosts of the network",
    "learn the kernel",
    "learn the processor",
    "learn the time",
}


@pytest.mark.reliability
def test_a_step_gets_at_nothing_around_the_agent(
    agent: Agent, fetched: Path, tmp_path: Path, figures: Callable[..., None]
) -> None:
    """It is held by the container alone; it changed its input, so it fails, and is kept for who wants to look."""
    build = f"{' '.join(BUILD)} --keep-failed; echo $?; cat $BUILDER_HOME/failed/*/out/found.json"
    with escaping.host(World(tmp_path / "around", fetched)) as host:
        escaping.plan_of(agent.app, "probes.py")
        escaping.given(agent.app, host)
        done = agent.run("sh", "-c", build)
    code, _, text = done.stdout.partition("\n")
    assert (code, "step `escape` changed its input `app`" in done.stderr) == ("7", True), done.stderr
    found = json.loads(text)
    assert len(found) > 110
    assert {name for name, how in found.items() if how.startswith(("bug", "killed", "hangs"))} == set()
    assert {name for name, how in found.items() if how == "got"} == REACHED
    figures("escapes tried", len(found) - len(REACHED))
    figures("escapes stopped", len(found) - len(REACHED))


def test_doctor_knows_the_image(agent: Agent) -> None:
    """And finds uv and git in it."""
    said = agent.run("builder", "doctor").stdout
    assert "ok     backend here: builder's own image" in said
    assert "ok     tool git: /opt/builder/bin/git" in said
    assert "ok     tool uv: /opt/builder/site/bin/uv" in said


def test_the_image_is_the_same_wherever_it_is_made(layout: Path, fetched: Path, tmp_path: Path) -> None:
    """Another folder, umask, time zone and locale: every file of the layout has the same bytes."""
    world = World(tmp_path / "ein Örtchen", fetched)
    other = exported(
        world, "oci-layout", "web", "--frozen", before=("sh", "-c", 'umask 077; exec "$@"', "sh"), TZ="Asia/Kolkata"
    )
    held = [
        {path.relative_to(place): path.read_bytes() for path in place.rglob("*") if path.is_file()}
        for place in (layout, other)
    ]
    assert held[0] == held[1]


def test_without_pins_the_image_is_small_and_fetches(world: World, podman: dict[str, str], tmp_path: Path) -> None:
    """Offline it says what it lacks."""
    folder = exported(world, "oci-layout", "all", "--without-pins")
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 160e6
    name = "localhost/small:latest"
    for file in ("index.json", "manifest.json"):
        text = (folder / file).read_text()
        (folder / file).write_text(text.replace(IMAGE, name))
    containers.load(folder, podman)
    done = Agent(open_app(tmp_path / "other"), podman, name).run(*BUILD)
    assert done.returncode == 5, done.stderr


def test_a_containerfile_builds_the_same(world: World, podman: dict[str, str], tmp_path: Path) -> None:
    """Of the files beside it alone, and what it builds has the same digest."""
    folder = exported(world, "containerfile", "web", "--frozen")
    assert sorted(path.name for path in folder.iterdir()) == [
        "Containerfile", "builder.tar", "pins.tar", "plan.tar", "toolchain.tar"
    ]  # fmt: skip
    build = ["podman", "build", "--network=none", "--quiet", "--tag", "localhost/own:latest", str(folder)]
    subprocess.run(build, env=os.environ | podman, check=True, capture_output=True)
    done = Agent(open_app(tmp_path / "other"), podman, "localhost/own:latest").run(*BUILD)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["digest"] == committed("counter")


def test_the_image_says_what_it_was_made_for(agent: Agent) -> None:
    """Lock and plan are in it, byte for byte."""
    place = "/opt/builder/plan"
    for name in ("builder.lock", "builder.plan/web.json", "builder.plan/inside/start.py"):
        assert agent.run("busybox", "cat", f"{place}/{name}").stdout == (agent.app / name).read_text()


def test_an_export_that_holds_one_target_takes_one(world: World) -> None:
    """And only an image can be without pins."""
    done = world.run("export", "flatpak", "all")
    assert done.returncode == 2, done.stderr
    assert world.run("export", "flatpak", "linux-x86_64", "--without-pins").returncode == 2
