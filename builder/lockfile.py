"""builder.lock on disk: TOML 1.0, one artifact a line, sorted, the same bytes for the same lock.

No dates (Nix's fromTOML refuses them), no tool version, no path of a machine.
"""

import tomllib
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from builder import whole
from builder.errors import BuilderError, Exit
from builder.lock import FILENAME, VERSION, Lock, Pin

_HEAD = "# Written by `builder lock`. Change pyproject.toml, not this file.\n"


def load(root: Path) -> Lock:
    """The lock of the app in a folder. Raises BuilderError (lock) where it is missing, newer or broken."""
    try:
        data = (root / FILENAME).read_bytes()
    except FileNotFoundError as error:
        raise BuilderError(
            f"there is no {FILENAME} in `{root.name}`",
            hint="run `builder lock` while a registry can be reached, and commit the result",
            code=Exit.LOCK,
        ) from error
    except OSError as error:
        raise _broken(f"can't be read: {error.strerror}") from error
    return parse(data)


def parse(data: bytes) -> Lock:
    """The lock that the bytes of a builder.lock hold. Raises BuilderError (lock)."""
    try:
        table = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:  # of TOML, of UTF-8, or an int of too many digits
        raise _broken(f"is not TOML: {error}") from error
    version = table.pop("version", None)
    if type(version) is int and version > VERSION:
        raise BuilderError(
            f"{FILENAME} is of version {version}; this builder reads up to {VERSION}",
            hint="install a newer builder, or remove it and run `builder lock`",
            code=Exit.LOCK,
        )
    if version != VERSION:
        raise _broken("states no `version` that this builder knows")
    try:
        table["packages"] = _pins(table.pop("package", []))
        table["pins"] = _pins(table.pop("pin", []))
        table["sdists"] = table.pop("sdist", [])
        lock = Lock.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _broken(f"is wrong at `{place}`: {first['msg']}") from error
    except (TypeError, AttributeError, KeyError) as error:
        raise _broken("has a [[package]] or [[pin]] of the wrong form") from error
    _refuse_twins(lock)
    return lock


def dump(lock: Lock) -> str:
    """The text of builder.lock, the same for the same lock however its parts were ordered."""
    parts = [_HEAD + f"version = {VERSION}\n", _table("inputs", lock.inputs.model_dump(mode="json", by_alias=True))]
    if lock.sources:
        rows = sorted((alias, origin.model_dump()) for alias, origin in lock.sources.items())
        parts.append("[sources]\n" + "".join(f"{_key(alias)} = {_value(row)}\n" for alias, row in rows))
    if lock.flutter:
        note = "# the SDK behind the client; the prebuilt client does not fetch it\n"
        parts.append(note + _table("flutter", lock.flutter.model_dump()))
    parts.append(_table("toolchain", lock.toolchain.model_dump()))
    if lock.unavailable:
        parts.append(_table("unavailable", dict(sorted(lock.unavailable.items()))))
    parts += _groups("package", lock.packages)
    built = sorted(lock.sdists, key=lambda sdist: sdist.file)
    parts += [_table("[sdist]", sdist.model_dump(mode="json")) for sdist in built]  # an array of tables
    parts += _groups("pin", lock.pins)
    return "\n".join(parts)


def save(root: Path, lock: Lock) -> bool:
    """Write builder.lock whole or not at all; False where it already says the same. Raises BuilderError (project)."""
    path, text = root / FILENAME, dump(lock).encode()
    try:
        if path.is_file() and path.read_bytes() == text:
            return False
        whole.write(path, text)
    except OSError as error:
        raise whole.unwritable(FILENAME, error, "allow or free that place, and lock again") from error
    return True


def _pins(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of all groups, each with the fields that its group states once."""
    rows = []
    for group in groups:
        common = {key: value for key, value in group.items() if key != "files"}
        for row in group["files"]:
            rows.append({**common, **row, "targets": row["for"]})
            del rows[-1]["for"]
    return rows


def _refuse_twins(lock: Lock) -> None:
    """A target may not be given two files of one package."""
    seen: dict[tuple[str, str], str] = {}
    for pin in lock.packages:
        for target in pin.targets:
            if (pin.name, target) in seen:
                raise _broken(f"gives `{target}` both {seen[pin.name, target]} and {pin.file}")
            seen[pin.name, target] = pin.file


def _groups(kind: str, pins: tuple[Pin, ...]) -> list[str]:
    ordered = sorted(pins, key=lambda pin: (pin.name, pin.version, pin.source, pin.path, pin.file, pin.targets))
    parts = []
    for (name, version, source), group in groupby(ordered, key=lambda pin: (pin.name, pin.version, pin.source)):
        rows = "".join(f"  {_value(_row(pin))},\n" for pin in group)
        head = f"name = {_value(name)}\nversion = {_value(version)}\nsource = {_value(source)}\n"
        parts.append(f"[[{kind}]]\n{head}files = [\n{rows}]\n")
    return parts


def _row(pin: Pin) -> dict[str, Any]:
    row: dict[str, Any] = {"for": list(pin.targets)}
    row |= {"path": pin.path} if pin.path else {}
    row["file"] = pin.file
    row |= {"size": pin.size} if pin.size is not None else {}
    return row | {"sha256": pin.sha256, "hash": pin.hash}


def _table(name: str, values: dict[str, Any]) -> str:
    return f"[{name}]\n" + "".join(f"{_key(key)} = {_lines(value)}\n" for key, value in values.items())


def _lines(value: Any) -> str:
    """A list of more than one thing gets a line for each, so that a change shows as one line."""
    if isinstance(value, list) and len(value) > 1:
        return "[\n" + "".join(f"  {_value(item)},\n" for item in value) + "]"
    return _value(value)


def _value(value: Any) -> str:
    """A TOML value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(_escaped(char) for char in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + " }"
    raise TypeError(f"no TOML for {value!r}")


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    return f"\\u{ord(char):04X}" if ord(char) < 0x20 or ord(char) == 0x7F else char


def _key(key: str) -> str:
    bare = key and all(char.isascii() and (char.isalnum() or char in "-_") for char in key)
    return key if bare else _value(key)


def _broken(what: str) -> BuilderError:
    return BuilderError(
        f"{FILENAME} {what}",
        hint="restore it from version control, or run `builder lock`",
        code=Exit.LOCK,
    )
