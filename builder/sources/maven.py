"""A Maven repository: `group:artifact` lies in group/artifact/version/ (Maven 2 repository layout)."""

import hashlib
import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from builder.errors import BuilderError, Exit
from builder.lock import Known, Need, Pin
from builder.network.http import Http
from builder.sources import Source, below, below_base, each

_SIDECAR = 4096  # bytes; a checksum file holds one line


def resolve(needs: tuple[Need, ...], http: Http) -> tuple[Pin, ...]:
    """Each artifact with its sha256: the repository's own, else the one of the bytes once their sha1 is checked.

    A need without a file means the jar. Raises BuilderError: fetch, mismatch, or lock for a name of the wrong form.
    """
    return each(needs, partial(_pinned, http=http))


def locate(pin: Pin, base: str, http: Http) -> str:
    """Base, path, file."""
    return below(base, pin.path, pin.file)


def _pinned(need: Need, http: Http) -> Pin:
    group, colon, artifact = need.name.partition(":")
    if not (group and colon and artifact and need.version):
        raise BuilderError(
            f"`{need.name}` {need.version} is no Maven artifact",
            hint="write it as group:artifact, with a version",
            code=Exit.LOCK,
        )
    path = f"{group.replace('.', '/')}/{artifact}/{need.version}/"
    file = need.file or f"{artifact}-{need.version}.jar"
    sha256, size, known = _hash(below(http.base(need.source), path, file), http)
    return Pin(
        name=need.name,
        version=need.version,
        source=need.source,
        path=path,
        file=file,
        size=size,
        sha256=sha256,
        hash=known,
        targets=need.targets,
    )


def _hash(url: str, http: Http) -> tuple[str, int, Known]:
    sha256 = _stated(url + ".sha256", 64, http)
    if sha256:
        size = http.size(url)
        return sha256, http.take(url, {"sha256": sha256}).size if size is None else size, "index"
    sha1 = _stated(url + ".sha1", 40, http)
    taken = http.take(url, {"sha1": sha1} if sha1 else {})
    return taken.sha256, taken.size, "first-use"


def _stated(url: str, digits: int, http: Http) -> str:
    """The checksum in a sidecar file; "" where there is none, or an error page in its place."""
    text = (http.find(url, limit=1 << 20) or b"")[:_SIDECAR].decode("ascii", "replace")
    first = (text.split() or [""])[0].lower()
    return first if re.fullmatch(rf"[0-9a-f]{{{digits}}}", first) else ""


def pages(folder: Path, pins: Iterable[Pin]) -> dict[str, bytes]:
    """The checksum files of these artifacts: sha1, and sha256 where their repository states it as well.

    Who locks from the folder then knows as much of a hash as who locks from that repository.
    """
    found = {}
    for pin in pins:
        place = below_base(pin)
        with (folder / place).open("rb") as file:
            found[f"{place}.sha1"] = hashlib.file_digest(file, "sha1").hexdigest().encode()
        if pin.hash == "index":
            found[f"{place}.sha256"] = pin.sha256.encode()
    return found


SOURCE = Source(resolve=resolve, locate=locate, pages=pages)
