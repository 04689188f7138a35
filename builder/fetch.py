"""The pins that the store lacks, fetched: many at once, and each once however many processes want it."""

import errno
import hashlib
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from builder.errors import BuilderError, Exit
from builder.lock import Pin
from builder.network.http import Http
from builder.network.mirrors import redacted
from builder.receive import receive
from builder.sources import INSTEAD
from builder.store import Store
from builder.terminal.progress import Progress, silent

_THREADS = 6
_GRACE = 2.0  # seconds that a thread gets to leave after Ctrl-C


def fetch(
    pins: Iterable[Pin],
    store: Store,
    locate: Callable[[Pin], Iterable[str]],
    http: Http,
    progress: Progress = silent,
) -> None:
    """Fill the store with the pins that it lacks; `locate` gives the URLs of one, tried in turn.

    Raises one BuilderError with every file that failed: mismatch if any had wrong bytes, else fetch. Files that came
    are kept, and broken downloads are resumed by the next run.
    """
    wanted = {pin.sha256: pin for pin in pins}
    held = {sha256: store.file(sha256).exists() for sha256 in wanted}
    missing = {sha256: pin for sha256, pin in wanted.items() if not store.verified(sha256)}
    if not missing:
        return
    if http.offline:
        raise _offline(list(missing.values()), held, store)
    work = _Work(store, locate, http, _Tally(missing, progress))
    for pin in missing.values():
        work.waiting.put(pin)
    work.run(min(_THREADS, len(missing)))
    if work.failed:
        raise _report(work.failed, len(missing))


@dataclass
class _Tally:
    """What has come, per file; threads add to it."""

    missing: dict[str, Pin]
    progress: Progress
    come: dict[str, int] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def heed(self, pin: Pin, size: int, *, whole: bool = False) -> None:
        """Count the bytes of a pin that are there now."""
        with self.lock:
            self.come[pin.sha256] = size
            if whole:
                self.finished.add(pin.sha256)
            sizes = (pin.size if pin.size is not None else self.come.get(key, 0) for key, pin in self.missing.items())
            self.progress(sum(self.come.values()), sum(sizes), len(self.missing) - len(self.finished))


@dataclass
class _Work:
    """The threads' common state."""

    store: Store
    locate: Callable[[Pin], Iterable[str]]
    http: Http
    tally: _Tally
    waiting: "queue.SimpleQueue[Pin]" = field(default_factory=queue.SimpleQueue)
    failed: list[tuple[str, BuilderError]] = field(default_factory=list)
    bugs: list[BaseException] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, count: int) -> None:
        """Work with that many threads until nothing waits; Ctrl-C leaves resumable parts only."""
        # Daemons, because one may wait for another process's lock, and Ctrl-C must not wait with it.
        threads = [threading.Thread(target=self._loop, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.5)
        except KeyboardInterrupt:
            self.stop.set()
            self.http.abort()
            for thread in threads:
                thread.join(_GRACE / count)
            raise
        if self.bugs:
            raise self.bugs[0]

    def _loop(self) -> None:
        while not self.stop.is_set():
            try:
                pin = self.waiting.get_nowait()
            except queue.Empty:
                return
            try:
                self._obtain(pin)
            except BuilderError as error:
                self.failed.append((pin.file, error))
            except InterruptedError:
                return
            except OSError as error:  # the others would meet the same disk
                self.failed.append((pin.file, _disk(pin, self.store, error)))
                self.stop.set()
            except BaseException as error:  # a bug: shown by the main thread
                self.bugs.append(error)
                self.stop.set()

    def _obtain(self, pin: Pin) -> None:
        """Get one pin, unless another process got it while this one waited for its lock."""
        with self.store.locked(pin.sha256):
            size = pin.size or 0
            if not self.store.verified(pin.sha256):
                self._try_places(pin)
                size = self.store.file(pin.sha256).stat().st_size
        self.tally.heed(pin, size, whole=True)

    def _try_places(self, pin: Pin) -> None:
        gone: list[str] = []
        errors: list[BuilderError] = []
        try:
            for url in self.locate(pin):
                try:
                    if receive(pin, url, self.store, self.http, lambda size: self._heed(pin, size)):
                        return
                    gone.append(redacted(url))
                except BuilderError as error:
                    if error.code == Exit.MISMATCH:
                        raise
                    errors.append(error)
        except BuilderError as error:
            if error.code == Exit.MISMATCH:
                raise
            errors.append(error)
        raise _with_instead(pin, _gone(pin, gone, errors) if gone else errors[0])

    def _heed(self, pin: Pin, size: int) -> None:
        if self.stop.is_set():
            raise InterruptedError
        self.tally.heed(pin, size)


def _gone(pin: Pin, gone: list[str], errors: list[BuilderError]) -> BuilderError:
    """A file that was there when it was locked is not there any more."""
    also = "".join(f"; {error.message}" for error in errors)
    again = f"run `builder lock --upgrade-package {pin.name}`, or use a mirror that keeps old files"
    return BuilderError(
        f"`{pin.file}` is gone from `{pin.source}`: nothing at {', '.join(gone)}{also}",
        hint=errors[-1].hint if errors else again,
        code=Exit.FETCH,
    )


def _with_instead(pin: Pin, error: BuilderError) -> BuilderError:
    """The error, whose mend also says what a project can do without the pin's source."""
    instead = INSTEAD.get(pin.source)
    return BuilderError(error.message, hint=f"{error.hint}; or {instead}", code=error.code) if instead else error


def _report(failed: list[tuple[str, BuilderError]], wanted: int) -> BuilderError:
    """All failures as one error; wrong bytes weigh more than missing ones."""
    ordered = [error for _, error in sorted(failed, key=lambda pair: pair[0])]
    bad = [error for error in ordered if error.code == Exit.MISMATCH]
    lost = [error for error in ordered if error.code != Exit.MISMATCH]
    if len(ordered) == 1:
        return ordered[0]
    lines = []
    if bad:
        lines.append(f"{len(bad)} of {wanted} files are not what builder.lock says:")
        lines += [f"  {error.message}" for error in bad]
    if lost:
        lines.append(f"{len(lost)} of {wanted} files could not be fetched:")
        lines += [f"  {message}" for message in dict.fromkeys(error.message for error in lost)]
    hints = dict.fromkeys(error.hint for error in bad or lost)
    return BuilderError("\n".join(lines), hint="; or ".join(hints), code=Exit.MISMATCH if bad else Exit.FETCH)


def _offline(missing: list[Pin], held: dict[str, bool], store: Store) -> BuilderError:
    """What is missing, and what turned out to be damaged, while nothing can be fetched."""
    damaged = [pin for pin in missing if held[pin.sha256]]
    lines = [
        f"`{pin.file}` in the store is damaged: expected sha256 {pin.sha256}, got {_found(store, pin)}; "
        f"set aside as `{store.rejected(pin.sha256)}`"
        for pin in sorted(damaged, key=lambda pin: pin.file)
    ]
    absent = sorted({pin.file for pin in missing} - {pin.file for pin in damaged})
    if absent:
        more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
        lines.append(f"builder is offline, and the store lacks {', '.join(f'`{name}`' for name in absent[:5])}{more}")
    code = Exit.MISMATCH if damaged else Exit.FETCH
    return BuilderError("\n".join(lines), hint="run `builder fetch` while online", code=code)


def _found(store: Store, pin: Pin) -> str:

    try:
        with store.rejected(pin.sha256).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "nothing that can be read"


def _disk(pin: Pin, store: Store, error: OSError) -> BuilderError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    what = "the disk is full" if full else f"it can't be written: {error.strerror}"
    need = f"free {pin.size} bytes there" if pin.size else "free space there"
    return BuilderError(
        f"`{pin.file}` does not get into the store `{store.root}`: {what}",
        hint=f"{need if full else 'check its rights'}, or name another place with BUILDER_HOME",
        code=Exit.FETCH,
    )
