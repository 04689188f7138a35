"""What each verb does, one module a verb; nothing here prints or exits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.store import Store
from builder.terminal.progress import Progress, silent


@dataclass(frozen=True)
class Context:
    """What every command is given: the app's folder, the store, and the world it runs in."""

    root: Path  # absolute folder of the app
    store: Store
    environ: Mapping[str, str]
    say: Callable[[str], None]  # talk, for people; never results
    offline: bool = False
    progress: Progress = silent  # told while files are fetched

    @property
    def home(self) -> Path:
        """The user's home folder; `/nowhere` where there is none, so that nothing is found in it."""
        return Path(self.environ.get("HOME") or "/nowhere")
