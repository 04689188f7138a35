"""Flet's own compiled client out of pinned wheels, and the packages of an app: the steps that no app's code changes."""

import json
from collections.abc import Iterable
from typing import Any

from builder import fletline, scripts, sdists, templates
from builder.errors import BuilderError, Exit
from builder.fletline import Line, Web
from builder.lock import Lock, Pin, Sdist
from builder.plan import MERGE, Built, Pinned, Step
from builder.project import Project

CLIENT, PACKAGES, LAYER = "client", "packages", "layer"  # names of the steps
WHEEL = "wheel"  # with a project's name: the step that builds its wheel
BYTECODE = "3.12"  # the Python of the toolchain: it compiles for no other
ARCHIVE = "flet-client"  # name of the pin of a client that is no wheel
NEVER_PACKED = ("flet-cli", "flet-desktop", "flet-desktop-light", "flet-web")

# What Flet removes from packages, and from the app where `cleanup.app` is set: no running app reads these.
JUNK = (
    "**.c",
    "**.h",
    "**.cpp",
    "**.hpp",
    "**.typed",
    "**.pyi",
    "**.pxd",
    "**.pyx",
    "**.a",
    "**.pdb",
    "**/__pycache__",
)


def line_of(lock: Lock, target: str) -> Line:
    """The Flet line that the lock holds for a target. Raises BuilderError (lock)."""
    return fletline.of(package_of(lock, target, "flet").version)


def package_of(lock: Lock, target: str, name: str) -> Pin:
    """The file of a Python package that a target has. Raises BuilderError (lock) where the lock has none."""
    return _only(lock.packages_of(target), name, target)


def pin_of(lock: Lock, target: str, name: str) -> Pin:
    """Any other file that a target has. Raises BuilderError (lock) where the lock has none."""
    return _only(lock.pins_of(target), name, target)


def web_client(lock: Lock, target: str, renderer: str) -> Step:
    """The step that gives the pruned and mended web client. Raises BuilderError (project, lock)."""
    line = line_of(lock, target)
    python = _python(lock, line)
    wheel = package_of(lock, target, line.wheels["web"])
    npm = None if line.pyodide[python].bundled else pin_of(lock, target, "pyodide")
    inputs = {pin.file: Pinned(pin=pin.sha256) for pin in (wheel, npm) if pin}
    settings = {
        "wheel": wheel.file,
        "npm": npm.file if npm else "",
        "python": line.pyodide[python].python,
        "pyodide": line.web.pyodide[python],
        "fonts": line.web.fonts,
        "stubs": {name: template.rsplit("/", 1)[-1] for name, template in line.web.stubs.items()},
        **_chosen(line.web, renderer),
    }
    stubs = {template.rsplit("/", 1)[-1]: templates.render(template) for template in line.web.stubs.values()}
    return Step(
        name=CLIENT,
        scripts=scripts.closure("web_client.py"),
        inputs=inputs,
        files={"client.json": _json(settings), **stubs},
    )


def desktop_client(lock: Lock, target: str) -> Pin:
    """The file with a desktop's compiled client: a wheel, or an archive of Flet's own release.

    Raises BuilderError (lock) where the lock has none.
    """
    project = line_of(lock, target).wheel(target, lock.inputs.desktop_flavor)
    return package_of(lock, target, project) if project else pin_of(lock, target, ARCHIVE)


def installed(project: Project, lock: Lock, target: str, platform: str, *, generated: str = "") -> tuple[Step, ...]:
    """The steps that build and install the packages of an app, as its keys say. Raises BuilderError (lock).

    `generated` names a module: what its data classes compile at each import is compiled as well, as the packages are.
    """
    line = line_of(lock, target).line
    wanted = project.setting("cleanup.packages", platform, line)
    cleanup = [*JUNK, *project.setting("cleanup.package_files", platform, line)] if wanted else []
    compiled = project.setting("compile.packages", platform, line) and lock.inputs.python == BYTECODE
    return (*wheels(lock, target), packages(lock, target, cleanup, generated if compiled else "", compiled=compiled))


def wheels(lock: Lock, target: str) -> tuple[Step, ...]:
    """A step for each source distribution of a target that is built: it gives the wheel. Raises BuilderError (lock)."""
    return tuple(_wheel(lock, pin, target) for pin in _built(lock, target))


def packages(lock: Lock, target: str, cleanup: Iterable[str], generated: str, *, compiled: bool) -> Step:
    """The step that installs the locked packages of a target, without Flet's own clients and tools.

    What is built comes from the steps that `wheels` gives.
    """
    pins = sorted(_packed(lock, target), key=lambda pin: pin.name)  # a lock in memory is in another order than its file
    built = [f"{WHEEL}-{pin.name}" for pin in _built(lock, target)]
    recipes = {pin.file: list(sdists.recipe(pin.name, pin.file, target)) for pin in pins}
    settings = {
        "wheels": [pin.file for pin in pins if pin.file.endswith(".whl")],
        "sdists": {file: taken for file, taken in recipes.items() if taken},
        "built": built,
        "cleanup": list(cleanup),
        "extensions": line_of(lock, target).extensions(target, lock.inputs.desktop_flavor),
        "compile": compiled,
        "generated": generated,
    }
    return Step(
        name=PACKAGES,
        scripts=scripts.closure("install.py"),
        inputs={
            **{pin.file: Pinned(pin=pin.sha256) for pin in pins if pin not in _built(lock, target)},
            **{name: Built(step=name) for name in built},
        },
        files={"install.json": _json(settings)},
    )


def layer() -> Step:
    """The step that compresses the installed packages once, as the first part of the archive that the browser loads."""
    return Step(
        name=LAYER,
        scripts=scripts.closure("layer.py"),
        args=(PACKAGES, "__pypackages__/"),
        inputs={PACKAGES: Built(step=PACKAGES)},
    )


def merged(name: str, *steps: str) -> Step:
    """The step that lays the outputs of others over each other, the first one lowest; `STEP=FOLDER/` lays one below."""
    inputs = {step: Built(step=step) for step in (argument.partition("=")[0] for argument in steps)}
    return Step(name=name, scripts=scripts.closure(MERGE), args=steps, inputs=inputs)


def _chosen(web: Web, renderer: str) -> dict[str, Any]:
    """What is dropped, required and mended where only one renderer's files stay; `auto` keeps all."""
    if renderer != "auto" and renderer not in web.renderers:
        raise BuilderError(
            f"Flet's web client has no renderer `{renderer}`",
            hint=f"set `renderer` in [tool.flet.web] to one of: auto, {', '.join(sorted(web.renderers))}",
            code=Exit.PROJECT,
        )
    unused = [files for name, files in sorted(web.renderers.items()) if renderer not in ("auto", name)]
    used = [files for name, files in sorted(web.renderers.items()) if renderer in ("auto", name)]
    drop = [*web.drop, *(file for files in unused for file in files)]
    needed = [file for files in used for file in files if "*" not in file and "." in file]
    patches = [patch.model_dump(exclude={"why"}) for patch in web.patches if patch.file not in drop]
    return {"drop": drop, "require": [*web.require, *needed], "patches": patches}


def _python(lock: Lock, line: Line) -> str:
    python = lock.inputs.python
    if python not in line.pyodide:
        raise BuilderError(
            f"no Pyodide of Flet {line.line} has Python {python}",
            hint=f"set `python` in [tool.builder] to one of: {', '.join(sorted(line.pyodide))}, and run `builder lock`",
            code=Exit.PROJECT,
        )
    return python


def _packed(lock: Lock, target: str) -> list[Pin]:
    return [pin for pin in lock.packages_of(target) if pin.name not in NEVER_PACKED]


def _built(lock: Lock, target: str) -> list[Pin]:
    return [pin for pin in _packed(lock, target) if sdists.is_built(pin.name, pin.file, target)]


def _wheel(lock: Lock, pin: Pin, target: str) -> Step:
    wanted = _sdist(lock, pin).wheels
    required = [other for other in lock.pins_of(target) if other.file in wanted]
    settings = {
        "sdist": pin.file,
        "name": pin.name,
        "version": pin.version,
        "wheels": sorted(other.file for other in required),
    }
    return Step(
        name=f"{WHEEL}-{pin.name}",
        scripts=scripts.closure("build_wheel.py"),
        inputs={other.file: Pinned(pin=other.sha256) for other in (pin, *required)},
        files={"build.json": _json(settings)},
    )


def _sdist(lock: Lock, pin: Pin) -> Sdist:
    for sdist in lock.sdists:
        if sdist.file == pin.file:
            return sdist
    raise BuilderError(
        f"builder.lock does not say what `{pin.file}` is built with",
        hint="run `builder lock` and commit the result",
        code=Exit.LOCK,
    )


def _only(pins: tuple[Pin, ...], name: str, target: str) -> Pin:
    for pin in pins:
        if pin.name == name:
            return pin
    raise BuilderError(
        f"builder.lock has no `{name}` for {target}",
        hint="require flet in the project, and run `builder lock`",
        code=Exit.LOCK,
    )


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, indent=1) + "\n"


def app_settings(project: Project, lock: Lock, line: Line, platform: str) -> dict[str, Any]:
    """Which of the app's files are packed, and how: what `builder/inside/app_stage.py` reads."""

    def setting(key: str) -> Any:
        return project.setting(key, platform, line.line)

    return {
        "path": project.path,
        "module": project.module,
        "exclude": list(setting("app.exclude")),
        "include": list(setting("app.include")),
        "defaults": setting("app.default_excludes"),
        "cleanup": [*JUNK, *setting("cleanup.app_files")] if setting("cleanup.app") else [],
        "compile": setting("compile.app") and lock.inputs.python == BYTECODE,
    }
