"""macOS: a bundle (.app) with client, interpreter and packages in it, its entitlements, and that bundle as .zip."""

import re

from builder import apple, desktop, scripts, templates, tools
from builder.clients import prebuilt
from builder.lock import Lock
from builder.plan import IMAGES, Built, Pinned, Step, Tree
from builder.project import Project
from builder.targets import Target

PLATFORM = apple.PLATFORM
APP, ICON, BUNDLE = "app", "icon", "bundle"  # names of steps
SYSTEM = "12.0"  # the oldest macOS: the tag of the client's wheel, and of the newest wheels that are locked
_PYTHON = "Contents/Resources/python/"
# Where the output of each step lies in the bundle: code that is sealed by itself is a helper, all else a resource.
# The icon's only where the app has one.
PLACES = {
    prebuilt.CLIENT: "Contents/Helpers/",
    desktop.PYTHON: _PYTHON,
    prebuilt.PACKAGES: f"{_PYTHON}lib/python3.12/site-packages/",
}
# As `templates/desktop/launcher.sh` finds them from Contents/MacOS.
_LAUNCHED = {"root": "${here%/*}/Resources", "python": "python/bin/python3.12", "start": "start.py"}


def steps(project: Project, lock: Lock, target: str) -> tuple[Step, ...]:
    """Client, interpreter, packages, a layer of the archive for each, the app, its icon, all of it.

    Raises BuilderError (project, lock).
    """
    line = prebuilt.line_of(lock, target).line
    folder = f"{_name(project, line)}.app"
    compiled = project.setting("compile.packages", PLATFORM, line)
    icon = _icon(project, lock, target)
    places = PLACES | {step.name: "Contents/Resources/" for step in icon}
    return (
        _client(lock, target),
        desktop.python(lock, target, compiled=compiled),
        *prebuilt.installed(project, lock, target, PLATFORM, generated="flet"),
        *icon,
        *(desktop.zip_layer(step, f"{folder}/{place}") for step, place in places.items()),
        _app(project, lock, target, tuple(f"{step}-layer" for step in places)),
        prebuilt.merged(BUNDLE, *(f"{step}={folder}/{place}" for step, place in places.items()), APP),
    )


def _client(lock: Lock, target: str) -> Step:
    pin = prebuilt.desktop_client(lock, target)
    return Step(
        name=prebuilt.CLIENT,
        scripts=scripts.closure("macos_client.py"),
        args=(pin.file,),
        inputs={pin.file: Pinned(pin=pin.sha256)},
    )


def _app(project: Project, lock: Lock, target: str, layers: tuple[str, ...]) -> Step:
    line = prebuilt.line_of(lock, target).line
    name, identifier = _name(project, line), apple.identifier(project, line)
    version = re.sub(r"[^A-Za-z0-9.+~_-]", "_", project.setting("build_version", PLATFORM, line))
    settings = prebuilt.app_settings(project, lock, prebuilt.line_of(lock, target), PLATFORM) | {
        "bundle": f"{name}.app",
        "launcher": name,
        "entitlements": f"{name}.entitlements",
        "archive": f"{name}-{version}-{target}.zip",
        "layers": layers,
    }
    return Step(
        name=APP,
        scripts=scripts.closure("macos_app.py"),
        inputs={APP: Tree(tree=APP), **{layer: Built(step=layer) for layer in layers}},
        files={
            "app.json": desktop.text(settings),
            "launcher": templates.render("desktop/launcher.sh", **_LAUNCHED),
            "Info.plist": apple.info(project, line, name, target.partition("-")[2], SYSTEM),
            "entitlements": apple.entitlements(project, line),
            **desktop.start_files(project, lock, target, PLATFORM, identifier),
        },
    )


def _icon(project: Project, lock: Lock, target: str) -> tuple[Step, ...]:
    """The step that makes the icon; none where the app has no image for it."""
    if not apple.has_icon(project):
        return ()
    line = prebuilt.line_of(lock, target).line
    pillow = tools.of(lock, target, "pillow")
    settings = {
        "path": project.path,
        "style": project.setting("macos.icon_style", PLATFORM, line),
        "background": project.setting("icon_background", PLATFORM, line),
        "pillow": pillow.file,
    }
    return (
        Step(
            name=ICON,
            scripts=scripts.closure("macos_icon.py"),
            inputs={APP: Tree(tree=IMAGES), pillow.file: Pinned(pin=pillow.sha256)},
            files={"icon.json": desktop.text(settings)},
        ),
    )


def _name(project: Project, line: str) -> str:
    """What the bundle is called on the disk: `artifact`, else the name that users see."""
    written = {"artifact", f"{PLATFORM}.artifact"} & project.flet.keys()
    return desktop.file_name(project, PLATFORM, line, "artifact" if written else "product")


def _artifact(project: Project, target: str) -> str:
    return "."


TARGET = Target(steps=steps, artifact=_artifact)
