"""Rules of `builder run apk`; adb is a script that writes down what it is asked."""

from pathlib import Path

import pytest

from builder import lockfile, project
from builder.commands import Context, device
from builder.errors import BuilderError, Exit
from builder.store import Store

COUNTER = Path(__file__).parents[2] / "fixtures" / "counter"
ADB = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
  *install*) {install} ;;
  *pidof*) echo 4242 ;;
  *logcat*) exit 3 ;;
esac
"""


def start(folder: Path, install: str = "", serial: str = "") -> int:
    """Start an APK with such an adb on the PATH."""
    (folder / "bin").mkdir()
    adb = folder / "bin" / "adb"
    adb.write_text(ADB.format(install=install or ":"))
    adb.chmod(0o755)
    environ = {"PATH": f"{folder}/bin:/usr/bin:/bin", "LOG": str(folder / "log")}
    context = Context(COUNTER, Store(folder / "store"), environ, lambda line: None)
    found = project.load(COUNTER, {}, lambda line: None)
    return device.start(context, found, lockfile.load(COUNTER), folder / "app.apk", serial)


def test_the_app_is_installed_started_and_its_log_followed(tmp_path: Path) -> None:
    """On the device that was named; the exit code is that of the log."""
    assert start(tmp_path, serial="S1") == 3
    assert (tmp_path / "log").read_text().splitlines() == [
        f"-s S1 install -r {tmp_path}/app.apk",
        "-s S1 shell am start -W -n com.flet.counter/dev.flet.shell.MainActivity",
        "-s S1 shell pidof com.flet.counter",
        "-s S1 logcat --pid=4242",
    ]


def test_what_adb_refuses_is_told(tmp_path: Path) -> None:
    """With its own words; nothing is started then."""
    with pytest.raises(BuilderError, match="no devices/emulators found") as caught:
        start(tmp_path, "echo 'adb: no devices/emulators found' >&2; exit 1")
    assert caught.value.code == Exit.USAGE
    assert len((tmp_path / "log").read_text().splitlines()) == 1


def test_without_adb_it_is_said_what_to_do(tmp_path: Path) -> None:
    """The APK is there all the same."""
    context = Context(COUNTER, Store(tmp_path), {"PATH": str(tmp_path)}, lambda line: None)
    found = project.load(COUNTER, {}, lambda line: None)
    with pytest.raises(BuilderError, match="`adb` is not installed") as caught:
        device.start(context, found, lockfile.load(COUNTER), tmp_path / "app.apk", "")
    assert "copy the APK to a device" in caught.value.hint
