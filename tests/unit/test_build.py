"""Rules of `builder build` that need no sandbox."""

from pathlib import Path

import pytest

from builder import lockfile, noop, plan, planning, project
from builder.commands import Context, build
from builder.commands.build import Outcome, Request
from builder.errors import BuilderError, Exit
from builder.store import Store

FIXTURE = Path(__file__).parents[2] / "fixtures" / "counter"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The fixture's app, outside of any repository."""
    root = tmp_path / "app"
    root.mkdir()
    for name in ("pyproject.toml", "builder.lock", "main.py"):
        (root / name).write_bytes((FIXTURE / name).read_bytes())
    return root


def context(root: Path, store: Path) -> Context:
    return Context(root=root, store=Store(store), environ={}, say=lambda line: None, offline=True)


def test_a_store_in_the_app_is_refused(app: Path) -> None:
    """It would be built in, and grow with each build."""
    (app / "store" / "files").mkdir(parents=True)
    (app / "store" / "files" / "x").write_text("")
    here = context(app, app / "store")
    found = project.load(app, {}, lambda line: None)
    with pytest.raises(BuilderError, match="is in the app") as caught:
        build.run(here, found, Request("web", "bwrap", False, None, {}))
    assert caught.value.code == Exit.PROJECT


@pytest.mark.parametrize("late", ["main.py", "builder.lock"])
def test_what_changed_during_a_build_is_not_taken_for_built(app: Path, tmp_path: Path, late: str) -> None:
    """An editor that saves while a build runs: the next build has something to do."""
    here = context(app, tmp_path / "store")
    artifact = tmp_path / "site"
    artifact.mkdir()
    watched = noop.digests([str(app / "builder.lock")])

    own = noop.inputs(app, ["main.py", "pyproject.toml"], [], [])["tree"]
    outcome = Outcome(artifact, "web", noop.digest(artifact), "", "bwrap", "", tree=own, watched=watched, beside={})
    build.remember(here, outcome, "before", {"stdout": "x"})
    (app / late).write_text("# late")
    build.remember(here, outcome, "after", {"stdout": "x"})
    assert here.store.state("before.json").exists()
    assert not here.store.state("after.json").exists()


def test_a_file_that_requirements_include_is_watched(app: Path, tmp_path: Path) -> None:
    """Also where it is not in the app; a variable in it means that nothing is remembered."""
    (app / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (app / "requirements.txt").write_text("-r ../common.txt\n")
    (tmp_path / "common.txt").write_text("flet\n")
    assert "../common.txt" in project.load(app, {}, lambda line: None).read
    assert not project.load(app, {}, lambda line: None).variables
    (tmp_path / "common.txt").write_text("flet${WHICH}\n")
    assert project.load(app, {}, lambda line: None, {"WHICH": "==1"}).variables


def test_every_plan_that_builder_makes_is_sound(app: Path) -> None:
    """What is refused of a committed plan, builder never writes."""

    locked = lockfile.load(app)
    assert plan.flaw(planning.plan_of(project.load(app, {}, lambda line: None), locked, "web")) == ""
