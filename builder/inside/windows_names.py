"""Names of files as Windows has them: those that it can't hold, and those that it takes for one another.

Rules of "Naming Files, Paths, and Namespaces" of the Windows documentation.
"""

import re
from collections.abc import Iterable

LONGEST = 180  # UTF-16 units of a path below the folder that an app is put into; Windows takes 259 with that folder
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)", re.IGNORECASE)
_LETTER = re.compile(r'[\x00-\x1f<>:"\\|?*]')


class Refused(ValueError):  # noqa: N818 (what happened, as the field says it)
    """Names that files of Windows can't have; the text says how to mend it."""


def flaw(name: str) -> str:
    """Why no file or folder of Windows can have a name; "" where one can."""
    if _DEVICE.match(name):
        return "is the name of a device there, with any ending"
    if found := _LETTER.search(name):
        return f"has {found[0]!r} in it"
    return "ends with a dot or a space" if name.rstrip(". ") != name else ""


def check(paths: Iterable[str], below: str) -> None:
    """Raise Refused where paths, with `/`, can't all be files of one folder of Windows.

    `below` is what comes before each of them in the app's folder, for their length.
    """
    taken: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        parts = path.split("/")
        for part in parts:
            if why := flaw(part):
                raise Refused(f"`{path}` can't be a file on Windows: `{part}` {why}; rename or exclude it")
        _check_length(path, below)
        same = _folded(path)
        if other := taken.get(same):
            raise Refused(f"`{other}` and `{path}` are one file on Windows: rename or exclude one of them")
        taken[same] = path
        for depth in range(1, len(parts)):
            folders.setdefault(_folded("/".join(parts[:depth])), path)
    for same in sorted(taken.keys() & folders.keys()):
        raise Refused(f"`{taken[same]}` is a file, and on Windows the folder of `{folders[same]}`: rename one of them")


def _check_length(path: str, below: str) -> None:
    try:
        length = len(f"{below}{path}".encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        raise Refused(f"the name {path!r} is not UTF-8: rename the file") from None
    if length > LONGEST:
        raise Refused(
            f"`{below}{path}` has {length} characters, and Windows takes 259 with the folder that the app is put into:"
            f" shorten its names to {LONGEST} at most"
        )


def _folded(path: str) -> str:
    """A path as NTFS compares it: each letter's capital, where that is one letter."""
    return "".join(capital if len(capital := letter.upper()) == 1 else letter for letter in path)
