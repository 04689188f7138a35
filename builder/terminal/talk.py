"""Progress on a terminal: one bar while files are fetched, nothing anywhere else."""

import contextlib
from collections.abc import Iterator
from typing import TextIO

from builder.terminal.progress import Progress


@contextlib.contextmanager
def bar(terminal: TextIO) -> Iterator[Progress | None]:
    """A function that shows (bytes so far, bytes in all, files left); None where there is no terminal."""
    if not terminal.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (
        TextColumn("fetch"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("{task.fields[left]} left"),
    )
    with Progress(*columns, console=Console(file=terminal), transient=True) as progress:
        task = progress.add_task("fetch", total=None, left=0, visible=False)

        def show(done: int, total: int, left: int) -> None:
            progress.update(task, completed=done, total=total or None, left=left, visible=True)

        yield show
