"""Rules of the plan that is committed with an app: it comes from outside, so nothing in it is taken on trust."""

import hashlib
import json
from pathlib import Path

import pytest

from builder import committed, plan, toolchain
from builder.errors import BuilderError, Exit
from builder.lock import Inputs, Lock, Toolchain
from builder.plan import Plan, Step

SCRIPT = b"print()\n"


def write(root: Path, **change: object) -> None:
    """Commit a small plan, changed."""
    sound = Plan(
        target="web",
        artifact=".",
        toolchain="00" * 32,
        project={},
        scripts={"run.py": hashlib.sha256(SCRIPT).hexdigest()},
        pins={},
        steps=(Step(name="one", scripts=("run.py",)),),
    )
    inside = root / plan.FOLDER / plan.SCRIPTS
    inside.mkdir(parents=True)
    (inside / "run.py").write_bytes(SCRIPT)
    content = json.loads(plan.dump(sound)) | change
    (root / plan.FOLDER / "web.json").write_text(json.dumps(content))


def refused(root: Path, target: str = "web") -> str:
    with pytest.raises(BuilderError) as caught:
        committed.load(root, target)
    assert caught.value.code == Exit.LOCK
    return caught.value.message


def test_a_committed_plan_reads_back(tmp_path: Path) -> None:
    """With its scripts."""
    write(tmp_path)
    found = committed.load(tmp_path, "web")
    committed.check_scripts(tmp_path, found)
    assert committed.script(tmp_path, found)("run.py") == SCRIPT


def test_a_plan_that_names_places_outside_is_broken(tmp_path: Path) -> None:
    """It would write there, on the host."""
    write(tmp_path, steps=[{"name": "one", "scripts": ["run.py"], "files": {"../../../.profile": "x"}}])
    assert "can't be given `../../../.profile`" in refused(tmp_path)


def test_a_plan_of_another_target_is_broken(tmp_path: Path) -> None:
    """A file that was renamed builds nothing under a wrong name."""
    write(tmp_path, target="apk")
    assert "the plan of `apk`" in refused(tmp_path)


def test_a_plan_of_a_newer_contract_is_refused(tmp_path: Path) -> None:
    """What it may rely on is not known here."""
    write(tmp_path, contract=plan.CONTRACT + 1)
    assert "sandbox contract" in refused(tmp_path)


@pytest.mark.parametrize("kind", ["folder", "file", "garbage"])
def test_a_plan_that_can_not_be_read_is_broken(tmp_path: Path, kind: str) -> None:
    """A folder in its place, a file in place of builder.plan, bytes that are no JSON."""
    folder = tmp_path / plan.FOLDER
    match kind:
        case "folder":
            (folder / "web.json").mkdir(parents=True)
        case "file":
            folder.write_text("")
        case _:
            folder.mkdir()
            (folder / "web.json").write_bytes(b"\xff{")
    assert "is broken" in refused(tmp_path)


def test_a_changed_script_is_found_before_anything_runs(tmp_path: Path) -> None:
    """Also where the store has the step's output already."""
    write(tmp_path)
    (tmp_path / plan.FOLDER / plan.SCRIPTS / "run.py").write_bytes(b"evil()\n")
    with pytest.raises(BuilderError, match=r"inside/run\.py"):
        committed.check_scripts(tmp_path, committed.load(tmp_path, "web"))


def lock(nar: str) -> Lock:
    """A lock that names a root, and nothing else of weight."""
    inputs = Inputs(requires=(), targets=("web",), python="3.12", client="prebuilt", runtime="bytedeco")
    return Lock(inputs=inputs, toolchain=Toolchain(name="python-3.12", nar=nar))


def test_the_committed_recipe_makes_the_root_of_the_lock(tmp_path: Path) -> None:
    """A recipe of another root would put that root under the name of the lock's."""
    shipped = toolchain.load("python-3.12")
    (tmp_path / plan.FOLDER).mkdir()
    (tmp_path / plan.FOLDER / "toolchain.json").write_bytes(toolchain.dump(shipped))
    assert committed.recipe(tmp_path, lock(shipped.nar)) == shipped
    with pytest.raises(BuilderError, match="another root") as caught:
        committed.recipe(tmp_path, lock("ab" * 32))
    assert caught.value.code == Exit.LOCK


@pytest.mark.parametrize("text", [None, b"{", b"[]", b"\xff"])
def test_a_recipe_that_can_not_be_read_is_broken(tmp_path: Path, text: bytes | None) -> None:
    """Missing, cut, of another form, or no text at all."""
    (tmp_path / plan.FOLDER).mkdir()
    if text is not None:
        (tmp_path / plan.FOLDER / "toolchain.json").write_bytes(text)
    with pytest.raises(BuilderError, match=r"toolchain\.json` is broken"):
        committed.recipe(tmp_path, lock("ab" * 32))


NO_TABLES = {"a float": "[tool.flet]\nnumber = 1.5\n", "a date": "[tool.builder]\nexclude-newer = 2026-11-01\n"}


@pytest.mark.parametrize("name", NO_TABLES)
def test_what_nix_can_not_compare_counts_by_its_bytes(name: str, tmp_path: Path) -> None:
    """Nix reads no dates of TOML, and writes floats otherwise than Python."""
    (tmp_path / "pyproject.toml").write_text(NO_TABLES[name])
    assert list(committed.digests(tmp_path / "pyproject.toml")) == ["bytes"]


def test_only_the_tables_that_builder_reads_count(tmp_path: Path) -> None:
    """Comments and other tools' tables change the bytes only; of a file that is not there nothing is known."""
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\nname = "ä"\n[tool.flet]\nx = [1, true]\n')
    first = committed.digests(path)
    path.write_text('# a remark\n[project]\nname = "ä"\n[tool.flet]\nx = [1, true]\n[tool.other]\ny = 1.5\n')
    second = committed.digests(path)
    assert first["bytes"] != second["bytes"]
    assert first["tables"] == second["tables"]
    assert committed.digests(tmp_path / "requirements.txt") == {"bytes": ""}
