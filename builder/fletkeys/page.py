"""The page docs/reference/flet-keys.md, made of the table of keys."""

import json
from typing import Any

from builder.fletkeys import android, app, apple, command, look, web
from builder.fletkeys.key import BUILT, LINES, PLATFORMS, Key

_HEAD = """# Flet's keys and options

`builder` reads the same keys as `flet build`. The effective value is the command line's, else that of
`[tool.flet.<platform>]` (only for keys marked *platform too* or *platform only*), else that of `[tool.flet]`, else the
default.

*honoured* says whether builder does what a key says, for the web, Android, Linux, macOS and Windows, which it builds
today: `yes`, the names of the platforms for which it does, `not yet`, or `no` with what it does instead. What is not
honoured is checked, and gives a warning. A key that is not in these tables gives a warning that names the nearest one.
`[tool.flet.metadata]` is left alone.

Flet takes some keys from the environment where they are not written. builder does not, for what is built would then
differ from machine to machine; it warns of such a variable.

Made by `python -m builder.fletkeys > docs/reference/flet-keys.md`.
"""

_SECTIONS = (
    ("The app and its packages", app.KEYS),
    ("Screens, icons, the Flutter project", look.KEYS),
    ("Web and Linux", web.KEYS),
    ("Android, and what phones share", android.KEYS),
    ("iOS and macOS", apple.KEYS),
    ("On the command line only", command.KEYS),
)

_COLUMNS = "| key | option | type | default | platforms | Flet | honoured | |\n|---|---|---|---|---|---|---|---|\n"
_SCOPES = {"app": "", "both": "; platform too", "platform": "; platform only"}


def page() -> str:
    """The page as Markdown."""
    parts = [_HEAD]
    for title, keys in _SECTIONS:
        parts.append(f"## {title}\n\n{_COLUMNS}{''.join(_row(key) for key in keys)}")
    return "\n".join(parts)


def _row(key: Key) -> str:
    cells = (
        f"`{key.name}`" if key.table == "tool.flet" else "",
        f"`{key.option}`" if key.option else "",
        "one of " + ", ".join(f"`{choice}`" for choice in key.choices) if key.choices else key.kind,
        _defaults(key),
        ("all" if key.platforms == PLATFORMS else ", ".join(key.platforms)) + _SCOPES[key.scope],
        "all" if key.lines == LINES else ", ".join(key.lines),
        _honoured(key),
        f"{key.help}.{_instead(key)}{_aliases(key)}{_variable(key)}",
    )
    return f"| {' | '.join(cells)} |\n"


def _defaults(key: Key) -> str:
    others = "".join(f"; {_json(value)} in {line}" for line, value in sorted(key.defaults.items()))
    return f"{_json(key.default)}{others}"


def _honoured(key: Key) -> str:
    """For which platforms, where it is not for all that read the key and that builder builds."""
    if not key.honoured:
        return "no" if key.instead else "not yet"
    wanted = [platform for platform in key.platforms if platform in BUILT]
    return "yes" if set(wanted) <= set(key.honoured) else ", ".join(key.honoured)


def _instead(key: Key) -> str:
    return f" It changes nothing: {key.instead}." if key.instead else ""


def _aliases(key: Key) -> str:
    return f" Also read as {', '.join(f'`{name}`' for name in key.aliases)}." if key.aliases else ""


def _variable(key: Key) -> str:
    return f" Flet's variable `{key.variable}` is not read." if key.variable else ""


def _json(value: Any) -> str:
    return "" if value is None else f"`{json.dumps(value)}`"
