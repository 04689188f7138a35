"""Plain files below a base URL, such as a project's releases."""

from functools import partial

from builder.lock import Need, Pin
from builder.network.http import Http
from builder.sources import Source, below, each


def resolve(needs: tuple[Need, ...], http: Http) -> tuple[Pin, ...]:
    """Each file downloaded once, to know its hash: nobody else states one."""
    return each(needs, partial(_pinned, http=http))


def locate(pin: Pin, base: str, http: Http) -> str:
    """Base, path, file."""
    return below(base, pin.path, pin.file)


def _pinned(need: Need, http: Http) -> Pin:
    taken = http.take(below(http.base(need.source), need.path, need.file))
    return Pin(
        name=need.name,
        version=need.version,
        source=need.source,
        path=need.path,
        file=need.file,
        size=taken.size,
        sha256=taken.sha256,
        hash="first-use",
        targets=need.targets,
    )


SOURCE = Source(resolve=resolve, locate=locate)
