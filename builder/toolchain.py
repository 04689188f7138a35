"""The toolchain: the small root that every step runs in, made of pinned files, known by the sha256 of its NAR."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from builder import data, inside, nar
from builder.errors import BuilderError, Exit
from builder.lock import BOOTSTRAP, TOOLCHAIN, Lock, Pin
from builder.model import Model, Sha256
from builder.plan import store_name

_OF_PIN = ("name", "version", "source", "path", "file", "size", "sha256")


class Part(Model):
    """What one pinned archive gives to the root; `builder/inside/root.py` says how patterns are read."""

    pin: Pin
    below: str = ""  # folder of the archive, with a slash, that all patterns start from
    take: dict[str, str]  # pattern -> place below the root
    leave: tuple[str, ...] = ()  # patterns that win over `take`


class Shell(Model):
    """The static busybox with which a bootstrap begins."""

    part: str  # name of the pin that holds it, a Debian package
    member: str  # its path there


class Bootstrap(Model):
    """How plain Nix, which has no program of its own, comes to run root.py: paths are those in the unpacked parts."""

    pin: Pin  # an npm package that holds a static 7-Zip
    archiver: str  # its path there
    shell: Shell
    loader: str
    libraries: tuple[str, ...]  # folders
    home: str  # PYTHONHOME
    python: str


class Recipe(Model):
    """How a root is made, as data."""

    name: str
    nar: Sha256  # of the root that comes out
    parts: tuple[Part, ...]
    executable: tuple[str, ...] = ()  # files whose archive can't say so
    folders: tuple[str, ...] = ()  # empty ones, to mount on
    texts: dict[str, str] = Field(default={})  # file -> what it holds
    links: dict[str, str] = Field(default={})  # symlink -> relative target
    bootstrap: Bootstrap
    stores: dict[Sha256, str] = {}  # what a Nix store calls each file

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
    fields = {key: value for key, value in table.items() if key != "part"}
    maker = pinned(table["bootstrap"], BOOTSTRAP)
    return _named(
        Recipe.model_validate(fields | {"bootstrap": maker, "parts": [pinned(row, TOOLCHAIN) for row in table["part"]]})
    )


def of(lock: Lock) -> Recipe:
    """The recipe of a lock: the rules that builder ships for its toolchain, with the lock's own pins.

    Raises BuilderError (lock) where the rules are not for these pins.
    """
    return with_pins(load(lock.toolchain.name), pins_of(lock), lock.toolchain.nar)


def pins_of(lock: Lock) -> tuple[Pin, ...]:
    """The pins of a lock that its toolchain is made of."""
    return tuple(pin for pin in lock.pins if TOOLCHAIN in pin.targets)


def with_pins(recipe: Recipe, pins: tuple[Pin, ...], nar: str) -> Recipe:
    """The same rules on other files, each in the place of the one of its name, and the NAR sha256 that they give.

    Raises BuilderError (lock) where a file has no place, or a place no file.
    """
    named = {pin.name: pin for pin in pins}
    odd = {part.pin.name for part in recipe.parts} ^ set(named)
    if odd:
        raise BuilderError(
            f"the toolchain `{recipe.name}` of builder.lock and the one of this builder differ in `{min(odd)}`",
            hint="run `builder lock`, and commit the result",
            code=Exit.LOCK,
        )
    parts = tuple(part.model_copy(update={"pin": named[part.pin.name]}) for part in recipe.parts)
    return _named(recipe.model_copy(update={"parts": parts, "nar": nar}))


def dump(recipe: Recipe) -> bytes:
    """A recipe as the JSON that root.py reads, in the recipe's own order: that of `take` decides."""
    text = json.dumps(recipe.model_dump(mode="json"), indent=1, ensure_ascii=False)
    return text.encode() + b"\n"


def assemble(recipe: Recipe, files: Mapping[str, Path], out: Path) -> str:
    """Make the root in a new folder and give the sha256 (hex) of its NAR, whatever the recipe states.

    `files` maps each pin's sha256 to its place. Raises BuilderError (mismatch) where a file is not its pin's.
    """
    archive = inside.module("archive")
    try:
        inside.module("root").make(recipe.model_dump(mode="json"), files, out)
    except archive.Refused as error:
        raise BuilderError(
            f"toolchain `{recipe.name}` can't be made: {error}",
            hint="run `builder fetch` to fetch its files anew, "
            "or `builder lock --upgrade-package toolchain` to pin others",
            code=Exit.MISMATCH,
        ) from error
    return nar.sha256(out)


def make(recipe: Recipe, files: Mapping[str, Path], out: Path) -> str:
    """The same, held to the NAR sha256 that the recipe states. Raises BuilderError (mismatch) for another one too."""
    found = assemble(recipe, files, out)
    if found != recipe.nar:
        raise BuilderError(
            f"toolchain `{recipe.name}` came out with NAR sha256 {found}, its recipe states {recipe.nar}",
            hint="run `builder lock --upgrade-package toolchain` with the builder that is installed, and commit the "
            "result; if that does not help, report both values",
            code=Exit.MISMATCH,
        )
    return found


def _named(recipe: Recipe) -> Recipe:
    pins = (*recipe.pins, recipe.bootstrap.pin)
    return recipe.model_copy(update={"stores": {pin.sha256: store_name(pin.file) for pin in pins}})


def pinned(row: Mapping[str, Any], target: str) -> dict[str, Any]:
    """A row of a table with the pin that it states as one value; `target` is what the file is for."""
    pin = {key: row[key] for key in _OF_PIN} | {"hash": "table", "targets": (target,)}
    return {key: value for key, value in row.items() if key not in _OF_PIN} | {"pin": pin}
