"""Where the command starts: answers a build with nothing to do at once, else hands over to the command line."""

import gc
import io
import os
import sys


def main() -> None:
    """Run `builder` with the arguments and the environment of this process."""
    try:
        _main()
    except KeyboardInterrupt:  # before the command line itself takes care of it
        from builder.errors import Exit

        sys.stderr.write("interrupted\n")
        sys.exit(Exit.INTERRUPTED)


def _main() -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):  # a path is printed as the bytes that it is, in any locale
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    if sys.argv[1:2] == ["build"]:
        answer = _unchanged(sys.argv[1:])
        if answer is not None:
            sys.stdout.write(answer)
            return
    gc.set_threshold(100_000)  # a short life makes little garbage, and collecting while importing takes 10 ms
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # builder has none, and looking for them takes 10 ms
    _end_as_by_ctrl_c()
    from builder import cli

    _leave(cli.main(sys.argv[1:]))


def _leave(code: int) -> None:
    """End this process at once: taking the interpreter apart, module by module, takes 50 ms."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # Python has its own way to tell of that
        sys.exit(code)
    os._exit(code)


def _end_as_by_ctrl_c() -> None:
    """Have what a system sends to end a process, such as a CI agent's cancel, end children and tidy up as well."""
    import signal

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup has it ignored, and so it stays
            signal.signal(number, signal.default_int_handler)


def _unchanged(argv: list[str]) -> str | None:
    from builder import noop

    try:
        path = noop.store_root(os.environ) / "apps" / f"{noop.name(argv, os.getcwd(), os.environ)}.json"
    except (FileNotFoundError, UnicodeEncodeError):  # the folder is gone, an argument is no text: not for us to say
        return None
    return noop.recall(path, "stdout")


if __name__ == "__main__":
    main()
