"""Rules of builds that have nothing to do, and of what is watched to know it."""

import os
from pathlib import Path

import pytest

from builder import noop, tree


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app with an artifact and the record of its build."""
    root = tmp_path / "app"
    (root / "empty").mkdir(parents=True)
    (root / "main.py").write_text("x = 1")
    (root / "build").mkdir()
    (root / "build" / "site").write_text("<p>")
    (tmp_path / "common.txt").write_text("flet")
    inputs = noop.inputs(root, ["main.py"], tree.folders(root), [str(tmp_path / "common.txt")])
    artifact = root / "build" / "site"
    content = {"root": str(root), "tree": ["main.py"], "inputs": inputs, "stdout": "site\n"}
    told = root / "build" / "site.provenance.json"
    told.write_text("{}")
    content |= {"artifact": str(artifact), "digest": noop.digest(artifact), "beside": noop.digests([str(told)])}
    noop.record(tmp_path / "record", content)
    return root


def told(app: Path) -> str | None:
    return noop.recall(app.parent / "record", "stdout")


def test_nothing_changed_means_nothing_to_do(app: Path) -> None:
    """What the last build printed is printed again."""
    assert told(app) == "site\n"


@pytest.mark.parametrize("path", ["main.py", "../common.txt", "build/site", "build/site.provenance.json"])
def test_changed_bytes_are_seen(app: Path, path: str) -> None:
    """Of the app, of a file outside of it that was read, of the artifact, of what lies beside that."""
    (app / path).write_text("other")
    assert told(app) is None


@pytest.mark.parametrize("path", ["new.py", "empty/new.py"])
def test_a_new_file_is_seen(app: Path, path: str) -> None:
    """Also in a folder that held no file of the app before."""
    (app / path).write_text("")
    assert told(app) is None


def test_a_removed_file_is_seen(app: Path) -> None:
    """A file that is gone can't be hashed."""
    (app.parent / "common.txt").unlink()
    assert told(app) is None


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", '{"root": 3}', '{"root": "/", "inputs": [], "tree": []}'])
def test_a_broken_record_is_none(app: Path, text: str) -> None:
    """Whatever is in it, the build just runs."""
    (app.parent / "record").write_text(text)
    assert told(app) is None


def test_folders_that_hold_nothing_of_the_app_are_not_watched(app: Path) -> None:
    """Builder's own, caches and virtual environments change without a need to build."""
    for name in ("build/web", "builder.plan", "__pycache__", ".git/objects", "venv/lib", "src/build"):
        (app / name).mkdir(parents=True)
    (app / "venv" / "pyvenv.cfg").write_text("")
    assert tree.folders(app) == [".", "empty", "src", "src/build", "venv"]


def test_what_git_decides_by_is_known_in_a_larger_repository(tmp_path: Path) -> None:
    """The index and the ignore files of the repository that an app is a folder of."""
    (tmp_path / ".git").mkdir()
    app = tmp_path / "apps" / "one"
    app.mkdir(parents=True)
    found = [os.path.relpath(path, tmp_path) for path in tree.git_files(app, tmp_path / "home")]
    assert found == [
        "home/.gitconfig",
        "home/.config/git/config",
        "home/.config/git/ignore",
        "apps/one/.gitignore",
        "apps/.gitignore",
        ".gitignore",
        ".git/index",
        ".git/info/exclude",
    ]


def test_what_git_decides_by_is_known_in_a_linked_work_tree(tmp_path: Path) -> None:
    """There `.git` is a file that names the real folder."""
    real = tmp_path / "main" / ".git" / "worktrees" / "two"
    real.mkdir(parents=True)
    (real / "commondir").write_text("../..\n")
    app = tmp_path / "two"
    app.mkdir()
    (app / ".git").write_text(f"gitdir: {real}\n")
    found = [path.resolve() for path in tree.git_files(app, tmp_path / "home")][3:]
    assert found == [app / ".gitignore", real / "index", tmp_path / "main" / ".git" / "info" / "exclude"]


def test_an_app_without_git_has_no_files_of_git(tmp_path: Path) -> None:
    """Nothing is watched in vain."""
    assert [path for path in tree.git_files(tmp_path, Path("/nowhere")) if tmp_path in path.parents] == []


@pytest.mark.parametrize("name", ["BUILDER_MIRROR_PYPI", "FLET_ANDROID_SIGNING_KEY_STORE_PASSWORD", "GITHUB_TOKEN"])
def test_no_secret_is_in_the_name_of_a_record(name: str) -> None:
    """It is a hash, from which a short password could be guessed; other variables of builder's make another name."""
    plain = noop.name(["build"], "/app", {})
    assert noop.name(["build"], "/app", {name: "https://me:secret@host/"}) == plain
    assert noop.name(["build"], "/app", {"FLET_PRODUCT": "Shop"}) != plain
