"""How a command begins: what it is given, and what it may ask."""

import getpass
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from builder import noop
from builder.commands import Context
from builder.errors import BuilderError, Exit
from builder.store import Store
from builder.terminal import log
from builder.terminal.guard import say
from builder.terminal.progress import Progress, silent


def context_of(path: Path, command: str, verbose: int, *, offline: bool = False) -> Context:
    """What a command is given, its log begun."""
    try:
        root, store = path.absolute(), Store(noop.store_root(os.environ))
    except FileNotFoundError as error:
        raise BuilderError(
            "this folder is gone", hint="change to one that is there, and run the command again", code=Exit.USAGE
        ) from error
    log.start(store.log(f"{command}.log"), verbose, sys.stderr)
    return Context(root=root, store=store, environ=dict(os.environ), say=say, offline=offline)


def showing(context: Context, progress: Progress | None) -> Context:
    """The same, with progress on a terminal where there is one."""
    return replace(context, progress=progress or silent)


def is_frozen(context: Context, asked: bool, given: Mapping[str, object]) -> bool:
    """--frozen, or CI=true where the app commits its plans; options make another plan than the committed one."""
    if asked and given:
        raise BuilderError(
            f"--frozen runs the committed plan, which {', '.join(f'`{key}`' for key in given)} can't change",
            hint="write it into [tool.flet], run `builder lock` and commit, or leave --frozen out",
            code=Exit.USAGE,
        )
    in_ci = context.environ.get("CI", "").lower() in ("1", "true")
    return asked or (in_ci and not given and (context.root / "builder.plan").is_dir())


def warn(line: str) -> None:
    """Tell of what is odd, and may be meant."""
    say(f"warning: {line}")


def prompt() -> Callable[[str], str] | None:
    """What asks a person for a secret; None where nobody is at a terminal."""
    return _asked if sys.stdin.isatty() else None


def _asked(question: str) -> str:
    try:
        return getpass.getpass(question)
    except EOFError:
        return ""
