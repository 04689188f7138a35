"""The verb `fetch`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from builder import project
from builder.terminal import talk
from builder.terminal.arguments import App, Verbose
from builder.terminal.begin import context_of, showing, warn
from builder.terminal.guard import guarded, say


@guarded
def fetch(
    path: App = Path(),
    target: Annotated[
        list[str] | None, typer.Option("--target", "-t", help="Only this target; may be repeated.")
    ] = None,
    nix: Annotated[bool, typer.Option("--nix", help="Put them into the Nix store as well.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Also what `builder verify` needs.")] = False,
    verbose: Verbose = 0,
) -> None:
    """Fetch every pin and make the toolchain, so that builds need no network."""
    from builder.commands import fetch as command

    context = context_of(path, "fetch", verbose)
    found = project.load(context.root, {}, warn, context.environ)
    with talk.bar(sys.stderr) as progress:
        files, size = command.run(showing(context, progress), found, tuple(target or ()), nix=nix, verify=verify)
    say(f"the store holds {files} files, {size / 1e6:.1f} MB, all as locked")
    if nix:
        say("the Nix store holds those of the targets, and the toolchain that the others make")
