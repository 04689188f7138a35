"""Rules of the store."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from builder.errors import BuilderError
from builder.removal import remove
from builder.store import Store, normalise

WORDS = b"the bytes of a wheel"
SHA256 = hashlib.sha256(WORDS).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def made(store: Store, name: str = "a.txt", text: str = "a") -> Path:
    """A finished folder on the store's disk."""
    folder = store.root / "made"
    folder.mkdir(parents=True)
    (folder / name).write_text(text)
    return folder


def test_a_file_with_the_right_bytes_is_verified(store: Store) -> None:
    """What has the sha256 of its name is good."""
    store.file(SHA256).write_bytes(WORDS)
    assert store.verified(SHA256)


def _flip(path: Path) -> None:
    path.write_bytes(b"T" + WORDS[1:])


def _truncate(path: Path) -> None:
    path.write_bytes(WORDS[:-1])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("damage", [_flip, _truncate, _empty, _folder, _link])
def test_a_damaged_file_is_set_aside(store: Store, damage: object) -> None:
    """A flipped, cut, emptied or replaced file is not verified, and no longer stands in its place."""
    store.file(SHA256).write_bytes(WORDS)
    damage(store.file(SHA256))  # type: ignore[operator]
    assert not store.verified(SHA256)
    assert not os.path.lexists(store.file(SHA256))
    assert os.path.lexists(store.rejected(SHA256))


LIMITED = """
import os, resource, sys
from pathlib import Path
from builder.store import Store
store = Store(Path(sys.argv[1]))
opened = [os.open("/", os.O_RDONLY) for _ in range(3)]
resource.setrlimit(resource.RLIMIT_NOFILE, (opened[-1] + 1, opened[-1] + 1))
for ask in (store.verified, store.holds):
    try:
        ask(sys.argv[2])
        sys.exit("no error")
    except OSError:
        pass
"""


def test_a_limit_of_this_process_damages_nothing(store: Store) -> None:
    """Who may open no more files has not found a file or an output to be wrong."""
    store.file(SHA256).write_bytes(WORDS)
    store.put(SHA256, made(store))
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, store.root, SHA256], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert Store(store.root).verified(SHA256)
    assert Store(store.root).holds(SHA256)


def test_an_output_is_held_while_its_bytes_stay(store: Store) -> None:
    """put gives the NAR sha256 that holds compares with."""
    found = store.put("key", made(store))
    assert Store(store.root).holds("key")
    assert store.digest("key") == found


@pytest.mark.parametrize("change", ["bytes", "mode", "more", "record"])
def test_a_changed_output_is_forgotten(store: Store, change: str) -> None:
    """Changed bytes, an exec bit, a new file or a lost record: the output must be made again."""
    store.put("key", made(store))
    file = store.output("key") / "a.txt"
    match change:
        case "bytes":
            file.write_text("b")
        case "mode":
            file.chmod(0o755)
        case "more":
            file.with_name("b.txt").write_text("")
        case "record":
            (store.root / "outputs" / "key.nar").unlink()
    assert not Store(store.root).holds("key")
    assert not Store(store.root).claims("key")


def test_an_output_that_another_process_is_putting_stays(store: Store) -> None:
    """Between an output's move and its record nobody else may take it for a damaged one and remove it."""
    store.put("key", made(store))
    record = store.root / "outputs" / "key.nar"
    text = record.read_text()
    record.unlink()
    assert not Store(store.root).holds("key")
    record.write_text(text)
    assert Store(store.root).holds("key")


def test_a_tree_that_is_there_is_not_moved_away_under_its_readers(store: Store) -> None:
    """Two builds that stage the same tree share it: the second leaves the folder of the first in place."""
    key = store.put_under_digest(made(store))
    before = store.output(key).stat().st_ino
    assert Store(store.root).put_under_digest(made(store)) == key
    assert store.output(key).stat().st_ino == before


def test_a_store_whose_locks_are_no_files_says_so(store: Store) -> None:
    """What can't be locked is an error with its mend."""
    (store.root / "locks" / "store").mkdir(parents=True)
    with pytest.raises(BuilderError, match="can't be written"), store.locked("store"):
        pass


def test_an_output_replaces_an_older_one(store: Store) -> None:
    """put over a key leaves the new bytes and no others."""
    store.put("key", made(store))
    store.put("key", made(store, "b.txt"))
    assert [path.name for path in store.output("key").iterdir()] == ["b.txt"]


def test_outputs_have_fixed_modes_and_dates(tmp_path: Path) -> None:
    """Whatever the umask was, files are 0644 or 0755 and folders 0755, of 1980."""
    (tmp_path / "folder").mkdir(mode=0o700)
    for name, mode in (("plain", 0o600), ("folder/run", 0o700)):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    normalise(tmp_path)
    modes = {path.name: path.stat().st_mode & 0o7777 for path in tmp_path.rglob("*")}
    assert modes == {"plain": 0o644, "folder": 0o755, "run": 0o755}
    assert {path.stat().st_mtime for path in tmp_path.rglob("*")} == {315532800}


def test_a_workspace_is_gone_afterwards(store: Store) -> None:
    """Also when it holds read-only folders, and when an error ends it."""
    with pytest.raises(KeyboardInterrupt), store.workspace() as folder:
        (folder / "closed").mkdir()
        (folder / "closed" / "file").touch()
        (folder / "closed").chmod(0o500)
        raise KeyboardInterrupt
    assert list((store.root / "work").iterdir()) == []


def test_nobody_is_alone_beside_a_build(store: Store) -> None:
    """alone is False while a build holds the store, True after."""
    with store.locked("store", shared=True), store.alone() as alone:
        assert not alone
    with store.alone() as alone:
        assert alone


def test_a_place_that_can_not_be_written_says_so(tmp_path: Path) -> None:
    """A file where the store should be is an error with its mend."""
    (tmp_path / "store").touch()
    with pytest.raises(BuilderError, match="can't be written") as caught:
        Store(tmp_path / "store").file(SHA256)
    assert "BUILDER_HOME" in caught.value.hint


def test_removing_nothing_is_fine(tmp_path: Path) -> None:
    """remove may be called twice."""
    remove(tmp_path / "none")
