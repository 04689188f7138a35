"""Child processes: the one function that starts them, so that none gets a terminal and every failure reads alike."""

import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger("builder.process")


@dataclass(frozen=True)
class Result:
    """What a finished child left."""

    code: int  # negative: the signal that ended it
    out: str
    err: str  # whole, never cut


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    line: Callable[[str], None] | None = None,
) -> Result:
    """Run a program to its end, whatever its exit code; `line` gets each line of its stderr as it comes.

    Raises FileNotFoundError where the program is missing. stdin is empty; both outputs are pipes.
    """
    import sh  # here: builder's no-op never needs it

    heard: list[str] = []

    def hear(text: str) -> None:
        heard.append(text)
        log.debug("%s", text.rstrip("\n"))
        if line is not None:
            line(text.rstrip("\n"))

    command = sh.Command(_program(argv, env)).bake(_env=dict(env), _cwd=str(cwd) if cwd else None, _err=hear, **_QUIET)
    done: Any  # what ended, or the signal that ended it
    try:
        done = command(*argv[1:])
    except sh.SignalException as error:
        done = error
    log.debug("exit code %d", done.exit_code)
    return Result(done.exit_code, done.stdout.decode(errors="replace"), "".join(heard))


_QUIET: dict[str, Any] = {
    "_tty_in": False,
    "_tty_out": False,
    "_in": "",
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
