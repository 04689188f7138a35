"""A headless Chromium beside a file server, both in a network namespace that has nothing but lo."""

import base64
import contextlib
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from .worlds import BUILDER, FIXTURES, ROOT, World

PORT = 8000  # free, as the namespace is new
NAMESPACE = ("unshare", "--map-root-user", "--net")
SITE = f"http://127.0.0.1:{PORT}"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
    "--window-size=800,600",
)

# Runs in the namespace: brings lo up, serves the folder, becomes the browser, which reads commands from fd 3.
START = f"""
import fcntl, os, socket, struct, subprocess, sys, time
site, reads, writes, log, *browser = sys.argv[1:]
with socket.socket() as probe:
    fcntl.ioctl(probe, 0x8914, struct.pack("16sh", b"lo", 0x41))  # SIOCSIFFLAGS: up and running
with open(log, "w") as file:
    subprocess.Popen(
        [sys.executable, "-m", "http.server", "{PORT}", "--bind", "127.0.0.1", "--directory", site],
        stdout=file, stderr=file,
    )
for attempt in range(100):
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", {PORT})) == 0:
            break
    time.sleep(0.05)
os.dup2(int(reads), 1003), os.dup2(int(writes), 1004)  # 3 and 4 may be each other's
os.dup2(1003, 3), os.dup2(1004, 4)
os.execvp(browser[0], browser)
"""

# On a phone Flutter takes only a click on the very middle for a screen reader's.
SEMANTICS = """
(() => {
  const button = document.querySelector("flt-semantics-placeholder");
  if (!button) return;
  const box = button.getBoundingClientRect();
  const [clientX, clientY] = [box.x + box.width / 2, box.y + box.height / 2];
  button.dispatchEvent(new MouseEvent("click", { clientX, clientY, bubbles: true }));
})()
"""

TEXTS = """
(() => {
  const found = [];
  const walk = (root) => root.querySelectorAll("*").forEach((node) => {
    if (node.shadowRoot) walk(node.shadowRoot);
    if (!node.tagName.toLowerCase().startsWith("flt-semantics")) return;
    const own = [...node.childNodes].filter((child) => child.nodeType === 3 || child.tagName === "SPAN");
    const text = node.getAttribute("aria-label") || own.map((child) => child.textContent).join("").trim();
    const box = node.getBoundingClientRect();
    if (text) found.push([text, box.x + box.width / 2, box.y + box.height / 2]);
  });
  walk(document);
  return found;
})()
"""


@dataclass
class Page:
    """One tab, driven over the DevTools protocol; it keeps what the page and its workers asked for and said."""

    commands: int  # file descriptors of the browser's pipe
    answers: int
    session: str = ""
    requests: list[str] = field(default_factory=list)
    workers: list[str] = field(default_factory=list)  # what workers asked for
    failures: list[str] = field(default_factory=list)  # answers of 400 and more, and what was not answered
    log: list[str] = field(default_factory=list)
    paused: Callable[[dict[str, Any], str], None] | None = None  # answers requests that Fetch.enable holds back
    _pages: set[str] = field(default_factory=set)
    _buffer: bytes = b""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _results: dict[int, dict[str, Any]] = field(default_factory=dict)
    _urls: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, session: str | None = None, **params: Any) -> int:
        """Send a command to a session, the tab's own by default; the number of its answer."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if chosen := self.session if session is None else session:
            message["sessionId"] = chosen
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        return number

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        number = self.send(method, **params)
        deadline = time.monotonic() + 30
        while number not in self._results:
            assert time.monotonic() < deadline, f"no answer to {method}"
            self.pump(0.1)
        return self._results.pop(number)

    def pump(self, seconds: float) -> None:
        """Take in what the browser says, waiting at most so long for it."""
        if not select.select([self.answers], [], [], seconds)[0]:
            return
        chunk = os.read(self.answers, 1 << 20)
        assert chunk, "the browser ended"
        *messages, self._buffer = (self._buffer + chunk).split(b"\0")
        for message in messages:
            self._take(json.loads(message))

    def start(self) -> None:
        """Open an empty tab and listen to it and to every worker that it starts."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._pages.add(self.session)
        self._listen(self.session)
        self.call("Page.enable")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page; of a promise, what it gives."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, what: str, seconds: float, found: Callable[[], Any]) -> Any:
        """What `found` gives, as soon as that is true."""
        deadline = time.monotonic() + seconds
        while not (value := found()):
            assert time.monotonic() < deadline, f"no {what}; log: {self.log[-20:]}; failures: {self.failures}"
            self.pump(0.1)
        return value

    def texts(self) -> dict[str, tuple[float, float]]:
        """Text of each thing in Flutter's semantics tree -> its middle."""
        return {text: (x, y) for text, x, y in self.evaluate(TEXTS)}

    def show_semantics(self) -> None:
        """Have Flutter write its semantics tree to the document."""
        self.evaluate(SEMANTICS)

    def click(self, x: float, y: float) -> None:
        """Press and release the mouse at a place."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self) -> bytes:
        """The page as a PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def _listen(self, session: str) -> None:
        for method in ("Network.enable", "Runtime.enable", "Log.enable"):
            self.send(method, session)
        self.send("Target.setAutoAttach", session, autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        self.send("Runtime.runIfWaitingForDebugger", session)

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._results[message["id"]] = message.get("result", {"error": message.get("error")})
            return
        params, session = message["params"], message.get("sessionId", "")
        match message["method"]:
            case "Target.attachedToTarget" if session:
                self._listen(params["sessionId"])
            case "Network.requestWillBeSent":
                url = params["request"]["url"]
                self._urls[params["requestId"]] = url
                (self.requests if session in self._pages else self.workers).append(url)
            case "Network.responseReceived" if params["response"]["status"] >= 400:
                self.failures.append(f"{params['response']['status']} {params['response']['url']}")
            case "Network.loadingFailed" if not params.get("canceled"):
                self.failures.append(f"{params['errorText']} {self._urls.get(params['requestId'])}")
            case "Runtime.consoleAPICalled":
                self.log.append(" ".join(str(part.get("value", part.get("description"))) for part in params["args"]))
            case "Runtime.exceptionThrown":
                self.log.append("exception: " + json.dumps(params["exceptionDetails"])[:2000])
            case "Fetch.requestPaused" if self.paused:
                self.paused(params, session)
            case "Log.entryAdded":
                self.log.append(f"{params['entry']['level']}: {params['entry']['text']}")


def missing_tools() -> str:
    """What the browser's tests lack here, "" where they can run."""
    lacking = [name for name in ("unshare", "chromium") if shutil.which(name) is None]
    if lacking:
        return f"{', '.join(lacking)} not found"
    probe = subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False)
    return "" if probe.returncode == 0 else "no network namespace can be made here"


@contextlib.contextmanager
def _browse(site: Path, work: Path) -> Iterator[Page]:
    commands, answers = os.pipe(), os.pipe()
    ends = [str(commands[0]), str(answers[1])]
    browser = ["chromium", *FLAGS, f"--user-data-dir={work / 'profile'}", "about:blank"]
    with (work / "browser.log").open("w") as log:
        process = subprocess.Popen(
            [*NAMESPACE, sys.executable, "-c", START, str(site), *ends, str(work / "server.log"), *browser],
            pass_fds=[commands[0], answers[1]],
            env={**os.environ, "HOME": str(work)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    os.close(commands[0])
    os.close(answers[1])
    try:
        page = Page(commands[1], answers[0])
        page.start()
        yield page
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(commands[1])
        os.close(answers[0])


@pytest.fixture
def browse(tmp_path: Path) -> Callable[[Path], contextlib.AbstractContextManager[Page]]:
    """Opens a browser beside a server of a folder: `with browse(folder) as page: page.call("Page.navigate", ...)`."""
    if lacking := missing_tools():
        if os.environ.get("BUILDER_REQUIRE_TOOLS") == "1":
            pytest.fail(lacking)
        pytest.skip(lacking)
    return lambda site: _browse(site, tmp_path)


@pytest.fixture(scope="session", autouse=True)
def one_store(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[None]:
    """One store for all real tests of a run, never the user's; each pin is fetched once."""
    base = tmp_path_factory.getbasetemp()
    store = (base if worker_id == "master" else base.parent) / "one-store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUILDER_HOME", str(store))
        patch.delenv("CI", raising=False)  # builder would take it for --frozen
        yield


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """The path of a program; skips where it is missing, fails where all tools must be there."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None and os.environ.get("BUILDER_REQUIRE_TOOLS") == "1":
            pytest.fail(f"{name} not found")
        if path is None:
            pytest.skip(f"{name} not found")
        return path

    return find


@pytest.fixture(scope="session")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds every pin of the fixtures and the toolchain."""
    store = Path(os.environ["BUILDER_HOME"])
    for fixture in FIXTURES:
        app = tmp_path_factory.mktemp(fixture) / "app"
        shutil.copytree(ROOT / "fixtures" / fixture, app, ignore=shutil.ignore_patterns("build"))
        subprocess.run([BUILDER, "fetch", app, "-t", "web", "-t", "apk"], check=True)
    return store


@pytest.fixture
def world(tmp_path: Path, fetched: Path) -> World:
    return World(tmp_path, fetched)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can get at; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)
