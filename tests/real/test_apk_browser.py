"""An APK in a browser in the place of Android's WebView: it draws, and what apps need at run time works."""

import contextlib
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from .apk_browser import ORIGIN, Answer, Asked, Device
from .worlds import BUILDER, FIXTURES, ROOT

pytestmark = pytest.mark.real

HOST = "api.example.com"
Browse = Callable[[Path], AbstractContextManager[Any]]

# Both as in WebViews that have this fault: the answer is right, the streaming compiler refuses it.
NO_STREAMING = """
for (const name of ["compileStreaming", "instantiateStreaming"]) {
  WebAssembly[name] = async () => { throw new TypeError("streaming is broken"); };
}
"""

# Without the saving that time brings.
NO_INTERVAL = "if (!self.document) self.setInterval = () => 0;"
# A browser keeps a tab that the user opened.
CLOSING = "if (self.document) window.close = () => console.log('the window is closed');"

# The names of the files that the browser keeps.
STORED = """
new Promise((done) => {
  indexedDB.open("/storage/data").onsuccess = ({ target: { result } }) => {
    const asked = result.transaction("FILE_DATA").objectStore("FILE_DATA").getAllKeys();
    asked.onsuccess = () => { result.close(); done(asked.result.join()); };
  };
})
"""

PROBE = """
import json, os, sys
from pathlib import Path

import flet as ft
from js import XMLHttpRequest
from pyodide.ffi import to_js
from pyodide.http import open_url, pyfetch

print("said at the start")
KEPT = Path(os.environ["FLET_APP_STORAGE_DATA"], "notes", "count.txt")
TEMPORARY = Path(os.environ["FLET_APP_STORAGE_TEMP"], "count.txt")


async def ask():
    url = "https://api.example.com/post?a=1"
    answer = await pyfetch(url, method="POST", body=bytes(range(256)), headers={"x-a": "ä"})
    found = [answer.status, answer.headers["x-b"], (await answer.bytes()).hex(), answer.url]
    found.append(open_url("https://api.example.com/text").read())
    request = XMLHttpRequest.new()  # as pyodide-http does for urllib and requests
    request.open("PUT", "https://api.example.com/put", False)
    request.responseType = "arraybuffer"
    request.setRequestHeader("x-c", "1")
    request.send(to_js(b"\\xff\\x00"))
    found += [request.status, request.getResponseHeader("X-B"), request.response.to_bytes().hex()]
    for url in ("https://api.example.com/down", "https://other.example.com/"):
        try:
            await pyfetch(url)
        except OSError:
            found.append("failed")
    return found


def main(page):
    def show(text):
        label.value = text
        page.update()

    def keep(event):
        KEPT.parent.mkdir(exist_ok=True)
        for place in (KEPT, TEMPORARY):
            place.write_text("7")
        show("kept")

    async def requests(event):
        show(json.dumps(await ask()))

    async def console(event):
        show(json.dumps("said at the start\\n" in open(os.environ["FLET_APP_CONSOLE"]).read()))

    there = [place.read_text() if place.exists() else "-" for place in (KEPT, TEMPORARY)]
    values = [page.web, page.platform.value, os.environ["FLET_PLATFORM"], page.pwa, *there]
    label = ft.Text(json.dumps(values))
    actions = {"keep": keep, "requests": requests, "console": console, "leave": lambda event: sys.exit(100)}
    page.add(ft.Image(src="https://api.example.com/logo.png", width=9), label)
    page.add(*(ft.IconButton(icon=ft.Icons.ADD, tooltip=name, on_click=act) for name, act in actions.items()))


ft.run(main)
"""


@pytest.fixture
def package(tmp_path: Path) -> Callable[..., Path]:
    """The APK of a fixture, with another main.py where one is given."""

    def made(fixture: str, source: str = "") -> Path:
        app = Path(
            shutil.copytree(ROOT / "fixtures" / fixture, tmp_path / "app", ignore=shutil.ignore_patterns("build"))
        )
        with (app / "pyproject.toml").open("a") as file:
            file.write(f'android-hosts = ["{HOST}"]\n')
        if source:
            (app / "main.py").write_text(source)
        built = subprocess.run([BUILDER, "build", "apk", app], check=True, stdout=subprocess.PIPE, text=True)
        return Path(built.stdout.strip())

    return made


@pytest.fixture
def device(tmp_path: Path, browse: Browse) -> Callable[..., AbstractContextManager[Device]]:
    """Opens an APK on a device whose storage stays for the whole test."""
    (tmp_path / "empty").mkdir()

    @contextlib.contextmanager
    def opened(apk: Path, **more: Any) -> Iterator[Device]:
        with browse(tmp_path / "empty") as page:
            found = Device(page, zipfile.ZipFile(apk), **more)
            found.start()
            yield found

    return opened


def answered(asked: Asked) -> Answer | None:
    """What the declared host answers; /down can't be reached."""
    if asked.url.endswith("/logo.png"):
        return Answer((ROOT / "fixtures" / "counter" / "assets" / "logo.png").read_bytes())
    if asked.url.endswith("/down"):
        return None
    return Answer(asked.body or b"text", 201, {"X-B": f"{asked.method} {asked.headers.get('x-a', '')}"})


def assert_sound(found: Device) -> None:
    """Nothing left the device, nothing was missing, nothing broke, and no service worker was asked for."""
    assert found.foreign == []
    assert found.missing == []
    assert "flutter_service_worker.js" not in found.served
    assert [line for line in found.page.log if line.startswith(("exception", "error"))] == []


@pytest.mark.parametrize("fixture", FIXTURES)
def test_counter_counts_where_webassembly_does_not_stream(fixture: str, package: Any, device: Any) -> None:
    """Straight out of the APK, at the origin of the shell, with the fault of some WebViews in page and worker."""
    with device(package(fixture), before=NO_STREAMING) as found:
        found.wait_for("Count: 0")
        found.press("more")
        found.wait_for("Count: 1", 10)
        assert found.page.evaluate("isSecureContext")
        assert f"{ORIGIN}/app.tar.gz" in found.page.workers
        assert any("streaming is broken" in line for line in found.page.log)
        assert_sound(found)


@pytest.mark.parametrize(
    ("fixture", "before"), [("counter", ""), ("counter-1.0", NO_INTERVAL)], ids=["by time", "on leaving"]
)
def test_files_stay_over_a_restart(fixture: str, before: str, package: Any, device: Any) -> None:
    """What is in FLET_APP_STORAGE_DATA is there when the app starts again, what is in FLET_APP_STORAGE_TEMP is not."""
    apk = package(fixture, PROBE)
    with device(apk, before=before, host=answered) as found:
        found.wait_for('[true, "android", "android", false, "-", "-"]')
        found.press("keep")
        found.wait_for("kept", 10)
        if before:
            found.page.evaluate("window.dispatchEvent(new Event('pagehide'))")
        found.page.wait("saved file", 10, lambda: "/storage/data/notes/count.txt" in found.page.evaluate(STORED))
        assert_sound(found)
    with device(apk) as found:
        found.wait_for('[true, "android", "android", false, "7", "-"]')


@pytest.mark.parametrize("fixture", FIXTURES)
def test_declared_hosts_are_asked_by_the_shell(fixture: str, package: Any, device: Any) -> None:
    """By fetch and by XMLHttpRequest, with method, headers and body, by page and worker; others are left alone."""
    every = bytes(range(256)).hex()
    expected = [201, "POST ä", every, f"https://{HOST}/post?a=1", "text", 201, "PUT", "ff00", "failed", "failed"]
    with device(package(fixture, PROBE), host=answered) as found:
        found.wait_for('[true, "android", "android", false, "-", "-"]')
        found.page.wait("image of the declared host", 10, lambda: found.asked)
        found.press("requests")
        found.wait_for(json.dumps(expected), 10)
        asked = [asked.url.removeprefix(f"https://{HOST}/") for asked in found.asked]
        assert asked == ["logo.png", "post?a=1", "text", "put", "down"]
        assert found.foreign == ["https://other.example.com/"]


def test_exit_code_100_shows_the_console(package: Any, device: Any) -> None:
    """sys.exit(100) in a handler shows what the app has written, which its own code can read as well."""
    with device(package("counter", PROBE)) as found:
        found.wait_for('[true, "android", "android", false, "-", "-"]')
        found.press("console")
        found.wait_for("true", 10)
        found.press("leave")
        found.page.wait("console", 10, lambda: "said at the start\n" in shown(found))
        found.page.evaluate("document.querySelector('#console button').click()")
        assert found.page.evaluate("document.querySelector('#console button').textContent") == "Copied"


@pytest.mark.parametrize("fixture", FIXTURES)
def test_an_exception_of_the_app_shows_the_console(fixture: str, package: Any, device: Any) -> None:
    """An app that does not get to its first page says why."""
    with device(package(fixture, "print('on the way')\nraise RuntimeError('broken')\n")) as found:
        found.page.wait("console", 60, lambda: "RuntimeError: broken" in shown(found))
        assert "on the way\n" in shown(found)


def test_another_exit_code_closes_the_app(package: Any, device: Any) -> None:
    """As on phones: the window is closed, nothing is shown; a text is an error's, as in any Python."""
    with device(package("counter", "import sys\nsys.exit('no reason')\n"), before=CLOSING) as found:
        found.page.wait("end", 60, lambda: "the window is closed" in found.page.log)
        assert shown(found) == ""
        assert any("no reason" in line for line in found.page.log)


def shown(found: Device) -> str:
    """The text of the console's page, "" without one."""
    return str(found.page.evaluate("document.querySelector('#console pre')?.textContent ?? ''"))
