"""The Java part of an APK: one WebView, compiled once for all apps."""

from builder import data, scripts
from builder.lock import Pin
from builder.plan import Pinned, Step

SHELL = "shell"  # name of the step
_FOLDER = "android-shell"


def step(runtime: Pin, compiler: Pin, dexer: Pin) -> Step:
    """The step that gives classes.dex; its tools are a Java runtime (a wheel), ecj and dx."""
    table = data.table(f"{_FOLDER}/shell.toml")
    tools = (runtime, compiler, dexer)
    return Step(
        name=SHELL,
        scripts=scripts.closure("dex.py"),
        args=(table["package"], str(table["api"]), *(tool.file for tool in tools)),
        inputs={tool.file: Pinned(pin=tool.sha256) for tool in tools},
        files={**data.sources(f"{_FOLDER}/src"), **data.sources(f"{_FOLDER}/stubs")},
    )
