"""The rows of the APK: one line of the app changed, not signed and signed, cold outputs, and its size."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from timing import forget_outputs, measure, row


def apk(builder: str, app: Path, env: dict[str, str], folder: Path, edit: Callable[[], None]) -> None:
    """All rows; the store has the pins and the toolchain."""
    store = Path(env["BUILDER_HOME"])
    subprocess.run([builder, "fetch", str(app), "-t", "apk"], env=env, check=True)
    build = [builder, "build", "apk", str(app), "--offline"]
    subprocess.run(build, env=env, check=True, stdout=subprocess.DEVNULL)
    row("build apk, one line changed", measure(build, env, folder, 5, edit), None, "<= 0.8 s")
    row("the same, signed", measure([*build, "--debug"], env, folder, 5, edit), None, "<= 1.0 s")
    row(
        "build apk, cold outputs",
        measure(build, env, folder, 3, lambda: forget_outputs(store)),
        None,
        "<= 8 s, <= 250 MB",
    )
    size = next((app / "build" / "apk").glob("*-unsigned.apk")).stat().st_size
    print(f"{'counter-unsigned.apk':34} {size / 1e6:7.2f} MB            |       -  | <= 14 MB", flush=True)
