"""Child processes: the one function that starts them, so that none gets a terminal and every failure reads alike."""

import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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

    log.info("$ %s", " ".join(argv))
    program = shutil.which(argv[0], path=env.get("PATH", ""))
    if program is None:
        raise FileNotFoundError(argv[0])
    heard: list[str] = []

    def hear(text: str) -> None:
        heard.append(text)
        log.debug("%s", text.rstrip("\n"))
        if line is not None:
            line(text.rstrip("\n"))

    command = sh.Command(program).bake(
        _env=dict(env),
        _cwd=None if cwd is None else str(cwd),
        _tty_out=False,
        _tty_in=False,
        _in="",
        _err=hear,
        _ok_code=list(range(256)),
        _return_cmd=True,
        _decode_errors="replace",
    )
    try:
        done = command(*argv[1:])
        code = done.exit_code
        out = done.stdout
    except sh.SignalException as error:
        code, out = error.exit_code, error.stdout
    log.debug("exit code %d", code)
    return Result(code, out.decode(errors="replace"), "".join(heard))
