"""Flet's compiled client for Linux out of its archive: `linux_client.py FILE` leaves it in out/.

FILE is that archive, or the wheel that holds it; Flet would unpack it into the user's home when the app first runs.
"""

import sys

import desktop_client

_PACKED = "flet_desktop/app/flet-linux-"
_FOLDER = "flet/"
_REQUIRED = ("flet", "lib/libapp.so", "lib/libflutter_linux_gtk.so", "data/icudtl.dat")


def main(name: str) -> None:
    """Unpack what lies in the archive's one folder."""
    desktop_client.unpack(name, _PACKED, _place, _REQUIRED)


def _place(member: str) -> str | None:
    return member.removeprefix(_FOLDER) if member.startswith(_FOLDER) else None


if __name__ == "__main__":
    main(*sys.argv[1:])
