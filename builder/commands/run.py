"""`builder run`: the built site on a local port, as a plain file server would serve it; or the APK on a device."""

import functools
import html
import re
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from builder import lockfile
from builder.commands import Context, sign
from builder.commands import device as devices
from builder.errors import BuilderError, Exit
from builder.project import Project

WEB, APK = "web", "apk"  # targets that can be run from here


class _Handler(SimpleHTTPRequestHandler):
    """A file server with the media types that browsers insist on, falling back to the app for its routes."""

    extensions_map = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".whl": "application/zip",
    }

    def send_head(self):  # type: ignore[no-untyped-def]  # the base class states no type
        """Serve index.html for a path that is no file and has no ending: a route of the app."""
        base = _base(Path(self.directory))
        route = "." not in urlsplit(self.path).path.rpartition("/")[2]
        if not self.path.startswith(base):
            return self._lead(base) if route else self.send_error(404)
        self.path = "/" + self.path.removeprefix(base)
        if route and not Path(self.translate_path(self.path)).exists():
            self.path = "/"
        del self.headers["If-Modified-Since"]  # all files of a site carry the same date
        return super().send_head()

    def end_headers(self) -> None:
        """Let browsers keep nothing, for the same reason: they would show the app as it was before."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing; the browser's own tools show every request."""

    def _lead(self, place: str) -> None:
        self.send_response(302)
        self.send_header("Location", place)
        self.send_header("Content-Length", "0")
        self.end_headers()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a browser that leaves in mid-answer."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # what it gave is given back


def check(target: str) -> None:
    """Raise BuilderError (usage) for a target that can't be run from here."""
    if target not in (WEB, APK):
        raise BuilderError(
            f"`{target}` can't be run here",
            hint=f"run `builder build` for it; `builder run` knows {WEB} and {APK}",
            code=Exit.USAGE,
        )


def on_device(context: Context, project: Project, unsigned: Path, device: str) -> int:
    """Sign an APK with the debug key and start it by adb; gives the exit code of its log. Raises BuilderError."""
    signed = sign.run(context, sign.Request(file=unsigned, debug=True), None)
    return devices.start(context, project, lockfile.load(context.root), signed.path, device)


def server(site: Path, port: int) -> ThreadingHTTPServer:
    """A server of that folder on 127.0.0.1; port 0 takes a free one. Raises BuilderError (usage) where it is taken."""
    try:
        return _Server(("127.0.0.1", port), functools.partial(_Handler, directory=str(site)))
    except OSError as error:
        raise BuilderError(
            f"port {port} can't be used: {error.strerror}", hint="choose another with --port", code=Exit.USAGE
        ) from error


def address(server: ThreadingHTTPServer, site: Path) -> str:
    """The URL that opens the app in a browser on this machine."""
    return f"http://127.0.0.1:{server.server_port}{_base(site)}"


def _base(site: Path) -> str:
    """The path that every URL of the site starts with, as its page states it."""
    page = site / "index.html"
    found = re.search(r'<base href="([^"]+)">', page.read_text(encoding="utf-8")) if page.is_file() else None
    return html.unescape(found[1]) if found else "/"
