"""Rules of how an artifact gets to its user."""

import itertools
import os
from pathlib import Path

import pytest

from builder import nar
from builder.commands import Context
from builder.commands.deliver import EXPECTED, check_place, deliver, expected, place, record
from builder.errors import BuilderError, Exit
from builder.removal import remove
from builder.store import Store


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """A folder as the store has it."""
    folder = tmp_path / "store" / "site"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<p>")
    (folder / "assets" / "run").write_text("#!")
    (folder / "assets" / "run").chmod(0o755)
    (folder / "link").symlink_to("./index.html")
    return folder


def seen(folder: Path) -> dict[str, object]:
    """Path -> bytes, link or mode of all that a folder holds."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        found[name] = (
            path.readlink() if path.is_symlink() else (path.stat().st_mode, path.is_file() and path.read_bytes())
        )
    return found


def test_the_copy_is_the_artifact(artifact: Path, tmp_path: Path) -> None:
    """Bytes, modes and links arrive; nothing else is left beside."""
    place = tmp_path / "app" / "build" / "web"
    assert deliver(artifact, place) == place
    assert seen(place) == seen(artifact)
    assert nar.sha256(place) == nar.sha256(artifact)
    assert [path.name for path in place.parent.iterdir()] == ["web"]


def test_a_copy_replaces_whatever_was_there(artifact: Path, tmp_path: Path) -> None:
    """Edited, added and stale files of an earlier copy go."""
    place = tmp_path / "web"
    deliver(artifact, place)
    (place / "index.html").write_text("<b>")
    (place / "mine").touch()
    (artifact / "assets" / "run").unlink()
    deliver(artifact, place)
    assert seen(place) == seen(artifact)


def made(place: Path, kind: str) -> None:
    """Something of a kind at a place."""
    match kind.split():
        case ["file", text]:
            place.write_text(text)
        case ["program"]:
            place.write_text("aa")
            place.chmod(0o755)
        case ["link", target]:
            place.symlink_to(target)
        case ["folder", *names]:
            place.mkdir()
            for name in names:
                (place / name).write_text(name)


KINDS = (
    "nothing",
    "file aa",
    "file ab",
    "file abc",
    "program",
    "link aa",
    "link ab",
    "folder",
    "folder a b",
    "folder b c",
)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(KINDS, KINDS)))
def test_each_kind_takes_the_place_of_each(tmp_path: Path, before: str, after: str) -> None:
    """At the top and further down; nothing is left beside, and what stays the same is not touched."""
    artifact, place = tmp_path / "artifact", tmp_path / "build" / "web"
    for kind in (before, after):
        for below in ("", "deep/er"):
            (artifact / below).mkdir(parents=True, exist_ok=True)
            remove(artifact / below / "x")
            made(artifact / below / "x", kind)
        (artifact / "same").write_text("same")
        deliver(artifact, place)
        assert seen(place) == seen(artifact)
        assert [path.name for path in place.parent.iterdir()] == ["web"]


def test_a_copy_that_can_not_be_mended_is_made_anew(artifact: Path, tmp_path: Path) -> None:
    """What is in the way here lies where the differing files would be prepared."""
    place = tmp_path / "web"
    deliver(artifact, place)
    before = place.stat().st_ino
    (artifact / "assets" / "run").write_text("other")
    (tmp_path / f".web.{os.getpid()}").touch()
    deliver(artifact, place)
    assert seen(place) == seen(artifact)
    assert place.stat().st_ino != before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store", "web"]


def test_a_link_in_the_place_of_a_folder_is_not_followed(artifact: Path, tmp_path: Path) -> None:
    """Where it leads all stays as it is."""
    place = tmp_path / "web"
    deliver(artifact, place)
    (artifact / "assets" / "run").write_text("other")
    (place / "assets").rename(tmp_path / "elsewhere")
    (place / "assets").symlink_to(tmp_path / "elsewhere")
    deliver(artifact, place)
    assert seen(place) == seen(artifact)
    assert (tmp_path / "elsewhere" / "run").read_text() == "#!"


def test_no_edit_reaches_the_store(artifact: Path, tmp_path: Path) -> None:
    """Also after several copies, a file of the copy is no file of the store."""
    place = tmp_path / "web"
    for _ in range(3):
        deliver(artifact, place)
    (place / "index.html").write_text("edited")
    assert (artifact / "index.html").read_text() == "<p>"


def test_unchanged_files_are_not_written_again(artifact: Path, tmp_path: Path) -> None:
    """The file of the copy before stays, with its inode."""
    place = tmp_path / "web"
    deliver(artifact, place)
    before = (place / "index.html").stat().st_ino
    deliver(artifact, place)
    assert (place / "index.html").stat().st_ino == before


def test_a_file_is_delivered_in_a_folder(artifact: Path, tmp_path: Path) -> None:
    """An artifact that is one file keeps its name."""
    assert deliver(artifact / "index.html", tmp_path / "apk") == tmp_path / "apk" / "index.html"


def test_recorded_digests_read_back(tmp_path: Path) -> None:
    """record keeps the other targets' digests; the file is sorted."""
    record(tmp_path, "web", "bb")
    record(tmp_path, "apk", "aa")
    record(tmp_path, "web", "cc")
    assert expected(tmp_path) == {"apk": "aa", "web": "cc"}
    assert (tmp_path / "builder.expected.toml").read_text().splitlines()[1:] == [
        "[digests]",
        'apk = "aa"',
        'web = "cc"',
    ]


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """An app, in a folder whose name is no UTF-8, beside a store."""
    root = tmp_path / os.fsdecode(b"app-\xff")
    root.mkdir()
    (root / "main.py").write_text("x = 1")
    return Context(root=root, store=Store(tmp_path / "home"), environ={}, say=lambda line: None)


@pytest.mark.parametrize("output", ["APP", ".", "APP/dist", "APP/build", "APP/main.py", "mine", "new"])
def test_an_artifact_never_replaces_what_builder_did_not_make(context: Context, tmp_path: Path, output: str) -> None:
    """The app, a folder that holds it, one within it, a file, the user's own, one beside a file of theirs."""
    (tmp_path / "new.provenance.json").write_text("mine")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("dear")
    with pytest.raises(BuilderError) as caught:
        check_place(context, tmp_path / output.replace("APP", context.root.name))
    assert caught.value.code == Exit.USAGE
    assert (tmp_path / "mine" / "letter").exists()


def test_an_artifact_replaces_the_one_before(context: Context, artifact: Path, tmp_path: Path) -> None:
    """A new or empty folder may be filled, and then filled again."""
    for _ in range(2):
        check_place(context, tmp_path / "site")
        assert place(context, artifact, tmp_path / "site") == tmp_path / "site"


def test_a_place_that_can_not_be_written_is_an_error(context: Context, artifact: Path) -> None:
    """Such as an app whose `build` is a file."""
    (context.root / "build").write_text("")
    with pytest.raises(BuilderError) as caught:
        place(context, artifact, context.root / "build" / "web")
    assert caught.value.code == Exit.PROJECT


@pytest.mark.parametrize("text", ["x", "digests = 3", "digests = [1]", "\udcff"])
def test_broken_expectations_are_an_error(tmp_path: Path, text: str) -> None:
    """No traceback for what someone wrote there."""
    (tmp_path / EXPECTED).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(BuilderError, match=EXPECTED):
        expected(tmp_path)


def test_what_a_killed_process_left_is_swept(artifact: Path, tmp_path: Path) -> None:
    """Half a copy beside the place goes with the next delivery; that of a process at work stays."""
    place = tmp_path / "build" / "web"
    for pid in (2**22 + 1, os.getppid()):  # no process has a number beyond the kernel's limit
        (place.parent / f".web.{pid}.old").mkdir(parents=True)
    deliver(artifact, place)
    assert sorted(path.name for path in place.parent.iterdir()) == [f".web.{os.getppid()}.old", "web"]


def test_a_folder_that_the_user_put_there_is_not_replaced(context: Context, artifact: Path, tmp_path: Path) -> None:
    """Builder filled that place once, but what is there now is not what it made."""
    place(context, artifact, tmp_path / "site")
    (tmp_path / "site").rename(tmp_path / "kept")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "letter").write_text("dear")
    with pytest.raises(BuilderError, match="builder did not make it"):
        check_place(context, tmp_path / "site")


def test_a_place_whose_name_is_a_pattern_is_swept(artifact: Path, tmp_path: Path) -> None:
    """Brackets in a name stand for themselves."""
    (tmp_path / f".a[b].{2**22 + 1}").mkdir()
    deliver(artifact, tmp_path / "a[b]")
    assert [path.name for path in tmp_path.iterdir() if path.name != "store"] == ["a[b]"]
