"""Android's binary XML and the values in it, read back by a reader of the format's own description."""

import struct
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import inside

axml, res_values, res_chunks = (inside.module(name) for name in ("axml", "res_values", "res_chunks"))

SPACE = "http://schemas.android.com/apk/res/android"
ATTRIBUTES: dict[str, Any] = {
    "label": {"id": 0x01010001, "format": "reference|string"},
    "name": {"id": 0x01010003, "format": "string"},
    "exported": {"id": 0x01010010, "format": "boolean"},
    "value": {"id": 0x01010024, "format": "string|integer|boolean|color|float"},
    "resource": {"id": 0x01010025, "format": "reference"},
    "flags": {"id": 0x0101001F, "flags": {"a": 1, "b": 4, "c": 0x40000000}},
    "one": {"id": 0x0101001E, "choices": {"none": -1, "some": 3}},
    "ratio": {"id": 0x01010560, "format": "float"},
}
IDS = {"mipmap/icon": 0x7F010000}
NO_STRING = 0xFFFFFFFF


def strings(data: bytes) -> list[str]:
    """The strings of a pool."""
    count, _, flags, start, _ = struct.unpack_from("<IIIII", data, 8)
    assert flags == 0, "XML is in UTF-16"
    found = []
    for offset in struct.unpack_from(f"<{count}I", data, 28):
        at = start + offset
        units = struct.unpack_from("<H", data, at)[0]
        at += 2
        if units & 0x8000:
            units, at = (units & 0x7FFF) << 16 | struct.unpack_from("<H", data, at)[0], at + 2
        found.append(data[at : at + 2 * units].decode("utf-16-le"))
        assert data[at + 2 * units : at + 2 * units + 2] == b"\0\0"
    return found


def chunks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each chunk's kind and bytes."""
    at = 0
    while at < len(data):
        kind, _, size = struct.unpack_from("<HHI", data, at)
        assert size % 4 == 0
        yield kind, data[at : at + size]
        at += size
    assert at == len(data)


def decoded(data: bytes) -> ElementTree.Element:
    """The elements, with each attribute as `kind:data`, and strings as they are."""
    kind, head, size = struct.unpack_from("<HHI", data)
    assert (kind, head, size) == (3, 8, len(data))
    parts = list(chunks(data[8:]))
    texts, ids = strings(parts[0][1]), struct.unpack(f"<{len(parts[1][1]) // 4 - 2}I", parts[1][1][8:])
    stack = [ElementTree.Element("top")]
    for kind, part in parts[2:]:
        if kind == 0x0103:
            stack.pop()
        elif kind == 0x0102:
            stack.append(ElementTree.SubElement(stack[-1], texts[struct.unpack_from("<I", part, 20)[0]]))
            stack[-1].attrib.update(attributes(part, texts, ids))
    assert len(stack) == 1
    return stack[0][0]


def attributes(part: bytes, texts: list[str], ids: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """The attributes of an element; those of Android come in the order of their ids, which their names lead to."""
    start, size, count = struct.unpack_from("<HHH", part, 24)
    order = []
    for row in range(count):
        space, name, raw, _, _, kind, value = struct.unpack_from("<IIIHBBI", part, 16 + start + size * row)
        assert (raw != NO_STRING) == (kind == res_values.STRING)
        shown = texts[value] if kind == res_values.STRING else f"{kind:#x}:{value:#x}"
        if space == NO_STRING:
            assert name >= len(ids)
            yield texts[name], shown
        else:
            assert texts[space] == SPACE
            assert ids[name] == ATTRIBUTES[texts[name]]["id"]
            order.append(ids[name])
            yield f"{{{SPACE}}}{texts[name]}", shown
    assert order == sorted(order)


def one(name: str, text: str) -> str:
    """What an attribute's text becomes."""
    document = f'<a xmlns:android="{SPACE}" android:{name}={quoteattr(text)} />'
    return decoded(axml.encode(document, ATTRIBUTES, IDS)).attrib[f"{{{SPACE}}}{name}"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("label", "Shop", "Shop"),
        ("label", "", ""),
        ("label", "true", "true"),
        ("label", "\\@home \\\\ \\n\\u0041\\'", "@home \\ \nA'"),
        ("label", "@mipmap/icon", "0x1:0x7f010000"),
        ("name", "5", "5"),
        ("exported", "true", "0x12:0xffffffff"),
        ("exported", "false", "0x12:0x0"),
        ("value", "text", "text"),
        ("value", "5", "0x10:0x5"),
        ("value", "-1", "0x10:0xffffffff"),
        ("value", "0x10", "0x11:0x10"),
        ("value", "4294967295", "0x10:0xffffffff"),
        ("value", "12345678901234567", "12345678901234567"),
        ("value", "true", "0x12:0xffffffff"),
        ("value", "1.5", "0x4:0x3fc00000"),
        ("value", "1.2.3", "1.2.3"),
        ("value", "#102030", "0x1d:0xff102030"),
        ("value", "#80102030", "0x1c:0x80102030"),
        ("value", "#x", "#x"),
        ("flags", "a", "0x11:0x1"),
        ("flags", "c|b|a", "0x11:0x40000005"),
        ("one", "none", "0x10:0xffffffff"),
        ("ratio", "2", "0x4:0x40000000"),
        ("label", "x" * 40000, "x" * 40000),
        ("label", "\N{PILE OF POO}", "\N{PILE OF POO}"),
    ],
)
def test_a_text_becomes_the_value_that_its_attribute_can_have(name: str, text: str, value: str) -> None:
    """Kinds and bits are those of Res_value in Android's ResourceTypes.h."""
    assert one(name, text) == value


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('<a android:exported="yes" />', "line 1: `yes` is none of its values"),
        ('<a>\n<b android:label="@mipmap/none" /></a>', "line 2: there is no resource `@mipmap/none`"),
        ('<a android:odd="1" />', "`android:odd`"),
        ('<a android:flags="a|x" />', "`a|x` is none"),
        ("<a>", "not XML"),
    ],
)
def test_what_has_no_binary_form_is_refused(body: str, told: str) -> None:
    """By line, before anything is written."""
    document = body.replace("<a", f'<a xmlns:android="{SPACE}"', 1)
    with pytest.raises(axml.Invalid, match=told.replace("|", "\\|")):
        axml.encode(document, ATTRIBUTES, IDS)


texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff", min_codepoint=32), max_size=300
)
plain = texts.map(lambda text: text.replace("\\", "/").lstrip("@"))
names = st.sampled_from(["application", "activity", "meta-data", "x"])


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> ElementTree.Element:
    """Elements with attributes of Android and without a namespace, in each other."""
    found = ElementTree.Element(draw(names))
    for key in draw(st.lists(st.sampled_from(["label", "name", "package", "split"]), unique=True)):
        found.set(key if key in ("package", "split") else f"{{{SPACE}}}{key}", draw(plain))
    for _ in range(draw(st.integers(0, 2)) if depth else 0):
        found.append(draw(trees(depth - 1)))
    return found


def written(tree: ElementTree.Element, top: str = f' xmlns:android="{SPACE}"') -> str:
    """A tree as a text."""
    rows = "".join(f" {key.replace(f'{{{SPACE}}}', 'android:')}={quoteattr(text)}" for key, text in tree.attrib.items())
    return f"<{tree.tag}{top}{rows}>{''.join(written(child, '') for child in tree)}</{tree.tag}>"


@given(trees())
def test_binary_xml_read_back_is_the_text(tree: ElementTree.Element) -> None:
    """Elements, their order, names and texts of any kind."""
    found = decoded(axml.encode(written(tree), ATTRIBUTES, IDS))
    assert ElementTree.tostring(found) == ElementTree.tostring(normal(tree))


def normal(tree: ElementTree.Element) -> ElementTree.Element:
    """A tree whose attributes stand as the binary form has them: those of Android first, by id."""
    found = ElementTree.Element(tree.tag)
    own = sorted(
        (key for key in tree.attrib if key.startswith("{")), key=lambda key: ATTRIBUTES[key[len(SPACE) + 2 :]]["id"]
    )
    for key in (*own, *sorted(key for key in tree.attrib if not key.startswith("{"))):
        found.set(key, tree.attrib[key])
    found.extend(normal(child) for child in tree)
    return found


@given(st.lists(texts, max_size=20))
def test_a_pool_gives_every_string_back(given_texts: list[str]) -> None:
    """In UTF-16, however many there are."""
    assert strings(res_chunks.pool(given_texts, utf8=False)) == given_texts
