"""What a target is handed on as to those who have no builder, one module a format: files in a folder."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.folder import Folder
from builder.lock import Lock, Pin
from builder.ownimage import Contents
from builder.plan import Plan
from builder.project import Project
from builder.toolchain import Recipe


@dataclass(frozen=True)
class Checkout:
    """Where everyone gets the app's files from git."""

    url: str
    commit: str
    folder: str  # of the app, relative to the checkout; "." is its top


@dataclass(frozen=True)
class Material:
    """What an export is made of; what costs time or a connection is made when it is asked for."""

    target: str
    project: Project
    lock: Lock
    plan: Plan
    recipe: Recipe  # of the toolchain's root
    scripts: Callable[[], Mapping[str, bytes]]  # name -> text of those that the plan names, and that make the toolchain
    tree: Callable[[], Path]  # a folder with the app's own files, as a build sees them
    urls: Callable[[Iterable[Pin]], Mapping[str, tuple[str, ...]]]  # sha256 -> where the bytes are, never empty
    stated: Mapping[str, Any]  # [project] of pyproject.toml
    released: str  # date of the app's last commit, as ISO 8601; "" where git has none
    checkout: Checkout | None  # what the export names instead of holding the app's files
    image: Callable[[Path], Contents]  # of builder's own image, for all the targets; the folder is for what is made
    say: Callable[[str], None]  # what its reader should know


@dataclass(frozen=True)
class Export:
    """One format that a target can be handed on in."""

    refusal: Callable[[str], str]  # (target) -> why the format can't hold it, "" where it can
    write: Callable[[Material, Path], None]  # fills an empty folder; raises BuilderError
    from_git: bool = False  # True: it can name a checkout
    many: bool = False  # True: it holds more than one target, and may leave the pins out


EXPORTS = Folder(__name__, Export)
