"""Glob patterns over relative paths, as Flet's cleanup options use them: `**` crosses folders, `*` does not."""

import re
from collections.abc import Callable, Iterable

_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?[^]/]+\]|\{[^{}/]*\}|.", re.DOTALL)


def matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """A test of a relative path: true where a pattern matches it or one of the folders above it."""
    parts = [_regex(pattern.strip("/")) for pattern in patterns]
    if not parts:
        return lambda path: False
    found = re.compile(f"(?:{'|'.join(parts)})(?:/|$)", re.DOTALL)
    return lambda path: found.match(path) is not None


def _regex(pattern: str) -> str:
    return "".join(_token(match[0]) for match in _TOKENS.finditer(pattern))


def _token(token: str) -> str:
    if token == "**/":
        return "(?:.*/)?"
    if token in ("**", "*", "?"):
        return {"**": ".*", "*": "[^/]*", "?": "[^/]"}[token]
    if len(token) > 2 and token[0] == "[":
        body = re.sub(r"^\^", "!", token[1:-1])
        inner = re.sub(r"([\\^\[&~|])", r"\\\1", body.removeprefix("!"))
        return f"[^/{inner}]" if body.startswith("!") else f"[{inner}]"
    if len(token) > 1 and token[0] == "{":
        return f"(?:{'|'.join(_regex(choice) for choice in token[1:-1].split(','))})"
    return re.escape(token)
