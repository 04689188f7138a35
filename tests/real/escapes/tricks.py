"""A step that leaves an output which would do harm: `tricks.py NAME`."""

import contextlib
import json
import os
import socket
import sys
import time
from pathlib import Path

HOST = json.loads(Path("in/app/host.json").read_text())
OUT = Path(os.path.realpath("out"))  # Nix links it


def become(target):
    os.rmdir(OUT)
    os.symlink(target, OUT)


def deep():
    """As deep as no path can say."""
    os.chdir(OUT)
    for _ in range(3000):
        os.mkdir("folder")
        os.chdir("folder")
    Path("file").write_text("x")


def tangled():
    """By its text the link stays, by the links on its way it leaves."""
    (OUT / "a" / "b").mkdir(parents=True)
    (OUT / "a" / "b" / "top").symlink_to("../..")
    (OUT / "a" / "b" / "leaves").symlink_to("top/../file")


def pipe():
    os.mkfifo(OUT / "pipe")


def listener():
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(OUT)
        server.bind("socket")


def not_a_folder():
    os.rmdir(OUT)
    OUT.write_text("x")


def endless():
    with (OUT / "file").open("wb") as file:
        file.truncate(1 << 40)


def odd_name():
    Path(os.fsdecode(os.fsencode(OUT) + b"/\xff\xfe")).write_text("x")


def modes():
    """Bits that would give rights; they vanish, and a file that nobody may read can be read."""
    for name, mode in {"setuid": 0o4755, "setgid": 0o2755, "sticky": 0o1777, "closed": 0o000}.items():
        (OUT / name).write_text(name)
        with contextlib.suppress(PermissionError):  # of Nix
            (OUT / name).chmod(mode)
    (OUT / "folder").mkdir()
    with contextlib.suppress(PermissionError):
        (OUT / "folder").chmod(0o2777)


def attributes():
    (OUT / "file").write_text("x")
    for name in ("user.probe", "security.capability", "trusted.probe"):
        try:
            os.setxattr(OUT / "file", name, b"\x01\x00\x00\x02" + bytes(16))
        except OSError:
            print(f"no {name}", file=sys.stderr)


def linked_files():
    (OUT / "one").write_text("x")
    os.link(OUT / "one", OUT / "two")


def long_names():
    (OUT / ("n" * 255)).write_text("x")


def lines_in_names():
    (OUT / "a\nb\x1b[31m").write_text("x")


def stays():
    """A child that outlives its step, and writes later."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(3, 100):
                with contextlib.suppress(OSError):
                    os.close(number)
            null = os.open("/dev/null", os.O_RDWR)
            for number in range(3):
                os.dup2(null, number)
            for _ in range(100):
                time.sleep(0.1)
                for place in (OUT / "late", Path("late")):
                    with contextlib.suppress(OSError):
                        place.write_text("x")
        os._exit(0)
    os.wait()
    (OUT / "file").write_text("x")


TRICKS = {
    "out is a link to a folder of the host": lambda: become(HOST["victim"]),
    "out is a link to a file of the host": lambda: become(HOST["file"]),
    "out is a file": not_a_folder,
    "out is gone": lambda: os.rmdir(OUT),
    "an absolute link": lambda: (OUT / "link").symlink_to(HOST["file"]),
    "an absolute link into the output": lambda: (OUT / "link").symlink_to(OUT / "file"),
    "a link that leaves": lambda: (OUT / "link").symlink_to("../../../../etc/passwd"),
    "a link that leaves by others": tangled,
    "a pipe": pipe,
    "a socket": listener,
    "a terabyte of nothing": endless,
    "a tree deeper than paths": deep,
    "a name that is not UTF-8": odd_name,
    "bits of a mode": modes,
    "attributes": attributes,
    "files that are one": linked_files,
    "long names": long_names,
    "lines in names": lines_in_names,
    "a child that stays": stays,
    "sleeps": lambda: time.sleep(600),
}


if __name__ == "__main__":
    if sys.argv[1] in TRICKS:
        TRICKS[sys.argv[1]]()
    else:
        sys.exit(f"there is no trick {sys.argv[1]!r}")
