"""Flet's compiled web client out of its wheel: pruned to what a browser loads, mended, and with its Pyodide checked.

Reads in/client.json:
  wheel     file name of the flet-web wheel
  drop      glob patterns, below the client's folder, of what is left out
  require   files that must be there
  python    full version of the CPython in Pyodide
  npm       file name of the npm package `pyodide` that replaces the wheel's own, or ""
  pyodide   the files that stay of Pyodide's folder
  fonts     family -> file below assets/ to be listed in FontManifest.json
  patches   [{file, before, after, replace: [{search, text, pad}, ...]}, ...]; `search` is a regular expression
  stubs     file of the client -> name below in/ of the text that it gets
Leaves the client in out/.
"""

import functools
import hashlib
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import archive
import patterns
import tree
import wheel

_TOP = "flet_web/web/"
_SCRATCH = ".unpacked"


def main() -> None:
    """Unpack, check, mend, settle."""
    settings = json.loads(Path("in", "client.json").read_text(encoding="utf-8"))
    out = Path("out")
    try:
        take_client(settings, out)
        if settings["npm"]:
            take_pyodide(Path("in", settings["npm"]), settings["pyodide"], out)
        check(settings, out)
        for patch in settings["patches"]:
            mend(out, patch)
    except (wheel.Invalid, archive.Refused) as error:
        sys.exit(f"error: {error}")
    list_fonts(out / "assets" / "FontManifest.json", settings["fonts"])
    for name, text in settings["stubs"].items():
        place = out / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(Path("in", text).read_bytes())
    tree.settle(out)


def take_client(settings: dict[str, Any], out: Path) -> None:
    """Unpack the client's files that a browser loads, each checked against the wheel's RECORD."""
    scratch = out / _SCRATCH
    wheel.unpack(Path("in", settings["wheel"]), scratch, _kept(settings))
    client = scratch / _TOP
    if not client.is_dir():
        raise wheel.Invalid(f"`{settings['wheel']}` holds no `{_TOP}`")
    for entry in sorted(client.iterdir()):
        entry.rename(out / entry.name)
    shutil.rmtree(scratch)


def take_pyodide(package: Path, files: list[str], out: Path) -> None:
    """Unpack Pyodide's files out of its npm package."""
    wanted = {f"package/{name}": f"pyodide/{name}" for name in files}
    archive.unpack(package, out / _SCRATCH, want=wanted.get)
    (out / _SCRATCH / "pyodide").rename(out / "pyodide")
    shutil.rmtree(out / _SCRATCH)


def check(settings: dict[str, Any], out: Path) -> None:
    """Raise Invalid where a file is missing, or is not the one that Pyodide's own lock names."""
    needed = settings["require"] + [f"pyodide/{name}" for name in settings["pyodide"]]
    if missing := sorted(name for name in needed if not (out / name).is_file()):
        raise wheel.Invalid(f"the client of `{settings['wheel']}` lacks {', '.join(f'`{name}`' for name in missing)}")
    lock = json.loads((out / "pyodide" / "pyodide-lock.json").read_text(encoding="utf-8"))
    if lock["info"]["python"] != settings["python"]:
        raise wheel.Invalid(f"this Pyodide has Python {lock['info']['python']}, not {settings['python']}")
    for package in lock["packages"].values():
        place = out / "pyodide" / package["file_name"]
        if place.is_file() and sha256(place) != package["sha256"]:
            wheel.refuse_page(place)
            raise wheel.Invalid(f"`{place.name}` has not the sha256 that pyodide-lock.json gives")


def mend(out: Path, patch: dict[str, Any]) -> None:
    """Apply one patch to one file; raises Invalid where the file is not one that the patch was made for."""
    place, name = out / patch["file"], patch["file"]
    found = sha256(place)
    data = place.read_bytes()
    for piece in patch["replace"]:
        search = piece["search"].encode()
        count = len(re.findall(search, data))
        if count != 1:
            raise wheel.Invalid(
                f"the client's `{name}` (sha256 {found}) holds {count} times, not once, what is to be mended:"
                f" {piece['search']!r}; this builder does not know this version of Flet, require one that it has tested"
            )
        data = re.sub(search, functools.partial(_filled, piece), data)
    place.write_bytes(data)
    if found != patch["before"]:
        print(f"mended {name}, though it is not the one of the tested version of Flet")
    elif sha256(place) != patch["after"]:
        raise wheel.Invalid(f"the mended `{name}` has sha256 {sha256(place)}, not {patch['after']}")


def list_fonts(manifest: Path, fonts: dict[str, str]) -> None:
    """Add font families to Flutter's FontManifest.json, but those that it lists already."""
    listed = json.loads(manifest.read_text(encoding="utf-8"))
    known = {entry["family"] for entry in listed}
    listed += [{"family": name, "fonts": [{"asset": fonts[name]}]} for name in sorted(fonts) if name not in known]
    manifest.write_text(json.dumps(listed, separators=(",", ":")), encoding="utf-8")


def sha256(file: Path) -> str:
    """The sha256 (hex) of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _filled(piece: dict[str, str], match: re.Match[bytes]) -> bytes:
    """The text of a replacement; with `pad` as long as what it replaces, since wasm counts the bytes of its strings."""
    text = piece["text"].encode()
    return text.ljust(len(match[0]), piece["pad"].encode()) if piece["pad"] else text


def _kept(settings: dict[str, Any]) -> Callable[[str], str | None]:
    dropped = patterns.matcher(settings["drop"])
    own = [] if settings["npm"] else settings["pyodide"]

    def want(name: str) -> str | None:
        if not name.startswith(_TOP):
            return None
        below = name.removeprefix(_TOP)
        if below.startswith("pyodide/"):
            return name if below.removeprefix("pyodide/") in own else None
        return None if dropped(below) else name

    return want


if __name__ == "__main__":
    main()
