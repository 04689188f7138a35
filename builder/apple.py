"""What macOS reads of an app beside its code: the names of the bundle, Info.plist, the entitlements."""

import plistlib
import re
from collections.abc import Mapping
from typing import Any

from builder import fletkeys
from builder.errors import BuilderError, Exit
from builder.project import Project

PLATFORM = "macos"
ICON = "AppIcon.icns"
_LONGEST = 155  # characters of an identifier, as the App Store has it
_MOST = 1 << 64  # what a whole number of a property list stays below
# Permission groups of Flet: what Info.plist says for each, and the entitlement (flet-cli 0.82 and 1.0, build_base.py).
_GROUPS = {
    "biometric": ("NSFaceIDUsageDescription", "This app asks who you are.", ""),
    "camera": (
        "NSCameraUsageDescription",
        "This app takes photos and videos.",
        "com.apple.security.device.camera",
    ),
    "location": (
        "NSLocationUsageDescription",
        "This app uses your location.",
        "com.apple.security.personal-information.location",
    ),
    "microphone": (
        "NSMicrophoneUsageDescription",
        "This app records sound.",
        "com.apple.security.device.audio-input",
    ),
    "photo_library": (
        "NSPhotoLibraryUsageDescription",
        "This app uses your photo library.",
        "com.apple.security.personal-information.photos-library",
    ),
}
# What names the bundle's own parts: another value would make a bundle that does not start.
_OWN = {
    "CFBundleExecutable": "`artifact`",
    "CFBundleIconFile": "`assets/icon_macos.png`",
    "CFBundleIdentifier": "`bundle_id`",
    "CFBundlePackageType": "nothing",
    "CFBundleShortVersionString": "`version` in [project]",
    "CFBundleVersion": "`build_number`",
}


def identifier(project: Project, line: str) -> str:
    """The bundle's identifier, such as `com.flet.my-app`. Raises BuilderError (project) for one that Apple refuses."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", project.name).strip("-").lower() or "app"
    found: str = project.setting("bundle_id", PLATFORM, line) or f"{project.setting('org', PLATFORM, line)}.{slug}"
    if len(found) > _LONGEST or not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", found):
        raise _wrong(
            f"`{found[:_LONGEST]}` is no identifier of a macOS app",
            "set `bundle_id` in [tool.flet.macos] to names joined by dots, such as org.example.counter: of ASCII"
            f" letters, digits and hyphens, {_LONGEST} characters at most",
        )
    return found


def version(project: Project, line: str) -> str:
    """The version as Apple has it: one to three whole numbers. Raises BuilderError (project) where there is none."""
    text = project.setting("build_version", PLATFORM, line)
    found = re.match(r"v?(?:[0-9]+!)?([0-9]+(?:\.[0-9]+){0,2})", text)
    if found is None:
        raise _wrong(
            f"`{text[:_LONGEST]}` does not begin with a number, so no macOS app can have it as its version",
            "set `version` in [project] to one such as 1.0.0",
        )
    return found[1]


def info(project: Project, line: str, launcher: str, arch: str, system: str) -> str:
    """The text of Info.plist, for a launcher in Contents/MacOS. Raises BuilderError (project)."""
    found: dict[str, Any] = {
        "CFBundleDevelopmentRegion": "en",
        "CFBundleDisplayName": project.setting("product", PLATFORM, line),
        "CFBundleExecutable": launcher,
        "CFBundleIdentifier": identifier(project, line),
        "CFBundleInfoDictionaryVersion": "6.0",
        "CFBundleName": project.setting("product", PLATFORM, line),
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": version(project, line),
        "CFBundleSignature": "????",
        "CFBundleSupportedPlatforms": ["MacOSX"],
        "CFBundleVersion": _number(project, line),
        "LSArchitecturePriority": [arch],  # a launcher that is no Mach-O names none, and macOS would ask for Rosetta
        "LSMinimumSystemVersion": system,
        "LSUIElement": True,  # the launcher has no window; the client inside is what Dock and menu show
        "NSHighResolutionCapable": True,
    }
    if has_icon(project):
        found["CFBundleIconFile"] = ICON
    if line_of_copyright := project.setting("copyright", PLATFORM, line):
        found["NSHumanReadableCopyright"] = line_of_copyright
    if scheme := _scheme(project, line):
        found["CFBundleURLTypes"] = [{"CFBundleTypeRole": "Viewer", "CFBundleURLSchemes": [scheme]}]
    for group in project.setting("permissions", PLATFORM, line):
        name, text, _ = _GROUPS[group]
        found[name] = text
    written = project.setting("info", PLATFORM, line)
    for name in sorted(_OWN.keys() & written.keys()):
        raise _wrong(
            f"`tool.flet.macos.info.{name}` says what builder writes itself", f"remove it; {_OWN[name]} decides it"
        )
    return _plist(found | written, "info")


def entitlements(project: Project, line: str) -> str:
    """The text of the entitlements: Flet's defaults, those of the permission groups, the author's on top.

    Raises BuilderError (project).
    """
    found = dict(fletkeys.BY_NAME["macos.entitlement"].value_for(line))
    for group in project.setting("permissions", PLATFORM, line):
        if entitlement := _GROUPS[group][2]:
            found[entitlement] = True
    return _plist(found | project.setting("macos.entitlement", PLATFORM, line), "entitlement")


def has_icon(project: Project) -> bool:
    """Whether the app has an image that its icon is made of."""
    return bool({"icon_macos", "icon_macos.icns", "icon", "icon.icns"} & set(project.images))


def _number(project: Project, line: str) -> str:
    number = project.setting("build_number", PLATFORM, line)
    if not 0 <= number < _MOST:
        raise _wrong(f"`build_number` is {number}", "set it to a whole number from 0 on, larger with each release")
    return str(number)


def _scheme(project: Project, line: str) -> str:
    """The scheme of the URLs that open the app; "" without one. A host says nothing to macOS."""
    scheme: str = project.setting("deep_linking.scheme", PLATFORM, line) or ""
    if scheme and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        raise _wrong(
            f"`tool.flet.macos.deep_linking.scheme` is `{scheme}`, which is no scheme", 'write it such as "myapp"'
        )
    return scheme


def _plist(values: Mapping[str, Any], key: str) -> str:
    """A property list, sorted. Raises BuilderError (project) for a value that none can hold."""
    for name, value in values.items():
        if fault := _fault(value):
            raise _wrong(f"`tool.flet.macos.{key}.{name}` {fault}", "write what a property list can hold, or remove it")
    text = plistlib.dumps(dict(values), sort_keys=True)
    return text.decode()


def _fault(value: Any) -> str:
    """What of a value no property list can hold; "" where it can."""
    match value:
        case dict():
            return next((fault for item in (*value, *value.values()) if (fault := _fault(item))), "")
        case list():
            return next((fault for item in value if (fault := _fault(item))), "")
        case bool() | float():
            return ""
        case int():
            return "" if -_MOST // 2 <= value < _MOST else "holds a number that is too large"
        case str():
            return "holds a character that XML has none for" if re.search("[\ufffe\uffff]", value) else ""
    return "holds nothing"


def _wrong(fact: str, mend: str) -> BuilderError:
    return BuilderError(fact, hint=mend, code=Exit.PROJECT)
