"""Who needs whom: the dependencies that a uv.lock holds, walked for one target.

PEP 751 has no obligatory place for them and uv writes none there, so names, versions and edges come from uv.lock.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from packaging.markers import Marker

ROOT = "app"  # name of the scratch project that uv locks


class Key(NamedTuple):
    """One version of one project."""

    name: str
    version: str


@dataclass(frozen=True)
class Edge:
    """One dependency, and where it holds."""

    to: Key
    extras: tuple[str, ...]
    marker: Marker | None


Node: TypeAlias = tuple[Key, str]  # a package with one of its extras, "" for none


@dataclass(frozen=True)
class Graph:
    """The dependencies of every package and extra."""

    root: Key
    edges: Mapping[Node, tuple[Edge, ...]]


def parse(table: Mapping[str, Any]) -> Graph:
    """The graph that the table of a uv.lock (version 1) holds."""
    rows = table.get("package", [])
    versions: dict[str, str] = {}
    for row in rows:
        versions[row["name"]] = row.get("version", "")
    edges: dict[Node, tuple[Edge, ...]] = {}
    for row in rows:
        key = Key(row["name"], row.get("version", ""))
        edges[key, ""] = _edges(row.get("dependencies", ()), versions)
        for extra, rows_of in row.get("optional-dependencies", {}).items():
            edges[key, extra] = _edges(rows_of, versions)
    return Graph(Key(ROOT, versions[ROOT]), edges)


def reachable(
    graph: Graph, markers: Mapping[str, str], extra: str, cut: Collection[tuple[str, str]]
) -> dict[Key, tuple[str, ...]]:
    """What the app needs in one environment, each with the names of those that require it, sorted.

    `extra` is the platform whose own requirements count; an edge in `cut` (from, to) is not followed.
    """
    found: dict[Key, set[str]] = {}
    seen: set[Node] = {(graph.root, ""), (graph.root, extra)}
    todo = list(seen)
    while todo:
        node = todo.pop()
        for edge in graph.edges.get(node, ()):
            if (node[0].name, edge.to.name) in cut or not _holds(edge.marker, markers):
                continue
            found.setdefault(edge.to, set()).add(node[0].name)
            new = {(edge.to, name) for name in ("", *edge.extras)} - seen
            seen |= new
            todo += new
    return {key: tuple(sorted(by)) for key, by in sorted(found.items())}


def _holds(marker: Marker | None, markers: Mapping[str, str]) -> bool:
    return marker is None or marker.evaluate({**markers, "extra": ""})


def _edges(rows: Collection[Mapping[str, Any]], versions: Mapping[str, str]) -> tuple[Edge, ...]:
    return tuple(
        Edge(
            Key(row["name"], row.get("version") or versions.get(row["name"], "")),
            tuple(row.get("extra", ())),
            Marker(row["marker"]) if "marker" in row else None,
        )
        for row in rows
    )
