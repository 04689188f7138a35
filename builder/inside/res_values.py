"""Values of Android resources (Res_value): what the text of an attribute, a style's item or a colour stands for."""

import re
import struct
from collections.abc import Mapping
from typing import Any

REFERENCE, STRING, FLOAT, DECIMAL, HEXADECIMAL, BOOLEAN, ARGB, RGB = 0x01, 0x03, 0x04, 0x10, 0x11, 0x12, 0x1C, 0x1D

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t"}
_WHOLE = re.compile(r"[+-]?[0-9]+|0[xX][0-9a-fA-F]+")
_FRACTION = re.compile(r"[+-]?[0-9]*\.[0-9]+([eE][+-]?[0-9]+)?")
_COLOR = re.compile(r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{8})")

Typed = tuple[int, int]  # the kind, and the 32 bits that go with it


class Unknown(ValueError):  # noqa: N818 (what it is, as the field says it)
    """A text that is no value of its attribute, or names a resource that is not there."""


def value(text: str, attribute: Mapping[str, Any], resources: Mapping[str, int]) -> Typed | str:
    """The value of an attribute's text, a plain str where it is one; raises Unknown.

    `attribute` is a row of toolchains/android.toml; `resources` are the ids of `type/name` and `android:type/name`.
    """
    formats = attribute.get("format", "").split("|")
    if text.startswith("@"):
        return REFERENCE, _id(text, resources)
    found = _listed(text, attribute) or _formatted(text, formats)
    if found is not None:
        return found
    if "string" not in formats:
        raise Unknown(f"`{text}` is none of its values")
    return plain(text)


def plain(text: str) -> str:
    """A text without the escapes that Android's tools know: `\\\\`, `\\@`, `\\n`, `\\u0041` and their like."""
    return _ESCAPE.sub(lambda match: _unescaped(match[1]), text)


def color(text: str) -> Typed:
    """The value of `#rrggbb` or `#aarrggbb`; raises Unknown."""
    if not _COLOR.fullmatch(text):
        raise Unknown(f"`{text}` is no colour")
    digits = text[1:]
    return (RGB, int(f"ff{digits}", 16)) if len(digits) == 6 else (ARGB, int(digits, 16))


def _unescaped(escape: str) -> str:
    return chr(int(escape[1:], 16)) if len(escape) == 5 else _ESCAPED.get(escape, escape)


def _id(text: str, resources: Mapping[str, int]) -> int:
    if text[1:] not in resources:
        raise Unknown(f"there is no resource `{text}`")
    return resources[text[1:]]


def _listed(text: str, attribute: Mapping[str, Any]) -> Typed | None:
    if text in attribute.get("choices", {}):
        return DECIMAL, attribute["choices"][text] & 0xFFFFFFFF
    names = text.split("|")
    flags = attribute.get("flags", {})
    if not all(name in flags for name in names):
        return None
    bits = 0
    for name in names:
        bits |= flags[name]
    return HEXADECIMAL, bits


def _formatted(text: str, formats: list[str]) -> Typed | None:
    """The value in the first of the formats that fits, in the order in which aapt2 tries them."""
    if "color" in formats and _COLOR.fullmatch(text):
        return color(text)
    if "boolean" in formats and text in ("true", "false"):
        return BOOLEAN, 0xFFFFFFFF if text == "true" else 0
    if "integer" in formats and _WHOLE.fullmatch(text):
        number = int(text, 16 if text[1:2] in ("x", "X") else 10)
        if -(1 << 31) <= number < 1 << 32:
            return HEXADECIMAL if text[1:2] in ("x", "X") else DECIMAL, number & 0xFFFFFFFF
    if "float" in formats and (_FRACTION.fullmatch(text) or (_WHOLE.fullmatch(text) and "integer" not in formats)):
        return FLOAT, int.from_bytes(struct.pack("<f", float(text)), "little")
    return None
