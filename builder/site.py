"""The part of a web folder that is the app's own: its page, its manifest, its assets and its packed files."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from builder import bootscreen, screens, scripts, templates
from builder.clients import prebuilt
from builder.fletline import Line
from builder.lock import Lock
from builder.plan import Built, Step, Tree
from builder.project import Project

NOTHING: Mapping[str, Any] = MappingProxyType({})
APP = "app"  # name of the step, as of the tree that it reads


def packages(project: Project, lock: Lock, target: str, platform: str) -> tuple[Step, ...]:
    """The steps that build and install the packages of an app, and compress them. Raises BuilderError (lock)."""
    return (*prebuilt.installed(project, lock, target, platform), prebuilt.layer())


def app(project: Project, lock: Lock, line: Line, platform: str, page: str) -> Step:
    """The step that lays out what is laid over the client; `page` is the text of index.html."""
    settings = prebuilt.app_settings(project, lock, line, platform)
    return Step(
        name=APP,
        scripts=scripts.closure("web_app.py"),
        inputs={
            APP: Tree(tree="app"),
            prebuilt.CLIENT: Built(step=prebuilt.CLIENT),
            prebuilt.LAYER: Built(step=prebuilt.LAYER),
        },
        files={
            "app.json": json.dumps(settings, sort_keys=True, indent=1) + "\n",
            "index.html": page,
            "manifest.json": templates.render("web/manifest.json", **_manifest(project, line, platform)),
        },
    )


def page(project: Project, line: Line, platform: str, fixed: Mapping[str, Any] = NOTHING) -> dict[str, Any]:
    """What index.html shows, and the object that Flet's scripts read. Every URL is of the site itself.

    `fixed` are values of keys that the target does not leave to the project.
    """

    def setting(key: str) -> Any:
        return fixed[key] if key in fixed else project.setting(key, platform, line.line)

    return {
        "base": setting("web.base_url"),
        "name": setting("product"),
        "description": setting("description"),
        "company": project.flet.get("company", ""),
        "copyright": project.flet.get("copyright", ""),
        "splash": screens.splash(project, line, platform),
        "boot": bootscreen.of(project.flet, platform),
        "config": _config(setting, line, project.module),
    }


def _config(setting: Callable[[str], Any], line: Line, module: str) -> dict[str, Any]:
    """The object that Flet's scripts read."""
    base = setting("web.base_url")
    return {
        "pyodide": True,
        "multiView": False,
        "noCdn": True,
        "webSocketEndpoint": "/ws",
        "entrypointBaseUrl": base,
        "assetBase": base,
        "routeUrlStrategy": setting("web.route_url_strategy"),
        "canvasKitBaseUrl": f"{base}canvaskit/",
        "pyodideUrl": f"{base}pyodide/{line.web.loader}",
        "webRenderer": setting("web.renderer"),
        "fontFallbackBaseUrl": f"{base}assets/fonts/",
        "appPackageUrl": f"{base}app.tar.gz",
        "micropipIncludePre": False,
        "pythonModuleName": module,
    }


def _manifest(project: Project, line: Line, platform: str) -> dict[str, Any]:
    keys = {
        "name": "product",
        "short_name": "web.pwa_short_name",
        "description": "description",
        "background_color": "web.pwa_background_color",
        "theme_color": "web.pwa_theme_color",
    }
    return {name: project.setting(key, platform, line.line) for name, key in keys.items()}
