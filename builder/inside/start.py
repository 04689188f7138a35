"""What every step runs first: it proves the sandbox from inside, then runs the step's script.

Usage: python3 -P -s -S -B in/inside/start.py SCRIPT ARG...
Exits with REFUSED where the sandbox is none; flags that were passed to a backend prove nothing, this does.
"""

import os
import runpy
import sys

REFUSED = 97
HOST_TRACES = ("/etc/machine-id", "/etc/shadow", "/etc/ssh", "/var/lib/dpkg")


def leaks() -> list[str]:
    """What of the host can be seen here, as facts; empty in a sandbox that holds."""
    found = [f"the network interface `{name}`" for name in interfaces() if name != "lo"]
    found += [f"`{path}` of the host" for path in HOST_TRACES if os.path.lexists(path)]
    if os.path.lexists("/sys/class") and not os.statvfs("/sys").f_flag & os.ST_RDONLY:  # as no container has it
        found.append("`/sys` of the host")
    found += [f"`{home}`" for home in ("/home", "/root") if not empty(home)]
    return found


def empty(folder: str) -> bool:
    """Whether a folder is not there or holds nothing; one that can't be looked into is somebody's."""
    try:
        return not os.listdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def interfaces() -> list[str]:
    """The names of the network interfaces, as /proc/net/dev lists them below its two lines of heading."""
    with open("/proc/net/dev", encoding="ascii") as file:
        return [line.split(":", 1)[0].strip() for line in file.readlines()[2:]]


def main() -> None:
    """Prove, set what the environment can't say, run."""
    try:
        found = leaks()
    except OSError as error:
        found = [f"no proof: {error}"]
    if found:
        sys.stderr.write(f"the sandbox does not hold, a step can see {', '.join(found)}\n")
        sys.exit(REFUSED)
    os.umask(0o022)
    if os.path.isdir("in/stdlib"):  # byte code for what follows; what this script imports is frozen in the interpreter
        sys.path.insert(0, os.path.abspath("in/stdlib"))
    folder = os.path.dirname(os.path.abspath(sys.argv[0]))
    script = sys.argv[1]
    sys.argv = sys.argv[1:]
    sys.path.insert(0, folder)
    runpy.run_path(os.path.join(folder, script), run_name="__main__")


if __name__ == "__main__":
    main()
