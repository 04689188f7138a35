"""The verb `diff`."""

from pathlib import Path
from typing import Annotated

import typer

from builder.errors import BuilderError, Exit
from builder.terminal.arguments import Verbose
from builder.terminal.begin import context_of
from builder.terminal.guard import guarded, say


@guarded
def diff(
    old: Annotated[
        Path, typer.Argument(help="A lock, a plan, an app, or an artifact.", show_default="this app")
    ] = Path(),
    new: Annotated[Path | None, typer.Argument(help="Another one of the same kind.")] = None,
    git: Annotated[
        str, typer.Option("--git", metavar="REV", help="Compare the app OLD with this revision of it.")
    ] = "",
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 8 where there is a difference.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
    verbose: Verbose = 0,
) -> None:
    """Say in words how two locks, plans, apps or artifacts differ."""
    from builder.commands import diff as command

    if (new is None) == (not git):
        raise BuilderError(
            "diff compares two things", hint="name both, or an app and a revision with --git", code=Exit.USAGE
        )
    context = context_of(old, "diff", verbose)
    parts = command.run(old, new) if new is not None else command.against(context, git)
    if json:
        print(command.as_json(parts))
    for line in () if json else command.lines(parts):
        print(line)
    if not any(parts.values()):
        say("equal")
    elif exit_code:
        raise typer.Exit(Exit.DIFFERS)
