"""The toolchain: the small root that every step runs in, made of pinned files, known by the sha256 of its NAR."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from builder import data, inside, nar
from builder.errors import BuilderError, Exit
from builder.lock import TOOLCHAIN, Pin
from builder.model import Model, Sha256

_OF_PIN = ("name", "version", "source", "path", "file", "size", "sha256")


class Part(Model):
    """What one pinned archive gives to the root; `builder/inside/root.py` says how patterns are read."""

    pin: Pin
    below: str = ""  # folder of the archive, with a slash, that all patterns start from
    take: dict[str, str]  # pattern -> place below the root
    leave: tuple[str, ...] = ()  # patterns that win over `take`


class Recipe(Model):
    """How a root is made, as data."""

    name: str
    nar: Sha256  # of the root that comes out
    parts: tuple[Part, ...]
    executable: tuple[str, ...] = ()  # files whose archive can't say so
    folders: tuple[str, ...] = ()  # empty ones, to mount on
    texts: dict[str, str] = Field(default={})  # file -> what it holds
    links: dict[str, str] = Field(default={})  # symlink -> relative target

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The outside files that the root is made of."""
        return tuple(part.pin for part in self.parts)


def load(name: str) -> Recipe:
    """The recipe of a toolchain that builder ships. Raises BuilderError (lock) where there is none of that name."""
    try:
        table = data.table(f"{name}.toml")
    except FileNotFoundError as error:
        raise BuilderError(
            f"this builder has no toolchain `{name}`",
            hint="run `builder lock` to use the one that it has, or install the builder that wrote the lock",
            code=Exit.LOCK,
        ) from error
    parts = [_part(row) for row in table["part"]]
    return Recipe.model_validate({**{key: value for key, value in table.items() if key != "part"}, "parts": parts})


def dump(recipe: Recipe) -> bytes:
    """A recipe as the JSON that root.py reads, in the recipe's own order: that of `take` decides."""
    text = json.dumps(recipe.model_dump(mode="json"), indent=1, ensure_ascii=False)
    return text.encode() + b"\n"


def make(recipe: Recipe, files: Mapping[str, Path], out: Path) -> str:
    """Make the root in a new folder and give the sha256 (hex) of its NAR; `files` maps each pin's sha256 to its place.

    Raises BuilderError (mismatch) where a file, or the root, is not what the recipe says.
    """
    archive = inside.module("archive")
    try:
        inside.module("root").make(recipe.model_dump(mode="json"), files, out)
    except archive.Refused as error:
        raise BuilderError(
            f"toolchain `{recipe.name}` can't be made: {error}",
            hint="run `builder fetch` to fetch its files anew, or `builder lock` to pin this builder's",
            code=Exit.MISMATCH,
        ) from error
    found = nar.sha256(out)
    if found != recipe.nar:
        raise BuilderError(
            f"toolchain `{recipe.name}` came out with NAR sha256 {found}, its recipe states {recipe.nar}",
            hint="run `builder lock` with the builder that is installed, and commit the result; if that does not help, "
            "report both values",
            code=Exit.MISMATCH,
        )
    return found


def _part(row: Mapping[str, Any]) -> dict[str, Any]:
    pin = {key: row[key] for key in _OF_PIN} | {"hash": "table", "targets": (TOOLCHAIN,)}
    return {key: value for key, value in row.items() if key not in _OF_PIN} | {"pin": pin}
