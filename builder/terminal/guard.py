"""How a command ends: its errors told as errors, each with its exit code."""

import errno
import functools
import logging
import os
import sys
from collections.abc import Callable
from typing import ParamSpec

import typer

from builder.errors import BuilderError, Exit

P = ParamSpec("P")
_PLACE = "allow or free that place, or name another: with BUILDER_HOME for the store, with --output for an artifact"
_MENDS = {  # what the system may refuse anybody at any time
    errno.EACCES: _PLACE,
    errno.EPERM: _PLACE,
    errno.EROFS: _PLACE,
    errno.ENOSPC: _PLACE,
    errno.EDQUOT: _PLACE,
    errno.EFBIG: "allow larger files: `ulimit -f` shows the limit, and the file system has one",
    errno.EIO: "check the disk; `builder store verify` looks at what the store holds",
    errno.EMFILE: "allow more open files: `ulimit -n` shows the limit",
    errno.ENFILE: "close programs: the system has too many open files",
    errno.ENOMEM: "free memory, or allow more: `ulimit -v` shows the limit",
    errno.EAGAIN: "allow more processes: `ulimit -u` shows the limit",
    errno.EXDEV: "have the store's folders on one file system: they were mounted or linked apart",
    errno.ENAMETOOLONG: "give the app, or the store by BUILDER_HOME, a shorter path",
}
_KEEPING = ("fetch", "build", "run")
_KEPT = "; what is finished is kept, and the next run goes on from there"


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """The command with its errors told as errors: the fact, a blank line, the mend, the exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except BuilderError as error:
            logging.getLogger("builder").info("error: %s (%s)", error.message, error.code.name)
            say(f"error: {error.message}\n\nhint: {error.hint}")
            raise typer.Exit(error.code) from error
        except KeyboardInterrupt as error:
            say(f"interrupted{_KEPT if command.__name__ in _KEEPING else ''}")
            raise typer.Exit(Exit.INTERRUPTED) from error
        except BrokenPipeError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(Exit.OK) from error
        except OSError as error:
            if error.errno not in _MENDS:
                raise  # a bug
            logging.getLogger("builder").info("error: %s", error, exc_info=True)
            say(f"error: {_fact(error)}\n\nhint: {_MENDS[error.errno]}")
            raise typer.Exit(Exit.PROJECT) from error

    return wrapped


def _fact(error: OSError) -> str:
    if error.filename is None and error.errno == errno.ENOSPC:
        return "what builder printed can't be written: the disk is full"
    where = f"`{os.fsdecode(error.filename)}`: " if isinstance(error.filename, str | bytes) else ""
    return f"{where}{error.strerror}"


def say(line: str) -> None:
    """Talk to the user, on stderr."""
    sys.stderr.write(f"{line}\n")  # one write: steps talk from several threads
    sys.stderr.flush()
