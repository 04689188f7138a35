"""Child processes: the one function that starts them, so that none gets a terminal and every failure reads alike."""

import contextlib
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

log = logging.getLogger("builder.process")
_PATIENCE = 5.0  # seconds that a program has to end when it is told to


@dataclass(frozen=True)
class Result:
    """What a finished child left."""

    code: int  # negative: the signal that ended it
    out: str
    err: str  # whole, never cut


class Ended(Exception):  # noqa: N818 (a wish, not a fault)
    """The program did not end by itself: all that ran together were ended."""


class Children:
    """Programs that run at the same time, in threads of this process, and can be ended together."""

    def __init__(self) -> None:
        self._running: dict[int, Any] = {}  # by id: none of them has a hash
        self._ended = False
        self._lock = threading.Lock()

    def end(self) -> None:
        """End all that run, and each one that is still started."""
        with self._lock:
            self._ended = True
            running = list(self._running.values())
        for child in running:
            _end(child)

    @contextlib.contextmanager
    def holding(self, child: Any) -> Iterator[None]:
        """Have a program among them while the block lasts. Raises Ended where all were ended before or meanwhile."""
        with self._lock:
            self._running[id(child)] = child
            ended = self._ended
        try:
            if ended:
                _end(child)
            yield
        finally:
            with self._lock:
                del self._running[id(child)]
        if self._ended:
            raise Ended


_children: ContextVar[Children | None] = ContextVar("children", default=None)


@contextlib.contextmanager
def together() -> Iterator[Children]:
    """What this context and its copies start from now on can be ended together."""
    found = Children()
    before = _children.set(found)
    try:
        yield found
    finally:
        _children.reset(before)


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    line: Callable[[str], str | None] | None = None,
    hold: bool = False,
) -> Result:
    """Run a program to its end, whatever its exit code; `line` gets each line of its stderr as it comes.

    What `line` gives, if not None, stands in the log in the line's place. Raises FileNotFoundError where the program is
    missing. stdin is empty, with `hold` a pipe that closes when this process ends, however it ends; both outputs are
    pipes. Ctrl-C ends the program before KeyboardInterrupt goes on.
    """
    try:
        import sh  # here: builder's no-op never needs it
    except ImportError:  # no Unix: no step runs here, but git and uv do
        return _plainly(argv, env, cwd, line)

    heard: list[str] = []
    hear = _hearing(heard, line)
    command = sh.Command(_program(argv, env)).bake(_env=dict(env), _cwd=str(cwd) if cwd else None, _err=hear, **_QUIET)
    children = _children.get()
    with contextlib.ExitStack() as stack:
        running = command(*argv[1:], _in=stack.enter_context(_stdin(hold=hold)))
        if children:
            stack.enter_context(children.holding(running))
        try:
            _wait(running)
        except KeyboardInterrupt:
            _end(running)  # what it wrote to can be removed then
            raise
    code = running.process.exit_code
    log.debug("exit code %d", code)
    return Result(code, running.process.stdout.decode(errors="replace"), "".join(heard))


def _hearing(heard: list[str], line: Callable[[str], str | None] | None) -> Callable[[str], None]:
    """What takes a line of stderr: kept whole, handed on, and put into the log as told."""

    def hear(text: str) -> None:
        heard.append(text)
        plain = text.rstrip("\n")
        shown = line(plain) if line is not None else None
        if shown != "":
            log.debug("%s", plain if shown is None else shown)

    return hear


def _plainly(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path | None, line: Callable[[str], str | None] | None
) -> Result:
    """The same by the standard library: lines come when the program has ended, and it can't be ended with others."""
    import subprocess

    command = [_program(argv, env), *argv[1:]]
    done = subprocess.run(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    said = done.stderr.decode(errors="replace")
    for text in said.splitlines():
        if line is not None:
            line(text)
        log.debug("%s", text)
    return Result(done.returncode, done.stdout.decode(errors="replace"), said)


@contextlib.contextmanager
def _stdin(*, hold: bool) -> Iterator[IO[bytes] | str]:
    if not hold:
        yield ""
        return
    theirs, ours = os.pipe()  # neither is inherited, but for what is made stdin of the child
    with open(theirs, "rb") as stdin, open(ours, "wb"):  # noqa: PTH123 (they are numbers)
        yield stdin


def _wait(running: Any, seconds: float | None = None) -> None:
    import sh

    with contextlib.suppress(sh.SignalException):  # its exit code says the same
        running.wait(seconds)


def _end(running: Any) -> None:
    """End a program: with time to end its own children first, and then without."""
    import sh

    with contextlib.suppress(ProcessLookupError, ChildProcessError):  # Ctrl-C reaches it too, so it may have ended
        running.terminate()
        try:
            _wait(running, _PATIENCE)
        except sh.TimeoutException:
            running.kill()
            _wait(running)


def attach(argv: Sequence[str], *, env: Mapping[str, str]) -> int:
    """Run a program on the caller's own terminal; gives its exit code. Raises FileNotFoundError as `run` does."""
    import sh

    try:
        sh.Command(_program(argv, env))(*argv[1:], _fg=True, _env=dict(env))
    except sh.ErrorReturnCode as error:
        return int(error.exit_code)
    return 0


_QUIET: dict[str, Any] = {
    "_bg": True,  # waited for below, where Ctrl-C is seen
    "_bg_exc": False,  # a second thread would wait for it too, and raise into nowhere
    "_tty_in": False,
    "_tty_out": False,
    "_ok_code": list(range(256)),
    "_return_cmd": True,
    "_decode_errors": "replace",
}


def _program(argv: Sequence[str], env: Mapping[str, str]) -> str:
    log.info("$ %s", " ".join(argv))
    program = shutil.which(argv[0], path=env.get("PATH", ""))
    if program is None:
        raise FileNotFoundError(argv[0])
    return program
