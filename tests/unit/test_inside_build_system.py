"""How a source distribution says that it is built (PEP 517, 518)."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder import inside

archive: Any = inside.module("archive")
build_system: Any = inside.module("build_system")

LEGACY = "setuptools.build_meta:__legacy__"


@pytest.mark.parametrize(
    ("pyproject", "expected"),
    [
        ("", (("setuptools>=40.8.0", "wheel"), LEGACY, ())),
        ("[project]\nname = 'x'\n", (("setuptools>=40.8.0", "wheel"), LEGACY, ())),
        ("[build-system]\nrequires = ['setuptools']\n", (("setuptools",), LEGACY, ())),
        ("[build-system]\nrequires = ['a>1']\nbuild-backend = 'a.b:c'\n", (("a>1",), "a.b:c", ())),
        (
            "[build-system]\nrequires = []\nbuild-backend = 'a'\nbackend-path = ['.', 'b']\n",
            ((), "a", (".", "b")),
        ),
    ],
    ids=["nothing", "no table", "no backend", "backend", "in tree"],
)
def test_build_system_is_read(pyproject: str, expected: tuple[Any, ...]) -> None:
    """Without the table, or a backend in it, setuptools builds as it did before PEP 517."""
    found = build_system.parse(pyproject.encode())
    assert (found.requires, found.backend, found.path) == expected


@pytest.mark.parametrize(
    ("pyproject", "reason"),
    [
        ("[build-system]\n", "has no `requires`"),
        ("build-system = 1\n", "is not a table"),
        ("[build-system]\nrequires = 'a'\n", "`requires` of its .* is not a list of texts"),
        ("[build-system]\nrequires = [1]\n", "`requires` of its .* is not a list of texts"),
        ("[build-system]\nrequires = []\nbuild-backend = 1\n", "`build-backend` of its .* is not text"),
        ("[build-system]\nrequires = []\nbackend-path = '.'\n", "`backend-path` of its .* is not a list of texts"),
        ("[build-system\n", "is not TOML"),
        ("a = \xff", "is not TOML"),
    ],
    ids=["requires", "table", "text", "number", "backend", "path", "toml", "utf-8"],
)
def test_build_system_that_says_nothing_is_refused(pyproject: str, reason: str) -> None:
    """PEP 518: `requires` is a must; all values have their type."""
    with pytest.raises(build_system.Unclear, match=reason):
        build_system.parse(pyproject.encode("latin-1"))


def test_only_the_pyproject_at_the_top_counts(sdist: Callable[..., Path]) -> None:
    """One in a folder below is a test's or an example's."""
    made = sdist("demo-1.0", {"examples/pyproject.toml": "[build-system]\nrequires = ['evil']\n"})
    assert build_system.of(made).requires == ("setuptools>=40.8.0", "wheel")


def test_a_pyproject_without_end_is_not_read(sdist: Callable[..., Path]) -> None:
    """The host reads it: no more than a megabyte."""
    with pytest.raises(build_system.Unclear, match="longer than"):
        build_system.of(sdist("demo-1.0", {"pyproject.toml": "#" * (1 << 21)}))


def test_an_archive_of_several_folders_is_no_source_distribution(sdist: Callable[..., Path], tmp_path: Path) -> None:
    """Whose pyproject.toml would count is not clear."""
    with pytest.raises(archive.Refused):
        build_system.of(sdist("demo-1.0", {"../x": ""}))
    (tmp_path / "two.tar.gz").write_bytes(two_folders(tmp_path))
    with pytest.raises(build_system.Unclear, match="2 names at its top"):
        build_system.of(tmp_path / "two.tar.gz")


def two_folders(folder: Path) -> bytes:
    """A tar with two files in two folders."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as opened:
        for name in ("a/pyproject.toml", "b/pyproject.toml"):
            opened.addfile(tarfile.TarInfo(name), io.BytesIO())
    return data.getvalue()
