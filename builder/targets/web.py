"""The web: a folder that any file server can serve, with Python inside the browser (Pyodide)."""

import json
import re
from typing import Any

from builder import scripts, templates
from builder.clients import prebuilt
from builder.errors import BuilderError, Exit
from builder.fletline import Line
from builder.lock import Lock
from builder.plan import Built, Step, Tree
from builder.project import Project
from builder.targets import Target

_PATH = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")  # of a URL, RFC 3986


def steps(project: Project, lock: Lock, target: str) -> tuple[Step, ...]:
    """Client, packages, layer and site. Raises BuilderError (project, lock)."""
    line = prebuilt.line_of(lock, target)
    renderer = project.setting("web.renderer", "web")
    cleanup = _globs(project, "packages", "package_files")
    compiled = project.setting("compile.packages", "web")
    return (
        prebuilt.web_client(lock, target, renderer),
        prebuilt.packages(lock, target, cleanup, compiled=compiled),
        prebuilt.layer(),
        _site(project, lock, line),
    )


def base_url(text: str) -> str:
    """A base URL as `/x/`, or `/`. Raises BuilderError (project) for what is no plain path."""
    path = text.strip().strip("/")
    if not _PATH.fullmatch(path) or "//" in path or {".", ".."} & set(path.split("/")):
        raise BuilderError(
            f"`{text}` in base_url of [tool.flet.web] is not the path of a URL",
            hint="give the path below which the site is served, such as `/shop/`",
            code=Exit.PROJECT,
        )
    return f"/{path}/" if path else "/"


def _site(project: Project, lock: Lock, line: Line) -> Step:
    settings = {
        "path": project.setting("app.path", "web"),
        "module": project.setting("app.module", "web"),
        "exclude": list(project.setting("app.exclude", "web")),
        "include": list(project.setting("app.include", "web")),
        "defaults": project.setting("app.default_excludes", "web"),
        "cleanup": _globs(project, "app", "app_files"),
        "compile": project.setting("compile.app", "web") and lock.inputs.python == prebuilt.BYTECODE,
    }
    return Step(
        name="site",
        scripts=scripts.closure("web_site.py"),
        inputs={
            "app": Tree(tree="app"),
            prebuilt.CLIENT: Built(step=prebuilt.CLIENT),
            prebuilt.LAYER: Built(step=prebuilt.LAYER),
        },
        files={
            "site.json": json.dumps(settings, sort_keys=True, indent=1) + "\n",
            "index.html": templates.render(line.web.page, **_page(project, line)),
            "manifest.json": templates.render("web/manifest.json", **_manifest(project)),
        },
    )


def _page(project: Project, line: Line) -> dict[str, Any]:
    """What index.html shows, and the object that Flet's scripts read. Every URL is of the site itself."""
    base = base_url(project.setting("web.base_url", "web"))
    return {
        "base": base,
        "name": _product(project),
        "description": project.setting("description", "web") or "",
        "config": {
            "pyodide": True,
            "multiView": False,
            "noCdn": True,
            "webSocketEndpoint": "/ws",
            "entrypointBaseUrl": base,
            "assetBase": base,
            "routeUrlStrategy": project.setting("web.route_url_strategy", "web"),
            "canvasKitBaseUrl": f"{base}canvaskit/",
            "pyodideUrl": f"{base}pyodide/{line.web.loader}",
            "webRenderer": project.setting("web.renderer", "web"),
            "fontFallbackBaseUrl": f"{base}assets/fonts/",
            "appPackageUrl": f"{base}app.tar.gz",
            "micropipIncludePre": False,
            "pythonModuleName": project.setting("app.module", "web"),
        },
    }


def _manifest(project: Project) -> dict[str, Any]:
    name = _product(project)
    return {
        "name": name,
        "short_name": project.setting("web.pwa_short_name", "web") or name,
        "description": project.setting("description", "web") or "",
        "background_color": project.setting("web.pwa_background_color", "web"),
        "theme_color": project.setting("web.pwa_theme_color", "web"),
    }


def _product(project: Project) -> str:
    product: str = project.setting("product", "web") or project.name
    return product


def _globs(project: Project, what: str, files: str) -> list[str]:
    """Patterns of what is cleaned out; patterns of the author's own turn the cleaning on, as in Flet."""
    own = list(project.setting(f"cleanup.{files}", "web"))
    return [*prebuilt.JUNK, *own] if own or project.setting(f"cleanup.{what}", "web") else []


def _artifact(project: Project, target: str) -> str:
    return "."


TARGET = Target(steps=steps, artifact=_artifact)
