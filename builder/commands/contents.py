"""What lies in a store, in pieces that go or stay as a whole."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.store import Store

OURS = ("keys", "logs", "uv")  # a debug key, which is the user's; logs; the resolver's cache: each is one entry
_FOLDERS = ("apps", "failed", "files", "outputs", "partial", "rejected", "work")
_PAIRED = ("outputs", "partial")  # where an entry has files beside it, such as KEY and KEY.nar


@dataclass(frozen=True)
class Entry:
    """One thing in the store."""

    name: str  # path below the store
    paths: tuple[Path, ...]
    blocks: Mapping[tuple[int, int], int]  # device and inode of each file -> bytes; entries may share files

    @property
    def size(self) -> int:
        """Bytes that its files have."""
        return sum(self.blocks.values())


def entries(store: Store) -> list[Entry]:
    """Everything in a store but its locks, sorted by name. What goes away meanwhile is left out."""
    found: dict[str, list[Path]] = {}
    for folder in _FOLDERS:
        for path in _listed(store.root / folder):
            name = path.name.partition(".")[0] if folder in _PAIRED else path.name
            found.setdefault(f"{folder}/{name}", []).append(path)
    found |= {name: [store.root / name] for name in OURS if (store.root / name).exists()}
    return [Entry(name, tuple(sorted(paths)), _blocks(paths)) for name, paths in sorted(found.items())]


def size(found: Iterable[Entry]) -> int:
    """The bytes of some entries together; a file that several of them have counts once."""
    blocks: dict[tuple[int, int], int] = {}
    for entry in found:
        blocks |= entry.blocks
    return sum(blocks.values())


def _listed(folder: Path) -> list[Path]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return sorted(folder.iterdir())
    return []


def _blocks(paths: Iterable[Path]) -> dict[tuple[int, int], int]:
    found = {}
    for path in paths:
        for place in [path, *(path.rglob("*") if path.is_dir() and not path.is_symlink() else ())]:
            with contextlib.suppress(FileNotFoundError):
                status = place.lstat()
                found[status.st_dev, status.st_ino] = 0 if place.is_dir() else status.st_size
    return found
