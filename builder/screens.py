"""What of an app is seen before it runs, on the web and in a WebView: icons, and the splash screen of its page."""

import json
from typing import Any

from builder import bootscreen, scripts, tools
from builder.fletline import Line
from builder.lock import Lock
from builder.plan import APP, IMAGES, Pinned, Step, Tree
from builder.project import Project

ICONS = "icons"  # name of the step


def icons(project: Project, lock: Lock, target: str, line: Line, platform: str) -> tuple[Step, ...]:
    """The step that makes splash images, and for the web icons, of an app's assets; none where it has no such image.

    Raises BuilderError (lock) where the lock lacks what reads images.
    """
    shows = project.setting(f"splash.{platform}", platform, line.line)
    has_splash = shows and (_light(project, platform) or _dark(project, platform))
    has_icon = platform == "web" and bool({"icon_web", "icon"} & set(project.images))
    if not (has_icon or has_splash):
        return ()
    pillow = tools.of(lock, target, "pillow")
    settings = {
        "path": project.path,
        "platform": platform,
        "pillow": pillow.file,
        "background": project.setting("icon_background", platform, line.line),
        "icons": has_icon,
        "splash": has_splash,
    }
    return (
        Step(
            name=ICONS,
            scripts=scripts.closure("web_icons.py"),
            inputs={APP: Tree(tree=IMAGES), pillow.file: Pinned(pin=pillow.sha256)},
            files={"icons.json": json.dumps(settings, sort_keys=True, indent=1) + "\n"},
        ),
    )


def splash(project: Project, line: Line, platform: str) -> dict[str, Any] | None:
    """The splash screen of a page: its colours, and which images it shows; None where all is Flet's own."""

    def setting(key: str) -> Any:
        return project.setting(key, platform, line.line)

    keys = ("splash.color", "splash.dark_color", f"splash.{platform}")
    written = any(name in project.flet for key in keys for name in (key, f"{platform}.{key}"))
    light, dark = _light(project, platform), _dark(project, platform)
    if not (written or light or dark or bootscreen.of(project.flet, platform)):
        return None
    return {
        "show": setting(f"splash.{platform}"),
        "color": setting("splash.color"),
        "dark_color": setting("splash.dark_color"),
        "light": light,
        "dark": dark,
    }


def _light(project: Project, platform: str) -> bool:
    return bool({f"splash_{platform}", "splash", "icon"} & set(project.images))


def _dark(project: Project, platform: str) -> bool:
    return bool({f"splash_dark_{platform}", "splash_dark"} & set(project.images))
