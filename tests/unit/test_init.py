"""`builder init`: a new app, or one that is there already."""

import tomllib
from pathlib import Path

import pytest

from builder import project
from builder.commands import init
from builder.errors import BuilderError, Exit


def run(root: Path, name: str | None = None) -> list[str]:
    """What `builder init` said."""
    said: list[str] = []
    init.run(root, name=name, say=said.append)
    return said


def contents(root: Path) -> dict[str, bytes]:
    """Every file of an app."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("folder", "name"), [("my_app", "my-app"), ('"Ünï" & Co', "n-co"), ("...", "app")])
def test_a_new_folder_becomes_an_app_that_loads_without_a_word(tmp_path: Path, folder: str, name: str) -> None:
    """Whatever its name, the app is whole: entry point, dependencies, no warning."""
    run(tmp_path / folder)
    warnings: list[str] = []
    found = project.load(tmp_path / folder, {}, warnings.append)
    assert (found.name, found.requires, warnings) == (name, ("flet",), [])
    assert set(contents(tmp_path / folder)) == {"main.py", "pyproject.toml", "README.md", ".gitignore"}
    assert (tmp_path / folder / "builder.plan").is_dir()


def test_the_new_app_is_valid_python(tmp_path: Path) -> None:
    """It compiles, and calls Flet as both lines have it."""
    run(tmp_path / "app", "Counter")
    text = (tmp_path / "app/main.py").read_text()
    compile(text, "main.py", "exec")
    assert "ft.run(main)" in text


def test_init_twice_changes_nothing(tmp_path: Path) -> None:
    """The second run finds all in place."""
    run(tmp_path)
    before = contents(tmp_path)
    said = run(tmp_path)
    assert contents(tmp_path) == before
    assert said == ["kept pyproject.toml: it has [tool.builder]", "next: `builder lock`, then `builder build web`"]


@pytest.mark.parametrize(
    "text",
    [
        "# mine\n[project]\nname = 'x' # why\n",
        "[tool.flet]\nproduct = 'P'",
        "tool.flet.product = 'P'\n",
        "[project]\r\nname = 'x'\r\n",
    ],
)
def test_an_app_is_adopted_without_touching_what_it_has(tmp_path: Path, text: str) -> None:
    """pyproject.toml keeps every byte and gains a section; no other file is made anew."""
    (tmp_path / "pyproject.toml").write_bytes(text.encode())
    (tmp_path / "main.py").write_text("# mine")
    (tmp_path / ".gitignore").write_text("*.log")
    said = run(tmp_path)
    after = (tmp_path / "pyproject.toml").read_bytes().decode()
    assert after.startswith(text)
    assert ("\r" in text) == after.endswith("\r\n")
    assert tomllib.loads(after)["tool"]["builder"] == {"python": "3.12"}
    assert (tmp_path / "main.py").read_text() == "# mine"
    assert (tmp_path / ".gitignore").read_text() == "*.log\nbuild/\n"
    assert "added [tool.builder] to pyproject.toml" in said
    assert not (tmp_path / "README.md").exists()
    project.load(tmp_path, {}, said.append)


def test_an_app_with_only_requirements_keeps_them(tmp_path: Path) -> None:
    """The new pyproject.toml names no dependencies, so requirements.txt still counts."""
    (tmp_path / "requirements.txt").write_text("flet==0.82.2")
    (tmp_path / "main.py").touch()
    run(tmp_path)
    assert project.load(tmp_path, {}, print).requires == ("flet==0.82.2",)


def test_the_python_of_an_adopted_app_is_one_it_allows(tmp_path: Path) -> None:
    """requires-python decides."""
    (tmp_path / "pyproject.toml").write_text("[project]\nrequires-python = '>=3.13'\n")
    run(tmp_path)
    assert tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["builder"]["python"] == "3.14"


@pytest.mark.parametrize("line", ["build", "build/", "/build/", "**/build/"])
def test_builds_are_ignored_once(tmp_path: Path, line: str) -> None:
    """Each way to write it counts."""
    (tmp_path / "main.py").touch()
    (tmp_path / ".gitignore").write_text(f"a\n{line}\n")
    run(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == f"a\n{line}\n"


@pytest.mark.parametrize("text", ["[project", "tool = { flet = {} }\n", "tool = 5"])
def test_a_pyproject_that_can_not_be_added_to_is_left_alone(tmp_path: Path, text: str) -> None:
    """It is told and not a byte of it changes."""
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(BuilderError, match=r"pyproject\.toml") as caught:
        run(tmp_path)
    assert caught.value.code == Exit.PROJECT
    assert contents(tmp_path) == {"pyproject.toml": text.encode()}


def test_a_place_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    """A file where the folder should be is no traceback."""
    (tmp_path / "app").touch()
    with pytest.raises(BuilderError, match="can't be written"):
        run(tmp_path / "app")
