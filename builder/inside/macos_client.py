"""Flet's compiled client for macOS out of its archive: `macos_client.py FILE` leaves Flet.app in out/, as it is.

FILE is that archive, or the wheel that holds it. Its files are sealed (Contents/_CodeSignature), so nothing is taken
away or changed: macOS would not start it.
"""

import sys

import desktop_client

_PACKED = "flet_desktop/app/flet-macos"
_FOLDER = "Flet.app/"
_CONTENTS = ("MacOS/Flet", "Info.plist", "_CodeSignature/CodeResources", "Frameworks/App.framework/Versions/A/App")


def main(name: str) -> None:
    """Unpack the bundle."""
    required = [f"{_FOLDER}Contents/{file}" for file in _CONTENTS]
    desktop_client.unpack(name, _PACKED, lambda member: member if member.startswith(_FOLDER) else None, required)


if __name__ == "__main__":
    main(*sys.argv[1:])
