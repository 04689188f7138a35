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
            if error.errno != errno.ENOSPC or error.filename:
                raise
            say("error: what builder printed can't be written: the disk is full\n\nhint: free space there")
            raise typer.Exit(Exit.USAGE) from error

    return wrapped


def say(line: str) -> None:
    """Talk to the user, on stderr."""
    sys.stderr.write(f"{line}\n")  # one write: steps talk from several threads
    sys.stderr.flush()
