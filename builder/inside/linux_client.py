"""Flet's compiled client for Linux out of its archive: `linux_client.py FILE` leaves it in out/.

FILE is that archive, or the wheel that holds it; Flet would unpack it into the user's home when the app first runs.
"""

import sys
from pathlib import Path

import archive
import tree
import wheel

_ARCHIVE = "flet_desktop/app/flet-linux-"
_FOLDER = "flet/"
_REQUIRED = ("flet", "lib/libapp.so", "lib/libflutter_linux_gtk.so", "data/icudtl.dat")
_SCRATCH = Path("wheel")


def main(name: str) -> None:
    """Unpack the archive, which may be in a wheel."""
    out = Path("out")
    try:
        packed = from_wheel(Path("in", name)) if name.endswith(".whl") else Path("in", name)
        archive.unpack(packed, out, want=_place)
    except (wheel.Invalid, archive.Refused) as error:
        sys.exit(f"error: {error}")
    if absent := [file for file in _REQUIRED if not (out / file).is_file()]:
        sys.exit(f"error: the client of `{name}` has no `{absent[0]}`: it is of another Flet than this builder knows")
    tree.prune(out)
    tree.settle(out)


def from_wheel(file: Path) -> Path:
    """The client's archive, out of its wheel; raises wheel.Invalid or archive.Refused."""
    wheel.unpack(file, _SCRATCH, want=lambda member: member if member.startswith(_ARCHIVE) else None)
    archives = sorted((_SCRATCH / "flet_desktop" / "app").glob("*.tar.gz"))
    if len(archives) != 1:
        raise wheel.Invalid(f"`{file.name}` holds {len(archives)} clients for Linux, not one")
    return archives[0]


def _place(member: str) -> str | None:
    return member.removeprefix(_FOLDER) if member.startswith(_FOLDER) else None


if __name__ == "__main__":
    main(*sys.argv[1:])
