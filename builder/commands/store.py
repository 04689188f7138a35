"""`builder store verify`: hash again all that the store holds, and take away what is not what it should be."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from builder.commands import contents
from builder.store import Store

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Finding:
    """One file or output that was looked at."""

    name: str  # path below the store
    wrong: str = ""  # what is wrong with it, and what became of it; "" for nothing
    busy: bool = False  # another process is making it, so it was left alone


def verify(store: Store) -> tuple[Finding, ...]:
    """Look at every file and output: a bad file is set aside, a bad output removed. Builds may run meanwhile."""
    with store.locked("store", shared=True):
        fresh = Store(store.root)  # one that has not looked at anything yet
        names = [entry.name for entry in contents.entries(store) if entry.name.startswith(("files/", "outputs/"))]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return tuple(pool.map(lambda name: _looked_at(fresh, name), names))


def size(store: Store) -> int:
    """The bytes of all that a store holds."""
    return contents.size(contents.entries(store))


def _looked_at(store: Store, name: str) -> Finding:
    folder, _, key = name.partition("/")
    with store.tried(key) as mine:
        if not mine:
            return Finding(name, busy=True)
        return Finding(name, _file(store, key) if folder == "files" else _output(store, key))


def _file(store: Store, sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        return "is no file of builder's, left there"
    return "" if store.verified(sha256) else f"has other bytes than its name says, set aside as rejected/{sha256}"


def _output(store: Store, key: str) -> str:
    """An output without a record is what a killed process left: the next build makes it anew."""
    return "" if not store.recorded(key) or store.holds(key) else "has other bytes than it was made with, removed"
