"""The options that a command line gets from the table of keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from builder.errors import BuilderError, Exit
from builder.fletkeys import KEYS
from builder.fletkeys.key import Key

_TYPES: dict[str, Any] = {"bool": bool | None, "int": int | None, "text": str | None}


@dataclass(frozen=True)
class Option:
    """One option, as typer wants it; its default is None."""

    parameter: str  # a Python identifier, unique among the options
    flag: str  # what typer.Option takes: `--x`, `--x/--no-x`, or ` /--no-x` for one that only turns off
    type: Any  # `bool | None`, `int | None`, `str | None` or `list[str] | None`
    help: str
    key: str  # dotted name


def options(platform: str) -> list[Option]:
    """The options of the keys that a platform reads; those that say nothing of the app are left to the command."""
    return [_option(key, platform) for key in KEYS if key.option and key.table and platform in key.platforms]


def from_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was given on the command line, by parameter, as dotted name -> value for `project.load`.

    Raises BuilderError (usage) where an entry of a table is not `name=value`.
    """
    found: dict[str, Any] = {}
    for key in KEYS:
        value = values.get(key.parameter)
        if value is not None and value != []:
            found[key.name] = _pairs(key, value) if key.kind == "table" else value
    return found


def _option(key: Key, platform: str) -> Option:
    flag = f" /{key.option}" if key.negated else key.option
    about = f"{key.help}{_effect(key, platform)}."
    choices = f" One of: {', '.join(key.choices)}." if key.choices else ""
    return Option(key.parameter, flag, _TYPES.get(key.kind, list[str] | None), f"{about}{choices}", key.name)


def _effect(key: Key, platform: str) -> str:
    if key.is_honoured(platform):
        return ""
    if key.instead:
        return f" (changes nothing: {key.instead})"
    return f" (only for {', '.join(key.honoured)})" if key.honoured else " (not honoured yet)"


def _pairs(key: Key, entries: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not name or not equals:
            raise BuilderError(
                f"`{key.option}` has `{entry}`, which is not name=value",
                hint=f"write {key.option} name=value, once for each entry",
                code=Exit.USAGE,
            )
        found[name] = {"true": True, "false": False}.get(value.lower(), value)
    return found
