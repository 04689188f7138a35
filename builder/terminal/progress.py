"""What a caller is told while files are fetched."""

from typing import Protocol


class Progress(Protocol):
    """Told as bytes come, never by two threads at once."""

    def __call__(self, done: int, total: int, left: int) -> None:
        """`done` of `total` bytes are there (sizes not known yet count as what came), `left` files are not."""


def silent(done: int, total: int, left: int) -> None:
    """No progress is wanted."""
