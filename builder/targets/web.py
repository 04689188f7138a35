"""The web: a folder that any file server can serve, with Python inside the browser (Pyodide)."""

import json
from typing import Any

from builder import scripts, templates
from builder.clients import prebuilt
from builder.fletline import Line
from builder.lock import Lock
from builder.plan import Built, Step, Tree
from builder.project import Project
from builder.targets import Target

PLATFORM = "web"
APP = "app"  # name of the step, as of the tree that it reads


def steps(project: Project, lock: Lock, target: str) -> tuple[Step, ...]:
    """Client, wheels that are built, packages, layer, app and site. Raises BuilderError (project, lock)."""
    line = prebuilt.line_of(lock, target)

    def setting(key: str) -> Any:
        return project.setting(key, PLATFORM, line.line)

    cleanup = [*prebuilt.JUNK, *setting("cleanup.package_files")] if setting("cleanup.packages") else []
    return (
        prebuilt.web_client(lock, target, setting("web.renderer")),
        *prebuilt.wheels(lock, target),
        prebuilt.packages(lock, target, cleanup, compiled=setting("compile.packages")),
        prebuilt.layer(),
        _app(project, lock, line),
        prebuilt.merged("site", prebuilt.CLIENT, APP),
    )


def _app(project: Project, lock: Lock, line: Line) -> Step:
    def setting(key: str) -> Any:
        return project.setting(key, PLATFORM, line.line)

    settings = {
        "path": project.path,
        "module": project.module,
        "exclude": list(setting("app.exclude")),
        "include": list(setting("app.include")),
        "defaults": setting("app.default_excludes"),
        "cleanup": [*prebuilt.JUNK, *setting("cleanup.app_files")] if setting("cleanup.app") else [],
        "compile": setting("compile.app") and lock.inputs.python == prebuilt.BYTECODE,
    }
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
            "index.html": templates.render(line.web.page, **_page(project, line)),
            "manifest.json": templates.render("web/manifest.json", **_manifest(project, line)),
        },
    )


def _page(project: Project, line: Line) -> dict[str, Any]:
    """What index.html shows, and the object that Flet's scripts read. Every URL is of the site itself."""
    base = project.setting("web.base_url", PLATFORM, line.line)
    return {
        "base": base,
        "name": project.setting("product", PLATFORM, line.line),
        "description": project.setting("description", PLATFORM, line.line),
        "config": {
            "pyodide": True,
            "multiView": False,
            "noCdn": True,
            "webSocketEndpoint": "/ws",
            "entrypointBaseUrl": base,
            "assetBase": base,
            "routeUrlStrategy": project.setting("web.route_url_strategy", PLATFORM, line.line),
            "canvasKitBaseUrl": f"{base}canvaskit/",
            "pyodideUrl": f"{base}pyodide/{line.web.loader}",
            "webRenderer": project.setting("web.renderer", PLATFORM, line.line),
            "fontFallbackBaseUrl": f"{base}assets/fonts/",
            "appPackageUrl": f"{base}app.tar.gz",
            "micropipIncludePre": False,
            "pythonModuleName": project.module,
        },
    }


def _manifest(project: Project, line: Line) -> dict[str, Any]:
    keys = {
        "name": "product",
        "short_name": "web.pwa_short_name",
        "description": "description",
        "background_color": "web.pwa_background_color",
        "theme_color": "web.pwa_theme_color",
    }
    return {name: project.setting(key, PLATFORM, line.line) for name, key in keys.items()}


def _artifact(project: Project, target: str) -> str:
    return "."


TARGET = Target(steps=steps, artifact=_artifact)
