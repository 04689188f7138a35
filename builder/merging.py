"""Outputs that only lay folders over each other: made of hard links where that gives the same bytes (ADR 6)."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from builder import plan, scripts
from builder.inside import tree
from builder.plan import Plan, Step
from builder.removal import remove


def is_merge(step: Step, planned: Plan) -> bool:
    """Whether a step is known to do no more than merge.py of this release; a committed plan may have another one."""
    return step.scripts[0] == plan.MERGE and all(planned.scripts[name] == scripts.sha256(name) for name in step.scripts)


def linked(step: Step, inputs: Mapping[str, Path], out: Path) -> bool:
    """Whether what merge.py would write could be made of links to the same files, which the store never changes."""
    out.mkdir()
    try:
        found = tree.over((inputs[name], below) for name, below in map(tree.layered, step.args))
        for folder in _folders(found):
            os.mkdir(f"{out}/{folder}")  # noqa: PTH102 (a Path takes three times as long)
        for name, source in found.items():
            os.link(source, f"{out}/{name}", follow_symlinks=False)
    except (OSError, tree.Refused):  # a disk without hard links, or folders that the script refuses, and says why
        remove(out)
        return False
    return True


def _folders(names: Iterable[str]) -> list[str]:
    """Every folder that paths lie in, each before what is in it."""
    found: set[str] = set()
    for name in names:
        above = name.rpartition("/")[0]
        while above and above not in found:
            found.add(above)
            above = above.rpartition("/")[0]
    return sorted(found)
