"""The verb `tree`."""

from pathlib import Path
from typing import Annotated

import typer

from builder.terminal.arguments import App, Verbose
from builder.terminal.begin import context_of
from builder.terminal.guard import guarded


@guarded
def tree(
    path: App = Path(),
    target: Annotated[str | None, typer.Option("--target", "-t", help="Only this target.")] = None,
    verbose: Verbose = 0,
) -> None:
    """Show what the lock holds for each target."""
    from builder import lockfile
    from builder.commands import tree as command

    context = context_of(path, "tree", verbose)
    for line in command.run(lockfile.load(context.root), target or ""):
        print(line)
