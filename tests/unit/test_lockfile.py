"""Rules of builder.lock's format."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from builder import lockfile
from builder.errors import BuilderError, Exit
from builder.lock import Inputs, Lock, Origin, Pin, Sdist, Toolchain


def pin(name: str, **change: object) -> Pin:
    fields: dict[str, object] = {
        "name": name,
        "version": "1.0",
        "source": "pypi",
        "file": f"{name}-1.0-py3-none-any.whl",
        "size": 10,
        "sha256": name.encode().hex().ljust(64, "0")[:64],
        "hash": "index",
        "targets": ("linux-x86_64", "web"),
    }
    return Pin.model_validate(fields | change)


def lock(*packages: Pin, **change: object) -> Lock:
    inputs = Inputs(
        requires=("flet==0.82.2",),
        targets=("linux-x86_64", "web"),
        python="3.12",
        client="prebuilt",
        runtime="bytedeco",
    )
    fields = {"inputs": inputs, "toolchain": Toolchain(name="python-3.12", nar="ab" * 32), "packages": packages}
    return Lock.model_validate(fields | change)


def test_a_lock_reads_back_as_it_was_written() -> None:
    """dump, then parse, gives the same lock."""
    origin = Origin(kind="url", base="https://example.invalid/files/")
    full = lock(
        pin("a"),
        pin("b"),
        sources={"x": origin},
        unavailable={"apk": 'no "wheel"\n'},
        sdists=(Sdist(file="b-1.0.tar.gz", requires=("c>=1",), wheels=("c-1.0-py3-none-any.whl",)),),
        pins=(pin("c"), pin("deb:libc6", path="pool/")),
    )
    assert lockfile.parse(lockfile.dump(full).encode()) == full


def test_the_text_does_not_depend_on_the_order_of_pins() -> None:
    """Two locks of the same pins in another order are the same bytes."""
    assert lockfile.dump(lock(pin("a"), pin("b"))) == lockfile.dump(lock(pin("b"), pin("a")))


def test_the_text_does_not_depend_on_the_order_of_sdists() -> None:
    """Nor on that of their builds."""
    one, two = (Sdist(file=f"{name}-1.0.tar.gz", requires=(), wheels=()) for name in "ab")
    assert lockfile.dump(lock(sdists=(one, two))) == lockfile.dump(lock(sdists=(two, one)))


def test_each_artifact_has_one_line() -> None:
    """Every sha256 stands on a line of its own, so that a diff shows one line an artifact."""
    text = lockfile.dump(lock(pin("a"), pin("b"), pin("c")))
    assert [line.count("sha256") for line in text.splitlines() if "sha256" in line] == [1, 1, 1]


def test_an_unknown_size_is_left_out() -> None:
    """A size that nobody told is absent, not 0."""
    assert "size" not in lockfile.dump(lock(pin("a", size=None)))


@given(st.text())
def test_any_text_survives(text: str) -> None:
    """Whatever stands in a reason, TOML's own reader gives it back."""
    if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        return
    table = tomllib.loads(lockfile.dump(lock(unavailable={"web": text})))
    assert table["unavailable"]["web"] == text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace("version = 1\n", "version = 9\n", 1), "is of version 9"),
        (lambda text: text.replace("version = 1\n", "", 1), "states no `version`"),
        (lambda text: text.replace("version = 1\n", 'version = "1"\n', 1), "states no `version`"),
        (lambda text: text + "stray = 1\n[", "is not TOML"),
        (lambda text: text.replace('python = "3.12"', "python = 3.12"), "inputs.python"),
        (lambda text: text.replace('hash = "index"', 'hash = "hope"'), "packages.0.hash"),
        (lambda text: text.replace("6100", "61XX"), "packages.0.sha256"),
        (lambda text: text.replace("size = 10", "size = -1"), "packages.0.size"),
        (lambda text: text.replace('name = "a"', 'name = "a"\nodd = 1'), "odd"),
        (lambda text: text.replace("files = [", "filed = ["), "of the wrong form"),
        (lambda text: "\ufeff" + text, "is not TOML"),
    ],
    ids=range(11),
)
def test_an_edited_lock_is_refused(change: object, says: str) -> None:
    """Each kind of damage has its own error, with exit code 4 and a mend."""
    with pytest.raises(BuilderError, match=says) as caught:
        lockfile.parse(change(lockfile.dump(lock(pin("a")))).encode())  # type: ignore[operator]
    assert caught.value.code == Exit.LOCK
    assert "builder" in caught.value.hint


def test_two_files_of_one_package_for_one_target_are_refused() -> None:
    """A fork needs disjoint targets."""
    text = lockfile.dump(lock(pin("a"), pin("a", version="2.0", file="a-2.0.whl")))
    with pytest.raises(BuilderError, match="gives `linux-x86_64` both"):
        lockfile.parse(text.encode())


def test_saving_the_same_lock_writes_nothing(tmp_path: Path) -> None:
    """save says whether the file changed, and leaves no other file."""
    assert lockfile.save(tmp_path, lock(pin("a")))
    assert not lockfile.save(tmp_path, lock(pin("a")))
    assert [path.name for path in tmp_path.iterdir()] == ["builder.lock"]


def test_no_lock_says_how_to_make_one(tmp_path: Path) -> None:
    """A missing lock is exit code 4 with the command that makes it."""
    with pytest.raises(BuilderError, match=r"there is no builder\.lock") as caught:
        lockfile.load(tmp_path)
    assert caught.value.code == Exit.LOCK


def test_a_lock_that_is_a_folder_is_an_error(tmp_path: Path) -> None:
    """What can't be read has its mend."""
    (tmp_path / lockfile.FILENAME).mkdir()
    with pytest.raises(BuilderError, match="can't be read"):
        lockfile.load(tmp_path)


@pytest.mark.parametrize("file", ["../x.whl", "/etc/x", "a/b", "a\\b", ".x", "", "a\0", "a" * 256])
def test_a_pinned_file_has_a_plain_name(file: str) -> None:
    """It becomes the name of a step's input: one that leaves its folder is refused."""
    with pytest.raises(ValidationError):
        pin("x", file=file)


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/b", "..", ".x", "", "a\0"])
def test_a_toolchain_has_a_plain_name(name: str) -> None:
    """It names a file that builder ships, and no other."""
    with pytest.raises(ValidationError):
        Toolchain(name=name, nar="0" * 64)


@pytest.mark.parametrize("text", ["version = 9" + "9" * 5000, "version = 1\na = " + "[" * 5000, "version = '1'", "\0"])
def test_a_lock_that_no_one_wrote_is_an_error(text: str) -> None:
    """Whatever is in the file, the answer is an error with its mend."""
    with pytest.raises(BuilderError) as caught:
        lockfile.parse(text.encode())
    assert caught.value.code == Exit.LOCK
