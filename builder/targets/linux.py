"""Linux: a folder that runs on its own beside the desktop's libraries, and that folder as .tar.gz."""

import re
from typing import Any

from builder import desktop, scripts, templates, tools
from builder.clients import prebuilt
from builder.errors import BuilderError, Exit
from builder.lock import Lock
from builder.plan import IMAGES, Built, Pinned, Step, Tree
from builder.project import Project
from builder.targets import Target

PLATFORM = "linux"
APP, BUNDLE = "app", "bundle"  # names of steps
# Where the output of each step lies in the app's folder; the icons' only where the app has one.
PLACES = {
    prebuilt.CLIENT: "lib/client/",
    desktop.PYTHON: "lib/python/",
    prebuilt.PACKAGES: "lib/python/lib/python3.12/site-packages/",
}
_LAUNCHED = {"root": "$here", "python": "lib/python/bin/python3.12", "start": "lib/start.py"}
ICONS = "icons"  # name of a step
_IMAGES = {"icon", "icon_linux"}
_RESERVED = ("lib", "share")


def steps(project: Project, lock: Lock, target: str) -> tuple[Step, ...]:
    """Client, interpreter, packages, a layer of the archive for each, the app, all of it. Raises BuilderError."""
    line = prebuilt.line_of(lock, target)
    folder = _name(project, line.line)
    compiled = project.setting("compile.packages", PLATFORM, line.line)
    icons = _icons(project, lock, target)
    places = PLACES | {step.name: "share/icons/hicolor/" for step in icons}
    return (
        _client(lock, target),
        desktop.python(lock, target, compiled=compiled),
        *prebuilt.installed(project, lock, target, PLATFORM, generated="flet"),
        *icons,
        *(desktop.layer(step, f"{folder}/{place}") for step, place in places.items()),
        _app(project, lock, target, tuple(places)),
        prebuilt.merged(BUNDLE, *(f"{step}={folder}/{place}" for step, place in places.items()), APP),
    )


def _client(lock: Lock, target: str) -> Step:
    pin = prebuilt.desktop_client(lock, target)
    return Step(
        name=prebuilt.CLIENT,
        scripts=scripts.closure("linux_client.py"),
        args=(pin.file,),
        inputs={pin.file: Pinned(pin=pin.sha256)},
    )


def _icons(project: Project, lock: Lock, target: str) -> tuple[Step, ...]:
    """The step that draws the app's icon; none for an app without one."""
    if not _has_icon(project):
        return ()
    pillow = tools.of(lock, target, "pillow")
    line = prebuilt.line_of(lock, target).line
    settings = {"path": project.path, "pillow": pillow.file, "id": desktop.identifier(project, PLATFORM, line)}
    return (
        Step(
            name=ICONS,
            scripts=scripts.closure("linux_icons.py"),
            inputs={APP: Tree(tree=IMAGES), pillow.file: Pinned(pin=pillow.sha256)},
            files={"icons.json": desktop.text(settings)},
        ),
    )


def _app(project: Project, lock: Lock, target: str, placed: tuple[str, ...]) -> Step:
    line = prebuilt.line_of(lock, target).line
    name, identifier = _name(project, line), desktop.identifier(project, PLATFORM, line)
    version = re.sub(r"[^A-Za-z0-9.+~_-]", "_", project.setting("build_version", PLATFORM, line))
    layers = [f"{step}-layer" for step in placed]
    settings = prebuilt.app_settings(project, lock, prebuilt.line_of(lock, target), PLATFORM) | {
        "folder": name,
        "launcher": name,
        "id": identifier,
        "archive": f"{name}-{version}-{target}.tar.gz",
        "layers": layers,
    }
    return Step(
        name=APP,
        scripts=scripts.closure("linux_app.py"),
        inputs={
            APP: Tree(tree="app"),
            **{layer: Built(step=layer) for layer in layers},
        },
        files={
            "app.json": desktop.text(settings),
            "launcher": templates.render("desktop/launcher.sh", **_LAUNCHED),
            "entry.desktop": templates.render("linux/entry.desktop", **_entry(project, line, name, identifier)),
            **desktop.start_files(project, lock, target, PLATFORM, identifier),
        },
    )


def _entry(project: Project, line: str, name: str, identifier: str) -> dict[str, Any]:
    """What the desktop entry says (Desktop Entry Specification 1.5)."""
    categories = project.setting("linux.categories", PLATFORM, line)
    for category in categories:
        if not re.fullmatch(r"[A-Za-z0-9-]+", category):
            raise BuilderError(
                f"`{category}` is no category of a desktop entry",
                hint='use those of the Desktop Menu Specification in `categories` of [tool.flet.linux], as ["Utility"]',
                code=Exit.PROJECT,
            )
    return {
        "name": _escaped(project.setting("product", PLATFORM, line)),
        "comment": _escaped(project.setting("description", PLATFORM, line)),
        "exec": _escaped(_quoted(name)),
        "id": identifier,
        "icon": _has_icon(project),
        "categories": "".join(f"{category};" for category in categories),
    }


def _has_icon(project: Project) -> bool:
    return bool(_IMAGES & set(project.images))


def _quoted(argument: str) -> str:
    """An argument of the key Exec; what a file name can't hold needs no escape."""
    return '"' + re.sub(r"([`$])", r"\\\1", argument).replace("%", "%%") + '"'


def _escaped(value: str) -> str:
    """A value of type string: one line, its backslashes and line ends written as the specification has it."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def _name(project: Project, line: str) -> str:
    name = desktop.file_name(project, PLATFORM, line)
    if name in _RESERVED:
        raise BuilderError(
            f"`{name}` can't be the name of the app's launcher: a folder beside it is called so",
            hint="set `artifact` in [tool.flet] or [tool.flet.linux] to another name",
            code=Exit.PROJECT,
        )
    return name


def _artifact(project: Project, target: str) -> str:
    return "."


TARGET = Target(steps=steps, artifact=_artifact)
