"""The verb `run`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from builder import project
from builder.backends import AUTO
from builder.errors import Exit
from builder.terminal import talk
from builder.terminal.arguments import App, Offline, Verbose
from builder.terminal.begin import context_of, is_frozen, showing, warn
from builder.terminal.guard import guarded, say


@guarded
def run(
    target: Annotated[str, typer.Argument(help="What to run: `web` or `apk`.")],
    path: App = Path(),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 8000,
    device: Annotated[str, typer.Option(help="Serial number of the device for `apk`, as `adb devices` shows it.")] = "",
    offline: Offline = False,
    verbose: Verbose = 0,
) -> None:
    """Build TARGET and run it: `web` is served on 127.0.0.1, `apk` started by adb, until Ctrl-C."""
    from builder.commands import build as command
    from builder.commands import run as running

    context = context_of(path, "run", verbose, offline=offline)
    running.check(target)
    found = project.load(context.root, {}, warn, context.environ)
    with talk.bar(sys.stderr) as progress:
        request = command.Request(target, AUTO, is_frozen(context, False, {}), None, {})
        outcome = command.run(showing(context, progress), found, request)
    if target == running.APK:
        raise typer.Exit(running.on_device(context, found, outcome.path, device))
    server = running.server(outcome.path, port)
    print(running.address(server, outcome.path), flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt as error:
        say(f"no longer served; the site stays in {outcome.path}")
        raise typer.Exit(Exit.INTERRUPTED) from error
