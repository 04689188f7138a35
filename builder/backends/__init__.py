"""Where a step runs, one module a place; every place shows the step the same sandbox."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.folder import Folder
from builder.plan import Step


@dataclass(frozen=True)
class Work:
    """One step made ready: all of its inputs lie on this machine."""

    step: Step
    folder: Path  # absolute, on disk: holds `out` (empty) and `in` with the step's texts and scripts
    inputs: Mapping[str, Path]  # name under `in/` -> absolute path of a file or folder, to be shown read-only
    toolchain: Path  # absolute path of the root
    environment: Mapping[str, str]  # the step's whole environment
    path: str  # PATH of the host, for the backend's own program


@dataclass(frozen=True)
class Backend:
    """One place that can run steps."""

    refusal: Callable[[str], str]  # (PATH of the host) -> why it can't run here, "" where it can
    mend: str  # what makes it work
    run: Callable[[Work, Callable[[str], None]], None]  # the step's output lines go to the second; raises BuilderError


BACKENDS = Folder(__name__, Backend)
