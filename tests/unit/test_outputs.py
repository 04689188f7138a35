"""What a step may leave behind, and that anything it left can be removed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import outputs
from builder.errors import BuilderError
from builder.removal import remove


def reason(out: Path) -> str:
    """Why an output is refused; "" where it is not."""
    try:
        outputs.check("app", out)
    except BuilderError as error:
        return error.message
    return ""


def links(root: Path, **targets: str) -> Path:
    """A folder with a file, a folder, and links."""
    (root / "folder").mkdir(parents=True)
    (root / "file").write_text("x")
    for name, target in targets.items():
        (root / "folder" / name).symlink_to(target)
    return root


@pytest.mark.parametrize("target", ["../file", "gone", ".", "..", "../folder/../file", "itself"])
def test_a_link_that_stays_is_kept(target: str, tmp_path: Path) -> None:
    """Also one that leads nowhere, or in a circle."""
    assert reason(links(tmp_path / "out", itself="itself", link=target)) == ""


@pytest.mark.parametrize("target", ["/", "/etc/passwd", "../..", "../../out-2/file", "up/../../x", "../../../../etc"])
def test_a_link_that_leaves_is_refused(target: str, tmp_path: Path) -> None:
    """By its own text, by another link on its way, or to a neighbour whose name begins alike."""
    (tmp_path / "out-2").mkdir()
    assert "a link leads out of it: `folder/link`" in reason(links(tmp_path / "out", up="..", link=target))


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """Wherever it leads, and nothing at all too."""
    (tmp_path / "out").symlink_to(tmp_path)
    assert "`out` itself is no folder any more" in reason(tmp_path / "out")
    assert "there is no `out`" in reason(tmp_path / "none")


def test_limits_are_those_that_are_told(tmp_path: Path) -> None:
    """A hundred folders in folders and 64 GiB are kept, and not one more; holes of a file count."""
    deep = tmp_path / "deep"
    deep.joinpath(*["d"] * 100).mkdir(parents=True)
    assert reason(deep) == ""
    deep.joinpath(*["d"] * 101).mkdir()
    assert "a path is too long" in reason(deep)
    wide = tmp_path / "wide"
    wide.mkdir()
    with (wide / "file").open("wb") as file:
        file.truncate((64 << 30) - os.lstat(tmp_path).st_size)
        assert reason(wide) == ""
        file.truncate((64 << 30) + 1)
    assert "it has 68719476737 bytes, and 68719476736 are allowed" in reason(wide)


@pytest.fixture
def nested(tmp_path: Path) -> Callable[[int], Path]:
    """Makes folders in folders, each with a file, whose innermost no path reaches."""

    def make(depth: int) -> Path:
        root, before = tmp_path / "nested", Path.cwd()
        root.mkdir()
        os.chdir(root)
        try:
            for _ in range(depth):
                Path("file").write_text("x")
                Path("a folder").mkdir()
                os.chdir("a folder")
        finally:
            os.chdir(before)
        return root

    return make


@pytest.mark.parametrize("depth", [1, 300, 1500])
def test_a_tree_of_any_depth_is_removed(depth: int, nested: Callable[[int], Path], tmp_path: Path) -> None:
    """Deeper than Python recurses and than the kernel takes paths; what links in it lead to stays."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("mine")
    root = nested(depth)
    (root / "a folder" / "link").symlink_to(kept)
    (root / "a folder").chmod(0o500)
    remove(root)
    assert not root.exists()
    assert (kept / "file").read_text() == "mine"
