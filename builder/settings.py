"""What the author told builder itself: the table [tool.builder]."""

import datetime
import difflib
import re
from typing import Any, Literal, get_args

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, is_normalized_name
from pydantic import Field, ValidationError, field_validator

from builder.errors import BuilderError, Exit
from builder.model import PREBUILT, Model
from builder.updates import Update

Python = Literal["3.12", "3.14"]  # the default first

FAMILIES = tuple(sorted({target.split("-", 1)[0] for target in PREBUILT if "-" in target}))
_CHOICES = f"choose some of: {', '.join((*PREBUILT, *FAMILIES))}"
_MENDS = {
    "targets": _CHOICES,
    "python": f"choose one of, in quotes: {', '.join(get_args(Python))}",
    "client": 'write client = "prebuilt", or leave it out',
    "runtime": "choose one of: python-build-standalone, bytedeco",
    "sdist": 'write a list of package names, such as ["msgpack"]',
    "android-hosts": 'write a list of host names, such as ["api.example.com"]',
    "index": 'write a table of package to the URL of its index, such as acme = "https://nexus.example.com/simple/"',
    "mirrors": 'write a table of alias to URL, such as pypi = "https://mirror.example.com/simple/"',
    "update": 'write allow = "major", "minor", "patch" or "never", cooldown in days, and the same, pin and exclude for '
    "single packages in [tool.builder.update.packages]",
    "exclude-newer": "write an instant with its offset or a day, such as 2026-01-31T12:00:00Z or 2026-01-31",
}


class Settings(Model):
    """The table [tool.builder], checked and in its one form."""

    targets: tuple[str, ...] = PREBUILT  # in the order of PREBUILT
    declared: bool = False  # True: the author named the targets
    python: Python = "3.12"
    client: Literal["prebuilt", "source"] = "prebuilt"
    runtime: Literal["python-build-standalone", "bytedeco"] = "python-build-standalone"
    sdist: tuple[str, ...] = ()  # PEP 503 names, sorted
    android_hosts: tuple[str, ...] = Field(default=(), alias="android-hosts")  # reached by the app's shell, sorted
    # package -> URL of the one index that it comes from, as written; what records hold is the project's, without secret
    index: dict[str, str] = Field(default={}, exclude=True, repr=False)
    mirrors: dict[str, str] = Field(default={})  # alias -> URL
    exclude_newer: str = Field(default="", alias="exclude-newer")  # RFC 3339 in UTC; a file of that instant is too new

    update: Update = Update()  # how far `builder lock --upgrade` goes

    @field_validator("targets", mode="before")
    @classmethod
    def _targets(cls, value: Any) -> tuple[str, ...]:
        """Each named target, a family as all of its own."""
        names = _texts(value)
        unknown = [name for name in names if name not in (*PREBUILT, *FAMILIES)]
        if unknown:
            raise ValueError(f"names `{unknown[0]}`, which is no target that builder can build")
        if not names:
            raise ValueError("is empty")
        return tuple(target for target in PREBUILT if target in names or target.split("-", 1)[0] in names)

    @field_validator("sdist", mode="before")
    @classmethod
    def _sdist(cls, value: Any) -> tuple[str, ...]:
        names = [canonicalize_name(name) for name in _texts(value)]
        wrong = [name for name in names if not is_normalized_name(name)]
        if wrong:
            raise ValueError(f"names `{wrong[0]}`, which is no package name")
        return tuple(sorted(set(names)))

    @field_validator("android_hosts", mode="before")
    @classmethod
    def _hosts(cls, value: Any) -> tuple[str, ...]:
        names = [name.lower() for name in _texts(value)]
        wrong = [
            name for name in names if not re.fullmatch(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", name)
        ]
        if wrong:
            raise ValueError(f"names `{wrong[0]}`, which is no host name")
        return tuple(sorted(set(names)))

    @field_validator("index", mode="before")
    @classmethod
    def _index(cls, value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise ValueError("is not a table")
        for name, url in value.items():
            if not is_normalized_name(canonicalize_name(name)):
                raise ValueError(f"names `{name}`, which is no package name")
            if not isinstance(url, str) or not re.match(r"https?://[^\s/]+\S*$", url):
                raise ValueError(f"has no http or https URL for `{name}`")
        return {canonicalize_name(name): url for name, url in value.items()}

    @field_validator("mirrors", mode="before")
    @classmethod
    def _mirrors(cls, value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise ValueError("is not a table")
        for alias, url in value.items():
            if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", alias):
                raise ValueError(f"has the alias `{alias}`, which is not lower-case letters, digits and dashes")
            if not isinstance(url, str) or not re.match(r"(https?|file)://\S+$", url):
                raise ValueError(f"has no http, https or file URL for `{alias}`")
        return value

    @field_validator("exclude_newer", mode="before")
    @classmethod
    def _instant(cls, value: Any) -> str:
        """RFC 3339 in UTC; a day means up to its end in UTC, wherever the lock is made."""
        try:
            moment = _moment(value)
            if moment.tzinfo is None:
                raise ValueError("has no offset from UTC")
            instant = moment.astimezone(datetime.UTC).replace(tzinfo=None, microsecond=0)
        except (AttributeError, OverflowError) as error:
            raise ValueError("is no instant") from error
        return f"{instant.isoformat()}Z"


def parse(table: Any, requires_python: SpecifierSet) -> Settings:
    """The settings of a table [tool.builder]; the Python is the first that the project's own requires-python allows.

    Raises BuilderError (project) naming the key and its mend.
    """
    if not isinstance(table, dict):
        raise _wrong("tool.builder", "is not a table", "write its keys below [tool.builder]")
    known = [key for name in Settings.model_fields if (key := name.replace("_", "-")) != "declared"]
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key[:200], known, n=1, cutoff=0.0)[0]
            raise _wrong(f"tool.builder.{key}", "is not a key", f"remove it; the nearest key is `{near}`")
    allowed = [python for python in get_args(Python) if _allows(requires_python, python)]
    if not allowed and "python" not in table:
        have = " and ".join(get_args(Python))
        raise _wrong("project.requires-python", f"allows none of the Pythons {have}", "widen it to one of them")
    try:
        found = Settings.model_validate({"python": [*allowed, ""][0], **table, "declared": "targets" in table})
    except ValidationError as error:
        raise _explained(error) from error
    if found.python not in allowed:
        mend = f"choose {' or '.join(allowed)}" if allowed else "widen requires-python"
        raise _wrong("tool.builder.python", f"is {found.python}, which project.requires-python rules out", mend)
    if found.client == "source":
        raise _wrong("tool.builder.client", "is `source`, which is not built yet", _MENDS["client"])
    return found


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("is not a list of texts")
    return value


def _moment(value: Any) -> datetime.datetime:
    """The instant of a TOML date or RFC 3339 text."""
    if isinstance(value, str):
        try:
            day = re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII)
            value = datetime.date.fromisoformat(value) if day else datetime.datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError("is no instant") from error
    if isinstance(value, datetime.datetime):
        return value
    return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC) + datetime.timedelta(days=1)


def _allows(specifiers: SpecifierSet, python: str) -> bool:
    """Whether some release of a Python line is allowed: its first or a late one."""
    return any(specifiers.contains(f"{python}.{patch}") for patch in ("0", "99"))


def _explained(error: ValidationError) -> BuilderError:
    first = error.errors()[0]
    key = str(first["loc"][0]).replace("_", "-")
    if first["type"] == "value_error":
        what = str(first["ctx"]["error"])
    else:
        what = f"is `{first['input']}`, which is no choice" if isinstance(first["input"], str) else "is not text"
    return _wrong(f"tool.builder.{key}", what, _MENDS[key])


def _wrong(name: str, what: str, mend: str) -> BuilderError:
    return BuilderError(f"`pyproject.toml`: `{name}` {what}", hint=mend, code=Exit.PROJECT)
