"""The author's values: of the table [tool.flet], and of the command line on top of it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from builder.errors import BuilderError, Exit
from builder.fletkeys import BY_NAME, KEYS, folders, nearest, written
from builder.fletkeys.key import LINES, PLATFORMS, Key
from builder.fletkeys.values import check

_OF_OTHERS = "metadata"  # Flet's gallery keeps its own notes there

Warn = Callable[[str], None]


def parse(table: Any, options: Mapping[str, Any], warn: Warn) -> dict[str, Any]:
    """Each written key, by its dotted name, with its checked value; an option takes the place of all that is written.

    Warns of keys that nobody knows and of ones that builder does not honour. Raises BuilderError: project for a
    wrong value of the table, usage for one of an option (options are keyed by dotted name).
    """
    told: set[str] = set()
    found: dict[str, Any] = {}
    for name, value in _leaves(table, ""):
        if name not in written():
            warn(f"`tool.flet.{name}` is not known to builder; the nearest known key is `tool.flet.{nearest(name)}`")
            continue
        key, plain_name = written()[name]
        found[plain_name] = check(key, value, f"`pyproject.toml`: `tool.flet.{name}`", Exit.PROJECT)
        _tell(key, f"tool.flet.{name}", plain_name.removesuffix(f".{key.name}"), found[plain_name], told, warn)
    for name, value in options.items():
        key = BY_NAME[name]
        checked = check(key, value, f"`{key.option}`", Exit.USAGE)
        _tell(key, key.option, "", checked, told, warn)
        if key.table:
            _override(found, key, checked)
    return _without_cdn(_without_wasm(found), warn)


def warn_of_variables(found: Mapping[str, Any], environ: Mapping[str, str], warn: Warn) -> None:
    """Warn of what the environment would say to Flet, as far as `found` leaves it open.

    builder does not read it: what is built would differ from machine to machine, with the same files committed.
    """
    for key in KEYS:
        if environ.get(key.variable) and key.name not in found:
            mend = f"write `tool.flet.{key.name}`, or use {key.option}"
            warn(f"{key.variable} is set, which builder does not read; {mend}")


def _leaves(table: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Each dotted name with its value; a table that holds keys is walked into."""
    if not isinstance(table, dict):
        raise BuilderError(
            f"`pyproject.toml`: `{f'tool.flet.{prefix}'.strip('.')}` is not a table",
            hint=f"write its keys below [{f'tool.flet.{prefix}'.strip('.')}]",
            code=Exit.PROJECT,
        )
    for part, value in table.items():
        name = f"{prefix}{part}"
        if name == _OF_OTHERS:
            continue
        if name in folders() and (isinstance(value, dict) or name not in written()):
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value


def _override(found: dict[str, Any], key: Key, value: Any) -> None:
    """Let the command line win over each platform's own value; entries of a table are merged, as Flet does."""
    for platform in PLATFORMS:
        old = found.pop(f"{platform}.{key.name}", None)
        if key.kind == "table" and old is not None:
            found[f"{platform}.{key.name}"] = old | value
    found[key.name] = found.get(key.name, {}) | value if key.kind == "table" else value


def _tell(key: Key, name: str, platform: str, value: Any, told: set[str], warn: Warn) -> None:
    if key.name in told or key.is_honoured(platform if platform in PLATFORMS else ""):
        return
    if key.honoured:
        told.add(key.name)
        warn(f"`{name}` changes nothing: builder honours it for {', '.join(key.honoured)}")
    elif not key.instead:
        told.add(key.name)
        warn(f"`{name}` is not honoured yet by builder")
    elif value not in [key.value_for(line) for line in LINES]:
        told.add(key.name)
        warn(f"`{name}` changes nothing: {key.instead}")


def _without_wasm(found: dict[str, Any]) -> dict[str, Any]:
    """Flet's compiled client has both forms; without WebAssembly the renderer is the one that needs none of Dart's."""
    if found.get("web.wasm", True):
        return found
    if found.get("web.renderer") == "skwasm":
        raise BuilderError(
            "`tool.flet.web.wasm` is false, but the renderer `skwasm` is WebAssembly",
            hint='choose renderer = "canvaskit" in [tool.flet.web], or leave `wasm` out',
            code=Exit.PROJECT,
        )
    return found | {"web.renderer": "canvaskit"}


def _without_cdn(found: dict[str, Any], warn: Warn) -> dict[str, Any]:
    if not found.get("web.cdn"):
        return found
    warn("`tool.flet.web.cdn` is true, but what builder makes loads nothing from foreign hosts")
    return found | {"web.cdn": False}
