"""Android's binary XML (ResXMLTree) of a text: the form in which a manifest and drawables lie in an APK."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

import res_chunks
import res_values

ANDROID = "http://schemas.android.com/apk/res/android"
_XML, _IDS, _OPEN_SPACE, _CLOSE_SPACE, _OPEN, _CLOSE = 0x0003, 0x0180, 0x0100, 0x0101, 0x0102, 0x0103
_TYPED_SIZE = 8


class Invalid(ValueError):  # noqa: N818 (what it is, as the field says it)
    """A text that has no binary form; it says in which line."""


@dataclass(frozen=True)
class Node:
    """A start or an end, of an element or of a namespace, with its line."""

    kind: int
    line: int
    space: str  # URI
    name: str  # of an element; of a namespace the prefix
    attributes: tuple[tuple[str, str, str], ...] = ()  # (URI, name, text)


@dataclass
class Strings:
    """The pool of one file: names that have an id come first, in the order of their ids."""

    ids: dict[str, int]
    rest: dict[str, int] = field(default_factory=dict)

    def named(self, name: str) -> int:
        """The index of an attribute's name that has an id."""
        return list(self.ids).index(name)

    def plain(self, text: str) -> int:
        """The index of any other string."""
        return self.rest.setdefault(text, len(self.ids) + len(self.rest))

    def maybe(self, text: str) -> int:
        """The index of a string, or of none for an empty one."""
        return self.plain(text) if text else res_chunks.NONE


def encode(text: str, attributes: Mapping[str, Any], resources: Mapping[str, int]) -> bytes:
    """The binary form of XML; raises Invalid.

    `attributes` are rows of toolchains/android.toml by name; `resources` are the ids that references lead to. Text
    between elements is not kept: nothing that Android reads here has any.
    """
    nodes = parse(text)
    used = {name for node in nodes for space, name, _ in node.attributes if space == ANDROID}
    unknown = sorted(used - attributes.keys())
    if unknown:
        raise Invalid(f"no attribute `android:{unknown[0]}` is known")
    ids = sorted((attributes[name]["id"], name) for name in used)
    strings = Strings({name: number for number, name in ids})
    body = b"".join(_node(node, strings, attributes, resources) for node in nodes)
    pool = res_chunks.pool([*strings.ids, *strings.rest], utf8=False)
    return res_chunks.chunk(
        _XML, b"", pool + res_chunks.chunk(_IDS, b"", res_chunks.words(strings.ids.values())) + body
    )


def parse(text: str) -> list[Node]:
    """The starts and ends of a text in order; raises Invalid."""
    found: list[Node] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    spaces: list[Node] = []

    def add(kind: int, space: str, name: str, given: Mapping[str, str] | None = None) -> Node:
        rows = tuple((*_split(key), value) for key, value in (given or {}).items())
        found.append(Node(kind, parser.CurrentLineNumber, space, name, rows))
        return found[-1]

    parser.StartNamespaceDeclHandler = lambda prefix, uri: spaces.append(add(_OPEN_SPACE, uri, prefix or ""))
    parser.EndNamespaceDeclHandler = lambda prefix: add(_CLOSE_SPACE, spaces.pop().space, prefix or "")
    parser.StartElementHandler = lambda name, given: add(_OPEN, *_split(name), given)
    parser.EndElementHandler = lambda name: add(_CLOSE, *_split(name))
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise Invalid(f"it is not XML: {error}") from error
    return found


def _split(name: str) -> tuple[str, str]:
    """(URI, name) of what expat gives; "" where there is no namespace."""
    space, _, local = name.rpartition(" ")
    return space, local


def _node(node: Node, strings: Strings, attributes: Mapping[str, Any], resources: Mapping[str, int]) -> bytes:
    head = struct.pack("<II", node.line, res_chunks.NONE)
    if node.kind in (_OPEN_SPACE, _CLOSE_SPACE):
        return res_chunks.chunk(
            node.kind, head, struct.pack("<II", strings.plain(node.name), strings.plain(node.space))
        )
    name = struct.pack("<II", strings.maybe(node.space), strings.plain(node.name))
    if node.kind == _CLOSE:
        return res_chunks.chunk(node.kind, head, name)
    try:
        rows = [_attribute(row, strings, attributes, resources) for row in _sorted(node, attributes)]
    except res_values.Unknown as error:
        raise Invalid(f"line {node.line}: {error}") from error
    return res_chunks.chunk(node.kind, head, name + struct.pack("<HHHHHH", 20, 20, len(rows), 0, 0, 0) + b"".join(rows))


def _sorted(node: Node, attributes: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Attributes with an id in its order, as Android looks them up by halves, then the others by name."""
    return sorted(
        node.attributes, key=lambda row: (row[0] != ANDROID, attributes[row[1]]["id"] if row[0] else 0, row[1])
    )


def _attribute(
    row: tuple[str, str, str], strings: Strings, attributes: Mapping[str, Any], resources: Mapping[str, int]
) -> bytes:
    space, name, text = row
    found = res_values.value(text, attributes[name], resources) if space == ANDROID else res_values.plain(text)
    index = strings.named(name) if space == ANDROID else strings.plain(name)
    raw = strings.plain(found) if isinstance(found, str) else res_chunks.NONE
    kind, data = (res_values.STRING, raw) if isinstance(found, str) else found
    return struct.pack("<IIIHBBI", strings.maybe(space), index, raw, _TYPED_SIZE, 0, kind, data)
