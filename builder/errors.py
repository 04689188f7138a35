"""The one error that a user sees, and the exit codes."""

from enum import IntEnum


class Exit(IntEnum):
    """What the exit code of `builder` says."""

    OK = 0
    USAGE = 2
    PROJECT = 3
    LOCK = 4
    FETCH = 5
    MISMATCH = 6
    STEP = 7
    DIFFERS = 8
    SANDBOX = 9
    SIGNING = 10
    INTERRUPTED = 130


class BuilderError(Exception):
    """Something a user can mend: the message is a fact, the hint says how to mend it."""

    def __init__(self, message: str, *, hint: str, code: Exit) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
