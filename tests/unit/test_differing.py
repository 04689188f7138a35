"""Rules of `builder diff`."""

import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder import committed, lockfile
from builder.commands import Context, diff
from builder.differing import Change, artifacts, locks, plans
from builder.errors import BuilderError, Exit
from builder.lock import Lock, Pin
from builder.plan import Plan
from builder.store import Store

FIXTURES = Path(__file__).parents[2] / "fixtures"


def lock() -> Lock:
    return lockfile.load(FIXTURES / "counter")


def plan(app: str = "counter", target: str = "web") -> Plan:
    return committed.load(FIXTURES / app, target)


def packages(held: Lock, change: Callable[[Pin], Pin | None]) -> Lock:
    """The lock with each package changed, or left out."""
    found = (change(pin) for pin in held.packages)
    return held.model_copy(update={"packages": tuple(pin for pin in found if pin)})


def renewed(name: str, **fields: Any) -> Callable[[Pin], Pin]:
    return lambda pin: pin.model_copy(update=fields) if pin.name == name else pin


def test_what_is_equal_has_no_changes() -> None:
    """Locks, plans and artifacts."""
    assert locks.changes(lock(), lock()) == ()
    assert plans.changes(plan(), plan()) == ()
    assert diff.run(FIXTURES / "counter", FIXTURES / "counter").keys() >= {"builder.lock", "builder.plan/web.json"}
    assert not any(diff.run(FIXTURES / "counter", FIXTURES / "counter").values())


def test_the_same_file_with_other_bytes_is_an_alarm_and_comes_first() -> None:
    """It is what an attacker's mirror would make; both hashes are shown whole."""
    one = lock()
    two = packages(one, renewed("six", sha256="0" * 64))
    two = packages(two, lambda pin: None if pin.name == "flet" else pin)
    found = locks.changes(one, two)
    before = next(pin.sha256 for pin in one.packages if pin.name == "six")
    assert found[0] == Change(
        "alarm", "the same file has other bytes: six-1.17.0-py2.py3-none-any.whl of pypi", before, "0" * 64
    )
    assert diff.lines({"": found})[0].endswith(f"{before} -> {'0' * 64}")
    assert Change("removed", "package flet", before="0.82.2") in found


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"version": "2.0", "file": "six-2.whl"}, "~ package six: 1.17.0 -> 2.0"),
        ({"targets": ("web",)}, "~ targets of six 1.17.0: "),
        ({"file": "six-1.17.0-cp312.whl", "sha256": "0" * 64}, "~ file of six 1.17.0 for apk: "),
        ({"hash": "first-use"}, "~ how the hash of six-1.17.0-py2.py3-none-any.whl is known: index -> first-use"),
        ({"source": "index-1"}, "~ source of six-1.17.0-py2.py3-none-any.whl: pypi -> index-1"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_changed_of_a_package_is_said(fields: dict[str, Any], expected: str) -> None:
    """Once, whatever the number of targets."""
    found = [str(change) for change in locks.changes(lock(), packages(lock(), renewed("six", **fields)))]
    assert [line for line in found if line.startswith(expected)][:1] == found[:1]
    assert len(found) == 1


def test_inputs_toolchain_and_flutter_are_compared() -> None:
    """In the words of `builder lock --check`."""
    one = lock()
    inputs = one.inputs.model_copy(update={"requires": ("flet==1.0.5",)})
    other = one.toolchain.model_copy(update={"nar": "0" * 64})
    found = {
        str(change) for change in locks.changes(one, one.model_copy(update={"inputs": inputs, "toolchain": other}))
    }
    assert "~ requirement `flet==0.82.2` became `flet==1.0.5`" in found
    assert any(line.startswith("~ toolchain: python-3.12, NAR sha256") for line in found)


def test_steps_that_came_went_or_changed_are_named() -> None:
    """With what changed of them."""
    one = plan()
    first = one.steps[0].model_copy(update={"name": "other"})
    last = one.steps[-1].model_copy(update={"args": ("x",), "files": {"new.json": "{}\n"}})
    two = one.model_copy(update={"steps": (first, *one.steps[1:-1], last), "environment": {"TZ": "UTC"}})
    found = [str(change) for change in plans.changes(one, two)]
    assert f"- step {one.steps[0].name}" in found
    assert "+ step other" in found
    assert any(line.startswith(f"~ step {last.name}: args") for line in found)
    assert f"+ step {last.name}: text new.json: 2 lines" in found
    assert "- variable HOME: /nowhere" in found


# --- artifacts ----------------------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders with the same files."""
    made = tmp_path / "one", tmp_path / "two"
    for folder in made:
        (folder / "sub").mkdir(parents=True)
        (folder / "a").write_text("aaa")
        (folder / "sub" / "b").write_text("b")
        (folder / "link").symlink_to("a")
    return made


def said(one: Path, two: Path) -> list[str]:
    return diff.lines(diff.run(one, two))


def test_files_of_folders_are_compared_by_content_and_mode_not_by_date(folders: tuple[Path, Path]) -> None:
    """What changes the size the most comes first."""
    one, two = folders
    os.utime(two / "a", (1, 1))
    assert said(one, two) == []
    (two / "a").write_text("bbb")
    (two / "big").write_text("x" * 100)
    (two / "sub" / "b").unlink()
    (two / "link").unlink()
    (two / "link").symlink_to("big")
    assert said(one, two) == [
        "+ big: 100 bytes",
        "- sub/b: 1 bytes",
        "~ a: other bytes of the same size, 3",
        "~ link: -> a -> -> big",
    ]


def test_a_mode_alone_is_a_change(folders: tuple[Path, Path]) -> None:
    """It is part of the digest."""
    (folders[1] / "a").chmod(0o755)
    assert said(*folders) == ["~ a: not executable -> executable"]


def test_archives_are_looked_into(tmp_path: Path) -> None:
    """What only their headers tell is said as such."""
    paths = [tmp_path / name for name in ("one.zip", "two.zip", "three.zip")]
    for path, text, level in zip(paths, ("a" * 99, "a" * 99, "b"), (0, 8, 0), strict=True):
        with zipfile.ZipFile(path, "w", level) as archive:
            archive.writestr(zipfile.ZipInfo("a"), text, level)
    assert said(paths[0], paths[0]) == []
    assert said(paths[0], paths[1]) == ["~ the files are the same; their order, dates, modes or compression are not"]
    assert said(paths[0], paths[2]) == ["~ a: 99 bytes -> 1 bytes (-98)"]


def test_other_files_are_compared_whole(tmp_path: Path) -> None:
    """A file that is no archive, one that is broken."""
    for name, data in (("one", b"x"), ("two", b"PK\3\4broken")):
        (tmp_path / name).write_bytes(data)
    assert said(tmp_path / "one", tmp_path / "two") == ["~ .: 1 bytes -> 10 bytes (+9)"]
    assert artifacts.changes({}, {}, others=False) == ()


# --- what is compared ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["builder.lock", "builder.plan/web.json", "main.py", "nothing"])
def test_two_kinds_are_not_compared(other: str) -> None:
    """An app against something else, or against nothing."""
    with pytest.raises(BuilderError) as caught:
        diff.run(FIXTURES / "counter", FIXTURES / "counter" / other)
    assert caught.value.code == Exit.USAGE


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """An app below the top of a git repository, committed."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    app = tmp_path / "apps" / "one"
    (app / "builder.plan").mkdir(parents=True)
    for name in ("builder.lock", "builder.plan/web.json", "builder.plan/toolchain.json"):
        (app / name).write_bytes((FIXTURES / "counter" / name).read_bytes())
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return Context(app, Store(tmp_path / "store"), dict(os.environ), say=lambda line: None)


def test_an_app_is_compared_with_a_revision_of_it(repository: Context) -> None:
    """Its lock and each of its plans."""
    found = diff.against(repository, "HEAD")
    assert found == {"builder.lock": (), "builder.plan/web.json": ()}
    lockfile.save(repository.root, packages(lock(), renewed("six", version="9")))
    (repository.root / "builder.plan" / "web.json").unlink()
    assert diff.lines(diff.against(repository, "HEAD")) == [
        "builder.lock:",
        "  ~ package six: 1.17.0 -> 9",
        "builder.plan/web.json:",
        "  - the plan",
    ]


@pytest.mark.parametrize("revision", ["nope", "--output=x", "HEAD~9", ""])
def test_a_revision_that_is_none_is_an_error_of_the_project(repository: Context, revision: str) -> None:
    """Nothing that looks like an option reaches git."""
    with pytest.raises(BuilderError) as caught:
        diff.against(repository, revision)
    assert caught.value.code == Exit.PROJECT
    assert not (repository.root / "x").exists()
