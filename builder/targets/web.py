"""The web: a folder that any file server can serve, with Python inside the browser (Pyodide)."""

from builder import screens, site, templates
from builder.clients import prebuilt
from builder.lock import Lock
from builder.plan import Step
from builder.project import Project
from builder.targets import Target

PLATFORM = "web"


def steps(project: Project, lock: Lock, target: str) -> tuple[Step, ...]:
    """Client, wheels that are built, packages, layer, app, icons where the app has its own, and site.

    Raises BuilderError (project, lock).
    """
    line = prebuilt.line_of(lock, target)
    renderer = project.setting("web.renderer", PLATFORM, line.line)
    icons = screens.icons(project, lock, target, line, PLATFORM)
    page = templates.render(line.web.page, **site.page(project, line, PLATFORM))
    return (
        prebuilt.web_client(lock, target, renderer),
        *site.packages(project, lock, target, PLATFORM),
        site.app(project, lock, line, PLATFORM, page),
        *icons,
        prebuilt.merged("site", prebuilt.CLIENT, *(step.name for step in icons), site.APP),
    )


def _artifact(project: Project, target: str) -> str:
    return "."


TARGET = Target(steps=steps, artifact=_artifact)
