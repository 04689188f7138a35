"""What an author writes of a manifest: attributes of permissions, providers, meta-data and the application, checked.

Values stand in the manifest as they are written, by Android's own rules: `@type/name` is a resource, two backslashes
are one, `${applicationId}` is the application id. builder's own texts go through `literal`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from builder import inside
from builder.android.facts import facts, nearest
from builder.errors import BuilderError, Exit

Attributes = tuple[tuple[str, str], ...]  # local name, text; sorted by name

# What every APK has of resources that a manifest may want to name; their ids are for the sandbox to give.
RESOURCES: Mapping[str, int] = {"mipmap/ic_launcher": 0, "style/LaunchTheme": 0}

_NAME = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$-]*)*")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0 has no way to write these


def literal(text: str) -> str:
    """A text that Android shall show as it is, whatever it holds, in the form that a manifest needs."""
    if _UNWRITABLE.search(text):
        raise _wrong(f"`{text}` holds a character that XML can't", "remove it")
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\u000d").replace("\t", "\\t")
    return f"\\{escaped}" if escaped[:1] in ("@", "?") else escaped


def attributes(element: str, given: Mapping[str, Any], place: str, package: str) -> Attributes:
    """The attributes that an author gives an element, sorted. Raises BuilderError (project) naming the place."""
    known = facts().elements[element]
    for name in given:
        if name not in known:
            raise _wrong(
                f"`{place}`: <{element}> has no attribute `{name}`",
                f"remove it, or write a known one; the nearest is `{nearest(name, known)}`",
            )
    return tuple((name, _checked(name, value, f"{place}.{name}", package)) for name, value in sorted(given.items()))


def names(table: Mapping[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    """Each name of a table with its value, sorted. Raises BuilderError (project) for what is no dotted name."""
    for name, value in sorted(table.items()):
        if not _NAME.fullmatch(name):
            raise _wrong(
                f"`{place}`: `{name}` is no name that Android takes", "write it with dots, such as com.example.x"
            )
        yield name, value


def text_of(value: Any, place: str) -> str:
    """A text, a number or true and false as a manifest writes it. Raises BuilderError (project) for all else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise _wrong(f"`{place}` is neither text, number, true nor false", "write one of these")
    if _UNWRITABLE.search(str(value)):
        raise _wrong(f"`{place}` holds a character that XML can't", "remove it")
    return str(value)


def _checked(name: str, value: Any, place: str, package: str) -> str:
    text = text_of(value, place).replace("${applicationId}", package)
    values = inside.module("res_values")
    try:
        values.value(text, facts().attributes[name].model_dump(exclude_defaults=True), RESOURCES)
    except values.Unknown as error:
        raise _wrong(f"`{place}`: {error}", _mend(name, text)) from error
    return text


def _mend(name: str, text: str) -> str:
    attribute = facts().attributes[name]
    if text.startswith("@"):
        return f"name a resource of the APK ({', '.join(sorted(f'@{known}' for known in RESOURCES))})"
    if listed := [*attribute.flags, *attribute.choices]:
        return f"write one of: {', '.join(listed)}"
    return f"write a value of the kind {attribute.format.replace('|', ' or ')}"


def _wrong(fact: str, mend: str) -> BuilderError:
    return BuilderError(fact, hint=mend, code=Exit.PROJECT)
