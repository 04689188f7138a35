"""The row of containers: what a step costs in one, beside bubblewrap."""

import shutil
import statistics
from collections.abc import Callable
from pathlib import Path

from timing import measure

STEPS = 2  # that run when one line of the app changed


def oci(builder: str, app: Path, env: dict[str, str], folder: Path, edit: Callable[[], None]) -> None:
    """One line changed, in turns, so that both meet the same load; no row where there is no podman."""
    if not shutil.which("podman"):
        return
    seconds: dict[str, list[float]] = {"bwrap": [], "oci": []}
    for number in range(8):
        for backend, found in seconds.items():
            build = [builder, "build", "web", str(app), "--offline", "--backend", backend]
            timing = measure(build, env, folder, 1, edit)
            if number:  # the first one loads the image
                found.append(timing.seconds)
    added = (statistics.median(seconds["oci"]) - statistics.median(seconds["bwrap"])) / STEPS
    print(f"{'a container adds to a step':34} {added * 1000:7.0f} ms            |       -  | <= 200 ms", flush=True)
