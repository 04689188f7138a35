"""The verb `init`."""

from pathlib import Path
from typing import Annotated

import typer

from builder.terminal.arguments import App, Verbose
from builder.terminal.begin import context_of
from builder.terminal.guard import guarded, say


@guarded
def init(
    path: App = Path(),
    name: Annotated[str | None, typer.Option(help="Name of a new app.", show_default="the folder's")] = None,
    nix: Annotated[bool, typer.Option("--nix", help="Write a flake too: plain `nix build` then builds it.")] = False,
    verbose: Verbose = 0,
) -> None:
    """Make a new app, or adopt the one in PATH: [tool.builder] and the folder for committed plans."""
    from builder.commands import init as command

    command.run(context_of(path, "init", verbose).root, name=name, nix=nix, say=say)
