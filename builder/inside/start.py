"""What every step runs first: it proves the sandbox from inside, closes what is still open, runs the step's script.

Usage: python3 -P -s -S -B in/inside/start.py SCRIPT ARG...
Exits with REFUSED where the sandbox is none; flags that were passed to a backend prove nothing, this does.
"""

import os
import stat
import sys

TYPE_CHECKING = False  # that of `typing`, which would be compiled before `in/stdlib` is in its place: 60 ms a step
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

REFUSED = 97
HOST_TRACES = ("/etc/machine-id", "/etc/shadow", "/etc/ssh", "/var/lib/dpkg")
SETTINGS = ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger")  # who may write these is root on the host
KVM = "/dev/kvm"

# linux/sched.h, linux/mount.h, linux/prctl.h
NEWNS, NEWUSER, NAMESPACES = 0x00020000, 0x10000000, 0x7E020080  # the last: of every kind
RDONLY, REMOUNT, BIND, RECURSIVE = 1, 32, 4096, 16384
KEPT = {"nosuid": 2, "nodev": 4, "noexec": 8, "noatime": 1024, "nodiratime": 2048, "relatime": 1 << 21}
DROP_BOUND, NO_NEW_RIGHTS, SECCOMP, FILTER = 24, 38, 22, 2
INVALID, NO_SUCH_CALL = 22, 38  # errno

# Classic BPF, and calls of x86_64, on which all steps run.
LOAD, RETURN, EQUAL, AT_LEAST, ANY_BIT = 0x20, 0x06, 0x15, 0x35, 0x45
KILL, ERRNO, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
X86_64, X32 = 0xC000003E, 0x40000000
IOCTL, SOCKET, CLONE, CLONE3 = 16, 41, 56, 435
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
FAMILIES = (1, 2, 10, 16)  # unix, inet, inet6, netlink
NEVER = (
    *(165, 166, 155, 161, 272, 308, 428, 429, 430, 431, 432, 433, 442),  # mounts, roots and namespaces
    *(248, 249, 250),  # keyrings, of which no namespace keeps a step away
    *(175, 176, 313, 246, 320, 169, 163, 167, 168, 172, 173, 103),  # modules, other kernels, the machine
    *(298, 300, 304, 321, 323, 425, 426, 427),  # perf, fanotify, handles, bpf, userfaultfd, io_uring
)


def leaks() -> list[str]:
    """What of the host can be seen here, as facts; empty in a sandbox that holds."""
    found = [f"the network interface `{name}`" for name in interfaces() if name != "lo"]
    found += [f"`{path}` of the host" for path in HOST_TRACES if os.path.lexists(path)]
    if os.path.lexists("/sys/class") and not os.statvfs("/sys").f_flag & os.ST_RDONLY:  # as no container has it
        found.append("`/sys` of the host")
    found += [f"`{home}`" for home in ("/home", "/root") if not empty(home)]
    return found


def alone() -> bool:
    """Whether who began the step is gone already; bwrap asks to die with it only when the sandbox is half made.

    It holds the pipe that is stdin here, if that is one. What follows finds nothing to read there.
    """
    if not stat.S_ISFIFO(os.fstat(0).st_mode):
        return False
    os.set_blocking(0, False)
    try:
        return not os.read(0, 1)
    except BlockingIOError:
        return False
    finally:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)


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


# --- what a backend leaves open ---------------------------------------------------------------------------------------


def cover() -> None:
    """Make read-only what the step is given and may change all the same, and the kernel's files; hide /dev/kvm.

    A Nix without build users runs steps as the owner of its store. Where that can't be done all stays as it is.
    """
    if not os.access("/proc/self/uid_map", os.W_OK):
        return
    given = [os.path.realpath(path) for path in _given()]
    given = sorted({path for path in given if _changeable(path)})
    if not any(os.access(path, os.W_OK) for path in (KVM, *SETTINGS)) and not given:
        return
    child = os.fork()  # first one that may fail half-way
    if not child:
        try:
            _cover(given)
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        _cover(given)


def _cover(given: "Iterable[str]") -> None:
    """In a namespace of users and mounts. Raises OSError."""
    user, group = os.getuid(), os.getgid()
    _call("unshare", NEWUSER | NEWNS)
    for name, text in {"setgroups": "deny", "uid_map": f"{user} {user} 1", "gid_map": f"{group} {group} 1"}.items():
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    mounted = _mounted()
    for path in ("/proc", *given):
        if path not in mounted:
            _call("mount", path.encode(), path.encode(), None, BIND | RECURSIVE, None)
        _call("mount", None, path.encode(), None, REMOUNT | BIND | RDONLY | mounted.get(path, 0), None)
    if os.access(KVM, os.W_OK):
        _call("mount", b"/dev/null", KVM.encode(), None, BIND, None)
    _drop()


def _given() -> "Iterable[str]":
    """Inputs, texts and scripts, and the interpreter with its library."""
    yield sys.prefix
    for folder in ("in", "in/inside"):
        yield from (os.path.join(folder, name) for name in os.listdir(folder) if name != "inside")


def _changeable(path: str) -> bool:
    return os.stat(path).st_uid == os.geteuid() and not os.statvfs(path).f_flag & os.ST_RDONLY


def _mounted() -> dict[str, int]:
    """Where something is mounted, with the flags of it that a namespace of users must keep (proc(5), mountinfo)."""
    found = {}
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            path, options = line.split(" ")[4:6]
            for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
                path = path.replace(code, char)
            found[path] = sum(KEPT.get(option, 0) for option in options.split(","))
    return found


def _drop() -> None:
    """Give up all that the first process of a namespace of users may do in it, for this process and all after it."""
    for number in range(64):
        try:
            _call("prctl", DROP_BOUND, number, 0, 0, 0)
        except OSError:  # there are no more
            break
    version_3 = (0x20080522).to_bytes(8, "little")
    _call("capset", version_3, bytes(24))


def forbid() -> None:
    """Let the kernel refuse what no step needs, and what no namespace holds: keys, the hypervisor, more namespaces.

    A second fence beside the backend's own; a kernel without seccomp, or one that is emulated, leaves it out.
    """
    import ctypes

    program = _program()
    buffer = ctypes.create_string_buffer(program, len(program))
    words = (len(program) // 8).to_bytes(8, "little") + ctypes.addressof(buffer).to_bytes(8, "little")
    _call("prctl", NO_NEW_RIGHTS, 1, 0, 0, 0)
    try:
        _call("prctl", SECCOMP, FILTER, words, 0, 0)
    except OSError as error:
        if error.errno != INVALID:
            raise


def _program() -> bytes:
    """A filter of classic BPF (linux/filter.h, linux/seccomp.h): what is done about each call of a program."""
    deny, allow = [_word(RETURN, ERRNO | 1)], [_word(RETURN, ALLOW)]
    found = [_word(LOAD, 4), _word(EQUAL, X86_64, 1, 0), _word(RETURN, KILL), _word(LOAD, 0)]
    found += [_word(AT_LEAST, X32, 0, 1), *deny]
    for number in NEVER:
        found += [_word(EQUAL, number, 0, 1), *deny]
    found += [_word(EQUAL, CLONE3, 0, 1), _word(RETURN, ERRNO | NO_SUCH_CALL)]  # libc then takes clone
    found += [_word(EQUAL, CLONE, 0, 4), _word(LOAD, 16), _word(ANY_BIT, NAMESPACES, 0, 1), *deny, *allow]
    found += [_word(EQUAL, IOCTL, 0, 5), _word(LOAD, 24), _word(EQUAL, TIOCSTI, 1, 0), _word(EQUAL, TIOCLINUX, 0, 1)]
    found += [*deny, *allow]
    families = [_word(EQUAL, family, len(FAMILIES) - at, 0) for at, family in enumerate(FAMILIES)]
    found += [_word(EQUAL, SOCKET, 0, len(families) + 2), _word(LOAD, 16), *families, *deny]
    return b"".join(found + allow)


def _word(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One instruction; `yes` and `no` are how many of the next a jump leaves out."""
    return code.to_bytes(2, "little") + bytes((yes, no)) + value.to_bytes(4, "little")


def _call(name: str, *args: int | bytes | None) -> int:
    """A function of libc that gives -1 where it fails. Raises OSError."""
    import ctypes

    function: Any = getattr(ctypes.CDLL(None, use_errno=True), name)
    result = int(function(*(ctypes.c_ulong(arg) if isinstance(arg, int) else arg for arg in args)))
    if result == -1:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def _refuse(why: str) -> None:
    sys.stderr.write(f"the sandbox does not hold, {why}\n")
    sys.exit(REFUSED)


def main() -> None:
    """Prove, set what the environment can't say, run."""
    try:
        found = leaks()
    except OSError as error:
        found = [f"no proof: {error}"]
    if found:
        _refuse(f"a step can see {', '.join(found)}")
    if alone():
        _refuse("who began it is gone")
    os.umask(0o022)
    if os.path.isdir("in/stdlib"):  # byte code for what follows; what this script imports is frozen in the interpreter
        sys.path.insert(0, os.path.abspath("in/stdlib"))
    cover()
    if found := [path for path in SETTINGS if os.access(path, os.W_OK)]:
        _refuse(f"a step can write {', '.join(f'`{path}`' for path in found)} of the kernel: run Nix with build users")
    forbid()
    folder = os.path.dirname(os.path.abspath(sys.argv[0]))
    script = sys.argv[1]
    sys.argv = sys.argv[1:]
    sys.path.insert(0, folder)
    run(os.path.join(folder, script))


def run(path: str) -> None:
    """Run a script as the program; `runpy` does the same, but imports what would be compiled first."""
    module = type(sys)("__main__")
    module.__file__ = path
    sys.modules["__main__"] = module
    with open(path, "rb") as file:
        exec(compile(file.read(), path, "exec"), module.__dict__)


if __name__ == "__main__":
    main()
