"""One pin's bytes from one place into the store: resumed where they broke off, checked while they come."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from builder.errors import BuilderError, Exit
from builder.lock import Pin
from builder.network import httperrors
from builder.network.http import WAITS, Http
from builder.network.httpanswers import Download
from builder.network.mirrors import redacted, variable
from builder.store import Store

_UNKNOWN = 4 << 30  # bytes that a pin without a size may have


def receive(pin: Pin, url: str, store: Store, http: Http, heed: Callable[[int], None]) -> bool:
    """Fill the store's file of a pin; False where that place does not have it.

    `heed` is told how many bytes are there, and may raise to stop. Raises BuilderError: fetch, or mismatch with the
    bytes set aside; OSError where the disk takes no more.
    """
    gathered = _Gathered(store.partial(pin.sha256))
    seen = _gather(pin, url, gathered, http, heed)
    if seen.resumed and not gathered.fits(pin):  # the older part may be what is wrong
        gathered.restart()
        seen = _gather(pin, url, gathered, http, heed)
    if seen.absent:
        return False
    if not gathered.fits(pin):
        raise _mismatch(pin, url, gathered, seen, store.rejected(pin.sha256))
    gathered.move(store.file(pin.sha256))
    store.rejected(pin.sha256).unlink(missing_ok=True)
    return True


@dataclass(frozen=True)
class _Seen:
    """What the answers said besides the bytes."""

    resumed: bool  # some bytes are of an earlier answer
    absent: bool = False
    kind: str = ""  # media type of the last one


class _Gathered:
    """The bytes of a pin so far, on disk, with their running hash and the ETag of who gave them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._etag = path.with_name(f"{path.name}.etag")
        self.size, self.head = 0, b""
        self._hash = hashlib.sha256()
        if path.is_file():
            with path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    self._count(chunk)

    @property
    def etag(self) -> str:
        return self._etag.read_text() if self._etag.is_file() else ""

    @etag.setter
    def etag(self, value: str) -> None:
        if value:
            self._etag.write_text(value)
        else:
            self._etag.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def fits(self, pin: Pin) -> bool:
        return self.sha256 == pin.sha256 and pin.size in (None, self.size)

    def add(self, chunk: bytes) -> None:
        with self.path.open("ab", buffering=0) as file:
            file.write(chunk)
        self._count(chunk)

    def restart(self) -> None:
        self.path.unlink(missing_ok=True)
        self.etag = ""
        self.size, self.head = 0, b""
        self._hash = hashlib.sha256()

    def move(self, place: Path) -> None:
        if not self.path.exists():  # a file of no bytes
            self.path.touch()
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        self.etag = ""  # before the move: nobody looks beside a file that is there
        self.path.replace(place)

    def _count(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.size += len(chunk)
        self.head = (self.head + chunk[:512])[:512]


def _gather(pin: Pin, url: str, gathered: _Gathered, http: Http, heed: Callable[[int], None]) -> _Seen:
    """Ask until all bytes are there, or one too many; a break costs a try unless more is there than ever before."""
    if gathered.size and gathered.fits(pin):  # stopped between the last byte and the move
        return _Seen(resumed=True)
    most = (_UNKNOWN if pin.size is None else pin.size) + 1
    if gathered.size >= most - 1:
        gathered.restart()
    idle, best = 0, gathered.size
    while True:
        heed(gathered.size)
        before = gathered.size
        try:
            with http.download(url, start=before, etag=gathered.etag) as coming:
                if coming.status in (404, 410):
                    return _Seen(resumed=False, absent=True)
                _pour(coming, gathered, most, heed)
                return _Seen(resumed=coming.status == 206, kind=coming.kind)
        except ConnectionError as error:
            idle = 0 if gathered.size > best else idle + 1
            best = max(best, gathered.size)
            if idle == len(WAITS):
                raise httperrors.broken(redacted(url)) from error
            http.sleep(WAITS[idle])


def _pour(coming: Download, gathered: _Gathered, most: int, heed: Callable[[int], None]) -> None:
    if coming.status == 416 or (coming.status == 206 and coming.start != gathered.size):
        gathered.restart()
        raise ConnectionError("the rest is not to be had: all anew")
    if coming.status == 200 and gathered.size:  # the server can't go on, or the file has another ETag now
        gathered.restart()
    gathered.etag = coming.etag
    for chunk in coming.chunks:
        gathered.add(chunk[: most - gathered.size])
        heed(gathered.size)
        if gathered.size >= most:
            return


def _mismatch(pin: Pin, url: str, gathered: _Gathered, seen: _Seen, place: Path) -> BuilderError:
    """The error of one file; what came for it is set aside."""
    page = "html" in seen.kind or gathered.head.lstrip().lower().startswith((b"<!doctype html", b"<html"))
    got = f"sha256 {gathered.sha256}, {gathered.size} bytes"
    if pin.size is not None and gathered.size > pin.size:
        got = f"more than {pin.size} bytes"
    elif pin.size is not None and gathered.size < pin.size:
        got += " (cut short)"
    gathered.move(place)
    size = "" if pin.size is None else f", {pin.size} bytes"
    note = "; it is an HTML page with status 200, not the file" if page else ""
    changed = "if all serve these, the registry may have changed a file: find out why before you run `builder lock`"
    lies = f"the mirror serves other bytes: name another one with {variable(pin.source)}; {changed}"
    hint = f"the mirror answers with a page: check its address and log-in ({variable(pin.source)})" if page else lies
    return BuilderError(
        f"`{pin.file}` from `{pin.source}` ({redacted(url)}): expected sha256 {pin.sha256}{size}; got {got}{note}; "
        f"set aside as `{place}`",
        hint=hint,
        code=Exit.MISMATCH,
    )
