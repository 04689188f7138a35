"""What can be built, one module a family of targets: pure functions from project and lock to steps."""

from collections.abc import Callable
from dataclasses import dataclass

from builder.folder import Folder
from builder.lock import Lock
from builder.plan import Step
from builder.project import Project


@dataclass(frozen=True)
class Target:
    """The steps that make one target, and what of the last one's output is the artifact."""

    steps: Callable[[Project, Lock, str], tuple[Step, ...]]  # (project, lock, target name)
    artifact: Callable[[Project, str], str]  # path below the last step's output; "." is all of it


TARGETS = Folder(__name__, Target)


def family(target: str) -> str:
    """The module that makes a target: `linux` for `linux-x86_64`."""
    return target.split("-", 1)[0]
