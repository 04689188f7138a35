"""Where outside files come from, one module a kind: each turns needs into pins, and says where a pin's bytes are."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from builder.errors import BuilderError, Exit
from builder.folder import Folder
from builder.lock import Need, Origin, Pin
from builder.network.http import Http
from builder.network.mirrors import variable

_SECOND = {"debian": "debian-snapshot"}  # a source whose files vanish -> the one that keeps them
_THREADS = 8
# Sources that many networks can't reach -> what a project can ask for instead.
INSTEAD = {
    "flet-releases": "require flet 0.82.2, whose client is a wheel, and run `builder lock`",
    "python-build-standalone": 'set `runtime = "bytedeco"` in [tool.builder], which is on Maven, though not for '
    "macos-arm64, and run `builder lock`",
}


def below_base(pin: Pin) -> str:
    """Path and file of a pin, which the URL of its bytes ends in."""
    return "/".join([*(part for part in pin.path.split("/") if part), pin.file])


@dataclass(frozen=True)
class Source:
    """How one kind of registry is asked."""

    resolve: Callable[[tuple[Need, ...], Http], tuple[Pin, ...]]  # lock time: asks what exists, and its hashes
    locate: Callable[[Pin, str, Http], str]  # fetch time: (pin, base URL of its alias) -> URL of its bytes
    place: Callable[[Pin], str] = below_base  # in a mirror that is a folder: where the bytes of a pin lie
    # What clients want in that folder beside what lies there, of which these pins were added last: path -> text.
    pages: Callable[[Path, Iterable[Pin]], Mapping[str, bytes]] = lambda folder, pins: {}


SOURCES = Folder(__name__, Source)


def of(alias: str, origins: Mapping[str, Origin]) -> Source:
    """How the source of that alias is asked. Raises BuilderError (lock) for one that the lock does not describe."""
    first = {second: first for first, second in _SECOND.items()}.get(alias, alias)
    stated = origins.get(alias) or origins.get(first)
    kind = stated.kind if stated else first
    if kind not in SOURCES.names():
        raise BuilderError(
            f"the lock does not say what kind of source `{alias}` is",
            hint=f"state it in [sources], with one of these kinds: {', '.join(SOURCES.names())}",
            code=Exit.LOCK,
        )
    return SOURCES[kind]


def places(origins: Mapping[str, Origin], http: Http) -> Callable[[Pin], Iterator[str]]:
    """What gives the URLs of a pin's bytes, the best first; each is worked out only when it is asked for."""

    def urls(pin: Pin) -> Iterator[str]:
        yield of(pin.source, origins).locate(pin, http.base(pin.source), http)
        second = _SECOND.get(pin.source)
        if second:
            yield from _second(second, pin)

    def _second(alias: str, pin: Pin) -> Iterator[str]:
        try:
            base = http.base(alias)
        except BuilderError as error:
            raise _moved(alias, f"; {error.message}") from error
        yield of(alias, origins).locate(pin, base, http)
        raise _moved(alias, "")

    return urls


def _moved(second: str, also: str) -> BuilderError:
    """Why a file is gone that was there when it was locked; told once no place has it."""
    return BuilderError(
        f"a point release of Debian moves files away{also}",
        hint=f"run `builder lock --upgrade-package toolchain`, or name an archive that keeps old files with "
        f"{variable(second)}",
        code=Exit.FETCH,
    )


def each(needs: tuple[Need, ...], pinned: Callable[[Need], Pin]) -> tuple[Pin, ...]:
    """The pin of each need, in the needs' order, asked for in parallel."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return tuple(pool.map(pinned, needs))


def below(base: str, path: str, file: str) -> str:
    """The URL of a file in a folder below a base, percent-encoded where RFC 3986 wants it."""
    parts = [part for part in path.split("/") if part]
    return base + quote("/".join([*parts, file]), safe="/@+~!$&'()*,;=:")
