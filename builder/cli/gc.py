"""The verb `gc`."""

import json as formats
from pathlib import Path
from typing import Annotated

import typer

from builder.terminal.arguments import Verbose
from builder.terminal.begin import context_of
from builder.terminal.guard import guarded, say


@guarded
def gc(
    older_than: Annotated[
        float | None, typer.Option(metavar="DAYS", min=0, help="Remove what only apps use that were idle so long.")
    ] = None,
    max_size: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Remove until the store has no more, such as 5GB or 800MB.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing; print what would go.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print what went, and the bytes freed and left, as JSON.")
    ] = False,
    verbose: Verbose = 0,
) -> None:
    """Remove from the store what no app of this machine needs; prints what went."""
    from builder.commands import gc as command

    context = context_of(Path(), "gc", verbose)
    result = command.run(context, command.Wish(older_than, command.bytes_of(max_size), dry_run))
    if json:
        names = [{"name": entry.name, "size": entry.size} for entry in result.removed]
        print(formats.dumps({"removed": names, "freed": result.freed, "left": result.left, "dry_run": dry_run}))
        return
    for entry in result.removed:
        print(f"{entry.name} {entry.size}")
    freed = "would be freed" if dry_run else "freed"
    say(f"{result.freed / 1e6:.1f} MB {freed}; the store has {result.left / 1e6:.1f} MB{' then' if dry_run else ''}")
