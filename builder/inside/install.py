"""Installs wheels, and sdists that are pure Python, as one folder of packages for one target.

Reads in/install.json:
  wheels   file names, each found at in/NAME
  sdists   file name -> the packages of it to take
  built    names of folders below in/, each with one wheel that an earlier step built
  cleanup  glob patterns of files and folders to leave out
  extensions  names of the Dart packages that are compiled into the app's Flutter client
  compile  true: replace sources by byte code of the interpreter that runs this
  generated  a module whose data classes are compiled as well, see generated.py; "" for none
Leaves the packages in out/.
"""

import filecmp
import json
import shutil
import sys
from pathlib import Path

import archive
import bytecode
import dart
import patterns
import sdist
import tree
import wheel

_SIGNED = ("RECORD", "RECORD.jws", "RECORD.p7s")  # they no longer describe what is installed
_SCRATCH = ".unpacked"


def main() -> None:
    """Install all, clean, compile, settle."""
    settings = json.loads(Path("in", "install.json").read_text(encoding="utf-8"))
    out = Path("out")
    origin: dict[str, str] = {}
    try:
        for name in settings["wheels"]:
            install_wheel(Path("in", name), out, origin)
        for name, packages in settings["sdists"].items():
            install_sdist(Path("in", name), packages, out, origin)
        for name in settings["built"]:
            install_wheel(next(Path("in", name).glob("*.whl")), out, origin)
        drop_dart(out, settings["extensions"], origin)
    except (wheel.Invalid, archive.Refused) as error:
        sys.exit(f"error: {error}")
    clean(out, settings["cleanup"])
    if settings["compile"]:
        for name in bytecode.compile_tree(out):
            print(f"kept as source: {name}")
    if settings["generated"]:
        # Here: the modules that it needs take 20 ms.
        import generated

        generated.write(out, settings["generated"])
    tree.settle(out)


def install_wheel(file: Path, out: Path, origin: dict[str, str]) -> None:
    """Add the files of a wheel to a folder; `origin` holds which file came from where."""
    scratch = out / _SCRATCH
    info = wheel.unpack(file, scratch)
    for name in tree.names(scratch):
        place = _place(name, info.name)
        if place:
            _add(scratch / name, out, place, origin, file.name)
    shutil.rmtree(scratch)


def install_sdist(file: Path, packages: list[str], out: Path, origin: dict[str, str]) -> None:
    """Add the pure Python packages of an sdist (PEP 625), with the metadata of its PKG-INFO, to a folder."""
    scratch = out / _SCRATCH
    sdist.unpack(file, scratch, packages)
    for name in tree.names(scratch):
        _add(scratch / name, out, name, origin, file.name)
    shutil.rmtree(scratch)


def drop_dart(out: Path, compiled: list[str], origin: dict[str, str]) -> None:
    """Remove the Dart packages that Python packages brought; raises wheel.Invalid for one that is not compiled in."""
    found = dart.packages(origin)
    if lacking := [name for name in found if name not in compiled]:
        raise wheel.Invalid(
            f"`{origin[f'flutter/{lacking[0]}/pubspec.yaml']}` has the Flutter extension `{lacking[0]}`, which Flet's"
            f" compiled client lacks; it has {', '.join(compiled)}. Any other needs a client that is compiled for the"
            " app: the client strategy `source`"
        )
    for name in origin:
        if dart.lies_in(name, found):
            (out / name).unlink()
    tree.prune(out)


def clean(out: Path, globs: list[str]) -> None:
    """Remove every file that a pattern matches, or that lies in a folder that one matches, then the empty folders."""
    junk = patterns.matcher(globs)
    for name in tree.names(out):
        if junk(name):
            (out / name).unlink()
    tree.prune(out)


def _place(name: str, info: str) -> str:
    """Where a wheel's file goes (PEP 427), "" for what is not installed: scripts and headers are for a whole Python."""
    data = info.removesuffix(".dist-info") + ".data"
    first, _, rest = name.partition("/")
    if first == info and rest in _SIGNED:
        return ""
    if first != data:
        return name
    scheme, _, rest = rest.partition("/")
    return rest if scheme in ("purelib", "platlib", "data") else ""


def _add(source: Path, out: Path, name: str, origin: dict[str, str], by: str) -> None:
    place = out / name
    if name in origin:
        if not filecmp.cmp(source, place, shallow=False):
            raise wheel.Invalid(f"`{origin[name]}` and `{by}` both hold `{name}`, with different contents")
        return
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        source.rename(place)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise wheel.Invalid(f"`{name}` of `{by}` is a file in one package and a folder in another") from error
    origin[name] = by


if __name__ == "__main__":
    main()
