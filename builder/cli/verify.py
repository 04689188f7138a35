"""The verb `verify`."""

import json as jsons
import sys
from pathlib import Path
from typing import Annotated

import typer

from builder import project
from builder.backends import AUTO
from builder.errors import Exit
from builder.terminal import talk
from builder.terminal.arguments import Backend, Offline, Verbose
from builder.terminal.begin import context_of, showing, warn
from builder.terminal.guard import guarded


@guarded
def verify(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TARGET]... [PATH]", help="Targets or families (none: all planned), then the app."),
    ] = None,
    against: Annotated[Path | None, typer.Option(help="Compare with this published artifact.")] = None,
    recorded: Annotated[bool, typer.Option("--recorded", help="Compare with the committed digest.")] = False,
    beyond: Annotated[bool, typer.Option("--beyond", help="Vary what steps may rely on, too.")] = False,
    backend: Backend = AUTO,
    offline: Offline = False,
    report: Annotated[Path | None, typer.Option(help="Write an HTML page that says it all.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    verbose: Verbose = 0,
) -> None:
    """Build TARGETs again with all varied that may vary; exit code 8 where a byte differs."""
    from builder.commands import verify as command

    named, path = command.words(words or [])
    context = context_of(path, "verify", verbose, offline=offline)
    found = project.load(context.root, {}, warn, context.environ)
    request = command.Request(command.targets(context.root, named), backend, against, recorded, beyond)
    results = []
    with talk.bar(sys.stderr) as progress:
        for result in command.run(showing(context, progress), found, request):
            results.append(result)
            if not json:
                print("\n".join(["", *result.lines()][len(results) == 1 :]), flush=True)
    if report:
        command.write_report(context, report.absolute(), results)
    if json:
        print(jsons.dumps([result.json() for result in results], indent=1, ensure_ascii=False))
    if not all(result.equal for result in results):
        raise typer.Exit(Exit.DIFFERS)
