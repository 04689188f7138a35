"""What an app is called by Android: its application id, its versions, the API levels that it is made for."""

import re
import unicodedata
from typing import Any

from builder.android.facts import facts
from builder.errors import BuilderError, Exit
from builder.model import Model
from builder.project import Project

MIN_SDK = 24  # Android 7.0: the oldest whose WebView runs WebAssembly and whose system needs no v1 signature
TARGET_SDK = 35
_NEWEST_SDK = 40  # far enough; a slip of the finger such as 340 is refused
_LARGEST_CODE = 2_100_000_000  # that Google Play takes
_LONGEST_ID = 127  # UTF-16 units that a table of resources has for it
_SEGMENT = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Identity(Model):
    """What Android knows an app by."""

    package: str  # the application id
    version_code: int
    version_name: str
    min_sdk: int
    target_sdk: int


def of(project: Project, line: str) -> Identity:
    """The identity of a project under a Flet line. Raises BuilderError (project)."""

    def setting(key: str) -> Any:
        return project.setting(key, "android", line)

    oldest, newest = setting("android.min_sdk_version"), setting("android.target_sdk_version")
    return Identity(
        package=package(project, line),
        version_code=_version_code(setting("build_number")),
        version_name=setting("build_version"),
        min_sdk=_min_sdk(MIN_SDK if oldest is None else oldest),
        target_sdk=_target_sdk(TARGET_SDK if newest is None else newest, oldest),
    )


def package(project: Project, line: str) -> str:
    """The application id: `bundle_id`, else of `org` and the project's name, as Flet makes it.

    Raises BuilderError (project).
    """
    stated = project.setting("bundle_id", "android", line)
    if stated:
        return _checked(_android(stated), "bundle_id", f"`{stated}`")
    org = project.setting("org", "android", line)
    name = slug(project.name).replace("-", "_")
    if not name:
        raise _wrong(
            f"the name `{project.name}` has no letter that an application id can hold",
            f'set `bundle_id` in [tool.flet], such as "{org}.app"',
        )
    return _checked(f"{org}.{name}", "bundle_id", f"`{org}.{name}`, made of `org` and the project's name,")


def slug(name: str) -> str:
    """A name in lower-case ASCII with hyphens, as Flet makes it: `Café 2 go` is `cafe-2-go`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[-_\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower()).strip("-")


def _android(bundle_id: str) -> str:
    """Flet writes `_` for `-` in the last part of an id on Android."""
    above, dot, last = bundle_id.rpartition(".")
    return f"{above}{dot}{last.replace('-', '_')}"


def _checked(name: str, key: str, shown: str) -> str:
    parts = name.split(".")
    wrong = [part for part in parts if not _SEGMENT.fullmatch(part)]
    if wrong or len(parts) < 2 or len(name) > _LONGEST_ID:
        why = f"its part `{wrong[0]}`" if wrong else f"it has {len(parts)} parts and {len(name)} characters"
        raise _wrong(
            f"{shown} is no application id: {why}",
            f"set `{key}` in [tool.flet] to two or more parts with dots between them, such as com.example.app: each a"
            f" letter, then letters, digits and _; {_LONGEST_ID} characters at most",
        )
    return name


def _version_code(number: int) -> int:
    if not 1 <= number <= _LARGEST_CODE:
        raise _wrong(
            f"`build_number` is {number}, which is no version code of Android",
            f"set `build_number` in [tool.flet] to a whole number from 1 to {_LARGEST_CODE}",
        )
    return number


def _min_sdk(number: int) -> int:
    if not MIN_SDK <= number <= _NEWEST_SDK:
        raise _wrong(
            f"`android.min_sdk_version` is {number}, and the APK runs from API level {MIN_SDK} (Android 7.0) on",
            f"set `min_sdk_version` in [tool.flet.android] to {MIN_SDK} or more, or remove it",
        )
    return number


def _target_sdk(number: int, oldest: int | None) -> int:
    floor = max(oldest or 0, MIN_SDK)
    if not floor <= number <= _NEWEST_SDK:
        raise _wrong(
            f"`android.target_sdk_version` is {number}, which is not from {floor} to {_NEWEST_SDK}",
            f"set `target_sdk_version` in [tool.flet.android] to the level that the app was tried with, such as"
            f" {facts().api}, or remove it",
        )
    return number


def _wrong(fact: str, mend: str) -> BuilderError:
    return BuilderError(fact, hint=mend, code=Exit.PROJECT)
