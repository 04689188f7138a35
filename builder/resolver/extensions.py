"""Flutter extensions of an app's packages: what a compiled client must have in it, since nothing can add it later.

The wheel of such a package holds the Dart package of its controls, below `flutter/`: Flet's own `flet build` takes it
from there when it compiles a client. No metadata tell of it, so the wheels are looked into; only of packages that
require flet, as every one that brings controls does.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from builder import inside
from builder.errors import BuilderError, Exit
from builder.fletline import Line
from builder.inputs import CLIENTS
from builder.network.http import Http
from builder.resolver.graph import Graph
from builder.resolver.selection import Chosen

_AT_ONCE = 4
_FULL = 'which Flet\'s full client for Linux has: set `desktop_flavor = "full"` in [tool.flet]'
_LACKED = (
    "which Flet's compiled client for this target has not; only a client that is compiled for the app can have it "
    "(the client strategy `source`), and this builder can't make one"
)


def refusals(
    line: Line, flavor: str, graphs: Iterable[Graph], chosen: Mapping[str, tuple[Chosen, ...]], http: Http
) -> dict[str, str]:
    """Target -> why its client can't show what the app's packages bring; nothing for a target whose client can.

    Raises BuilderError: fetch where a wheel can't be had, mismatch where it is not what its index states.
    """
    names = _requiring_flet(graphs)
    looked_into = {target: [file for file in files if _may_extend(file, names)] for target, files in chosen.items()}
    wheels = {file.url: file for files in looked_into.values() for file in files}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        held = dict(zip(wheels, pool.map(lambda file: held_by(file, http), wheels.values()), strict=True))
    found: dict[str, str] = {}
    for target, files in looked_into.items():
        has = line.extensions(target, flavor)
        reasons = [
            _reason(file, extension, line, target, flavor)
            for file in files
            for extension in held[file.url]
            if extension not in has
        ]
        found |= {target: "; ".join(reasons)} if reasons else {}
    return found


def held_by(file: Chosen, http: Http) -> tuple[str, ...]:
    """The names of the Dart packages in a wheel, sorted. Raises BuilderError (fetch, mismatch)."""
    return _held(file.file, file.url, file.sha256, http)


@cache
def _held(file: str, url: str, sha256: str, http: Http) -> tuple[str, ...]:
    archive, dart = inside.module("archive"), inside.module("dart")
    names: list[str] = []

    def look(path: Path) -> None:
        names.extend(member.name for member in archive.members(path))

    try:
        http.take(url, {"sha256": sha256} if sha256 else {}, look=look)
    except archive.Refused as error:
        raise BuilderError(
            str(error).replace("`file` ", f"`{file}` ", 1),
            hint="require another version of that package, or ask who publishes it",
            code=Exit.FETCH,
        ) from error
    return tuple(dart.packages(names))


def _requiring_flet(graphs: Iterable[Graph]) -> frozenset[str]:
    """The projects that require flet, in whatever environment and version."""
    return frozenset(
        node[0].name
        for graph in graphs
        for node, edges in graph.edges.items()
        if any(edge.to.name == "flet" for edge in edges)
    )


def _may_extend(file: Chosen, names: frozenset[str]) -> bool:
    return file.key.name in names and file.key.name not in CLIENTS and file.file.endswith(".whl") and bool(file.url)


def _reason(file: Chosen, extension: str, line: Line, target: str, flavor: str) -> str:
    what = f"`{file.key.name}` {file.key.version} has the Flutter extension `{extension}`"
    if extension in line.extensions(target, "full"):
        return f"{what}, {_FULL}"
    return f"{what}, {_LACKED}; the prebuilt client has {', '.join(line.extensions(target, flavor))}"
