"""The verb `shell`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from builder import project
from builder.backends import AUTO
from builder.terminal import talk
from builder.terminal.arguments import App, Backend, Offline, Verbose
from builder.terminal.begin import context_of, showing, warn
from builder.terminal.guard import guarded


@guarded
def shell(
    step: Annotated[str, typer.Argument(help="TARGET/STEP, such as `web/app`; `builder plan` names the steps.")],
    path: App = Path(),
    backend: Backend = AUTO,
    offline: Offline = False,
    verbose: Verbose = 0,
) -> None:
    """Open a shell in the sandbox of a step, with its inputs in place."""
    from builder.commands import shell as command

    context = context_of(path, "shell", verbose, offline=offline)
    found = project.load(context.root, {}, warn, context.environ)
    with talk.bar(sys.stderr) as progress:
        opened = command.prepare(showing(context, progress), found, step, backend)
    with opened as code:
        raise typer.Exit(code())
