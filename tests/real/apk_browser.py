"""An APK's web folder in Chromium, at the origin and with the endpoints that the app's shell gives it on Android."""

import base64
import json
import mimetypes
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ORIGIN = "https://appassets.androidplatform.net"
FOLDER = "assets/web/"
SHELL = f"{ORIGIN}/_shell/http"
AGENT = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 8 Build/AP4A.250105.002; wv) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Version/4.0 Chrome/132.0.0.0 Mobile Safari/537.36"
)
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".gz": "application/gzip"}


@dataclass(frozen=True)
class Asked:
    """A request that the shell was to make."""

    url: str
    method: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What a page is answered."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Device:
    """Answers a page as Android's WebView and the app's shell do, out of an APK; nothing else is answered."""

    page: Any  # of conftest.py
    apk: zipfile.ZipFile
    host: Callable[[Asked], Answer | None] = lambda asked: None  # None: it can't be reached
    before: str = ""  # a script that runs before all others, in the page and in its worker
    asked: list[Asked] = field(default_factory=list)
    served: set[str] = field(default_factory=set)
    foreign: list[str] = field(default_factory=list)  # what went to another host than the app's own
    missing: list[str] = field(default_factory=list)

    def start(self, route: str = "/") -> None:
        """Open the app."""
        page = self.page
        page.paused = self._paused
        page.call("Fetch.enable", patterns=[{}])
        page.call("Emulation.setUserAgentOverride", userAgent=AGENT, platform="Linux armv81")
        page.call("Emulation.setDeviceMetricsOverride", width=412, height=915, deviceScaleFactor=1, mobile=True)
        page.call("Page.addScriptToEvaluateOnNewDocument", source=self.before)
        page.call("Page.navigate", url=ORIGIN + route)

    def wait_for(self, text: str, seconds: float = 90) -> None:
        """Wait until the app shows a text."""
        self.page.wait(f"text {text!r}", seconds, lambda: self.page.show_semantics() or text in self.page.texts())

    def press(self, text: str) -> None:
        """Tap what has a text."""
        self.wait_for(text, 10)
        self.page.click(*self.page.texts()[text])

    def _paused(self, params: dict[str, Any], session: str) -> None:
        request, number = params["request"], params["requestId"]
        url = urlsplit(request["url"])
        if f"{url.scheme}://{url.netloc}" != ORIGIN:
            self.foreign.append(request["url"])
            self.page.send("Fetch.failRequest", session, requestId=number, errorReason="ConnectionRefused")
            return
        page = params["resourceType"] == "Document"
        answer = self._fetched(request) if request["url"] == SHELL else self._file(unquote(url.path), page)
        self.page.send(
            "Fetch.fulfillRequest",
            session,
            requestId=number,
            responseCode=answer.status,
            responseHeaders=[{"name": name, "value": value} for name, value in answer.headers.items()],
            body=base64.b64encode(answer.body).decode(),
        )

    def _fetched(self, request: dict[str, Any]) -> Answer:
        headers = {name.lower(): value for name, value in request["headers"].items()}
        self.asked.append(
            Asked(
                headers["x-shell-url"],
                headers["x-shell-method"],
                json.loads(headers["x-shell-headers"]),
                base64.b64decode(headers.get("x-shell-body", "")),
            )
        )
        answer = self.host(self.asked[-1])
        if answer is None:
            return Answer(status=502, headers={"X-Shell-Error": "no such host"})
        headers = {
            "Content-Type": answer.headers.get("Content-Type", "application/octet-stream"),
            "X-Shell-Status": str(answer.status),
            "X-Shell-Headers": json.dumps([*answer.headers.items()]),
            "X-Shell-Url": self.asked[-1].url,
        }
        return Answer(answer.body, headers=headers)

    def _file(self, path: str, page: bool) -> Answer:
        name = path.removeprefix("/") or "index.html"
        if FOLDER + name not in self.apk.namelist():
            if not page:
                self.missing.append(name)
                return Answer(status=404)
            name = "index.html"  # a route of the app
        self.served.add(name)
        suffix = Path(name).suffix
        kind = TYPES.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")
        first = self.before if name == "python-worker.js" else ""
        return Answer(first.encode() + self.apk.read(FOLDER + name), headers={"Content-Type": kind})
