"""Locks on files, which are free again when the process that holds them ends, however it ends."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

_PAUSE = 0.05  # seconds between two tries


@contextlib.contextmanager
def taken(path: Path, *, shared: bool = False, patience: float | None = None) -> Iterator[bool]:
    """Whether a file's lock could be had within so many seconds (None: it waits); held while the block lasts.

    A shared one keeps out only those that are not. Raises OSError where the file can't be made.
    """
    try:
        import fcntl
    except ImportError:  # no Unix
        with _anywhere(path, patience) as got:
            yield got
        return
    end = None if patience is None else time.monotonic() + patience
    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with path.open("wb") as file:
        while True:
            try:
                fcntl.flock(file, mode if end is None else mode | fcntl.LOCK_NB)
            except BlockingIOError:
                if end is None or time.monotonic() < end:
                    time.sleep(_PAUSE)
                    continue
                yield False
                return
            yield True
            return


@contextlib.contextmanager
def _anywhere(path: Path, patience: float | None) -> Iterator[bool]:
    """The same where there is no flock; none is shared, so readers wait for each other."""
    import filelock  # here: where there is flock, it is quicker, and can be shared

    try:
        with filelock.FileLock(path.with_name(f"{path.name}.lock"), timeout=-1 if patience is None else patience):
            yield True
    except filelock.Timeout:
        yield False
