"""Rules of the loop over steps, with a small backend that runs scripts with this Python and no sandbox."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import execute, scripts
from builder import plan as plans
from builder.backends import Backend, Work
from builder.errors import BuilderError, Exit
from builder.execute import Supplies
from builder.plan import Built, Pinned, Plan, Step, Tree
from builder.store import Store

WORDS = b"pinned"
PIN = hashlib.sha256(WORDS).hexdigest()
SCRIPTS = {
    "upper.py": b"import sys\nopen('out/text','w').write(open('in/'+sys.argv[1]).read().upper())\n",
    "join.py": b"""
texts = [open(name).read() for name in ("in/one/text", "in/app/main.py", "in/note")]
open("out/all", "w").write("".join(texts))
""",
    "nothing.py": b"",
    "fail.py": b"raise SystemExit(3)\n",
}


def backend(ran: list[str]) -> Backend:
    """Runs a step in its folder, with copies of its inputs."""

    def run(work: Work, say: Callable[[str], None]) -> None:
        ran.append(work.step.name)
        for name, path in work.inputs.items():
            place = work.folder / "in" / name
            if path.is_dir():
                shutil.copytree(path, place, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy(path, place)
        script = work.folder / "in" / "inside" / work.step.scripts[0]
        if subprocess.run([sys.executable, script, *work.step.args], cwd=work.folder, check=False).returncode:
            raise BuilderError(f"step `{work.step.name}` failed", hint="mend it", code=Exit.STEP)

    return Backend(
        name="test",
        refusal=lambda host: "",
        mend="",
        run=run,
        version=str,
        command=lambda work: [],
        shell=lambda work: [],
    )


def plan(second: str = "join.py") -> Plan:
    one = Step(name="one", scripts=("upper.py",), args=("file",), inputs={"file": Pinned(pin=PIN)})
    inputs = {"one": Built(step="one"), "app": Tree(tree="app")}
    two = Step(name="two", scripts=(second,), inputs=inputs, files={"note": "!\n"})
    digests = {name: hashlib.sha256(text).hexdigest() for name, text in SCRIPTS.items()}
    return Plan(
        target="web", artifact="all", toolchain="00" * 32, project={}, scripts=digests, pins={}, steps=(one, two)
    )


class World:
    """A store with one pin and an app, and what has run."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "store")
        self.folder = folder
        self.ran: list[str] = []
        self.asked: list[set[str]] = []

    def toolchain(self) -> Path:
        """A root, made where the store has none."""
        if not self.store.claims("00" * 32):
            (self.folder / "root").mkdir()
            self.store.put("00" * 32, self.folder / "root")
        return self.store.output("00" * 32)

    def build(self, source: str = "app", second: str = "join.py") -> execute.Artifact:
        tree = self.folder / "tree"
        tree.mkdir()
        (tree / "main.py").write_text(source)
        key = self.store.put_under_digest(tree)
        self.store.file(PIN).write_bytes(WORDS)
        supplies = Supplies(SCRIPTS.__getitem__, {"app": key}, self.asked.append, self.toolchain, {})
        return execute.build(
            plan(second), Store(self.store.root), lambda: backend(self.ran), supplies, lambda line: None
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_last_step_gives_the_artifact(world: World) -> None:
    """Steps get their inputs, and the artifact is named by its bytes."""
    artifact = world.build()
    assert artifact.path.read_text() == "PINNEDapp!\n"
    assert artifact.digest == hashlib.sha256(b"PINNEDapp!\n").hexdigest()


def test_a_second_build_runs_nothing_and_asks_for_nothing(world: World) -> None:
    """With the artifact there, neither steps nor pins are needed."""
    first, second = world.build(), world.build()
    assert (world.ran, world.asked) == (["one", "two"], [{PIN}])
    assert first == second


def test_only_what_follows_a_change_runs(world: World) -> None:
    """Another app keeps the step that does not see it, and needs no pin."""
    world.build()
    world.build("other")
    assert world.ran == ["one", "two", "two"]
    assert world.asked[1] == set()


def test_a_lost_output_that_nobody_needs_is_not_made(world: World) -> None:
    """The store is walked from the artifact backwards."""
    artifact = world.build()
    for path in (world.store.root / "outputs").iterdir():
        if artifact.key not in path.name and path.is_dir() and (path / "text").exists():
            shutil.rmtree(path)
    world.build()
    assert world.ran == ["one", "two"]


def test_a_tampered_output_is_made_again(world: World) -> None:
    """An artifact whose bytes changed in the store is never handed out."""
    artifact = world.build()
    artifact.path.write_text("evil")
    assert world.build().path.read_text() == "PINNEDapp!\n"
    assert world.ran == ["one", "two", "two"]


def test_a_failed_step_leaves_nothing(world: World) -> None:
    """No output, no workspace; the error is the step's."""
    with pytest.raises(BuilderError, match="step `two` failed") as caught:
        world.build(second="fail.py")
    assert caught.value.code == Exit.STEP
    assert list((world.store.root / "work").iterdir()) == []
    assert world.build().path.read_text() == "PINNEDapp!\n"


def test_a_step_that_lacks_the_artifact_is_an_error(world: World) -> None:
    """A plan that names a file which the step did not write is told, not a traceback."""
    with pytest.raises(BuilderError, match="did not write `all`"):
        world.build(second="nothing.py")


def test_a_damaged_input_is_found_while_the_step_runs(world: World) -> None:
    """What a step made of a tampered output is thrown away, and both are made again."""
    artifact = world.build()
    one = next(path for path in (world.store.root / "outputs").glob("*/text"))
    one.write_text("evil")
    world.store.remove(artifact.key)
    assert world.build().path.read_text() == "PINNEDapp!\n"
    assert world.ran == ["one", "two", "two", "one", "two"]


def test_a_damaged_toolchain_is_made_again(world: World) -> None:
    """A file that came into the root is found before anything is kept."""
    world.build()
    (world.store.output("00" * 32) / "evil").touch()
    world.build("other")
    assert world.ran == ["one", "two", "two", "two"]
    assert list(world.store.output("00" * 32).iterdir()) == []


def merging(script: bytes) -> Plan:
    """A plan whose last step merges the app's tree with itself, by a script of that text."""
    names = scripts.closure(plans.MERGE)
    digests = {name: scripts.sha256(name) for name in names} | {plans.MERGE: hashlib.sha256(script).hexdigest()}
    step = Step(name="all", scripts=names, args=("app",), inputs={"app": Tree(tree="app")})
    fields = {"target": "web", "artifact": ".", "toolchain": "00" * 32, "project": {}}
    return Plan.model_validate({**fields, "scripts": digests, "pins": {}, "steps": (step,)})


def merged(world: World, script: bytes) -> execute.Artifact:
    tree = world.folder / "tree"
    (tree / "empty").mkdir(parents=True)
    (tree / "main.py").write_text("x")
    (tree / "link.py").symlink_to("main.py")
    (tree / "folder").symlink_to("empty")
    key = world.store.put_under_digest(tree)
    texts = {name: scripts.text(name) for name in scripts.closure(plans.MERGE)} | {plans.MERGE: script}
    supplies = Supplies(texts.__getitem__, {"app": key}, world.asked.append, world.toolchain, {})
    return execute.build(
        merging(script), Store(world.store.root), lambda: backend(world.ran), supplies, lambda line: None
    )


def test_links_give_the_bytes_that_the_script_would(tmp_path: Path) -> None:
    """merge.py run as a script and its short cut are the same tree: the artifact may not tell how it was made."""
    own = scripts.text(plans.MERGE)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = World(tmp_path / "one"), World(tmp_path / "two")
    assert merged(one, own).digest == merged(two, own + b"# another release\n").digest
    assert (one.ran, two.ran) == ([], ["all"])


def test_a_committed_merge_of_another_release_is_what_runs(world: World) -> None:
    """The plan names the script; a short cut that is known to equal this release's must not take its place."""
    artifact = merged(world, b"open('out/mine', 'w').write('mine')\n")
    assert [path.name for path in artifact.path.iterdir()] == ["mine"]
