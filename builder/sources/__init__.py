"""Where outside files come from, one module a kind: each turns needs into pins, and says where a pin's bytes are."""

from collections.abc import Callable
from dataclasses import dataclass

from builder.folder import Folder
from builder.http import Http
from builder.lock import Need, Pin


@dataclass(frozen=True)
class Source:
    """How one kind of registry is asked."""

    resolve: Callable[[tuple[Need, ...], Http], tuple[Pin, ...]]  # lock time: asks what exists, and its hashes
    locate: Callable[[Pin, str, Http], str]  # fetch time: (pin, base URL of its alias) -> URL of its bytes


SOURCES = Folder(__name__, Source)
