"""What of Flet's web client differs in Android's WebView: the worker that runs Python, and the start of the page.

Usage: android_web.py CLIENT
Reads in/python-worker.js (what goes before Flet's own worker), and of in/CLIENT the files named below. Leaves in out/
what is laid over the client.
"""

import re
import sys
from pathlib import Path

import tree

WORKER = "python-worker.js"
BOOTSTRAP = "flutter_bootstrap.js"
_START = 'self.pyodide.registerJsModule("flet_js", flet_js);\n'
_CONFIG = "var flutterConfig = {\n"
_RUN = 'runpy.run_module(python_module_name, run_name="__main__")'
EDITS = {
    WORKER: (
        (re.escape(_START), f"{_START}        await self.startAndroid(self.pyodide);\n"),
        (re.escape(_RUN), '__import__("android_shell").run(python_module_name)'),
    ),
    # The app's files come from the app itself: a service worker would keep second copies, out of date after an update.
    # Of the two builds of CanvasKit only the smaller one is in an APK: a WebView is always Chromium.
    BOOTSTRAP: (
        (r" *serviceWorkerSettings: \{[^{}]*\},\n", ""),
        (re.escape(_CONFIG), f'{_CONFIG}    canvasKitVariant: "chromium",\n'),
    ),
}


class Unknown(ValueError):  # noqa: N818 (what the client is)
    """A client that the edits were not made for."""


def main() -> None:
    """Edit the worker and the page's start, and settle them."""
    client, out = Path("in", sys.argv[1]), Path("out")
    try:
        worker = edited(client, WORKER)
        (out / BOOTSTRAP).write_text(edited(client, BOOTSTRAP), encoding="utf-8")
    except Unknown as error:
        sys.exit(f"error: {error}")
    (out / WORKER).write_text(Path("in", WORKER).read_text(encoding="utf-8") + worker, encoding="utf-8")
    tree.settle(out)


def edited(client: Path, name: str) -> str:
    """The text of a client's file with its edits applied, each of which must fit once. Raises Unknown."""
    text = (client / name).read_text(encoding="utf-8")
    for search, new in EDITS[name]:
        text, count = re.subn(search, lambda _, new=new: new, text)
        if count != 1:
            raise Unknown(
                f"the client's `{name}` holds {count} times, not once, what Android needs changed: {search!r};"
                " this builder does not know this version of Flet, require one that it has tested"
            )
    return text


if __name__ == "__main__":
    main()
