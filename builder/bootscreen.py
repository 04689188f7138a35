"""The screen that an app shows while Python starts: Flet's table `boot_screen`, and its older form."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from builder.errors import BuilderError, Exit
from builder.model import Model

_COLOR = re.compile(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})|[A-Za-z]+")


def _css(value: Any) -> str:
    """A colour as CSS has it: Flet puts the opacity of `#aarrggbb` first."""
    if not isinstance(value, str) or not _COLOR.fullmatch(value):
        raise ValueError("is no colour: write #rrggbb, or a name such as white")
    return f"#{value[3:]}{value[1:3]}".lower() if len(value) == 9 and value[0] == "#" else value.lower()


Color = Annotated[str, BeforeValidator(_css)]


class BootScreen(Model):
    """The options of Flet's own screen; what has no colour gets that of the browser's mode."""

    theme_mode: Literal["auto", "light", "dark"] = "auto"
    bgcolor_light: Color = "canvas"
    bgcolor_dark: Color = "canvas"
    spinner_color_light: Color = "canvastext"
    spinner_color_dark: Color = "canvastext"
    spinner_size: int = Field(default=0, ge=0, le=10_000)  # CSS pixels; 0: no spinner
    text_color_light: Color = "canvastext"
    text_color_dark: Color = "canvastext"
    prepare_message: str = ""  # until Python is started
    startup_message: str = ""  # until the app draws
    fade_out_duration: int = Field(default=0, ge=0, le=60_000)  # milliseconds


def of(flet: Mapping[str, Any], platform: str) -> BootScreen | None:
    """The screen that the keys (dotted name -> value) of an app ask for on a platform; None where they ask for none.

    Raises BuilderError (project) naming the option that has a wrong value.
    """
    tables = [flet.get(name, {}) for name in ("boot_screen", f"{platform}.boot_screen")]
    if not any(tables):
        return _older(flet, platform)
    name = (tables[0] | tables[1]).get("name", "flet")
    if name != "flet":
        raise _wrong("name", f"is `{name}`, which is not in Flet's compiled client", 'write name = "flet"')
    options: dict[str, Any] = {}
    for table in tables:
        chosen = table.get(name, {})
        if not isinstance(chosen, dict):
            raise _wrong("flet", "is no table", "write its options below [tool.flet.boot_screen.flet]")
        options |= chosen
    return _checked(options)


def _older(flet: Mapping[str, Any], platform: str) -> BootScreen | None:
    """Of two tables with `show` and `message`."""
    found: dict[str, Any] = {}
    for key, message in (("app.boot_screen", "prepare_message"), ("app.startup_screen", "startup_message")):
        table = flet.get(key, {}) | flet.get(f"{platform}.{key}", {})
        if table.get("show"):
            found |= {"spinner_size": 30, message: table.get("message", "")}
    return _checked(found) if found else None


def _checked(options: Mapping[str, Any]) -> BootScreen:
    try:
        return BootScreen.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        said = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"].lower()
        known = ", ".join(BootScreen.model_fields)
        raise _wrong(f"flet.{first['loc'][0]}", f"has a wrong value: {said}", f"the options are: {known}") from error


def _wrong(option: str, what: str, mend: str) -> BuilderError:
    return BuilderError(f"`pyproject.toml`: `tool.flet.boot_screen.{option}` {what}", hint=mend, code=Exit.PROJECT)
