"""Arranges what a step finds in the sandbox, then runs it. Standard library only; it knows nothing of builder.

    python3 -P -s -S -B arrange.py FROM TO WORD...      FROM/in is copied to TO/in, the words run, TO/out copied back
    python3 -P -s -S -B arrange.py step SCRIPT ARG...   what the words of the first form begin with

How it copies, and what else it does, say the variables that are called VARY_*; the step sees none of them.
"""

import os
import runpy
import sys

RANDOMIZE_NOT, OLD_KERNEL = 0x0040000, 0x0020000  # personality(2), from linux/personality.h
OURS = ("VARY_", "FAKETIME", "NO_FAKE_STAT")
FLAGS = ("-P", "-s", "-S", "-B")
BLOCK = 1 << 20  # bytes
DATE = "315532800"  # 1980-01-01, as all that the store holds


def main() -> None:
    """Do what the first word says."""
    if sys.argv[1] == "step":
        for name in [
            name for name in os.environ if name.startswith(OURS)
        ]:  # read already by the library that heeds them
            del os.environ[name]  # the library that heeds it has read it
        sys.argv = sys.argv[2:]
        runpy.run_path(sys.argv[0], run_name="__main__")
        return
    source, place, words = sys.argv[1], sys.argv[2], sys.argv[3:]
    settings = {name: value for name, value in os.environ.items() if name.startswith("VARY_")}
    waste_inodes(place, int(settings.get("VARY_INODES", "0")))
    copy(f"{source}/in", f"{place}/in", settings)
    os.mkdir(f"{place}/out")
    code = run(words, settings)
    if code == 0:
        for name in sorted(os.listdir(f"{place}/out")):
            copy(f"{place}/out/{name}", f"{source}/out/{name}", {"VARY_MODES": "same"})
    sys.exit(code)


def copy(source: str, place: str, settings: "dict[str, str]") -> None:
    """Copy a file, symlink or folder; VARY_ORDER, VARY_DATES and VARY_MODES say how."""
    if os.path.islink(source):
        os.symlink(os.readlink(source), place)
        return
    mode = os.stat(source).st_mode & 0o777
    if os.path.isdir(source):
        os.mkdir(place)
        for name in sorted(os.listdir(source), reverse=settings.get("VARY_ORDER") == "reversed"):
            copy(f"{source}/{name}", f"{place}/{name}", settings)
        fresh = 0o755
    else:
        with open(source, "rb", buffering=0) as reader, open(place, "wb", buffering=0) as writer:
            while data := reader.read(BLOCK):
                writer.write(data)
        fresh = 0o755 if mode & 0o100 else 0o644
    how = settings.get("VARY_MODES", "")
    os.chmod(place, mode if how == "same" else fresh & 0o700 if how == "own" else fresh)
    date = int(settings.get("VARY_DATES", DATE))
    os.utime(place, (date, date))


def waste_inodes(place: str, count: int) -> None:
    """Use some inode numbers up, so that what follows gets others."""
    for number in range(count):
        os.mkdir(f"{place}/{number}")
        os.rmdir(f"{place}/{number}")


def run(words: "list[str]", settings: "dict[str, str]") -> int:
    """The exit code of a program that is run in a process of another number, maybe on one processor only."""
    personality = int(settings.get("VARY_PERSONALITY", "0"))
    if personality:
        import ctypes

        ctypes.CDLL(None).personality(personality)
    if settings.get("VARY_AFFINITY"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for _ in range(int(settings.get("VARY_PROCESSES", "0"))):
        child = os.fork()
        if not child:
            os._exit(0)
        os.waitpid(child, 0)
    child = os.fork()
    if not child:
        os.execv(words[0], [words[0], *FLAGS, sys.argv[0], "step", *words[1 + len(FLAGS) :]])
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    main()
