"""Flet's web client in Android's WebView: what of page and worker differs from the web's."""

from collections.abc import Iterable, Mapping
from typing import Any

from builder import scripts, templates
from builder.fletline import Line
from builder.plan import Built, Step

RUNTIME = "runtime"  # name of the step


def runtime(client: str, hosts: Iterable[str]) -> Step:
    """The step that gives the files laid over the client's; `client` is the name of the client's step.

    HTTPS requests of the app to `hosts` go through the app's shell, where no CORS header is needed.
    """
    module = templates.render("android-web/android_shell.py.j2")
    worker = templates.render("android-web/python-worker.js", hosts=sorted(set(hosts)), module=module)
    return Step(
        name=RUNTIME,
        scripts=scripts.closure("android_web.py"),
        inputs={client: Built(step=client)},
        args=(client,),
        files={"python-worker.js": worker},
    )


def page(line: Line, hosts: Iterable[str], values: Mapping[str, Any]) -> str:
    """The text of index.html; `values` are those of the line's page for the web."""
    return templates.render("android-web/index.html", page=line.web.page, hosts=sorted(set(hosts)), **values)
