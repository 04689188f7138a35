"""The resources of an APK as data: colours, the theme, drawables as text, and which of the app's images are drawn how.

`step` is what a target plans with. Names are Flet's own: `LaunchTheme`, `launch_background`, `splash`, `ic_launcher`.
"""

import json
import re
from typing import Any

from builder import scripts, templates
from builder.android import identity, manifest
from builder.android.facts import facts
from builder.lock import Pin
from builder.plan import APP, IMAGES, Built, Input, Pinned, Step, Tree
from builder.project import Project

NAME = "resources"  # of the step
MANIFEST = "AndroidManifest.xml"
_LIGHT, _DARK = "#ffffff", "#000000"  # behind the signs in the bars, until the shell takes over
_PARENTS = {"": "Theme.DeviceDefault.Light.NoActionBar", "night": "Theme.DeviceDefault.NoActionBar"}
# What builder/inside/android_icons.py looks for.
_IMAGES = {"icon", "icon_android", "splash", "splash_android", "splash_dark", "splash_dark_android"}
_NOTHING = "@android:color/transparent"


def step(project: Project, line: str, pillow: Pin, client: str) -> Step:
    """The step that gives AndroidManifest.xml, resources.arsc and res/ in binary form.

    `client` names the step whose output has Flet's own icon. The app's tree is read only where it has an image for
    this. Raises BuilderError (project).
    """
    known = settings(project, line, pillow.file)
    text = manifest.text(project, line, project.settings.android_hosts)
    known["attributes"] = _used([text, *_texts(known)], [style["items"] for style in known["styles"]])
    inputs: dict[str, Input] = {
        "client": Built(step=client),
        pillow.file: Pinned(pin=pillow.sha256),
    }
    if _IMAGES & set(project.images):
        inputs[APP] = Tree(tree=IMAGES)
    return Step(
        name=NAME,
        scripts=scripts.closure("android_resources.py"),
        inputs=inputs,
        files={MANIFEST: text, "resources.json": json.dumps(known, sort_keys=True, indent=1) + "\n"},
    )


def settings(project: Project, line: str, pillow: str) -> dict[str, Any]:
    """What the step's script reads, but for the attributes: see builder/inside/android_resources.py."""

    def setting(key: str) -> Any:
        return project.setting(key, "android", line)

    shown = setting("splash.android")
    return {
        "package": identity.package(project, line),
        "pillow": pillow,
        "assets": f"{project.path}/assets",
        "framework": {f"android:{name}": number for name, number in facts().resources.items()},
        "colors": [
            {"name": "ic_launcher_background", "config": "", "value": _adaptive_background(project, line)},
            {"name": "splash", "config": "", "value": setting("splash.color") if shown else _LIGHT},
            {"name": "splash", "config": "night", "value": setting("splash.dark_color") if shown else _DARK},
        ],
        "styles": [_style(project, line, config) for config in ("", "v27", "v31", "night", "night-v31")],
        "drawables": {"launch_background": templates.render("android/launch_background.xml")} if shown else {},
        "icon": {
            "adaptive": templates.render("android/ic_launcher.xml", themed=False),
            "themed": templates.render("android/ic_launcher.xml", themed=True),
        },
        "splash": _splash(project, line) if shown else None,
    }


def _style(project: Project, line: str, config: str) -> dict[str, Any]:
    """The theme under a configuration; each one is whole, since Android takes the items of one alone."""
    night = config.startswith("night")
    shown = project.setting("splash.android", "android", line)
    items = {
        "statusBarColor": _DARK if night else _LIGHT,
        "windowBackground": "@drawable/launch_background" if shown else "@color/splash",
        "windowLightStatusBar": "false" if night else "true",
    }
    if config in ("v27", "v31"):
        items |= {"navigationBarColor": _LIGHT, "windowLightNavigationBar": "true"}
    if config.endswith("v31"):
        items |= {
            "windowSplashScreenAnimatedIcon": "@drawable/android12splash" if shown else _NOTHING,
            "windowSplashScreenBackground": "@color/splash",
        }
        if background := _icon_background(project, line, night=night) if shown else None:
            items["windowSplashScreenIconBackgroundColor"] = background
    return {
        "name": "LaunchTheme",
        "config": config,
        "parent": f"@android:style/{_PARENTS['night' if night else '']}",
        "items": items,
    }


def _splash(project: Project, line: str) -> dict[str, Any]:
    return {
        "background": _icon_background(project, line, night=False),
        "dark_background": _icon_background(project, line, night=True),
        "fit": project.setting("splash.icon_fit", "android", line),
    }


def _icon_background(project: Project, line: str, *, night: bool) -> str | None:
    """The colour behind the icon of Android 12's splash screen; in dark mode the light one where there is no other."""
    light: str | None = project.setting("splash.icon_background", "android", line)
    dark: str | None = project.setting("splash.icon_dark_background", "android", line)
    return (dark or light) if night else light


def _adaptive_background(project: Project, line: str) -> str:
    """`android.adaptive_icon_background`, else `icon_background`, as Flet falls back."""
    own = "android.adaptive_icon_background"
    key = own if project.flet.get(own) else "icon_background"
    return str(project.setting(key, "android", line))


def _texts(known: dict[str, Any]) -> list[str]:
    return [*known["drawables"].values(), *known["icon"].values()]


def _used(texts: list[str], items: list[dict[str, str]]) -> dict[str, Any]:
    """The rows of the attributes that are written, as the encoders need them."""
    names = {name for text in texts for name in re.findall(r'\sandroid:(\w+)="', text)}
    names |= {name for row in items for name in row}
    rows = facts().attributes
    return {name: rows[name].model_dump(exclude_defaults=True) for name in sorted(names)}
