"""A folder of this machine as a server of static files answers for it: what a `file://` mirror is."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from builder.errors import BuilderError, Exit

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

SCHEME = "file"
_INDEX = "index.html"
_KINDS = {".html": "text/html", ".json": "application/json"}


def response(method: str, url: str, headers: Mapping[str, str]) -> "BaseHTTPResponse":
    """The answer to a GET or HEAD of a `file://` URL; a folder answers with its index.html, and Range is honoured.

    Raises BuilderError (fetch) for what is there and can't be read.
    """
    from urllib.request import url2pathname  # here, as urllib3: most that import this module ask no folder

    from urllib3 import HTTPResponse

    path = Path(url2pathname(urlsplit(url).path))
    if path.is_dir():
        path /= _INDEX
    if ".." in path.parts or not path.is_file():
        return HTTPResponse(b"", status=404, preload_content=False)
    try:
        file = path.open("rb")
    except OSError as error:
        raise BuilderError(
            f"`{path}` can't be read: {error.strerror}",
            hint="allow this user to read the mirror's folder",
            code=Exit.FETCH,
        ) from error
    size = path.stat().st_size
    wanted = re.fullmatch(r"bytes=(\d{1,15})-", headers.get("Range", ""))
    start = int(wanted[1]) if wanted else 0
    if wanted and start >= size:
        file.close()
        return HTTPResponse(b"", status=416, preload_content=False)
    file.seek(start)
    told = {"Content-Length": str(size - start), "Content-Type": _KINDS.get(path.suffix, "application/octet-stream")}
    told |= {"Content-Range": f"bytes {start}-{size - 1}/{size}"} if wanted else {}
    return HTTPResponse(file, told, 206 if wanted else 200, preload_content=False, request_method=method)
