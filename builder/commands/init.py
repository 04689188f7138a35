"""`builder init`: a new app, or what an app that is there still needs."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from builder import data, project, settings, templates, whole
from builder.committed import NIX
from builder.errors import BuilderError, Exit
from builder.plan import FOLDER
from builder.project import PYPROJECT, REQUIREMENTS

Say = Callable[[str], None]

_IGNORE = ".gitignore"
_FLAKE = "flake.nix"
_APP = (PYPROJECT, REQUIREMENTS, "main.py", "src/main.py")  # any of them makes a folder an app
_NEW = ("main.py", PYPROJECT, "README.md", _IGNORE)


def run(root: Path, *, name: str | None, nix: bool = False, say: Say) -> None:
    """Make an app in a folder that holds none, else add what builder needs; never changes what is there already.

    Raises BuilderError (project) where pyproject.toml is broken or a file can't be written.
    """
    try:
        if not any((root / file).exists() for file in _APP):
            _start(root, name or root.resolve().name, say)
        else:
            _adopt(root, say)
        _ignore(root, "build/", say)
        if not (root / FOLDER).is_dir():
            (root / FOLDER).mkdir()
            say(f"made {FOLDER}/: `builder lock` writes there the plans to be committed")
        if nix:
            _add_nix(root, say)
    except OSError as error:
        raise BuilderError(
            f"`{error.filename or root}` can't be written: {error.strerror}",
            hint="allow it, or name another folder",
            code=Exit.PROJECT,
        ) from error
    say("next: `builder lock`, then `builder build web`")


def _start(root: Path, name: str, say: Say) -> None:
    root.mkdir(parents=True, exist_ok=True)
    product = re.sub(r"[^\w .,-]+", " ", name).strip() or "app"
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("._-") or "app"
    for file in _NEW:
        if not (root / file).exists():
            text = templates.render(f"app/{file.lstrip('.')}.j2", name=canonicalize_name(words), product=product)
            whole.write(root / file, text.encode())
            say(f"wrote {file}")


def _adopt(root: Path, say: Say) -> None:
    path = root / PYPROJECT
    try:
        text = path.read_bytes().decode() if path.exists() else ""
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _broken(f"is not TOML: {error}") from error
    if isinstance(table.get("tool"), dict) and "builder" in table["tool"]:
        say(f"kept {PYPROJECT}: it has [tool.builder]")
        return
    whole.write(path, _with_section(text, table).encode())
    say(f"added [tool.builder] to {PYPROJECT}")


def _with_section(text: str, table: dict[str, Any]) -> str:
    """pyproject.toml with the table [tool.builder] at its end; every byte before it stays."""
    python = settings.parse({}, project.requires_python(table)).python
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text else end if text.endswith("\n") else end * 2
    changed = f'{text}{gap}[tool.builder]{end}python = "{python}"{end}'
    try:
        tomllib.loads(changed)
    except tomllib.TOMLDecodeError as error:
        raise _broken("has its `tool` in a form that no table can be added to") from error
    return changed


def _add_nix(root: Path, say: Say) -> None:
    """The flake, and the folder into which `builder lock` writes what the flake reads."""
    (root / FOLDER / NIX).mkdir(exist_ok=True)
    for name, text in data.nix().items():
        (root / FOLDER / NIX / name).write_bytes(text)
    if (root / _FLAKE).exists():
        say(f"kept {_FLAKE}; the app's outputs are `(import ./{FOLDER}/{NIX}/plan.nix).mkApp {{ src = ./.; }}`")
    else:
        whole.write(root / _FLAKE, data.root("nix").joinpath("template", _FLAKE).read_bytes())
        say(f"wrote {_FLAKE}: once locked and added to git, `nix build .#web` builds it")
    _ignore(root, "result*", say)


def _ignore(root: Path, pattern: str, say: Say) -> None:
    path, name = root / _IGNORE, pattern.strip("/")
    text = path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""
    if {line.strip().strip("/") for line in text.splitlines()} & {name, f"**/{name}"}:
        return
    newline = "" if not text or text.endswith("\n") else "\n"
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(f"{newline}{pattern}\n")
    say(f"added {pattern} to {_IGNORE}")


def _broken(what: str) -> BuilderError:
    return BuilderError(f"`{PYPROJECT}` {what}", hint="mend that place", code=Exit.PROJECT)
