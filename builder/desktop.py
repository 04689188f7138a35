"""What desktop targets share: the interpreter that an app brings along, its packages, the settings of its own part."""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from builder import data, scripts, templates
from builder.clients import prebuilt
from builder.errors import BuilderError, Exit
from builder.lock import Lock
from builder.plan import Built, Pinned, Step
from builder.project import Project

PYTHON = "python"  # name of the step
CPYTHON = "cpython"  # name of the pins
START, FLET_DESKTOP, VERSION = "start.py", "flet_desktop.py", "version.py"
_LONGEST = 100  # bytes of a file name that others are made of
_NO_FILE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')


def python(lock: Lock, target: str, *, compiled: bool) -> Step:
    """The step that gives the CPython of a target. Raises BuilderError (lock) where the lock has none."""
    table, row = data.table("desktop.toml"), layout(lock, target)
    shared = table.get(target.partition("-")[0], table)
    pin = prebuilt.pin_of(lock, target, CPYTHON)
    settings = {
        "archive": pin.file,
        "below": row["below"],
        "take": row["take"],
        "leave": [*shared["leave"], *row.get("leave", [])],
        "move": row.get("move", {}),
        "linked": row.get("linked", {}),
        "executable": row.get("executable", []),
        "require": shared["require"],
        "compile": compiled and lock.inputs.python == prebuilt.BYTECODE,
    }
    return Step(
        name=PYTHON,
        scripts=scripts.closure("desktop_python.py"),
        inputs={pin.file: Pinned(pin=pin.sha256)},
        files={"python.json": text(settings)},
    )


def layout(lock: Lock, target: str) -> Mapping[str, Any]:
    """What toolchains/desktop.toml says of the CPython of a target."""
    row: Mapping[str, Any] = data.table("desktop.toml")[lock.inputs.runtime][target]
    return row


def layer(step: str, prefix: str) -> Step:
    """The step that compresses what another one gives, as a layer of the archive: `<step>-layer`."""
    return Step(
        name=f"{step}-layer",
        scripts=scripts.closure("bundle_layer.py"),
        args=(step, prefix),
        inputs={step: Built(step=step)},
    )


def zip_layer(step: str, prefix: str) -> Step:
    """The same for an archive that is a .zip."""
    return Step(
        name=f"{step}-layer",
        scripts=scripts.closure("zip_layer.py"),
        args=(step, prefix),
        inputs={step: Built(step=step)},
    )


def start_files(project: Project, lock: Lock, target: str, platform: str, identifier: str) -> dict[str, str]:
    """What starts the app, and stands for Flet's own module that starts the client: file below in/ -> text."""
    line = prebuilt.line_of(lock, target).line
    settings = {
        "id": identifier,
        "module": project.module,
        "hidden": bool(project.setting("app.hide_window_on_start", platform, line)),
    }
    return {
        "start.json": text(settings),
        START: templates.render(f"desktop/{START}"),
        FLET_DESKTOP: templates.render(f"desktop/{FLET_DESKTOP}"),
        VERSION: templates.render(f"desktop/{VERSION}", version=prebuilt.package_of(lock, target, "flet").version),
    }


def file_name(project: Project, platform: str, line: str, key: str = "artifact") -> str:
    """The name of the app's launcher and folder, which a key says. Raises BuilderError (project) for one of no file."""
    name = unicodedata.normalize("NFC", project.setting(key, platform, line))
    odd = _NO_FILE.search(name) or name.strip(". ") != name or name.startswith("-") or not name
    if odd or len(name.encode()) > _LONGEST:
        raise BuilderError(
            f"`{name[:_LONGEST]}` can't be the name of the app's files",
            hint=f'set `artifact` in [tool.flet] to a name of at most {_LONGEST} bytes, with none of / \\ : * ? " < > |'
            " and without a dot, a space or a hyphen before it",
            code=Exit.PROJECT,
        )
    return name


def identifier(project: Project, platform: str, line: str) -> str:
    """The app's name in reversed domain form, such as `com.flet.counter`. Raises BuilderError (project) for no such."""
    slug = re.sub(r"[^A-Za-z0-9]+", "_", project.name).strip("_").lower() or "app"
    found: str = project.setting("bundle_id", platform, line) or f"{project.setting('org', platform, line)}.{slug}"
    if len(found) > 255 or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)+", found):
        raise BuilderError(
            f"`{found[:_LONGEST]}` is no identifier of an app",
            hint="set `bundle_id` or `org` in [tool.flet] to names joined by dots, such as org.example.counter: of"
            " ASCII letters, digits, `_` and `-`, none beginning with a digit",
            code=Exit.PROJECT,
        )
    return found


def text(value: Any) -> str:
    """JSON as steps read it."""
    return json.dumps(value, sort_keys=True, indent=1) + "\n"
