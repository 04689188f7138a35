"""`builder run apk`: the signed APK onto a device or emulator by adb, started, and its log followed."""

import shutil
from pathlib import Path

from builder import process
from builder.android import identity
from builder.android.manifest import SHELL
from builder.clients import prebuilt
from builder.commands import Context
from builder.errors import BuilderError, Exit
from builder.lock import Lock
from builder.project import Project

_TARGET = "apk"


def start(context: Context, project: Project, lock: Lock, apk: Path, device: str) -> int:
    """Install and start an APK, and show the app's log until it is interrupted; gives adb's exit code then.

    `device` is a serial number as `adb devices` shows it; "" takes the only one. Raises BuilderError (usage).
    """
    adb = ["adb", *(["-s", device] if device else [])]
    if shutil.which("adb", path=context.environ.get("PATH", "")) is None:
        raise BuilderError(
            f"`adb` is not installed, so `{apk}` was built and signed, but not started",
            hint="install it (`apt-get install adb`) and connect a device with USB debugging, or start an emulator; "
            "or copy the APK to a device and open it there",
            code=Exit.USAGE,
        )
    package = identity.package(project, prebuilt.line_of(lock, _TARGET).line)
    _run(context, [*adb, "install", "-r", str(apk)])
    _run(context, [*adb, "shell", "am", "start", "-W", "-n", f"{package}/{SHELL}.MainActivity"])
    number = _run(context, [*adb, "shell", "pidof", package]).strip()
    context.say(f"`{package}` runs; its log follows until Ctrl-C")
    return process.attach([*adb, "logcat", f"--pid={number}"], env=context.environ)


def _run(context: Context, command: list[str]) -> str:
    done = process.run(command, env=context.environ)
    if done.code == 0 and "Error" not in done.out:  # `am start` fails with exit code 0
        return done.out
    told = (done.err.strip() or done.out.strip()).splitlines()[-1:] or ["it said nothing"]
    raise BuilderError(
        f"`{' '.join(command)}` failed: {told[0]}",
        hint="`adb devices` lists what is connected; name one with --device. An app of another signature must be "
        "uninstalled first",
        code=Exit.USAGE,
    )
