"""The verb `store`."""

import json as formats
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.errors import Exit
from builder.terminal.arguments import Verbose
from builder.terminal.begin import context_of
from builder.terminal.guard import guarded, say

if TYPE_CHECKING:
    from builder.commands.store import Finding


class Action(StrEnum):
    """What to do with the store."""

    PATH, SIZE, VERIFY = "path", "size", "verify"


@guarded
def store(
    action: Annotated[
        Action, typer.Argument(help="Print its folder, print the bytes that it has, or hash all of it again.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    verbose: Verbose = 0,
) -> None:
    """Look at the store that all apps share: `path`, `size` or `verify`."""
    from builder.commands import store as command

    found = context_of(Path(), "store", verbose).store
    if action is Action.PATH:
        print(formats.dumps({"path": str(found.root)}) if json else found.root)
    elif action is Action.SIZE:
        print(formats.dumps({"size": command.size(found)}) if json else command.size(found))
    else:
        _verify(command.verify(found), json)


def _verify(findings: "tuple[Finding, ...]", json: bool) -> None:
    wrong = [finding for finding in findings if finding.wrong]
    busy = sum(finding.busy for finding in findings)
    if json:
        rows = [{"name": finding.name, "wrong": finding.wrong} for finding in wrong]
        print(formats.dumps({"looked_at": len(findings) - busy, "busy": busy, "wrong": rows}))
    else:
        for finding in wrong:
            print(f"{finding.name} {finding.wrong}")
    left = f"; {busy} are being made right now, and were left out" if busy else ""
    say(f"{len(findings) - busy} files and outputs hashed, {len(wrong)} wrong{left}")
    if wrong:
        say("\nhint: the next build or `builder fetch` gets or makes anew what it needs of them; check the disk")
        raise typer.Exit(Exit.MISMATCH)
