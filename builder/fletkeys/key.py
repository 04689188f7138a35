"""One key of `[tool.flet]`: what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

LINES = ("0.82", "1.0")  # the Flet lines, oldest first
PLATFORMS = ("android", "ios", "linux", "macos", "web", "windows")
ANDROID = ("android",)
BUILT = ("android", "linux", "macos", "web", "windows")  # the platforms that builder builds
MACOS = ("macos",)
WINDOWS = ("windows",)
PAGES = ("android", "web")  # those of them on which an app is shown in a page
NAMED = ("android", "linux", "macos", "windows")  # those whose artifact has a name and an identifier of its own

Kind = Literal["bool", "int", "text", "list", "globs", "table"]
Scope = Literal["app", "both", "platform"]


@dataclass(frozen=True)
class Key:
    """A setting of an app, with its name in pyproject.toml and on the command line."""

    name: str  # dotted, below [tool.flet] unless `table` says otherwise
    help: str  # one sentence without its full stop
    kind: Kind = "text"  # globs: a list, or one string with commas
    default: Any = None
    option: str = ""  # as Flet spells it; "--no-x" of a bool turns it off
    scope: Scope = "app"  # read from [tool.flet], from both, or only from [tool.flet.<platform>]
    platforms: tuple[str, ...] = PLATFORMS
    table: str = "tool.flet"  # "project": stands in [project]; "": on the command line only
    choices: tuple[str, ...] = ()  # of a text, or of each item of a list
    refused: Mapping[str, str] = field(default_factory=dict)  # value that Flet dropped -> its mend
    defaults: Mapping[str, Any] = field(default_factory=dict)  # Flet line -> default, where it is another
    lines: tuple[str, ...] = LINES  # that know the key
    aliases: tuple[str, ...] = ()  # older names
    honoured: tuple[str, ...] = ()  # the platforms for which builder does what it says
    instead: str = ""  # why builder never does what it says: what it does instead, without a full stop
    variable: str = ""  # of the environment, that Flet takes for the key where it is not written; builder reads none

    @property
    def negated(self) -> bool:
        """Whether the option only turns the key off."""
        return self.kind == "bool" and self.option.startswith("--no-")

    def is_honoured(self, platform: str = "") -> bool:
        """Whether builder does what the key says for a platform; without one, for any."""
        return platform in self.honoured if platform else bool(self.honoured)

    @property
    def parameter(self) -> str:
        """The key's name as a Python identifier."""
        return self.name.replace(".", "_")

    def value_for(self, line: str) -> Any:
        """The default under a Flet line, as JSON-able data."""
        value = self.defaults.get(line, self.default)
        return list(value) if isinstance(value, tuple) else value
