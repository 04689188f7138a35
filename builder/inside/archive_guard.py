"""What all archive readers share: the error, the limits, the shape of a member, and which names are taken.

Rejections follow the list that package installers agreed on: what two readers could understand in two ways is refused,
never repaired.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

BLOCK = 1 << 18  # bytes that are held at once
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile(r"[A-Za-z]:")


class Refused(ValueError):  # noqa: N818 (what happened, as the field says it)
    """An archive that no step may use; the message says why."""


@dataclass(frozen=True)
class Limits:
    """How much an archive may unpack to; enforced while it streams, whatever its headers say."""

    total: int = 4 << 30  # bytes of all members
    entry: int = 2 << 30  # bytes of one member
    ratio: int = 200  # bytes unpacked for one byte packed...
    free: int = 64 << 20  # ...which only what unpacks to more than this many bytes must keep to
    entries: int = 200_000
    depth: int = 64  # components of a name


LIMITS = Limits()


@dataclass(frozen=True)
class Member:
    """One member of an archive; its bytes are read, or not, before the next member is asked for."""

    name: str  # relative, without a slash at its end
    kind: str  # "file", "folder", "symlink" or "hardlink"
    executable: bool
    target: str  # of a link: what it points to, as written
    chunks: Callable[[], Iterator[bytes]]  # of a file


class Names:
    """The names that an archive has used so far."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._seen: set[str] = set()

    def add(self, name: str) -> str:
        """The name again, if it is fit, new and within the limits. Raises Refused."""
        check(name, self._limits)
        if name in self._seen:
            raise Refused(f"has two members `{name}`")
        self._seen.add(name)
        if len(self._seen) > self._limits.entries:
            raise Refused(f"has more than {self._limits.entries} members")
        return name


def check(name: str, limits: Limits) -> None:
    """Raise Refused unless a name is one that every file system takes as it stands."""
    shown = f"member `{name.encode('ascii', 'backslashreplace').decode()}`"
    if _CONTROL.search(name):
        raise Refused(f"{shown} has a NUL or control character in its name")
    if "\\" in name:
        raise Refused(f"{shown} has a backslash in its name")
    if name.startswith("/"):
        raise Refused(f"{shown} has an absolute name")
    if _DRIVE.match(name):
        raise Refused(f"{shown} names a drive")
    parts = name.split("/")
    if len(parts) > limits.depth:
        raise Refused(f"{shown} is more than {limits.depth} folders deep")
    for part in parts:
        _check_part(part, shown)


def _check_part(part: str, shown: str) -> None:
    if part == "":
        raise Refused(f"{shown} has an empty component in its name")
    if part == "..":
        raise Refused(f"{shown} has `..` in its name")
    if part[-1] in ". ":
        raise Refused(f"{shown} has a component that ends in a dot or a space")
    try:
        length = len(part.encode())
    except UnicodeEncodeError:
        raise Refused(f"{shown} has a name that is not UTF-8") from None
    if length > 255:
        raise Refused(f"{shown} has a component of more than 255 bytes")


def read_at(file: BinaryIO, at: int, size: int) -> bytes:
    """Just so many bytes of a file. Raises Refused where it ends before."""
    file.seek(at)
    data = file.read(size)
    if len(data) != size:
        raise Refused("ends too early")
    return data
