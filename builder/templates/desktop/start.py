"""Starts the app in app/ beside it with the interpreter that runs this, which has no site of the system's (`-I`).

Gives the app what Flet's own builds give it: its storage, its assets, out.log, exit code 100 where it ends with an
exception. It never becomes a web server, and never installs anything.
"""

import atexit
import contextlib
import dataclasses
import gc
import hashlib
import importlib.util
import json
import marshal
import os
import runpy
import signal
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

LIB = Path(__file__).resolve().parent
CLIENT = LIB.parent / "Helpers" if sys.platform == "darwin" else LIB / "client"
FAILED = 100  # what Flet's builds exit with where the app raises
# Where apps keep data and temporary files: of each the variable that names the folder, and the folder below the home.
_PLACES = {
    "darwin": (("", "Library/Application Support"), ("", "Library/Caches")),
    "win32": (("APPDATA", "AppData/Roaming"), ("LOCALAPPDATA", "AppData/Local")),
}
_XDG = (("XDG_DATA_HOME", ".local/share"), ("XDG_CACHE_HOME", ".cache"))  # XDG Base Directory Specification
# They say how another Flet app runs that started this one, or how a developer wants `flet run`.
_FOREIGN = (
    "FLET_DISPLAY_URL_PREFIX",
    "FLET_FORCE_WEB_SERVER",
    "FLET_HIDE_WINDOW_ON_START",
    "FLET_PLATFORM",
    "FLET_SERVER_IP",
    "FLET_SERVER_PORT",
    "FLET_SERVER_UDS_PATH",
    "FLET_WEB_APP_PATH",
)


class Tee:
    """A stream that writes to out.log as well; the stream is None where the app was started without one."""

    def __init__(self, stream: Any, log: Any) -> None:
        self._stream = stream
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream or self._log, name)

    def write(self, text: str) -> int:
        """Write to both; gives how many characters that were."""
        if self._stream is not None:
            self._stream.write(text)
        return int(self._log.write(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts to both."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Leave nothing unwritten."""
        if self._stream is not None:
            self._stream.flush()
        self._log.flush()


def base(variable: str, default: str) -> Path:
    """A base folder of the user's: the variable's, where that is absolute, else the default below the home."""
    named = Path(os.environ.get(variable, ""))
    return named if named.is_absolute() else Path(os.path.expanduser("~"), default)  # noqa: PTH111 (never raises)


def prepare(settings: dict[str, Any]) -> None:
    """Set what the app, Flet and its client read, whatever was inherited; open out.log."""
    data, temporary = (base(*place) / settings["id"] for place in _PLACES.get(sys.platform, _XDG))
    for name in _FOREIGN:
        os.environ.pop(name, None)
    os.environ.update(
        FLET_APP_CONSOLE=str(temporary / "out.log"),
        FLET_APP_ID=settings["id"],
        FLET_APP_STORAGE_DATA=str(data),
        FLET_APP_STORAGE_TEMP=str(temporary),
        FLET_ASSETS_DIR=str(LIB / "app" / "assets"),
        FLET_VIEW_PATH=str(CLIENT),
    )
    if settings["hidden"]:
        os.environ["FLET_HIDE_WINDOW_ON_START"] = "true"
    if sys.platform == "linux":
        os.environ.setdefault("DISPLAY", "")  # Flet takes a session without it, as of Wayland alone, for a server
    name_certificates()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # on Windows not every letter can be written to a pipe
    try:
        for folder in (data, temporary):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = (temporary / "out.log").open("w", buffering=1, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        tell(f"warning: the app has no storage and no out.log: {error}")
    else:
        sys.stdout, sys.stderr = Tee(sys.stdout, log), Tee(sys.stderr, log)


def tell(text: str) -> None:
    """Write a line to stderr, which a program of Windows without console does not have."""
    if sys.stderr is not None:
        sys.stderr.write(f"{text}\n")


def name_certificates() -> None:
    """Name those of the app's certifi, unless the user names others: the interpreter would look where none are."""
    found = importlib.util.find_spec("certifi")
    if found and found.submodule_search_locations and not {"SSL_CERT_FILE", "SSL_CERT_DIR"} & os.environ.keys():
        os.environ["SSL_CERT_FILE"] = str(Path(found.submodule_search_locations[0], "cacert.pem"))


@contextlib.contextmanager
def sooner() -> Iterator[None]:
    """What spares a third of the time to import Flet: no garbage is collected, and nothing is compiled that was before.

    Flet's hundreds of data classes are texts that `dataclasses` writes; a file beside Flet has the code of each by its
    digest. An app that was built without byte code has no such file.
    """
    known = {}
    flet = importlib.util.find_spec("flet")
    if flet and flet.origin:
        with contextlib.suppress(OSError):
            known = marshal.loads(Path(flet.origin).parent.with_name("flet-generated.bin").read_bytes())

    def execute(text: str, names: Any, found: Any) -> None:
        exec(known.get(hashlib.blake2b(text.encode(), digest_size=16).digest(), text), names, found)

    gc.disable()
    setattr(dataclasses, "exec", execute)  # noqa: B010 (it has no such name of its own)
    try:
        yield
    finally:
        delattr(dataclasses, "exec")
        gc.freeze()
        gc.enable()


def refuse_installs() -> None:
    """Let Flet say what is missing instead of installing it with pip or uv."""
    with sooner():
        import flet.utils.pip

    def refuse(name: str) -> NoReturn:
        sys.exit(f"error: this app holds no `{name}`: a packed app shows a window, never a web server")

    flet.utils.pip.install_flet_package = refuse


def run(module: str) -> int:
    """Run the app; FAILED where it raises. An app that calls sys.exit goes through as SystemExit."""
    sys.path.insert(0, str(LIB / "app"))
    try:
        refuse_installs()
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except Exception:
        traceback.print_exc()
        return FAILED
    return 0


def code_of(ended: SystemExit) -> int:
    """The exit code of `sys.exit(...)`, whose text is written as the interpreter itself would."""
    if ended.code is None or isinstance(ended.code, int):
        return ended.code or 0
    tell(str(ended.code))
    return 1


def end(view: ModuleType, code: int) -> NoReturn:
    """End now that the window is closed, as Flet's builds do, whatever threads still run.

    A signal that ended the app ends this process as well. The exit code tells where the client could show no window;
    how it ends later says nothing: some drivers make it abort when its window is closed.
    """
    failed = view.client.returncode
    if failed and not (code or view.shown or view.stopped):
        tell(f"error: Flet's client could not show a window, it ended with {failed}")
        code = min(failed, 255) if failed > 0 else 128 - failed
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    if view.stopped and sys.platform != "win32":  # where no signal ends a process
        signal.signal(view.stopped, signal.SIG_DFL)
        os.kill(os.getpid(), view.stopped)
    os._exit((code or (view.stopped and 128 + view.stopped)) & 0xFF)


def main() -> None:
    """Prepare, run, end."""
    settings = json.loads((LIB / "start.json").read_text(encoding="utf-8"))
    prepare(settings)
    try:
        code = run(settings["module"])
    except SystemExit as ended:
        code = code_of(ended)
    view = sys.modules.get("flet_desktop")
    if view is None or view.client is None:
        sys.exit(code)  # no window was shown: threads that still work are waited for
    end(view, code)


if __name__ == "__main__":
    main()
