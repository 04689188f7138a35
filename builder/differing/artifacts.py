"""How two artifacts differ: which files, and by how many bytes; archives are looked into."""

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from builder import inside
from builder.differing import Change

_BLOCK = 1 << 20  # bytes


@dataclass(frozen=True)
class Entry:
    """One file or link of an artifact."""

    size: int  # bytes
    content: str  # sha256 of a file, `-> target` of a link
    executable: bool = False


def entries(path: Path) -> dict[str, Entry]:
    """What is in a folder, or in an archive (zip, APK, tar); of any other file, itself as `.`. Raises OSError."""
    if path.is_dir():
        return dict(sorted(_walk(path, "")))
    reader = inside.module("archive")
    found = {}
    try:
        for member in reader.members(path):
            if member.kind == "file":
                found[member.name] = _hashed(member.chunks(), executable=member.executable)
            elif member.kind != "folder":
                found[member.name] = Entry(0, f"-> {member.target}")
    except reader.Refused:  # no archive, or one that builder would not make
        return {".": _file(path)}
    return dict(sorted(found.items()))


def changes(old: Mapping[str, Entry], new: Mapping[str, Entry], *, others: bool) -> tuple[Change, ...]:
    """Each file that came, went or changed, what changed the size the most first.

    `others` is whether the two differ in a way that no file shows: order, dates or compression of an archive.
    """
    found: list[tuple[int, Change]] = []
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before is None and after is not None:
            found.append((after.size, Change("added", name, after=_bytes(after))))
        elif after is None and before is not None:
            found.append((before.size, Change("removed", name, before=_bytes(before))))
        elif before and after and before != after:
            found.append((abs(after.size - before.size), _changed(name, before, after)))
    if not found and others:
        return (Change("changed", "the files are the same; their order, dates, modes or compression are not"),)
    return tuple(change for _, change in sorted(found, key=lambda row: -row[0]))


def _changed(name: str, before: Entry, after: Entry) -> Change:
    if before.content == after.content:
        words = {True: "executable", False: "not executable"}
        return Change("changed", name, words[before.executable], words[after.executable])
    if before.content.startswith("->") or after.content.startswith("->"):
        return Change("changed", name, _bytes(before), _bytes(after))
    if before.size == after.size:
        return Change("changed", name, after=f"other bytes of the same size, {before.size}")
    return Change("changed", name, _bytes(before), f"{_bytes(after)} ({after.size - before.size:+d})")


def _bytes(entry: Entry) -> str:
    return entry.content if entry.content.startswith("->") else f"{entry.size} bytes"


def _walk(root: Path, below: str) -> Iterable[tuple[str, Entry]]:
    for entry in os.scandir(root / below):
        name = f"{below}/{entry.name}" if below else entry.name
        if entry.is_symlink():
            yield name, Entry(0, f"-> {Path(entry.path).readlink()}")
        elif entry.is_dir():
            yield from _walk(root, name)
        else:
            yield name, _file(Path(entry.path))


def _file(path: Path) -> Entry:
    with path.open("rb") as file:
        return _hashed(
            iter(lambda: file.read(_BLOCK), b""), executable=bool(os.fstat(file.fileno()).st_mode & stat.S_IXUSR)
        )


def _hashed(chunks: Iterable[bytes], *, executable: bool) -> Entry:
    size, hashed = 0, hashlib.sha256()
    for chunk in chunks:
        size += len(chunk)
        hashed.update(chunk)
    return Entry(size, hashed.hexdigest(), executable)
