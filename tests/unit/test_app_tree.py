"""Which files make up an app (builder/tree.py)."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.errors import BuilderError, Exit
from builder.tree import AppTree, app_files, images

Git = Callable[[list[str]], str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty app."""
    (tmp_path / "app").mkdir()
    return tmp_path / "app"


def write(root: Path, *names: str) -> None:
    """Make files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def caller(root: Path) -> Git:
    """Git in a folder, without anyone's configuration."""
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(root.parent), "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a", "GIT_ALLOW_PROTOCOL": "file",
    }  # fmt: skip

    def git(arguments: list[str]) -> str:
        done = subprocess.run(["git", *arguments], cwd=root, env=environ, stdout=subprocess.PIPE, check=True)
        return done.stdout.decode(errors="replace")

    return git


@pytest.fixture
def git(root: Path) -> Git:
    """The app as a git work tree."""
    git = caller(root)
    git(["init", "-q"])
    return git


def names(found: AppTree) -> list[str]:
    """What is in a tree."""
    return list(found.files)


def test_outside_git_all_files_count_but_ours_and_junk(root: Path) -> None:
    """build/, builder.lock and builder.plan/ are left out at the top only; environments and caches anywhere."""
    write(
        root, "main.py", "src/build/x", "src/builder.lock", ".env", "build/x", "builder.lock", "builder.plan/web.json"
    )
    write(root, "builder.expected.toml", ".git/x", "lib/.git", "env/pyvenv.cfg", "env/bin/x", "a/__pycache__/x.pyc")
    found = app_files(root, None)
    assert names(found) == [".env", "main.py", "src/build/x", "src/builder.lock"]
    assert found.files["main.py"] == root / "main.py"
    assert found.untracked == ()


def test_git_tells_what_is_the_apps(root: Path, git: Git) -> None:
    """Tracked files and untracked ones that are not ignored; the latter are named."""
    write(root, "main.py", "new.py", "secret.env", "build/x", "builder.lock", "builder.plan/web.json", "a/ä b\nc")
    write(root, "forced.log", "__pycache__/x.pyc", "env/pyvenv.cfg", "env/bin/x")
    (root / ".gitignore").write_text("*.env\n*.log\n")
    git(["add", "main.py", ".gitignore", "a", "builder.lock"])
    git(["add", "-f", "forced.log"])
    found = app_files(root, git)
    assert names(found) == [".gitignore", "a/ä b\nc", "forced.log", "main.py", "new.py"]
    assert found.untracked == ("new.py",)


def test_the_same_app_gives_the_same_tree_with_and_without_git(root: Path, git: Git) -> None:
    """What is committed in full is just what lies there."""
    write(root, "main.py", "assets/x.png", "b/c/d.py")
    (root / "link").symlink_to("assets/x.png")
    git(["add", "."])
    assert app_files(root, git) == app_files(root, None)


def test_an_app_below_the_top_of_its_work_tree_is_alone(root: Path, git: Git) -> None:
    """Paths are relative to the app, and nothing beside it counts."""
    write(root, "apps/one/main.py", "apps/two/main.py", "README.md")
    git(["add", "."])
    assert names(app_files(root / "apps/one", caller(root / "apps/one"))) == ["main.py"]


def test_a_deleted_file_is_gone_though_git_still_tracks_it(root: Path, git: Git) -> None:
    """The tree is what lies there now."""
    write(root, "main.py", "old.py", "d/x.py")
    git(["add", "."])
    (root / "old.py").unlink()
    (root / "d/x.py").unlink()
    (root / "d").rmdir()
    (root / "d").write_text("a file now")
    found = app_files(root, git)
    assert names(found) == ["d", "main.py"]
    assert found.untracked == ("d",)


def test_a_folder_that_became_a_link_hides_what_git_tracked_in_it(root: Path, git: Git) -> None:
    """No file is read through a link."""
    write(root, "main.py", "a/x.py", "b/x.py")
    git(["add", "."])
    (root / "a/x.py").unlink()
    (root / "a").rmdir()
    (root / "a").symlink_to("b")
    assert names(app_files(root, git)) == ["a", "b/x.py", "main.py"]


def test_a_file_in_conflict_is_listed_once(root: Path, git: Git) -> None:
    """The index holds three entries of it."""
    write(root, "main.py")
    git(["add", "."])
    git(["commit", "-qm", "a"])
    git(["branch", "other"])
    for branch, text in (("other", "x"), ("-", "y")):
        git(["checkout", "-q", branch])
        (root / "main.py").write_text(text)
        git(["commit", "-qam", text])
    with pytest.raises(subprocess.CalledProcessError):
        git(["merge", "-q", "other"])
    found = app_files(root, git)
    assert (names(found), found.untracked) == (["main.py"], ())


def test_a_submodules_files_are_the_apps(root: Path, git: Git, tmp_path: Path) -> None:
    """Tracked ones of it are tracked, its own untracked ones are named."""
    other = tmp_path / "other"
    other.mkdir()
    there = caller(other)
    there(["init", "-q"])
    write(other, "lib.py")
    there(["add", "."])
    there(["commit", "-qm", "a"])
    write(root, "main.py")
    git(["submodule", "--quiet", "add", str(other), "vendor/lib"])
    git(["add", "."])
    write(root, "vendor/lib/new.py")
    found = app_files(root, git)
    assert names(found) == [".gitmodules", "main.py", "vendor/lib/lib.py", "vendor/lib/new.py"]
    assert found.untracked == ("vendor/lib/new.py",)


def test_a_submodule_that_is_not_checked_out_stops(root: Path, git: Git) -> None:
    """A tree without it would be another app."""
    write(root, "main.py")
    git(["add", "."])
    git(["update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},lib"])
    (root / "lib").mkdir()
    with pytest.raises(BuilderError, match="submodule `lib`") as caught:
        app_files(root, git)
    assert "submodule update" in caught.value.hint


def test_an_app_that_git_ignores_counts_as_elsewhere(root: Path, git: Git) -> None:
    """A scratch copy below an ignored folder is no empty app."""
    (root / ".gitignore").write_text("tmp/\n")
    write(root, "tmp/app/main.py")
    found = app_files(root / "tmp/app", caller(root / "tmp/app"))
    assert (names(found), found.untracked) == (["main.py"], ())


def test_git_is_asked_only_in_a_work_tree(root: Path) -> None:
    """Elsewhere no process is started."""
    write(root, "main.py")

    def git(arguments: list[str]) -> str:
        raise AssertionError(arguments)

    assert names(app_files(root, git)) == ["main.py"]


def test_a_work_tree_without_git_stops(root: Path, git: Git) -> None:
    """Ignored files, secrets among them, must not slip in where git is missing."""
    write(root, "main.py")

    def missing(arguments: list[str]) -> str:
        raise FileNotFoundError("git")

    with pytest.raises(BuilderError, match="git is not installed"):
        app_files(root, missing)


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "a/../../outside", "a/up/../outside", "INSIDE"])
@pytest.mark.parametrize("tracked", [True, False])
def test_a_link_that_leaves_the_app_is_refused(root: Path, git: Git, target: str, tracked: bool) -> None:
    """Also one that leaves by another link, and an absolute one, for that is a path of this machine."""
    write(root, "a/main.py")
    (root / "a/up").symlink_to("..")
    (root / "link").symlink_to(target.replace("INSIDE", str(root / "a")))
    git(["add", "."])
    with pytest.raises(BuilderError, match="`link` leaves the app") as caught:
        app_files(root, git if tracked else None)
    assert caught.value.code == Exit.PROJECT


def test_links_within_the_app_stay_links(root: Path) -> None:
    """To a folder, to nothing, to itself: each is kept and none is followed."""
    write(root, "a/x")
    for name, target in (("folder", "a"), ("dangling", "gone"), ("loop", "loop"), ("a/up", "..")):
        (root / name).symlink_to(target)
    assert names(app_files(root, None)) == ["a/up", "a/x", "dangling", "folder", "loop"]


def test_pipes_are_no_part_of_an_app(root: Path) -> None:
    """Only files and links are."""
    write(root, "main.py")
    os.mkfifo(root / "pipe")
    assert names(app_files(root, None)) == ["main.py"]


@pytest.mark.parametrize("tracked", [True, False])
def test_a_name_that_is_not_utf_8_is_refused(root: Path, git: Git, tracked: bool) -> None:
    """No lock, plan or archive could name it the same everywhere."""
    (root / os.fsdecode(b"caf\xe9")).touch()
    git(["add", "."])
    with pytest.raises(BuilderError, match="not UTF-8"):
        app_files(root, git if tracked else None)


def test_images_are_those_that_icons_and_splash_screens_are_made_of(root: Path) -> None:
    """Of assets, wherever the program lies; by the beginning of their names, as Flet knows them."""
    write(
        root,
        "src/assets/icon.svg",
        "src/assets/splash_dark.png",
        "src/assets/logo.png",
        "src/icon.png",
        "assets/icon/a",
    )
    assert list(images(app_files(root, None).files)) == ["src/assets/icon.svg", "src/assets/splash_dark.png"]


def test_with_a_link_in_the_app_all_files_are_images(root: Path) -> None:
    """It may lead to an image that has another name."""
    write(root, "main.py", "art/logo.png", "assets/other")
    (root / "assets/icon.png").symlink_to("../art/logo.png")
    assert list(images(app_files(root, None).files)) == ["art/logo.png", "assets/icon.png", "assets/other", "main.py"]


@pytest.mark.parametrize("name", [".builder.lock.123", ".builder.expected.toml.7", ".pyproject.toml.99"])
@pytest.mark.parametrize("git", [True, False])
def test_what_a_killed_builder_left_is_no_part_of_the_app(tmp_path: Path, name: str, git: bool) -> None:
    """Half a lock beside the lock must not change the app's digest; a file of such a name that git tracks counts."""
    (tmp_path / "main.py").touch()
    (tmp_path / name).touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / name).touch()
    if git:
        (tmp_path / ".git").mkdir()
    listed = f"? main.py\0? {name}\0? sub/{name}\0"
    assert set(app_files(tmp_path, (lambda _: listed) if git else None).files) == {"main.py", f"sub/{name}"}
