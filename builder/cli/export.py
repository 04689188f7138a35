"""The verb `export`."""

from pathlib import Path
from typing import Annotated

import typer

from builder import project
from builder.terminal.arguments import App, Offline, Verbose
from builder.terminal.begin import context_of, is_frozen, warn
from builder.terminal.guard import guarded


@guarded
def export(
    format: Annotated[str, typer.Argument(help="What to write, such as `flatpak`.")],
    target: Annotated[str, typer.Argument(help="What to export, such as `linux-x86_64`.")],
    path: App = Path(),
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for the export.")] = None,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="Export the committed plan, and only what is committed.")
    ] = False,
    git: Annotated[
        str, typer.Option("--git", metavar="URL", help="Name this repository instead of copying the app's files.")
    ] = "",
    offline: Offline = False,
    verbose: Verbose = 0,
) -> None:
    """Write TARGET for who has no builder, as a FORMAT; prints the folder."""
    from builder.commands import export as command

    context = context_of(path, "export", verbose, offline=offline)
    found = project.load(context.root, {}, warn, context.environ)
    request = command.Request(format, target, is_frozen(context, frozen, {}), output and output.absolute(), git)
    print(command.run(context, found, request))
