"""Folders laid over each other: by the script, and by links to the same files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder import execute, nar, plan
from builder.plan import Step
from builder.store import normalise


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """A lower and an upper folder that share one name."""
    files = {"low/a/one": "1", "low/two": "low", "low/run": "#!", "up/two": "up", "up/a/three": "3", "up/b/four": "4"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "low" / "run").chmod(0o755)
    return {"low": tmp_path / "low", "up": tmp_path / "up"}


def linked(folders: dict[str, Path], out: Path) -> Path:
    """The merge as the store makes it."""
    step = Step(name="x", scripts=(plan.MERGE,), args=tuple(folders))
    assert execute._linked(step, folders, out)
    return out


def test_links_give_what_the_script_gives(inside: Any, folders: dict[str, Path], tmp_path: Path) -> None:
    """The same NAR, so that it does not matter which of the two a machine can do."""
    copied, links = inside.run("merge.py", folders, list(folders)), linked(folders, tmp_path / "links")
    for root in (copied, links):
        normalise(root)
    assert nar.sha256(copied) == nar.sha256(links)


def test_the_later_folder_wins(inside: Any, folders: dict[str, Path], contents: Callable[[Path], Any]) -> None:
    """What both have is of the upper one; all else is there."""
    found = {name: text for name, (_, text) in contents(inside.run("merge.py", folders, list(folders))).items() if text}
    assert found == {"a/one": b"1", "a/three": b"3", "b/four": b"4", "run": b"#!", "two": b"up"}


def test_links_change_none_of_the_folders(folders: dict[str, Path], tmp_path: Path) -> None:
    """A file that is replaced in the merge stays where it came from."""
    linked(folders, tmp_path / "links")
    assert (folders["low"] / "two").read_text() == "low"


def test_a_file_over_a_folder_is_left_to_the_script(
    inside: Any, step_failed: type[Exception], folders: dict[str, Path], tmp_path: Path
) -> None:
    """Links give up and leave nothing; the script refuses."""
    (folders["up"] / "run").mkdir()
    (folders["up"] / "run" / "x").touch()
    step = Step(name="x", scripts=(plan.MERGE,), args=tuple(folders))
    assert not execute._linked(step, folders, tmp_path / "links")
    assert not (tmp_path / "links").exists()
    with pytest.raises(step_failed):
        inside.run("merge.py", folders, list(folders))
