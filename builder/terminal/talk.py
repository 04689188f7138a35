"""Progress on a terminal: one line while files are fetched, nothing anywhere else."""

import contextlib
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TextIO

from builder.terminal import log
from builder.terminal.progress import Progress

if TYPE_CHECKING:
    from rich import progress

_SIZE = 34  # columns of a terminal that take `fetch`, the bytes and the files left
_TEXT = 46  # with the speed too
_BAR = (10, 40)  # at least, at most


@contextlib.contextmanager
def bar(terminal: TextIO) -> Iterator[Progress | None]:
    """A function that shows (bytes so far, bytes in all, files left); None where there is no terminal.

    The line is there from the first call to the one with no files left, and is wiped out then or at the end. There is
    none where -v shows commands on the same terminal, between which it would be torn.
    """
    if not terminal.isatty() or log.shows_on(terminal):
        yield None
        return
    line = _Line(terminal)
    try:
        yield line.show
    finally:
        line.close()


class _Line:
    """The line, and whether it is on the terminal now."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._lock = threading.Lock()  # at Ctrl-C it is closed while a thread may still have news
        self._closed = False
        self._shown: progress.Progress | None = None

    def show(self, done: int, total: int, left: int) -> None:
        with self._lock:
            if self._closed or not left:
                self._wipe()
            elif self._shown is None:
                self._begin(completed=done, total=total or None, left=left)
            else:
                self._shown.update(self._shown.task_ids[0], completed=done, total=total or None, left=left)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._wipe()

    def _begin(self, **state: int | None) -> None:
        from rich.console import Console  # here: most commands fetch nothing
        from rich.progress import Progress

        console = Console(file=self._terminal)
        if console.is_dumb_terminal:  # it can't go back to the start of a line
            self._closed = True
            return
        self._shown = Progress(*_columns(console.width), console=console, transient=True)
        self._shown.add_task("fetch", **state)  # type: ignore[arg-type]  # its own numbers and ours
        self._shown.start()

    def _wipe(self) -> None:
        if self._shown is not None:
            self._shown.stop()
            self._shown = None


def _columns(width: int) -> "Iterable[progress.ProgressColumn]":
    """As much as a terminal of that width has room for; on a second line it would not be wiped out whole."""
    from rich import progress
    from rich.table import Column

    yield progress.TextColumn("fetch", table_column=Column(no_wrap=True))
    if width >= _TEXT + _BAR[0]:
        yield progress.BarColumn(min(width - _TEXT, _BAR[1]))
    if width >= _SIZE:
        yield progress.DownloadColumn(table_column=Column(no_wrap=True))
    if width >= _TEXT:
        yield progress.TransferSpeedColumn(table_column=Column(no_wrap=True))
    yield progress.TextColumn("{task.fields[left]} left", table_column=Column(no_wrap=True))
