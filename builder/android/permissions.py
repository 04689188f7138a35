"""Which permissions and features an app's manifest names: Flet's defaults, its groups, and what the author writes."""

from collections.abc import Iterable, Mapping
from typing import Any

from builder import fletkeys
from builder.android import written
from builder.android.facts import Group, facts, nearest, platform_names
from builder.errors import BuilderError, Exit
from builder.project import Project

PERMISSION, FEATURE = "android.permission", "android.feature"  # keys of [tool.flet]
_OWN = (
    "android.permission.",
    "android.hardware.",
    "android.software.",
)  # Android's; others may make names of their own


def permissions(project: Project, line: str, package: str) -> dict[str, written.Attributes]:
    """Each permission that the app uses, sorted, with the further attributes of its element.

    False takes a permission of a default or a group away, as in Flet. Raises BuilderError (project).
    """
    groups = _groups(project, line)
    asked = {name: True for group in groups for name in (*group.permissions, *group.lines.get(line, ()))}
    table: dict[str, Any] = fletkeys.BY_NAME[PERMISSION].value_for(line) | asked | _table(project, PERMISSION, line)
    found: dict[str, written.Attributes] = {}
    for name, value in written.names(table, f"tool.flet.{PERMISSION}"):
        place = f"tool.flet.{PERMISSION}.{name}"
        _refuse_unknown(name, "permissions", f"tool.flet.{PERMISSION}")
        if not isinstance(value, (bool, Mapping)):
            raise _wrong(f"`{place}` is neither true, false nor a table", "write one of these")
        if value:
            found[name] = written.attributes("uses-permission", _without_name(value, place), place, package)
    return found


def features(project: Project, line: str) -> dict[str, bool]:
    """Each feature that the manifest names, sorted, and whether it is required. Raises BuilderError (project)."""
    asked = {name: False for group in _groups(project, line) for name in group.features}
    table: dict[str, Any] = fletkeys.BY_NAME[FEATURE].value_for(line) | asked | _table(project, FEATURE, line)
    found: dict[str, bool] = {}
    for name, value in written.names(table, f"tool.flet.{FEATURE}"):
        _refuse_unknown(name, "features", f"tool.flet.{FEATURE}")
        if not isinstance(value, bool):
            raise _wrong(f"`tool.flet.{FEATURE}.{name}` is neither true nor false", "write one of these")
        found[name] = value
    return found


def _groups(project: Project, line: str) -> Iterable[Group]:
    return [facts().groups[name] for name in project.setting("permissions", "android", line)]


def _table(project: Project, key: str, line: str) -> dict[str, Any]:
    table: dict[str, Any] = project.setting(key, "android", line)
    for name, value in table.items():
        if "." not in name and isinstance(value, Mapping):
            raise _wrong(
                f"`tool.flet.{key}.{name}` is a table of tables",
                f'write the whole name in quotes, such as "{sorted(platform_names(f"{key[8:]}s"))[0]}" = true',
            )
    return table


def _without_name(value: Any, place: str) -> Mapping[str, Any]:
    attributes = value if isinstance(value, Mapping) else {}
    if "name" in attributes:
        raise _wrong(f"`{place}.name` is the name of the table already", "remove it")
    return attributes


def _refuse_unknown(name: str, kind: str, place: str) -> None:
    if name.startswith(_OWN) and name not in platform_names(kind):
        raise _wrong(
            f"`{place}`: Android {facts().api} has no `{name}`",
            f"remove it, or write a known one; the nearest is `{nearest(name, platform_names(kind))}`",
        )


def _wrong(fact: str, mend: str) -> BuilderError:
    return BuilderError(fact, hint=mend, code=Exit.PROJECT)
