"""Makes a toolchain's root of its pinned files: `python3 root.py RECIPE.json IN OUT`.

RECIPE.json is what `builder/toolchain.py` gives of a file of toolchains/; IN holds each pinned file under its sha256;
OUT is made. Files are copied, never run, so any Python from 3.11 on makes the same root, as any user.
"""

import hashlib
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import archive


def make(recipe: Mapping[str, Any], files: Mapping[str, Path], out: Path) -> None:
    """The root of a recipe in a new folder; `files` gives where the file of each sha256 lies.

    Raises archive.Refused for a file that has not its pin's bytes, or that lacks what the recipe takes of it.
    """
    out.mkdir()
    for part in recipe["parts"]:
        file = files[part["pin"]["sha256"]]
        _check(file, part["pin"]["sha256"])
        rules = _Rules(part)
        archive.unpack(file, out, want=rules.place)
        rules.finish(part["pin"]["file"])
    for name in recipe["executable"]:
        (out / name).chmod(0o755)
    for name in recipe["folders"]:
        (out / name).mkdir(parents=True)
    for name, text in recipe["texts"].items():
        path = _with_parent(out / name)
        path.write_bytes(text.encode())
        path.chmod(0o644)
    for name, target in recipe["links"].items():
        _with_parent(out / name).symlink_to(target)
    for path in [out, *out.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


class _Rules:
    """What a recipe takes of one archive, and where it puts it.

    In a pattern `*` stands for anything within one name, `/**` at its end for a folder and all below it. A place that
    ends in a slash is a folder: below it goes what the `**` stood for, else the bare name. The first that fits decides.
    """

    def __init__(self, part: Mapping[str, Any]) -> None:
        self._below: str = part["below"]
        self._leave = {pattern: _compiled(pattern) for pattern in part["leave"]}
        self._take: dict[str, tuple[re.Pattern[str], str]] = {
            pattern: (_compiled(pattern), place) for pattern, place in part["take"].items()
        }
        self._idle = {*self._leave, *self._take}

    def place(self, member: str) -> str | None:
        """Where a member goes; None leaves it out."""
        if not member.startswith(self._below):
            return None
        name = member[len(self._below) :]
        for pattern, form in self._leave.items():
            if form.fullmatch(name):
                self._idle.discard(pattern)
                return None
        for pattern, (form, place) in self._take.items():
            if found := form.fullmatch(name):
                self._idle.discard(pattern)
                return f"{place}{found['rest'] or ''}".rstrip("/") if place.endswith("/") else place
        return None

    def finish(self, file: str) -> None:
        """Raise Refused where a pattern met nothing: the recipe and the file don't belong together."""
        if self._idle:
            raise archive.Refused(f"`{file}` has nothing that is called {', '.join(sorted(self._idle))}")


def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression; its group `rest` is what `**` stands for, else the last name."""
    if pattern.endswith("/**"):
        return re.compile(_escaped(pattern.removesuffix("/**")) + "(?:/(?P<rest>.+))?")
    folder, slash, last = pattern.rpartition("/")
    return re.compile(_escaped(folder + slash) + f"(?P<rest>{_escaped(last)})")


def _escaped(pattern: str) -> str:
    return "[^/]*".join(re.escape(part) for part in pattern.split("*"))


def _check(file: Path, sha256: str) -> None:
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != sha256:
        raise archive.Refused(f"`{file.name}` has sha256 {found}, pinned is {sha256}")


def _with_parent(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def main() -> None:
    """Make the root that the arguments name."""
    recipe, folder, out = map(Path, sys.argv[1:])
    make(json.loads(recipe.read_bytes()), {file.name: file for file in folder.iterdir()}, out)


if __name__ == "__main__":
    main()
