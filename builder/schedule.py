"""Which steps run at the same time: each one begins once those are done that it builds on."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context

from builder import process
from builder.plan import Built, Step

Begin = Callable[[Step], Callable[[], None]]
_MOST = 4  # at a time; each may take some 150 MB


def slots() -> int:
    """How many steps may run at a time: one a processor, four at most."""
    return min(_MOST, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def side_by_side(steps: Sequence[Step], begin: Begin, width: int) -> None:
    """Run steps, up to `width` at a time; of those that can begin the one first that has the most before it, else in
    their order: so a long chain is not left for the end.

    `begin` is asked in this thread, so that Ctrl-C ends its waiting; what it gives runs in another one. The first
    exception of a step ends the programs that the others run, and is raised once they are gone.
    """
    depth = _depths(steps)
    left, running = sorted(steps, key=lambda step: -depth[step.name]), dict[Future[None], str]()
    with ThreadPoolExecutor(width) as pool, process.together() as children:
        try:
            while left or running:
                unmade = {step.name for step in left} | {*running.values()}
                ready = next((step for step in left if not _needs(step) & unmade), None)
                if ready is not None and len(running) < width:
                    left.remove(ready)
                    running[pool.submit(copy_context().run, begin(ready))] = ready.name
                    continue
                for finished in wait(running, return_when=FIRST_COMPLETED).done:
                    del running[finished]
                    finished.result()
        except BaseException:
            children.end()
            raise


def _depths(steps: Sequence[Step]) -> dict[str, int]:
    """How many of the steps, which are in an order that works, the longest way to each one has, itself among them."""
    found: dict[str, int] = {}
    for step in steps:
        found[step.name] = 1 + max((found.get(name, 0) for name in _needs(step)), default=0)
    return found


def _needs(step: Step) -> set[str]:
    return {source.step for source in step.inputs.values() if isinstance(source, Built)}
