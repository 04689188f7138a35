"""Whether a value is one that a Flet key can have, and that value in its one form."""

import datetime
import math
import re
from collections.abc import Callable
from typing import Any

from builder.errors import BuilderError, Exit
from builder.fletkeys.key import Key

_DIGITS = re.compile(r"(?:[0-9A-Fa-f]{3}){1,2}")
_URL_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=@%-]+)*")

Fail = Callable[[str, str], BuilderError]  # (what is wrong, the mend) -> the error


def check(key: Key, value: Any, place: str, code: Exit) -> Any:
    """The value as JSON-able data in its one form. Raises BuilderError naming the place where it is wrong."""

    def fail(what: str, mend: str) -> BuilderError:
        return BuilderError(f"{place} {what}", hint=mend, code=code)

    result = _KINDS[key.kind](value, fail)
    for item in result if isinstance(result, list) else [result]:
        _check_choice(key, item, fail)
    return _FORMS[key.name](result, fail) if key.name in _FORMS else result


def plain(value: Any, fail: Fail) -> Any:
    """A value of TOML as JSON can hold it; raises for dates, and numbers that are none."""
    if isinstance(value, dict):
        return {_text(name, fail): plain(item, fail) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item, fail) for item in value]
    if isinstance(value, (datetime.date, datetime.time)):
        raise fail("holds a date", "write it in quotes")
    if isinstance(value, float) and not math.isfinite(value):
        raise fail("holds a number that is not finite", "write a finite number")
    return _text(value, fail) if isinstance(value, str) else value


def _bool(value: Any, fail: Fail) -> bool:
    if not isinstance(value, bool):
        raise fail(f"is {_kind(value)}, not true or false", "write true or false, without quotes")
    return value


def _int(value: Any, fail: Fail) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise fail(f"is {_kind(value)}, not a whole number", "write a whole number, without quotes")
    return value


def _text(value: Any, fail: Fail) -> str:
    if not isinstance(value, str):
        raise fail(f"is {_kind(value)}, not text", "write it in quotes")
    if any(0xD800 <= ord(char) <= 0xDFFF for char in value):
        raise fail("is not UTF-8", "write it in UTF-8")
    if any(ord(char) < 0x20 and char not in "\t\n\r" for char in value):
        raise fail("holds a control character", "remove it")
    return value


def _list(value: Any, fail: Fail) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise fail(f"is {_kind(value)}, not a list of texts", 'write a list such as ["one", "two"]')
    return [_text(item, fail) for item in items]


def _globs(value: Any, fail: Fail) -> list[str]:
    """Flet reads one string with commas as a list."""
    items = value.split(",") if isinstance(value, str) else _list(value, fail)
    return [_text(item.strip(), fail) for item in items if item.strip()]


def _table(value: Any, fail: Fail) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise fail(f"is {_kind(value)}, not a table", "write a table such as { name = true }")
    return {_text(name, fail): plain(item, fail) for name, item in value.items()}


_KINDS: dict[str, Callable[[Any, Fail], Any]] = {
    "bool": _bool,
    "int": _int,
    "text": _text,
    "list": _list,
    "globs": _globs,
    "table": _table,
}


def _check_choice(key: Key, value: Any, fail: Fail) -> None:
    if not key.choices or value in key.choices:
        return
    choose = f"choose {'one' if key.kind == 'text' else 'some'} of: {', '.join(key.choices)}"
    if value in key.refused:
        raise fail(f"is `{value}`: {key.refused[value]}", choose)
    raise fail(f"is `{value}`, which is no choice", choose)


def _base_url(value: str, fail: Fail) -> str:
    """`/x/` for `x`, `/x` and `x/`."""
    path = value.strip("/")
    if path and not _URL_PATH.fullmatch(f"/{path}"):
        raise fail(f"is `{value}`, which is no path of a URL", "write only the path, such as /app/")
    if {".", ".."} & set(path.split("/")):
        raise fail(f"is `{value}`, which has a step `.` or `..`", "write the whole path, such as /app/")
    return f"/{path}/" if path else "/"


def _color(value: str, fail: Fail) -> str:
    """`#aabbcc` for `#ABC`, `abc` and `AABBCC`, as Flet's own icons read it."""
    digits = value.strip().removeprefix("#")
    if not _DIGITS.fullmatch(digits):
        raise fail(f"is `{value}`, which is no colour", "write it as #rrggbb, such as #0175c2")
    return f"#{''.join(digit * 2 for digit in digits) if len(digits) == 3 else digits}".lower()


_FORMS: dict[str, Callable[[Any, Fail], Any]] = {
    "web.base_url": _base_url,
    "icon_background": _color,
    "android.adaptive_icon_background": _color,
    "splash.color": _color,
    "splash.dark_color": _color,
    "splash.icon_background": _color,
    "splash.icon_dark_background": _color,
}


def _kind(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a table"}
    return names.get(type(value), "a date")
