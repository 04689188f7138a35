"""The NAR sha256 of trees on disk and of trees that are only listed."""

import hashlib
import os
from pathlib import Path

import pytest

from builder import nar


def string(data: bytes) -> bytes:
    """The format's string, written here a second time so that the module is not its own judge."""
    return len(data).to_bytes(8, "little") + data + b"\0" * (-len(data) % 8)


def fill(root: Path) -> Path:
    """A tree with every kind of node, an empty file, an empty folder and a name beyond ASCII."""
    (root / "folder" / "inner").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "a.txt").write_bytes(b"hello\n")
    (root / "nothing").write_bytes(b"")
    (root / "folder" / "run").write_bytes(b"#!/bin/sh\n")
    (root / "folder" / "run").chmod(0o755)
    (root / "folder" / "inner" / "é").write_bytes(b"12345678")
    (root / "folder.txt").write_bytes(b"sorts after `folder`, though `folder/` does not")
    (root / "link").symlink_to(".//folder/./run")  # a Path would shorten it
    return root


def test_bytes_are_those_of_the_format(tmp_path: Path) -> None:
    """A folder of one executable and one symlink hashes as its NAR, spelled out."""
    (tmp_path / "x").write_bytes(b"abc")
    (tmp_path / "x").chmod(0o744)
    (tmp_path / "l").symlink_to("x")
    link = [b"(", b"type", b"symlink", b"target", b"x", b")"]
    file = [b"(", b"type", b"regular", b"executable", b"", b"contents", b"abc", b")"]
    entries = [b"entry", b"(", b"name", b"l", b"node", *link, b")", b"entry", b"(", b"name", b"x", b"node", *file, b")"]
    words = [b"nix-archive-1", b"(", b"type", b"directory", *entries, b")"]
    assert nar.sha256(tmp_path) == hashlib.sha256(b"".join(map(string, words))).hexdigest()


def test_golden_value(tmp_path: Path) -> None:
    """The value that Nix 2.8 gave for this tree."""
    assert nar.sha256(fill(tmp_path)) == "adfaddbb9346b9c4d8171aa6330152de927fdae9a6063aa141ee7a95423a13ac"


def test_golden_value_of_a_file(tmp_path: Path) -> None:
    """A lone file has a NAR as well; this is the value that Nix 2.8 gave."""
    (tmp_path / "file").write_bytes(b"hello\n")
    assert nar.sha256(tmp_path / "file") == "1c37d01af40be2e80691de3cc3df44377a699afbb17c68f080964b2fd071fc13"


def test_listed_tree_hashes_as_the_tree_on_disk(tmp_path: Path) -> None:
    """Files and symlinks listed by path give the same digest as the folder that holds them."""
    root = fill(tmp_path)
    (root / "empty").rmdir()
    entries = {str(p.relative_to(root)): p for p in root.rglob("*") if p.is_symlink() or not p.is_dir()}
    assert nar.sha256_of(dict(reversed(list(entries.items())))) == nar.sha256(root)


def test_listed_tree_leaves_out_what_is_not_listed(tmp_path: Path) -> None:
    """What lies on disk beside the listed files changes nothing."""
    (tmp_path / "a").write_bytes(b"a")
    alone = nar.sha256(tmp_path)
    (tmp_path / "b").write_bytes(b"b")
    assert nar.sha256_of({"a": tmp_path / "a"}) == alone


@pytest.mark.parametrize("change", ["bytes", "exec", "name", "target", "new", "kind"])
def test_digest_follows_what_a_nar_holds(tmp_path: Path, change: str) -> None:
    """Bytes, exec bit, names, link targets and kinds all reach the digest."""
    root = fill(tmp_path)
    before = nar.sha256(root)
    if change == "bytes":
        (root / "a.txt").write_bytes(b"hellO\n")
    elif change == "exec":
        (root / "a.txt").chmod(0o744)
    elif change == "name":
        (root / "a.txt").rename(root / "b.txt")
    elif change == "target":
        (root / "link").unlink()
        (root / "link").symlink_to("a.txt")
    elif change == "new":
        (root / "folder" / "more").mkdir()
    else:
        (root / "nothing").unlink()
        (root / "nothing").mkdir()
    assert nar.sha256(root) != before


def test_digest_ignores_what_a_nar_lacks(tmp_path: Path) -> None:
    """Dates, folder modes and bits other than the owner's x change nothing."""
    root = fill(tmp_path)
    before = nar.sha256(root)
    os.utime(root / "a.txt", (1, 1))
    (root / "folder").chmod(0o700)
    (root / "a.txt").chmod(0o600)
    assert nar.sha256(root) == before


def test_pipe_is_an_os_error(tmp_path: Path) -> None:
    """A tree with a pipe in it has no NAR, and is not read from either."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no file, folder or symlink"):
        nar.sha256(tmp_path)


def test_missing_is_an_os_error(tmp_path: Path) -> None:
    """Nothing at the path is FileNotFoundError."""
    with pytest.raises(FileNotFoundError):
        nar.sha256(tmp_path / "none")


@pytest.mark.parametrize("names", [["../a"], ["/a"], ["a//b"], ["./a"], [""], ["a", "a/b"], ["a/b", "a"]], ids=str)
def test_impossible_list_is_refused(tmp_path: Path, names: list[str]) -> None:
    """A listed path that leaves the tree, or lies below a file, is a ValueError."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ValueError, match="`"):
        nar.sha256_of(dict.fromkeys(names, tmp_path / "file"))


def test_large_file_is_read_in_blocks(tmp_path: Path) -> None:
    """A file of more than one block, of a length that needs padding, hashes as its NAR."""
    data = os.urandom(3 * (1 << 20) + 5)
    (tmp_path / "big").write_bytes(data)
    words = [b"nix-archive-1", b"(", b"type", b"regular", b"contents", data, b")"]
    assert nar.sha256(tmp_path / "big") == hashlib.sha256(b"".join(map(string, words))).hexdigest()
