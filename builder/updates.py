"""How far an upgrade may go: the table [tool.builder.update]. Pure: what there is, and what day it is, is told."""

import datetime
from collections.abc import Iterable
from typing import Any, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name, is_normalized_name
from packaging.version import InvalidVersion, Version
from pydantic import Field, field_validator

from builder.model import Model

Step = Literal["major", "minor", "patch", "never"]
_DAYS = 3650


class Rule(Model):
    """How far one package may go; what is None is as for all."""

    allow: Step | None = None
    pin: str = ""  # PEP 440 specifiers that a newer version must fit
    exclude: tuple[str, ...] = ()  # versions that are never taken, such as 2.0.*
    cooldown: int | None = Field(default=None, ge=0, le=_DAYS)  # days that a file must have been published for

    @field_validator("pin", mode="before")
    @classmethod
    def _pin(cls, value: Any) -> str:
        """A bare version or prefix is that alone."""
        text = value if isinstance(value, str) else ""
        return _specifier(text if not text or text[0] in "<>=!~" else f"=={text}")

    @field_validator("exclude", mode="before")
    @classmethod
    def _exclude(cls, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
            raise ValueError("is not a list of versions")
        return tuple(sorted({_specifier(f"!={text}").removeprefix("!=") for text in value}))


class Update(Model):
    """The table [tool.builder.update]."""

    allow: Step = "major"
    cooldown: int = Field(default=0, ge=0, le=_DAYS)  # days
    packages: dict[str, Rule] = Field(default={})  # PEP 503 name -> its own rule

    @field_validator("packages", mode="before")
    @classmethod
    def _packages(cls, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError("is not a table")
        wrong = [name for name in value if not is_normalized_name(canonicalize_name(name)) and ":" not in name]
        if wrong:
            raise ValueError(f"names `{wrong[0]}`, which is no package name")
        return {canonicalize_name(name): rule for name, rule in value.items()}

    def rule(self, name: str) -> Rule:
        """The whole rule of a package."""
        own = self.packages.get(canonicalize_name(name), Rule())
        filled = {"allow": own.allow or self.allow, "cooldown": self.cooldown if own.cooldown is None else own.cooldown}
        return own.model_copy(update=filled)


def limits(rule: Rule, name: str, locked: Iterable[str]) -> tuple[str, ...]:
    """The constraints (PEP 508) that keep an upgrade of a package within its rule; `locked` are its versions now."""
    versions = sorted(Version(version) for version in locked)
    found = [f"{name}{rule.pin}"] if rule.pin else []
    found += [f"{name}!={version}" for version in rule.exclude]
    if rule.allow == "never" and len(versions) == 1:
        return (f"{name}=={versions[0]}",)
    if versions and rule.allow != "major":
        found.append(
            f"{name}<{_next(versions[-1], rule.allow)}" if rule.allow != "never" else f"{name}<={versions[-1]}"
        )
    return tuple(found)


def fits(rule: Rule, locked: Iterable[str], version: str) -> bool:
    """Whether a rule lets a package go to a version."""
    return all(
        SpecifierSet(text.removeprefix("x")).contains(version, prereleases=True) for text in limits(rule, "x", locked)
    )


def cutoff(rule: Rule, now: datetime.datetime) -> str:
    """The instant (RFC 3339, UTC) from which on a file is too new for a rule; "" where none is."""
    if not rule.cooldown:
        return ""
    return instant(now - datetime.timedelta(days=rule.cooldown))


def instant(moment: datetime.datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return moment.astimezone(datetime.UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def _next(version: Version, allow: Step | None) -> str:
    """The first version beyond the same major, or the same minor, version."""
    epoch = f"{version.epoch}!" if version.epoch else ""
    return f"{epoch}{version.major}.{version.minor + 1}" if allow == "patch" else f"{epoch}{version.major + 1}"


def _specifier(text: str) -> str:
    try:
        return str(SpecifierSet(text))
    except (InvalidSpecifier, InvalidVersion) as error:
        raise ValueError(f"has `{text}`, which is no version or specifier of PEP 440") from error
