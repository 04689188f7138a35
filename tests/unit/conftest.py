"""What unit tests share beside tests/conftest.py: a file on a web server that can go on where it broke."""

import re
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def ranged(reply: Any) -> Callable[..., Callable[[Any], Any]]:
    """A file whose server knows Range and If-Range."""

    def file(body: bytes, etag: str = '"1"') -> Callable[[Any], Any]:
        def answer(asked: Any) -> Any:
            wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
            headers = {"ETag": etag} if etag else {}
            if not wanted or asked.headers.get("if-range", etag) != etag:
                return reply(body, headers=headers)
            start = int(wanted[1])
            if start >= len(body):
                return reply(b"", 416, {"Content-Range": f"bytes */{len(body)}"})
            span = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return reply(body[start:], 206, headers | {"Content-Range": span})

        return answer

    return file
