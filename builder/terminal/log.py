"""The log: every command that ran and what it wrote, in a file always, on the terminal with -v and -vv."""

import contextlib
import logging
from pathlib import Path
from typing import TextIO

_SIZE = 2 << 20  # bytes, then the file is turned over once


def start(path: Path, verbose: int, terminal: TextIO) -> None:
    """Keep a log at a path; -v shows commands on the terminal, -vv their output too."""
    logger = logging.getLogger("builder")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logging.raiseExceptions = False  # a full disk is told by what the command itself writes
    with contextlib.suppress(OSError):  # no log where it can't be written, such as that of another user
        if path.exists() and path.stat().st_size > _SIZE:
            path.replace(path.with_name(f"{path.name}.1"))
        file = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
        file.setFormatter(logging.Formatter("%(asctime)s %(process)d %(message)s"))
        logger.addHandler(file)
    if verbose:
        shown = logging.StreamHandler(terminal)
        shown.setLevel(logging.INFO if verbose == 1 else logging.DEBUG)
        shown.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(shown)


def shows_on(terminal: TextIO) -> bool:
    """Whether -v was given, and its lines go to that terminal."""
    handlers = logging.getLogger("builder").handlers
    return any(isinstance(handler, logging.StreamHandler) and handler.stream is terminal for handler in handlers)
