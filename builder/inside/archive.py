"""The one guarded reader of archives: zip, wheel, jar; tar, bare or in gzip or xz; Debian packages.

It refuses and never repairs: what two programs could read in two ways, what leaves the folder it is unpacked to, what
some file system can't hold, what unpacks to more than the limits. Modes become 0644 or 0755, dates are left to chance.

On the host: `builder.inside.module("archive")`; in the sandbox: `import archive`.
"""

import contextlib
import os
import stat
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import archive_tar
import archive_zip
from archive_guard import LIMITS, Limits, Member, Refused, check

__all__ = ["LIMITS", "Limits", "Member", "Refused", "members", "read", "unpack"]

_HOPS = 40  # symlinks that may follow each other, as Linux has it


def members(archive: Path, limits: Limits = LIMITS) -> Iterator[Member]:
    """Each member of an archive, in its order; read a member's bytes before the next is asked for. Raises Refused."""
    with _named(archive), archive.open("rb") as file:
        head = file.read(8)
        if head[:4] in (b"PK\3\4", b"PK\5\6"):
            yield from archive_zip.members(file, limits)
        elif head == b"!<arch>\n":
            yield from archive_tar.deb_members(file, limits)
        else:
            yield from archive_tar.members(file, limits)


def read(archive: Path, name: str, limits: Limits = LIMITS) -> bytes:
    """The bytes of one file of an archive. Raises KeyError where there is none of that name, else Refused."""
    for member in members(archive, limits):
        if member.name == name and member.kind == "file":
            with _named(archive):
                return b"".join(member.chunks())
    raise KeyError(name)


def unpack(
    archive: Path, out: Path, *, want: Callable[[str], str | None] | None = None, limits: Limits = LIMITS
) -> None:
    """Unpack an archive into a folder, which is made where it is missing; what lies in it is never replaced.

    `want` maps a member's name to where it goes below the folder; None leaves it out. Raises Refused: the folder then
    holds a part, to be thrown away, and nothing was written beside it.
    """
    tree = _Tree(out, limits)
    for member in members(archive, limits):
        place = member.name if want is None else want(member.name)
        if place is not None:
            with _named(archive):
                tree.put(member, place)
    with _named(archive):
        tree.finish()


@contextlib.contextmanager
def _named(archive: Path) -> Iterator[None]:
    """Put the archive's name before the reason."""
    try:
        yield
    except Refused as error:
        if str(error).startswith(f"`{archive.name}` "):
            raise
        raise Refused(f"`{archive.name}` {error}") from None


class _Tree:
    """What one archive has put below a folder. Symlinks come last, so nothing can be written through one of them."""

    def __init__(self, root: Path, limits: Limits) -> None:
        self._root = root
        self._limits = limits
        self._kinds = {"": "folder"}
        self._folded = {"": ""}
        self._files: dict[str, str] = {}  # member -> where it went
        self._links: dict[str, str] = {}
        root.mkdir(parents=True, exist_ok=True)

    def put(self, member: Member, place: str) -> None:
        check(place, self._limits)
        self._folder(place.rpartition("/")[0])
        if member.kind == "folder":
            self._folder(place)
            return
        self._claim(place, member.kind)
        if member.kind == "symlink":
            self._links[place] = member.target
        elif member.kind == "hardlink":
            self._copy(member, place)
        else:
            self._write(place, member.chunks(), executable=member.executable)
            self._files[member.name] = place

    def finish(self) -> None:
        """Make the symlinks, once it is sure that none leads out of the folder."""
        for place, target in self._links.items():
            self._check_link(place, target)
        for place, target in self._links.items():
            try:
                (self._root / place).symlink_to(target)
            except FileExistsError:
                raise Refused(f"member `{place}` would replace what is there") from None

    def _claim(self, place: str, kind: str) -> None:
        """Take a place for the first time; refuse one that some file system can't tell from another."""
        if place in self._kinds:
            raise Refused(f"has `{place}` as a {kind} and as a {self._kinds[place]}")
        folded = _folded(place)
        if folded in self._folded:
            raise Refused(f"has `{place}` and `{self._folded[folded]}`, which differ only in case or accents")
        self._folded[folded] = place
        self._kinds[place] = kind

    def _folder(self, place: str) -> None:
        """Make a folder and those above it; a symlink is none."""
        known = self._kinds.get(place)
        if known == "folder":
            return
        if known is not None:
            raise Refused(f"has `{place}` as a folder and as a {known}")
        self._folder(place.rpartition("/")[0])
        self._claim(place, "folder")
        path = self._root / place
        try:
            path.mkdir()
            path.chmod(0o755)
        except FileExistsError:
            if not stat.S_ISDIR(path.lstat().st_mode):
                raise Refused(f"has a member below `{place}`, which is there and no folder") from None

    def _write(self, place: str, chunks: Iterator[bytes], *, executable: bool) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            handle = os.open(self._root / place, flags, 0o600)
        except FileExistsError:
            raise Refused(f"member `{place}` would replace what is there") from None
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            os.fchmod(handle, 0o755 if executable else 0o644)

    def _copy(self, member: Member, place: str) -> None:
        """A hard link becomes a file of its own; it can only be one to a file that was unpacked before."""
        if member.target not in self._files:
            raise Refused(f"member `{member.name}` is a hard link to `{member.target}`, which is no file before it")
        source = self._root / self._files[member.target]
        executable = bool(source.stat().st_mode & 0o100)
        with source.open("rb") as file:
            self._write(place, iter(lambda: file.read(1 << 18), b""), executable=executable)
        self._files[member.name] = place

    def _check_link(self, place: str, target: str) -> None:
        """Refuse a symlink whose target, followed step by step and through other links, leaves the folder."""
        if not target or target.startswith("/") or "\\" in target or "\0" in target:
            raise Refused(f"member `{place}` is a symlink to `{target}`, which is no relative path")
        at = list(PurePosixPath(place).parent.parts)
        todo = target.split("/")[::-1]
        hops = 0
        while todo:
            part = todo.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if not at:
                    raise Refused(f"member `{place}` is a symlink to `{target}`, which leaves the folder")
                at.pop()
                continue
            further = self._target("/".join([*at, part]))
            if further is None:
                at.append(part)
                continue
            hops += 1
            if hops > _HOPS or further.startswith("/"):
                raise Refused(f"member `{place}` is a symlink to `{target}`, which leaves the folder or never ends")
            todo += further.split("/")[::-1]

    def _target(self, place: str) -> str | None:
        """What a place points to if it is a symlink, of this archive or there before."""
        if place in self._kinds:
            return self._links.get(place)
        try:
            return str((self._root / place).readlink())
        except OSError:
            return None


def _folded(place: str) -> str:
    """A place as a file system sees it that ignores case and accents' encoding."""
    if place.isascii():
        return place.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", place).casefold())
