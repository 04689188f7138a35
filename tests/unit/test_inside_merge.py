"""Folders laid over each other: by the script, and by links to the same files."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder import merging, nar, plan
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


def text(link: Path) -> str:
    """Where a link leads, as it stands there."""
    return os.readlink(link)  # noqa: PTH115 (a Path would say `a` of `./a`)


def linked(folders: dict[str, Path], out: Path) -> Path:
    """The merge as the store makes it."""
    step = Step(name="x", scripts=(plan.MERGE,), args=tuple(folders))
    assert merging.linked(step, folders, out)
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


LINKS = {"Current": "a", "a/two": "../two", "lost": "nowhere/at all", "root": "/", "self": "self", "dot": "./a//one"}


def test_links_in_the_folders_stay_as_they_are(inside: Any, folders: dict[str, Path], tmp_path: Path) -> None:
    """To a folder, to a file, to nothing: each is there with its own text, by both ways, and nothing of its target."""
    for name, target in LINKS.items():
        (folders["low"] / name).symlink_to(target)
    copied, links = inside.run("merge.py", folders, list(folders)), linked(folders, tmp_path / "links")
    for root in (copied, links):
        assert {name: text(root / name) for name in LINKS} == LINKS
        normalise(root)
    assert nar.sha256(copied) == nar.sha256(links)


def test_a_later_link_replaces_an_earlier_one(inside: Any, folders: dict[str, Path], tmp_path: Path) -> None:
    """As a file replaces a file."""
    (folders["low"] / "Current").symlink_to("a")
    (folders["up"] / "Current").symlink_to("b")
    for root in (inside.run("merge.py", folders, list(folders)), linked(folders, tmp_path / "links")):
        assert text(root / "Current") == "b"
    assert text(folders["low"] / "Current") == "a"


def file(place: Path) -> None:
    place.write_text("a file")


def folder(place: Path) -> None:
    place.mkdir()
    (place / "inner").write_text("in a folder")


def link_to_a_folder(place: Path) -> None:
    place.symlink_to("a")


def link_to_a_file(place: Path) -> None:
    place.symlink_to("two")


def link_to_nothing(place: Path) -> None:
    place.symlink_to("nowhere")


KINDS = (file, folder, link_to_a_folder, link_to_a_file, link_to_nothing)
UNLIKE = [
    (one, other) for one, other in itertools.permutations(KINDS, 2) if {one, other} & {file, folder}
]  # links replace each other


@pytest.mark.parametrize(("low", "up"), UNLIKE, ids=lambda make: make.__name__)
def test_unlike_things_at_one_place_are_refused(
    inside: Any,
    step_failed: type[Exception],
    folders: dict[str, Path],
    tmp_path: Path,
    low: Callable[[Path], None],
    up: Callable[[Path], None],
) -> None:
    """Links give up and leave nothing; the script refuses and names the place. Nothing is written through a link."""
    low(folders["low"] / "place")
    up(folders["up"] / "place")
    step = Step(name="x", scripts=(plan.MERGE,), args=tuple(folders))
    assert not merging.linked(step, folders, tmp_path / "links")
    assert not (tmp_path / "links").exists()
    with pytest.raises(step_failed, match=r"error: `place` is a "):
        inside.run("merge.py", folders, list(folders))
    assert sorted(path.name for path in (folders["low"] / "a").iterdir()) == ["one"]
