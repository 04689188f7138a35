"""The verb `build`."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder import noop, project
from builder.backends import AUTO
from builder.commands import Context
from builder.fletkeys.options import from_options
from builder.model import UNSIGNED
from builder.terminal import talk
from builder.terminal.arguments import App, Backend, Offline, Verbose
from builder.terminal.begin import context_of, is_frozen, prompt, showing, warn
from builder.terminal.flags import with_flet_options
from builder.terminal.guard import guarded, say

if TYPE_CHECKING:
    from builder.commands.build import Outcome
    from builder.commands.sign import Signed


@guarded
@with_flet_options("android", "linux", "macos", "web", "windows")
def build(
    target: Annotated[str, typer.Argument(help="What to build, such as `web`, or a family: `linux`.")],
    path: App = Path(),
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for the artifact.")] = None,
    backend: Backend = AUTO,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="Run the committed plan, and only what is committed.")
    ] = False,
    offline: Offline = False,
    record: Annotated[
        bool, typer.Option("--record", help="Write the digest that this app is expected to have.")
    ] = False,
    keep_failed: Annotated[bool, typer.Option("--keep-failed", help="Keep the folder of a step that fails.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Sign an APK with your debug key, to try it.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print target, path, digest, key and backend as JSON.")] = False,
    verbose: Verbose = 0,
    **options: Any,
) -> None:
    """Build TARGET in a sandbox without network; prints the artifact's path, for a family one a line."""
    from builder import lockfile, planning
    from builder.commands import build as command

    context = context_of(path, "build", verbose, offline=offline)
    given = from_options(options)
    found = project.load(context.root, given, warn, context.environ)
    frozen = is_frozen(context, frozen, given)
    named = planning.named(lockfile.load(context.root), target)
    for one in named:
        folder = output and output.absolute() / ("" if named == (target,) else one)
        request = command.Request(one, backend, frozen, folder, given, keep_failed)
        with talk.bar(sys.stderr) as progress:
            outcome = command.run(showing(context, progress), found, request)
        _compare(context, outcome, record=record, given=given)
        signed = _signed(context, found, outcome.path, debug=debug)
        place = signed.path if signed else None
        stdout = f"{outcome.json(place) if json else outcome.path}\n" + (f"{place}\n" if place and not json else "")
        sys.stdout.write(stdout)
    # What a variable says can't be known without reading the project; a signature is made anew.
    if named == (target,) and not verbose and not found.variables and not signed:
        command.remember(context, outcome, noop.name(sys.argv[1:], str(Path.cwd()), os.environ), {"stdout": stdout})


def _signed(context: Context, found: project.Project, artifact: Path, *, debug: bool) -> "Signed | None":
    if not debug and not artifact.name.endswith(UNSIGNED):
        return None
    from builder.commands import sign  # here: its libraries take 35 ms

    return sign.beside(context, found, artifact, debug=debug, ask=prompt())


def _compare(context: Context, outcome: "Outcome", *, record: bool, given: Mapping[str, object]) -> None:
    """Record the digest, or say whether it is the one that is committed."""
    from builder.commands import deliver

    if record:
        deliver.record(context.root, outcome.target, outcome.digest)
    elif outcome.expected and not given:
        same = "equals" if outcome.expected == outcome.digest else f"DIFFERS from {outcome.expected},"
        say(f"digest {outcome.digest} {same} the one committed with the app")
