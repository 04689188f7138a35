"""Windows: a folder that runs on its own, and that folder as .zip."""

import re

from builder import desktop, scripts, templates, tools
from builder.clients import prebuilt
from builder.errors import BuilderError, Exit
from builder.inside import windows_names
from builder.lock import Lock
from builder.plan import IMAGES, Built, Pinned, Step, Tree
from builder.project import Project
from builder.targets import Target

PLATFORM = "windows"
APP, BUNDLE, PROGRAMS, STABLE = "app", "bundle", "programs", "stable"  # names of steps
_IMAGES = {"icon", "icon.ico", "icon_windows", "icon_windows.ico"}
_LONGEST = 255  # characters of a text in a version resource, whose parts have 64 KiB at most
_MOST = 0xFFFF  # of each of the four numbers of a version


def steps(project: Project, lock: Lock, target: str) -> tuple[Step, ...]:
    """Client, interpreter, packages, programs, a part of the zip for each, the app, all of it. Raises BuilderError."""
    line = prebuilt.line_of(lock, target).line
    folder = f"{_name(project, line)}/"
    stable = _stable(lock, target)
    places = {
        prebuilt.CLIENT: f"{folder}lib/client/",
        desktop.PYTHON: f"{folder}lib/python/",
        prebuilt.PACKAGES: f"{folder}{_packages(lock, target)}/",
        PROGRAMS: folder,
        **{step.name: f"{folder}lib/python/" for step in stable},
    }
    compiled = project.setting("compile.packages", PLATFORM, line)
    return (
        _client(lock, target),
        desktop.python(lock, target, compiled=compiled),
        *prebuilt.installed(project, lock, target, PLATFORM, generated="flet"),
        _programs(project, lock, target),
        *stable,
        *(_layer(step, place) for step, place in places.items()),
        _app(project, lock, target, tuple(places)),
        prebuilt.merged(BUNDLE, *(f"{step}={place}" for step, place in places.items()), APP),
    )


def _client(lock: Lock, target: str) -> Step:
    pin = prebuilt.desktop_client(lock, target)
    return Step(
        name=prebuilt.CLIENT,
        scripts=scripts.closure("windows_client.py"),
        args=(pin.file,),
        inputs={pin.file: Pinned(pin=pin.sha256)},
    )


def _layer(step: str, place: str) -> Step:
    return Step(
        name=f"{step}-layer",
        scripts=scripts.closure("windows_layer.py"),
        args=(step, place),
        inputs={step: Built(step=step)},
    )


def _programs(project: Project, lock: Lock, target: str) -> Step:
    line = prebuilt.line_of(lock, target).line
    icon = bool(_IMAGES & set(project.images))
    pins = {name: tools.of(lock, target, name) for name in ("distlib", "pe-tools", "grope", *(("pillow",) * icon))}
    client = prebuilt.desktop_client(lock, target)
    settings = {
        "client": client.file,
        "distlib": pins["distlib"].file,
        "pe_tools": pins["pe-tools"].file,
        "grope": pins["grope"].file,
        "pillow": pins["pillow"].file if icon else "",
        "path": project.path,
        "launcher": f"{_name(project, line)}.exe",
        "version": _numbers(project, line),
        "strings": _strings(project, line),
    }
    return Step(
        name=PROGRAMS,
        scripts=scripts.closure("windows_programs.py"),
        inputs={
            **({APP: Tree(tree=IMAGES)} if icon else {}),
            **{pin.file: Pinned(pin=pin.sha256) for pin in (client, *pins.values())},
        },
        files={
            "programs.json": desktop.text(settings),
            "shebang": templates.render("windows/shebang"),
            "main.py": templates.render("windows/main.py"),
        },
    )


def _app(project: Project, lock: Lock, target: str, placed: tuple[str, ...]) -> Step:
    line = prebuilt.line_of(lock, target).line
    name = _name(project, line)
    version = re.sub(r"[^A-Za-z0-9.+~_-]", "_", project.setting("build_version", PLATFORM, line))
    layers = [f"{step}-layer" for step in placed]
    settings = prebuilt.app_settings(project, lock, prebuilt.line_of(lock, target), PLATFORM) | {
        "folder": name,
        "packages": _packages(lock, target),
        "zip": f"{name}-{version}-{target}.zip",
        "layers": layers,
    }
    path = [folder.replace("/", "\\") for folder in desktop.layout(lock, target)["path"]]
    identifier = desktop.identifier(project, PLATFORM, line)
    return Step(
        name=APP,
        scripts=scripts.closure("windows_app.py"),
        inputs={APP: Tree(tree="app"), **{layer: Built(step=layer) for layer in layers}},
        files={
            "app.json": desktop.text(settings),
            "python312._pth": templates.render("windows/python312._pth", path=path),
            **desktop.start_files(project, lock, target, PLATFORM, identifier),
        },
    )


def _packages(lock: Lock, target: str) -> str:
    """The folder of the packages, in that of the app."""
    return f"lib/python/{desktop.layout(lock, target)['path'][-1]}"


def _name(project: Project, line: str) -> str:
    name = desktop.file_name(project, PLATFORM, line)
    if why := windows_names.flaw(name):
        raise BuilderError(
            f"`{name}` can't be the name of the app's files on Windows: it {why}",
            hint="set `artifact` in [tool.flet.windows] to another name",
            code=Exit.PROJECT,
        )
    return name


def _strings(project: Project, line: str) -> dict[str, str]:
    """What the version resource says; names that nobody wrote are left out, as Flet's are no one's."""
    version = project.setting("build_version", PLATFORM, line)
    product = project.setting("product", PLATFORM, line)
    texts = {
        "Comments": project.setting("description", PLATFORM, line),
        "CompanyName": project.flet.get("company", ""),
        "FileDescription": product,
        "FileVersion": version,
        "LegalCopyright": project.flet.get("copyright", ""),
        "ProductName": product,
        "ProductVersion": version,
    }
    lines = {name: " ".join(text.replace("\0", " ").split())[:_LONGEST] for name, text in texts.items()}
    return {name: text for name, text in lines.items() if text}


def _numbers(project: Project, line: str) -> list[int]:
    """Major, minor and micro of the version, then the build's number, as in an app that Flutter builds."""
    found = re.match(r"(?:\d+!)?v?(\d+(?:\.\d+)*)", project.setting("build_version", PLATFORM, line))
    release = [int(number) for number in found[1].split(".")] if found else []
    major, minor, micro, *_ = *release, 0, 0, 0
    return [min(number, _MOST) for number in (major, minor, micro, project.setting("build_number", PLATFORM, line))]


def _stable(lock: Lock, target: str) -> tuple[Step, ...]:
    """The step that makes python3.dll, which modules of the stable ABI load, where the runtime comes without it."""
    row = desktop.layout(lock, target)
    if "stable" not in row:
        return ()
    pin = prebuilt.pin_of(lock, target, desktop.CPYTHON)
    return (
        Step(
            name=STABLE,
            scripts=scripts.closure("windows_stable.py"),
            args=(pin.file, f"{row['below']}{row['stable']}"),
            inputs={pin.file: Pinned(pin=pin.sha256)},
        ),
    )


def _artifact(project: Project, target: str) -> str:
    return "."


TARGET = Target(steps=steps, artifact=_artifact)
