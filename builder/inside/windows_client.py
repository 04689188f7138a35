"""Flet's compiled client for Windows out of its archive: `windows_client.py FILE` leaves it in out/, but for flet.exe.

FILE is that archive, or the wheel that holds its files. `windows_programs.py` takes the program itself from it.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import archive
import tree
import wheel

_IN_WHEEL, _IN_ARCHIVE = "flet_desktop/app/flet/", "flet/"
PROGRAM = "flet.exe"
_REQUIRED = ("flutter_windows.dll", "vcruntime140.dll", "msvcp140.dll", "data/app.so", "data/icudtl.dat")


def main(name: str) -> None:
    """Unpack what lies beside the program."""
    out = Path("out")
    try:
        unpack(Path("in", name), out, lambda member: member != PROGRAM)
    except (wheel.Invalid, archive.Refused) as error:
        sys.exit(f"error: {error}")
    if absent := [needed for needed in _REQUIRED if not (out / needed).is_file()]:
        sys.exit(f"error: the client of `{name}` has no `{absent[0]}`: it is of another Flet than this builder knows")
    tree.settle(out)


def unpack(file: Path, out: Path, chosen: Callable[[str], bool]) -> None:
    """Unpack chosen files of the client, out of a wheel whose RECORD they are checked against.

    Raises wheel.Invalid or archive.Refused.
    """

    def below(prefix: str) -> wheel.Want:
        return lambda name: name if name.startswith(prefix) and chosen(name.removeprefix(prefix)) else None

    if file.suffix == ".whl":
        info = wheel.unpack(file, out, want=below(_IN_WHEEL))
        (info / "RECORD").unlink()
        lift(out, _IN_WHEEL)
    else:
        archive.unpack(file, out, want=below(_IN_ARCHIVE))
        lift(out, _IN_ARCHIVE)


def lift(root: Path, prefix: str) -> None:
    """Move what lies below a folder to the root that this folder lies in."""
    for name in tree.names(root / prefix):
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        (root / prefix / name).rename(place)
    tree.prune(root)


if __name__ == "__main__":
    main(*sys.argv[1:])
