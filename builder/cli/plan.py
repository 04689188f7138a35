"""The verb `plan`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from builder import project
from builder.fletkeys.options import from_options
from builder.terminal.arguments import App, Verbose
from builder.terminal.begin import context_of, warn
from builder.terminal.flags import with_flet_options
from builder.terminal.guard import guarded


@guarded
@with_flet_options("android", "linux", "macos", "web", "windows")
def plan(
    target: Annotated[str, typer.Argument(help="What to plan, such as `web`.")],
    path: App = Path(),
    verbose: Verbose = 0,
    **options: Any,
) -> None:
    """Print the plan of TARGET as JSON: its steps, their inputs and texts; runs nothing."""
    from builder import lockfile, planning
    from builder import plan as plans

    context = context_of(path, "plan", verbose)
    given = from_options(options)
    found = project.load(context.root, given, warn, context.environ)
    sys.stdout.write(plans.dump(planning.plan_of(found, lockfile.load(context.root), target)).decode())
