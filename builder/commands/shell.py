"""`builder shell`: a shell where a step would run, with its inputs in place."""

import contextlib
import shlex
from collections.abc import Callable, Iterator

from builder import backends, execute, process
from builder.commands import Context, build, uses
from builder.errors import BuilderError, Exit
from builder.project import Project


@contextlib.contextmanager
def prepare(context: Context, project: Project, name: str, backend: str) -> Iterator[Callable[[], int]]:
    """Make TARGET/STEP ready; gives what opens the shell, and its exit code then.

    Raises BuilderError: usage for a step that the plan does not have, else as a build does.
    """
    target, _, step = name.partition("/")
    backends.check(backend)
    request = build.Request(target, backend, False, None, {})
    made_of = build.made_of(context, project, request)
    steps = [found.name for found in made_of.plan.steps]
    if step not in steps:
        raise BuilderError(
            f"`{target}` has no step `{step}`",
            hint=f"name one of: {', '.join(f'{target}/{found}' for found in steps)}",
            code=Exit.USAGE,
        )
    with context.store.locked("store", shared=True):
        staged = build.stage(context, request, made_of.plan)
        uses.build_of(context, made_of.plan, staged)
        supplies = build.supplies(context, made_of, request, staged)
        pick = build.picking(context, request)
        with execute.opened(made_of.plan, step, context.store, pick, supplies, context.say) as work:
            context.say(f"the step runs: {shlex.join(pick().command(work))}")
            yield lambda: process.attach(pick().shell(work), env=context.environ)
