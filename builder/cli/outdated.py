"""The verb `outdated`."""

from pathlib import Path
from typing import Annotated

import typer

from builder import project
from builder.terminal.arguments import App, Verbose
from builder.terminal.begin import context_of, warn
from builder.terminal.guard import guarded, say


@guarded
def outdated(
    path: App = Path(),
    everything: Annotated[bool, typer.Option("--all", help="Show what is up to date as well.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
    verbose: Verbose = 0,
) -> None:
    """Show what is newer than the lock, and how far `lock --upgrade` would go."""
    from builder.commands import outdated as command

    context = context_of(path, "outdated", verbose)
    found = command.run(context, project.load(context.root, {}, warn, context.environ))
    if json:
        print(command.as_json(found))
        return
    for line in command.lines(found, all_of_them=everything):
        print(line)
    behind = sum(row.behind for row in found)
    say(f"{behind} of {len(found)} are behind" if behind else "nothing is behind")
