"""The verb `lock`."""

from pathlib import Path
from typing import Annotated

import typer

from builder import project
from builder.terminal.arguments import App, Verbose
from builder.terminal.begin import context_of, warn
from builder.terminal.guard import guarded


@guarded
def lock(
    path: App = Path(),
    check: Annotated[
        bool, typer.Option("--check", help="Only say, offline, whether the lock fits the project.")
    ] = False,
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Take the newest versions that the project allows.")
    ] = False,
    upgrade_package: Annotated[
        list[str] | None, typer.Option(help="Upgrade this package only; may be repeated.")
    ] = None,
    exclude_newer: Annotated[str, typer.Option(help="Take nothing that was published after this instant.")] = "",
    verbose: Verbose = 0,
) -> None:
    """Pin every outside byte in builder.lock, and write the committed plans where builder.plan/ is."""
    from builder.commands import check as checking

    context = context_of(path, "lock", verbose)
    found = project.load(context.root, {}, warn, context.environ)
    if check:
        checking.run(context.root, found)
        return
    from builder.commands import lock as command
    from builder.commands import locking

    locking.run(context, found, command.Wish(upgrade, tuple(upgrade_package or ()), exclude_newer))
