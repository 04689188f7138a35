"""Android's own classes, out of a jar of which only the parts come that are read."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from builder.network.http import Http
from builder.network.mirrors import Bases

from . import classfiles
from .classfiles import ClassFile

# Android itself, of the Android Open Source Project: the newest that the shell knows, and the oldest that runs it.
ANDROID = {
    "15-robolectric-13954326": 186001690,
    "7.0.0_r1-robolectric-r1": 79997458,
}
BLOCK = 1 << 19  # bytes that come at once: neighbours are read soon
OBJECT = ("<init>", "equals", "getClass", "hashCode", "toString")


def web() -> Http:
    """The way to the registries, as this machine is configured."""
    bases = Bases({}, os.environ, Path.home(), {})
    return Http(bases.base, environ=os.environ)


class Remote(io.RawIOBase):
    """A file of a server, of which only the blocks come that are read."""

    def __init__(self, url: str, size: int, http: Http) -> None:
        self._url, self._size, self._http = url, size, http
        self._blocks: dict[int, bytes] = {}
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._at + size, self._size)
        numbers = range(self._at // BLOCK, -(-end // BLOCK))
        missing = [number for number in numbers if number not in self._blocks]
        if missing:
            self._fetch(missing[0], missing[-1] + 1)
        content = b"".join(self._blocks[number] for number in numbers)
        found = content[self._at % BLOCK :][: end - self._at] if end > self._at else b""
        self._at += len(found)
        return found

    def _fetch(self, first: int, last: int) -> None:
        start, end = first * BLOCK, min(last * BLOCK, self._size)
        content = b""
        with self._http.download(self._url, start=start) as coming:
            if coming.start != start:
                pytest.skip("the Maven repository gives no parts of files")
            for chunk in coming.chunks:
                content += chunk
                if len(content) >= end - start:
                    break
        for number in range(first, last):
            self._blocks[number] = content[(number - first) * BLOCK :][:BLOCK]


class Android:
    """The classes of one Android."""

    def __init__(self, version: str) -> None:
        http = web()
        path = f"org/robolectric/android-all/{version}/android-all-{version}.jar"
        remote = Remote(http.base("maven") + path, ANDROID[version], http)
        self._archive = zipfile.ZipFile(remote)
        self._names = set(self._archive.namelist())
        self._known: dict[str, ClassFile | None] = {}

    def unpack(self, beginnings: tuple[str, ...], folder: Path) -> None:
        """Write the classes whose names begin so."""
        for name in sorted(self._names):
            if name.startswith(beginnings) and name.endswith(".class"):
                self._archive.extract(name, folder)

    def get(self, name: str) -> ClassFile | None:
        """A class by name; None where Android has none (java.* is in none of these)."""
        if name not in self._known:
            held = f"{name}.class" in self._names
            self._known[name] = classfiles.read(self._archive.read(f"{name}.class")) if held else None
        return self._known[name]

    def has(self, owner: str, member: tuple[str, str]) -> bool:
        """Whether a class has a member, its own or one of those above it; what is in java.* is taken as there."""
        if owner == "java/lang/Object":
            return member[0] in OBJECT
        found = self.get(owner)
        if found is None:
            return owner.startswith("java/")
        return member in found.members or any(self.has(above, member) for above in found.above)
