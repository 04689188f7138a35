"""The verb `export`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from builder import project
from builder.terminal import talk
from builder.terminal.arguments import Offline, Verbose
from builder.terminal.begin import context_of, is_frozen, showing, warn
from builder.terminal.guard import guarded


@guarded
def export(
    format: Annotated[str, typer.Argument(help="What to write, such as `flatpak`.")],
    words: Annotated[
        list[str],
        typer.Argument(metavar="TARGET... [PATH]", help="Targets, families or `all`, then the app."),
    ],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for the export.")] = None,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="Export the committed plan, and only what is committed.")
    ] = False,
    git: Annotated[
        str, typer.Option("--git", metavar="URL", help="Name this repository instead of copying the app's files.")
    ] = "",
    without_pins: Annotated[
        bool, typer.Option("--without-pins", help="Leave the pins out of an image, which then fetches them.")
    ] = False,
    offline: Offline = False,
    verbose: Verbose = 0,
) -> None:
    """Write TARGETs for who has no builder, as a FORMAT; prints the folder."""
    from builder.commands import export as command
    from builder.commands.words import targets
    from builder.commands.words import words as read

    named, path = read(words)
    context = context_of(path, "export", verbose, offline=offline)
    found = project.load(context.root, {}, warn, context.environ)
    place, chosen = output and output.absolute(), targets(context.root, named)
    request = command.Request(format, chosen, is_frozen(context, frozen, {}), place, git, not without_pins)
    with talk.bar(sys.stderr) as progress:
        print(command.run(showing(context, progress), found, request))
