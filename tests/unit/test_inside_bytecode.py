"""Byte code: the same bytes whatever was compiled before, wherever and by how many."""

import marshal
import shutil
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import inside

bytecode = inside.module("bytecode")

# With ftplib among them: compiled in one process its bytes depend on the order (cpython#129724).
STDLIB = (
    "argparse.py",
    "ast.py",
    "cgi.py",
    "enum.py",
    "ftplib.py",
    "typing.py",
    "uuid.py",
    "webbrowser.py",
    "zipfile.py",
)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Some modules of the standard library, with ftplib."""
    folder = tmp_path / "sources"
    folder.mkdir()
    stdlib = Path(sysconfig.get_path("stdlib"))
    for name in STDLIB:
        if (stdlib / name).is_file():
            shutil.copyfile(stdlib / name, folder / name)
    return folder


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_bytes_do_not_follow_order_or_number_of_processors(sources: Path, tmp_path: Path, workers: int) -> None:
    """Forwards by one worker and backwards by several, in different folders, gives the same byte code."""
    names = sorted(path.name for path in sources.iterdir())
    other = tmp_path / "a" / "much deeper" / "folder"
    shutil.copytree(sources, other)
    assert bytecode.compile_files(sources, names, 1) == []
    assert bytecode.compile_files(other, reversed(names), workers) == []
    assert {path.name: path.read_bytes() for path in sources.iterdir()} == {
        path.name: path.read_bytes() for path in other.iterdir()
    }


def test_sources_are_replaced_by_unchecked_byte_code_that_names_the_relative_path(tmp_path: Path) -> None:
    """`pkg/a.py` becomes `pkg/a.pyc` (PEP 552, flags 1) whose code says `pkg/a.py`."""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "a.py").write_text("x = 1\n")
    assert bytecode.compile_tree(tmp_path) == []
    assert [path.name for path in (tmp_path / "pkg").iterdir()] == ["a.pyc"]
    data = (tmp_path / "pkg" / "a.pyc").read_bytes()
    assert data[4:8] == b"\1\0\0\0"
    assert marshal.loads(data[16:]).co_filename == "pkg/a.py"
    assert str(tmp_path).encode() not in data


@pytest.mark.parametrize(
    "source",
    ["print 'Python 2'\n", "def f(:\n", "x = '\\ud800'.encode(\n", "\0", b"# coding: no-such\n", "(" * 5000],
    ids=["python2", "syntax", "unclosed", "null", "coding", "deep"],
)
def test_what_does_not_compile_stays_a_source(tmp_path: Path, source: str | bytes) -> None:
    """It is returned by name, and leaves no byte code; the others are compiled all the same."""
    (tmp_path / "bad.py").write_bytes(source if isinstance(source, bytes) else source.encode())
    (tmp_path / "good.py").write_text("x = 1\n")
    assert bytecode.compile_tree(tmp_path) == ["bad.py"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.py", "good.pyc"]


def test_failure_says_file_and_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The reason goes to stderr as `name:line: reason`."""
    (tmp_path / "app.py").write_text("x = 1\ny = (\n")
    bytecode.compile_tree(tmp_path)
    assert capfd.readouterr().err.startswith("app.py:2: '(' was never closed")


def test_shared_state_does_not_reach_the_bytes(tmp_path: Path, shuffled: Callable[[Path], Path]) -> None:
    """A folder made in another order, elsewhere, with other dates and modes, gives the same byte code."""
    tree = tmp_path / "tree"
    for number in range(20):
        place = tree / f"p{number % 3}" / f"m{number}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"NAME = 'common_{number % 4}'\ndef f(a, b={number}): return a, NAME\n")
    other = shuffled(tree)
    bytecode.compile_tree(tree)
    bytecode.compile_tree(other)
    found = {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*.pyc")}
    assert len(found) == 20
    assert found == {path.relative_to(other).as_posix(): path.read_bytes() for path in other.rglob("*.pyc")}
