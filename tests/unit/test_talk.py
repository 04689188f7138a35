"""What a person sees on a terminal while files are fetched: each test runs in a pseudo terminal."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from builder import lockfile
from builder.lock import Inputs, Lock, Pin, Toolchain

HEAD = "import fcntl, sys, termios, time; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
FETCH = """
from builder.terminal import log, talk
with talk.bar(sys.stderr) as progress:
    for done in range(60):
        progress(done * 10_000_000, 600_000_000, 120 - done)
        time.sleep(0.01)
    progress(600_000_000, 600_000_000, 0)
    print("said " + "x" * 300, file=sys.stderr)
"""
SAID = "said " + "x" * 300
COMMAND = "from builder.entry import main; main()"

Typed = Callable[[bytes], bytes]  # what came so far -> what a person types


def on_terminal(script: str, columns: int = 80, typed: Typed = lambda out: b"", **environ: str) -> bytes:
    """All that a script of Python writes to a terminal that is its own."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
    env |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environ}
    ends = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    process = subprocess.Popen([sys.executable, "-c", HEAD + script], env=env, start_new_session=True, **ends)
    os.close(theirs)
    out = b""
    try:
        while block := os.read(ours, 4096):
            out += block
            os.write(ours, typed(out))
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        process.wait(20)
        os.close(ours)
    return out


def screen(out: bytes, columns: int = 80) -> list[str]:
    """The lines that are left on a terminal of that width, by the few commands that the line is drawn with."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|[^\x1b]", out.decode()):
        if part == "\r":
            column = 0
        elif part == "\n":
            row += 1
        elif part.endswith("A") and part[0] == "\x1b":
            row -= int(part[2:-1])
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part[0] != "\x1b":
            row, column = (row + 1, 0) if column == columns else (row, column)
            lines += [""] * (row + 1 - len(lines))
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + 1 :]
            column += 1
        lines += [""] * (row + 1 - len(lines))
    return [line for line in lines if line]


def drawn(out: bytes) -> list[str]:
    """Each state of the line, without colours."""
    plain = re.sub(r"\x1b\[[?\d;]*[A-JL-Za-z]", "", out.decode())
    return [part.rstrip("\r\n") for part in plain.split("\x1b[2K") if part.startswith("fetch")]


@pytest.mark.parametrize("columns", [16, 20, 33, 34, 45, 46, 55, 56, 80, 200])
def test_the_line_fits_any_terminal_and_leaves_nothing(columns: int) -> None:
    """It never breaks, so that it is wiped out whole; what is said after it is not broken into lines either."""
    out = on_terminal(FETCH, columns)
    assert len(drawn(out)) > 1
    assert all(len(line) <= columns and line.endswith("left") for line in drawn(out))
    assert "".join(screen(out, columns)) == SAID
    assert SAID.encode() in out


def test_the_cursor_is_hidden_only_while_the_line_is_there() -> None:
    """Before something is said it is back."""
    out = on_terminal(FETCH)
    assert re.findall(rb"\x1b\[\?25[lh]|said", out) == [b"\x1b[?25l", b"\x1b[?25h", b"said"]


def test_no_color_is_honoured() -> None:
    """The line is drawn all the same."""
    assert re.search(rb"\x1b\[[\d;]+m", on_terminal(FETCH))
    out = on_terminal(FETCH, NO_COLOR="1")
    assert not re.search(rb"\x1b\[[\d;]+m", out)
    assert len(drawn(out)) > 1


def test_a_locale_without_unicode_gets_none() -> None:
    """A terminal that is told bytes it does not know shows rubbish."""
    out = on_terminal(FETCH, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert out.isascii()
    assert len(drawn(out)) > 1


def test_a_terminal_that_cannot_move_its_cursor_gets_no_line() -> None:
    """Nor an empty one."""
    assert on_terminal(FETCH, TERM="dumb") == f"{SAID}\r\n".encode()


def test_nothing_to_fetch_writes_nothing() -> None:
    """A build that has all files does not touch the terminal."""
    quiet = "from builder.terminal import talk\nwith talk.bar(sys.stderr): print('said', file=sys.stderr)"
    assert on_terminal(quiet) == b"said\r\n"


def test_verbose_lines_are_not_torn(tmp_path: Path) -> None:
    """With -v the terminal shows every command, and no line beside."""
    start = f"log.start(pathlib.Path({str(tmp_path / 'log')!r}), 1, sys.stderr)"
    script = (
        f"import pathlib; from builder.terminal import log, talk; {start}\nwith talk.bar(sys.stderr) as bar: print(bar)"
    )
    assert on_terminal(script) == b"None\r\n"


def locked(app: Path, *bodies: bytes) -> list[str]:
    """An app whose lock pins wheels with these bytes; gives their file names."""
    app.mkdir()
    (app / "main.py").touch()
    (app / "pyproject.toml").write_text('[project]\ndependencies = ["flet"]\n[tool.builder]\ntargets = ["web"]\n')
    fields = {"version": "1", "source": "pypi", "hash": "index", "targets": ("web",)}
    names = [f"a{number}" for number in range(len(bodies))]
    pins = [
        Pin(name=name, file=f"{name}-1-py3-none-any.whl", sha256=sha256(body).hexdigest(), size=len(body), **fields)
        for name, body in zip(names, bodies, strict=True)
    ]
    inputs = Inputs(
        requires=("flet",), targets=("web",), declared=True, python="3.12", client="prebuilt", runtime="none"
    )
    toolchain = Toolchain(name="python-3.12", nar="0" * 64)
    lockfile.save(app, Lock(inputs=inputs, sources={}, toolchain=toolchain, packages=tuple(pins)))
    return [pin.file for pin in pins]


def test_ctrl_c_while_files_come_leaves_the_message_alone(tmp_path: Path, server: Any, reply: Any) -> None:
    """`builder fetch` of one file that comes and one that does not: the line goes, and what is kept is said."""
    over = threading.Event()

    def never(_: Any) -> Any:
        over.wait(20)
        return reply(b"", 404)

    for file, body, answer in zip(
        locked(tmp_path / "app", b"one", b"two"), (b"one", b"two"), (b"one", never), strict=True
    ):
        link = f'<a href="../../{file}#sha256={sha256(body).hexdigest()}">{file}</a>'
        server.routes[f"/simple/{file.partition('-')[0]}/"] = reply(
            link.encode(), headers={"Content-Type": "text/html"}
        )
        server.routes[f"/{file}"] = answer
    places = {"BUILDER_HOME": str(tmp_path / "store"), "BUILDER_MIRROR_PYPI": f"{server.url}simple/"}
    script = f"import os; os.chdir({str(tmp_path / 'app')!r}); sys.argv = ['builder', 'fetch']\n{COMMAND}"
    typed = iter([b"\x03"])
    out = on_terminal(script, typed=lambda out: next(typed, b"") if b"1 left" in out else b"", **places)
    over.set()
    assert "1 left" in drawn(out)[-1]
    assert out.rindex(b"\x1b[?25h") > out.rindex(b"\x1b[?25l")
    assert screen(out) == ["interrupted; what is finished is kept, and the next run goes on from there"]
