"""Starts Flet's client, in the place of Flet's module of this name.

That one prefers whatever program lies in build/ of the working folder, and leaves the client running where an app ends.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import FrameType
from typing import Any

_PR_SET_PDEATHSIG = 1  # prctl(2)
_BUNDLED = "Flet.app/Contents/MacOS/Flet"  # not by `open`, which hands on no environment and tells no exit code
_WATCH = 'read -r line; kill -s TERM "$0"'  # waits for the end of the process that holds the other end of its input
# JOBOBJECT_EXTENDED_LIMIT_INFORMATION (winnt.h): its number, its size and what of it is set; OpenProcess: rights
_LIMITS, _LIMITS_SIZE, _FLAGS_AT, _KILL_ON_JOB_CLOSE = 9, 144, 16, 0x2000
_SET_QUOTA_AND_TERMINATE = 0x0101
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))

client: Any = None  # the process that was started last
watcher: Any = None  # the one that ends the client where this process can't any more, on macOS
shown = False  # whether a client came so far that it had a window
stopped = 0  # the signal that ended the app; 0 where none did


def open_flet_view(page_url: str, assets_dir: str | None, hidden: bool) -> tuple[subprocess.Popen[bytes], str]:
    """The running client, and the file to which it writes its process id."""
    global client
    command, options, pid_file = _command(page_url, assets_dir, hidden)
    client = subprocess.Popen(command, **options)
    _started()
    return client, pid_file


async def open_flet_view_async(
    page_url: str, assets_dir: str | None, hidden: bool
) -> tuple[asyncio.subprocess.Process, str]:
    """The same, as a process of asyncio."""
    global client
    command, options, pid_file = _command(page_url, assets_dir, hidden)
    client = await asyncio.create_subprocess_exec(*command, **options)
    _started()
    return client, pid_file


def close_flet_view(pid_file: str) -> None:
    """End the client if it still runs, and remove the file of its process id, which it writes once it has a window."""
    global shown
    if watcher is not None:
        watcher.kill()
    if client is not None and client.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            client.kill()
    with contextlib.suppress(OSError):
        shown = shown or Path(pid_file).stat().st_size > 0
        Path(pid_file).unlink()


def _command(page_url: str, assets_dir: str | None, hidden: bool) -> tuple[list[str], dict[str, Any], str]:
    handle, pid_file = tempfile.mkstemp(prefix="flet-")
    os.close(handle)
    # The name that it is started with is what the desktop knows its windows by, so no two apps share it.
    command = [os.environ["FLET_APP_ID"], page_url, pid_file, *([assets_dir] if assets_dir else [])]
    environment = {name: value for name, value in os.environ.items() if (name, value) != ("DISPLAY", "")}
    if hidden:
        environment["FLET_HIDE_WINDOW_ON_START"] = "true"
    options: dict[str, Any] = {"executable": str(Path(os.environ["FLET_VIEW_PATH"], "flet")), "env": environment}
    if sys.platform == "linux":
        options["preexec_fn"] = _end_with_parent()
    if sys.platform == "win32":
        options["executable"] += ".exe"
    if sys.platform == "darwin":
        command[0] = options["executable"] = str(Path(os.environ["FLET_VIEW_PATH"], _BUNDLED))
    return command, options, pid_file


def _end_with_parent() -> Any:
    """What makes the kernel end the client with this process, even where that is killed."""
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _started() -> None:
    if sys.platform == "win32":
        _bind(client.pid)
    if sys.platform == "darwin":
        _watch(client.pid)
    _listen()


def _watch(process: int) -> None:
    """Let a process end the client with this one, which macOS itself can't: its input ends with this process."""
    global watcher
    command = ["/bin/sh", "-c", _WATCH, str(process)]
    watcher = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def _bind(process: int) -> None:
    """Let Windows end the client with this process, which alone holds the job that the client is put into.

    Programs that the app itself starts are in no such job.
    """
    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined]
    for function in (kernel.CreateJobObjectW, kernel.OpenProcess):
        function.restype = ctypes.c_void_p
    job = ctypes.c_void_p(kernel.CreateJobObjectW(None, None))  # never closed: the end of this process does that
    limits = bytearray(_LIMITS_SIZE)
    limits[_FLAGS_AT : _FLAGS_AT + 4] = _KILL_ON_JOB_CLOSE.to_bytes(4, "little")
    kernel.SetInformationJobObject(job, _LIMITS, bytes(limits), _LIMITS_SIZE)
    handle = ctypes.c_void_p(kernel.OpenProcess(_SET_QUOTA_AND_TERMINATE, False, process))
    kernel.AssignProcessToJobObject(job, handle)
    kernel.CloseHandle(handle)


def _listen() -> None:
    """Let one signal end both processes; Flet itself only takes note of the first."""
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    global stopped
    stopped = number
    for again in _SIGNALS:
        signal.signal(again, signal.SIG_DFL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        client.terminate()
