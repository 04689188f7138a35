"""Flet's compiled client for macOS out of its archive: `macos_client.py FILE` leaves Flet.app in out/, as it is.

FILE is that archive, or the wheel that holds it. Its files are sealed (Contents/_CodeSignature), so nothing is taken
away or changed: macOS would not start it.
"""

import sys
from pathlib import Path

import archive
import tree
import wheel

_ARCHIVE = "flet_desktop/app/flet-macos"
_FOLDER = "Flet.app/"
_REQUIRED = ("MacOS/Flet", "Info.plist", "_CodeSignature/CodeResources", "Frameworks/App.framework/Versions/A/App")
_SCRATCH = Path("wheel")


def main(name: str) -> None:
    """Unpack the archive, which may be in a wheel."""
    out = Path("out")
    try:
        packed = from_wheel(Path("in", name)) if name.endswith(".whl") else Path("in", name)
        archive.unpack(packed, out, want=lambda member: member if member.startswith(_FOLDER) else None)
    except (wheel.Invalid, archive.Refused) as error:
        sys.exit(f"error: {error}")
    contents = out / "Flet.app" / "Contents"
    if absent := [file for file in _REQUIRED if not (contents / file).is_file()]:
        sys.exit(f"error: the client of `{name}` has no `{absent[0]}`: it is of another Flet than this builder knows")
    tree.prune(out)
    tree.settle(out)


def from_wheel(file: Path) -> Path:
    """The client's archive, out of its wheel; raises wheel.Invalid or archive.Refused."""
    wheel.unpack(file, _SCRATCH, want=lambda member: member if member.startswith(_ARCHIVE) else None)
    archives = sorted((_SCRATCH / "flet_desktop" / "app").glob("*.tar.gz"))
    if len(archives) != 1:
        raise wheel.Invalid(f"`{file.name}` holds {len(archives)} clients for macOS, not one")
    return archives[0]


if __name__ == "__main__":
    main(*sys.argv[1:])
