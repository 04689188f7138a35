"""`builder run web`: the built site on a local port, as a plain file server would serve it."""

import functools
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


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
        path = Path(self.translate_path(self.path))
        if not path.exists() and "." not in path.name:
            self.path = "/"
        return super().send_head()

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing; the browser's own tools show every request."""


def server(site: Path, port: int) -> ThreadingHTTPServer:
    """A server of that folder on 127.0.0.1; port 0 takes a free one. Raises OSError where the port is taken."""
    return ThreadingHTTPServer(("127.0.0.1", port), functools.partial(_Handler, directory=str(site)))
