"""Rules of how an artifact gets to its user."""

from pathlib import Path

import pytest

from builder.commands.deliver import deliver, expected, record


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """A folder as the store has it."""
    folder = tmp_path / "store" / "site"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<p>")
    (folder / "assets" / "run").write_text("#!")
    (folder / "assets" / "run").chmod(0o755)
    (folder / "link").symlink_to("index.html")
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
