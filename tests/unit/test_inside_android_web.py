"""Flet's web client in Android's WebView: which client can be changed for it, and what the page says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder import fletline, site, templates
from builder.clients import webview
from builder.project import Project

WORKER = """\
        self.pyodide.registerJsModule("flet_js", flet_js);
        await self.pyodide.runPythonAsync(`
        runpy.run_module(python_module_name, run_name="__main__")
        `);
"""
BOOTSTRAP = """\
var flutterConfig = {
    multiViewEnabled: flet.multiView
};
_flutter.loader.load({
    config: flutterConfig,
    serviceWorkerSettings: {
        serviceWorkerVersion: "1" /* deprecated */,
    },
    onEntrypointLoaded: start
});
"""
LINE = fletline.of("1.0.0")
HOSTS = ["b.example.com", "a.example.com", "b.example.com"]


def values(line: fletline.Line) -> dict[str, Any]:
    """What the page of an app says."""
    return site.page(Project(name="shop", version="1.0", requires=("flet",)), line, "android")


@pytest.fixture
def changed(inside: Any, tmp_path: Path) -> Callable[..., Path]:
    """Runs android_web.py on a client of two files."""

    def run(worker: str = WORKER, bootstrap: str = BOOTSTRAP) -> Path:
        client = tmp_path / "client"
        client.mkdir()
        (client / "python-worker.js").write_text(worker, encoding="utf-8")
        (client / "flutter_bootstrap.js").write_text(bootstrap, encoding="utf-8")
        out: Path = inside.run("android_web.py", {"client": client, "python-worker.js": "first();\n"}, ["client"])
        return out

    return run


def test_worker_starts_storage_and_runs_the_app_with_it(changed: Callable[..., Path]) -> None:
    """builder's part comes first; the app's files are there before Python code runs."""
    text = (changed(f"{WORKER}// é\n") / "python-worker.js").read_text(encoding="utf-8")
    assert text.startswith("first();\n")
    assert text.endswith("// é\n")
    start, run = text.index("await self.startAndroid(self.pyodide);"), text.index('__import__("android_shell").run(')
    assert text.index("registerJsModule") < start < text.index("runPythonAsync") < run
    assert "runpy.run_module" not in text


def test_page_starts_without_a_service_worker(changed: Callable[..., Path]) -> None:
    """And with the one CanvasKit that is in the APK; nothing else of the page's start changes."""
    lines, old = (changed() / "flutter_bootstrap.js").read_text().splitlines(), BOOTSTRAP.splitlines()
    assert lines == [old[0], '    canvasKitVariant: "chromium",', *old[1:5], *old[8:]]


@pytest.mark.parametrize(
    ("worker", "bootstrap", "named"),
    [
        ("", BOOTSTRAP, "`python-worker.js` holds 0 times"),
        (WORKER * 2, BOOTSTRAP, "`python-worker.js` holds 2 times"),
        (WORKER.replace("run_module", "run_path"), BOOTSTRAP, "`python-worker.js` holds 0 times"),
        (WORKER, "", "`flutter_bootstrap.js` holds 0 times"),
    ],
    ids=["empty", "twice", "another way to run", "another start"],
)
def test_unknown_client_is_refused(
    worker: str, bootstrap: str, named: str, changed: Callable[..., Path], step_failed: type[Exception]
) -> None:
    """A client that the changes were not made for would start without them, or not at all."""
    with pytest.raises(step_failed, match=named):
        changed(worker, bootstrap)


@pytest.mark.parametrize("line", fletline.lines())
def test_page_is_the_web_page_with_one_more_part(line: str) -> None:
    """What the web's page says stays, byte for byte; hosts are sorted and each is there once."""
    known = fletline.of(f"{line}.0")
    text, web = webview.page(known, HOSTS, values(known)), templates.render(known.web.page, **values(known))
    before, after = text[: text.index("  <script>\n// Some WebViews")], text[text.index("#console pre") :]
    after = after[after.index("</style>\n") + len("</style>\n") :]
    assert before + after == web
    assert 'new Set(["a.example.com", "b.example.com"])' in text


def test_requests_are_left_alone_without_hosts() -> None:
    """An app that declares none has nothing in the way of its requests."""
    page, worker = webview.page(LINE, [], values(LINE)), webview.runtime("client", []).files["python-worker.js"]
    assert "_shell/http" not in page + worker
    assert "_shell/http" in webview.runtime("client", HOSTS).files["python-worker.js"]


def test_worker_carries_valid_python() -> None:
    """The module that the worker writes for Python compiles, and is a string of the worker's own."""
    worker = webview.runtime("client", []).files["python-worker.js"]
    [line] = [line for line in worker.splitlines() if line.startswith("  const SHELL = ")]
    source = json.loads(line.removeprefix("  const SHELL = ").removesuffix(";"))
    compile(source, "android_shell.py", "exec")
    assert source == templates.render("android-web/android_shell.py.j2")
