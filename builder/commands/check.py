"""`builder lock --check`: say offline which input builder.lock no longer fits."""

from pathlib import Path

from builder import lockfile
from builder.errors import BuilderError, Exit
from builder.inputs import differences, inputs_of
from builder.lock import FILENAME
from builder.project import Project


def run(root: Path, project: Project) -> None:
    """Return where builder.lock fits the project. Raises BuilderError (lock) saying what changed. Asks nobody."""
    changed = differences(lockfile.load(root).inputs, inputs_of(project))
    if changed:
        raise BuilderError(
            f"{FILENAME} is out of date: {'; '.join(changed)}",
            hint="run `builder lock` and commit the result",
            code=Exit.LOCK,
        )
