"""AndroidManifest.xml of an app, as text: what the system knows of it before it is started."""

import re
from collections.abc import Mapping
from typing import Any

from builder import templates
from builder.android import identity, permissions, written
from builder.errors import BuilderError, Exit
from builder.project import Project

SHELL = "dev.flet.shell"  # the Java package of the one activity, and of the meta-data that it reads
_META_DATA, _PROVIDER, _APPLICATION = "android.meta_data", "android.provider", "android.manifest_application"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")  # RFC 3986; Android compares it as it is written, so no capitals
_HOST = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\*")
_CLASSES = ("android.", f"{SHELL}.")  # what a provider can be: there is no other code in the APK

# Attributes of <application> that another key, or the shell, decides.
_DECIDED = {
    "icon": "put `icon_android.png` or `icon.png` in the app's assets",
    "label": "set `product` in [tool.flet]",
    "hasCode": "remove it: the APK has code",
    "roundIcon": "put `icon_android.png` or `icon.png` in the app's assets",
}
_JAVA = ("appComponentFactory", "backupAgent", "manageSpaceActivity", "name", "zygotePreloadName")


def text(project: Project, line: str, hosts: tuple[str, ...] = ()) -> str:
    """The manifest of a project under a Flet line. Raises BuilderError (project).

    `hosts` are reached by the shell for the app, since they send no CORS headers.
    """
    known = identity.of(project, line)
    return templates.render(
        "android/AndroidManifest.xml",
        identity=known,
        version_name=written.literal(known.version_name),
        permissions=permissions.permissions(project, line, known.package),
        features=permissions.features(project, line),
        application=_application(project, line, known.package),
        meta_data=_meta_data(project, line, known.package, hosts),
        link=_link(project, line),
        providers=_providers(project, line, known.package),
    )


def _application(project: Project, line: str, package: str) -> written.Attributes:
    place = f"tool.flet.{_APPLICATION}"
    given: dict[str, Any] = project.setting(_APPLICATION, "android", line)
    for name in given:
        if name in _DECIDED:
            raise _wrong(f"`{place}.{name}` is decided by something else", _DECIDED[name])
        if name in _JAVA and not str(given[name]).startswith(_CLASSES):
            raise _no_class(f"{place}.{name}", given[name])
    own = {
        "enableOnBackInvokedCallback": "true",
        "icon": "@mipmap/ic_launcher",
        "label": written.literal(project.setting("product", "android", line)),
        "usesCleartextTraffic": "false",
    }
    return tuple(sorted((own | dict(written.attributes("application", given, place, package))).items()))


def _meta_data(project: Project, line: str, package: str, hosts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    place = f"tool.flet.{_META_DATA}"
    found: dict[str, str] = {}
    for name, value in written.names(project.setting(_META_DATA, "android", line), place):
        if name.startswith(f"{SHELL}."):
            raise _wrong(f"`{place}`: `{name}` is a name of the app's shell", "choose another name")
        (pair,) = written.attributes("meta-data", {"value": value}, f"{place}.{name}", package)
        found[name] = pair[1]
    if hosts:
        found[f"{SHELL}.hosts"] = written.literal(",".join(sorted(hosts)))
    if project.setting("web.route_url_strategy", "android", line) == "hash":
        found[f"{SHELL}.strategy"] = "hash"
    return tuple(sorted(found.items()))


def _link(project: Project, line: str) -> tuple[str, str] | None:
    """(scheme, host) of the URLs that open the app."""
    scheme = project.setting("deep_linking.scheme", "android", line)
    host = project.setting("deep_linking.host", "android", line)
    if not scheme and not host:
        return None
    place = "tool.flet.android.deep_linking"
    if not (scheme and host):
        raise _wrong(f"`{place}` has a {'scheme' if scheme else 'host'} alone", "set both `scheme` and `host`, or none")
    if not _SCHEME.fullmatch(scheme):
        raise _wrong(f"`{place}.scheme` is `{scheme}`, which is no scheme", 'write it such as "myapp" or "https"')
    if not _HOST.fullmatch(host):
        raise _wrong(
            f"`{place}.host` is `{host}`, which is no host", 'write it such as "example.com", without the rest'
        )
    return scheme, host


def _providers(project: Project, line: str, package: str) -> list[tuple[str, written.Attributes, list[Any]]]:
    """Each content provider with its attributes and its meta-data; false, or a table without any, leaves one out."""
    place = f"tool.flet.{_PROVIDER}"
    found = []
    for name, value in written.names(project.setting(_PROVIDER, "android", line), place):
        if value is False or value == {}:
            continue
        if not isinstance(value, Mapping):
            raise _wrong(f"`{place}.{name}` is neither a table nor false", "write a table of its attributes, or false")
        if "name" in value:
            raise _wrong(f"`{place}.{name}.name` is the name of the table already", "remove it")
        if not name.startswith(_CLASSES):
            raise _no_class(f"{place}.{name}", name)
        given = {key: item for key, item in value.items() if key != "meta_data"}
        rows = _provider_meta_data(value.get("meta_data", {}), f"{place}.{name}.meta_data", package)
        found.append((name, written.attributes("provider", given, f"{place}.{name}", package), rows))
    return found


def _provider_meta_data(table: Any, place: str, package: str) -> list[tuple[str, written.Attributes]]:
    if not isinstance(table, Mapping):
        raise _wrong(f"`{place}` is no table", 'write a table such as { "name" = "value" }')
    return [
        (name, written.attributes("meta-data", _given(value), f"{place}.{name}", package))
        for name, value in written.names(table, place)
    ]


def _given(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {"value": value}


def _no_class(place: str, name: Any) -> BuilderError:
    return _wrong(
        f"`{place}`: the APK has no class `{name}`, and Android would end the app as it starts",
        "remove it: there is no Java in the APK but the shell's; a native Android build is needed for it",
    )


def _wrong(fact: str, mend: str) -> BuilderError:
    return BuilderError(fact, hint=mend, code=Exit.PROJECT)
