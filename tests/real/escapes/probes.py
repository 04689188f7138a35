"""A step that tries to get out of its sandbox, each way in a child of its own; out/found.json tells what it got.

in/app/host.json says what there is on the host to be reached. A try that the kernel refuses raises OSError; what gives
nothing raises Stopped.
"""

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import json
import os
import select
import signal
import socket
import stat
import struct
import sys
import time
from pathlib import Path

HOST = json.loads(Path("in/app/host.json").read_text())
INPUT = Path("in/app/main.py")
SECONDS = 20
LIBC = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWUSER, NEWPID, NEWNET = 0x20000, 0x10000000, 0x20000000, 0x40000000
RDONLY, REMOUNT, BIND = 1, 32, 4096  # linux/mount.h
TRIES = {}


class Stopped(Exception):  # noqa: N818 (no fault)
    """There is nothing to be got this way."""


def probe(function):
    TRIES[function.__name__.replace("_", " ")] = function
    return function


def need(got):
    if not got:
        raise Stopped


def call(name, *args):
    """A function of libc, or a system call by its number."""
    ctypes.set_errno(0)
    words = [arg if isinstance(arg, (bytes, type(None))) else ctypes.c_long(arg) for arg in args]
    result = LIBC.syscall(ctypes.c_long(name), *words) if isinstance(name, int) else getattr(LIBC, name)(*words)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def writable(path):
    """Open for writing, and write nothing."""
    os.close(os.open(path, os.O_WRONLY | os.O_CLOEXEC))


def connected(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as end:
        end.settimeout(3)
        end.connect(address)
        if kind == socket.SOCK_DGRAM:
            end.send(b"x")


# --- network ----------------------------------------------------------------------------------------------------------


@probe
def connect_to_a_server_of_the_host():
    connected(socket.AF_INET, ("127.0.0.1", HOST["port"]))


@probe
def connect_elsewhere():
    connected(socket.AF_INET, ("192.0.2.1", 80))


@probe
def connect_elsewhere_by_ipv6():
    connected(socket.AF_INET6, ("2001:db8::1", 80))


@probe
def send_a_datagram():
    connected(socket.AF_INET, ("192.0.2.1", 53), socket.SOCK_DGRAM)


@probe
def resolve_a_name():
    need(socket.getaddrinfo("example.com", 80))


@probe
def connect_to_an_abstract_socket_of_the_host():
    connected(socket.AF_UNIX, "\0" + HOST["abstract"])


@probe
def connect_to_a_socket_file_of_the_host():
    connected(socket.AF_UNIX, HOST["socket"])


@probe
def connect_to_a_daemon_of_the_host():
    for path in ("/run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock", "/run/dbus/system_bus_socket"):
        with contextlib.suppress(OSError):
            connected(socket.AF_UNIX, path)
            return
    raise Stopped


@probe
def make_a_raw_socket():
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


@probe
def make_a_packet_socket():
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)


@probe
def make_a_socket_to_the_hypervisor():
    socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)


@probe
def give_lo_another_address():
    with socket.socket() as end:
        address = struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, socket.inet_aton("192.0.2.1"))
        fcntl.ioctl(end, 0x8916, address)  # SIOCSIFADDR


@probe
def make_an_interface_by_netlink():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as end:
        name, kind = struct.pack("HH8s", 12, 3, b"probe"), struct.pack("HHHH8s", 16, 18, 12, 1, b"dummy")
        body = struct.pack("BxHiII", 0, 0, 0, 0, 0) + name + kind
        end.send(struct.pack("IHHII", 16 + len(body), 16, 0x605, 1, 0) + body)  # RTM_NEWLINK
        code = struct.unpack("i", end.recv(4096)[16:20])[0]
        if code:
            raise OSError(-code, "netlink")


# --- files of the host ------------------------------------------------------------------------------------------------


@probe
def read_who_the_users_are():
    need(hashlib.sha256(Path("/etc/passwd").read_bytes()).hexdigest() == HOST["passwd"])


@probe
def read_the_passwords():
    Path("/etc/shadow").read_bytes()


@probe
def see_a_home():
    need([name for place in ("/home", "/root") if os.path.isdir(place) for name in os.listdir(place)])


@probe
def read_a_file_of_tmp():
    Path(HOST["file"]).read_bytes()


@probe
def read_the_app_where_it_lies():
    Path(HOST["app"], "main.py").read_bytes()


@probe
def read_the_store_of_builder():
    os.listdir(HOST["store"])


@probe
def read_another_path_of_the_nix_store():
    os.lstat(HOST["nix"])


@probe
def list_the_nix_store():
    need([name for name in os.listdir("/nix/store") if "canary" in name])


@probe
def read_the_root_by_proc():
    Path("/proc/1/root", HOST["file"].lstrip("/")).read_bytes()


@probe
def leave_the_root_by_dots():
    Path("/", *[".."] * 30, HOST["file"].lstrip("/")).read_bytes()


@probe
def leave_the_root_by_a_link_in_out():
    os.symlink(HOST["file"], "out/link")
    try:
        Path("out/link").read_bytes()
    finally:
        os.unlink("out/link")


@probe
def open_a_file_by_its_handle():
    """As the escape from Docker of 2014 did: the root of a file system has inode 2."""
    handle = struct.pack("IiQ", 8, 1, 2)
    with open("/proc/self/exe", "rb") as file:
        os.close(call("open_by_handle_at", file.fileno(), handle, os.O_RDONLY))


# --- what the step was given ------------------------------------------------------------------------------------------


@probe
def write_an_input():
    INPUT.write_text("x")


@probe
def add_to_an_input():
    Path("in/app/new").write_text("x")


@probe
def make_an_input_writable():
    INPUT.chmod(0o777)


@probe
def remove_an_input():
    INPUT.unlink()


@probe
def rename_an_input():
    INPUT.rename("in/app/other.py")


@probe
def cut_an_input():
    os.truncate(INPUT, 0)


@probe
def date_an_input():
    os.utime(INPUT, (1, 1))


@probe
def give_an_input_an_attribute():
    os.setxattr(INPUT, "user.probe", b"x")


@probe
def make_an_input_unchangeable():
    with INPUT.open("rb") as file:
        fcntl.ioctl(file, 0x40086602, struct.pack("l", 0x10))  # FS_IOC_SETFLAGS, FS_IMMUTABLE_FL


@probe
def write_an_input_by_its_descriptor():
    with INPUT.open("rb") as file:
        writable(f"/proc/self/fd/{file.fileno()}")


@probe
def write_an_input_by_the_root_of_proc():
    writable(f"/proc/self/root{os.path.realpath(INPUT)}")


@probe
def write_an_input_by_a_hard_link():
    os.link(os.path.realpath(INPUT), "out/linked")
    try:
        writable("out/linked")
    finally:
        os.unlink("out/linked")


@probe
def write_an_input_by_mapping_it():
    with INPUT.open("rb") as file:
        address = call(9, 0, 4096, 3, 1, file.fileno(), 0)  # mmap, shared and writable
        need(address)


@probe
def mount_an_input_writable():
    call("mount", None, os.path.realpath("in/app").encode(), None, REMOUNT | BIND, None)


@probe
def unmount_an_input():
    call("umount2", os.path.realpath("in/app").encode(), 2)


@probe
def write_the_scripts():
    writable("in/inside/start.py")


@probe
def write_the_interpreter():
    writable(os.path.realpath("/proc/self/exe"))


@probe
def write_a_library():
    library = next(line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "libc.so" in line)
    writable(library)


@probe
def write_beside_the_toolchain():
    Path(os.path.dirname(os.path.realpath("/proc/self/exe")), "probe").write_text("x")


@probe
def write_the_root():
    Path("/probe").write_text("x")


# --- devices and the kernel's own files -------------------------------------------------------------------------------


@probe
def make_a_block_device():
    os.mknod("/tmp/disk", 0o60666, os.makedev(254, 0))
    writable("/tmp/disk")


@probe
def make_a_character_device():
    os.mknod("/tmp/memory", 0o20666, os.makedev(1, 1))
    writable("/tmp/memory")


@probe
def find_a_block_device():
    for folder, _, names in os.walk("/dev"):
        for name in names:
            if stat.S_ISBLK(os.lstat(os.path.join(folder, name)).st_mode):
                return
    raise Stopped


@probe
def open_the_memory():
    os.close(os.open("/dev/mem", os.O_RDONLY))


@probe
def open_kvm():
    with open("/dev/kvm", "rb+", buffering=0) as file:
        fcntl.ioctl(file, 0xAE00, 0)  # KVM_GET_API_VERSION


@probe
def open_the_graphics_card():
    need(os.listdir("/dev/dri"))


@probe
def open_fuse():
    writable("/dev/fuse")


@probe
def open_loop_control():
    writable("/dev/loop-control")


@probe
def read_the_kernel_log():
    os.close(os.open("/dev/kmsg", os.O_RDONLY))


@probe
def read_the_kernel_log_by_a_call():
    call("klogctl", 3, ctypes.create_string_buffer(4096).raw, 4096)


@probe
def read_kcore():
    need(Path("/proc/kcore").open("rb").read(1))


@probe
def read_addresses_of_the_kernel():
    lines = Path("/proc/kallsyms").read_text().splitlines()
    need(lines and any(int(line.split()[0], 16) for line in lines))


@probe
def press_sysrq():
    writable("/proc/sysrq-trigger")


@probe
def set_the_core_pattern():
    writable("/proc/sys/kernel/core_pattern")


@probe
def write_any_setting_of_the_kernel():
    """The settings of a network are those of the step's own."""
    for folder, below, names in os.walk("/proc/sys"):
        below[:] = [name for name in below if (folder, name) != ("/proc/sys", "net")]
        for name in names:
            with contextlib.suppress(OSError):
                writable(os.path.join(folder, name))
                return
    raise Stopped


@probe
def write_below_sys():
    for folder, _, names in os.walk("/sys"):
        for name in names:
            with contextlib.suppress(OSError):
                writable(os.path.join(folder, name))
                return
    raise Stopped


@probe
def add_to_the_groups_of_processes():
    os.makedirs("/sys/fs/cgroup/probe")
    need(os.path.exists("/sys/fs/cgroup/probe/cgroup.procs"))  # else it is a folder like any other


# --- processes --------------------------------------------------------------------------------------------------------


@probe
def see_a_process_of_the_host():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if HOST["canary"].encode() in path.read_bytes():
                return
    raise Stopped


@probe
def read_the_environment_of_the_host():
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if HOST["canary"].encode() in path.read_bytes():
                return
    raise Stopped


@probe
def send_a_signal_to_the_host():
    os.kill(HOST["pid"], 0)


@probe
def trace_a_process_of_the_host():
    call("ptrace", 0x4206, HOST["pid"], 0, 0)  # PTRACE_SEIZE


@probe
def read_the_memory_of_a_process():
    block = ctypes.create_string_buffer(8)
    vector = struct.pack("QQ", ctypes.addressof(block), 8)
    call(310, HOST["pid"], vector, 1, vector, 1, 0)  # process_vm_readv


@probe
def hold_a_process_of_the_host():
    os.close(os.pidfd_open(HOST["pid"]))


@probe
def slow_a_process_of_the_host():
    os.setpriority(os.PRIO_PROCESS, HOST["pid"], 19)


@probe
def read_a_key_of_the_host():
    call(250, 11, HOST["key"], ctypes.create_string_buffer(64).raw, 64, 0)  # keyctl, KEYCTL_READ


@probe
def find_a_key_of_the_host():
    for ring in (-3, -4, -5):  # of the session, the user, the user's session
        with contextlib.suppress(OSError):
            call(250, 10, ring, b"user", HOST["canary"].encode(), 0)  # KEYCTL_SEARCH
            return
    raise Stopped


@probe
def type_into_the_terminal():
    with open("/dev/tty", "wb") as terminal:
        fcntl.ioctl(terminal, 0x5412, b"x")  # TIOCSTI


@probe
def read_shared_memory_of_the_host():
    call("shmget", HOST["shm"], 1, 0)


@probe
def read_a_file_of_shared_memory():
    Path("/dev/shm", HOST["canary"]).read_bytes()


@probe
def become_root():
    os.setresuid(0, 0, 0)
    need(os.stat("/proc/self").st_uid == 0 and any(int(line.split()[1], 16) for line in status("CapEff")))


@probe
def become_another_user():
    os.setresuid(5432, 5432, 5432)


@probe
def give_a_file_away():
    Path("out/mine").touch()
    try:
        os.chown("out/mine", 5432, 5432)
    finally:
        os.unlink("out/mine")


@probe
def have_a_capability():
    need(any(int(line.split()[1], 16) for line in status("CapEff", "CapPrm", "CapInh", "CapAmb")))


@probe
def gain_rights_by_a_program():
    need(any(line.split()[1] == "0" for line in status("NoNewPrivs")))


def status(*names):
    lines = Path("/proc/self/status").read_text().splitlines()
    return [line for line in lines if line.split(":")[0] in names]


@probe
def run_before_all_others():
    os.setpriority(os.PRIO_PROCESS, 0, -20)


@probe
def run_in_real_time():
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


# --- the kernel -------------------------------------------------------------------------------------------------------


@probe
def mount_a_file_system():
    call("mount", b"none", b"/tmp", b"tmpfs", 0, None)


@probe
def mount_proc_writable():
    call("mount", None, b"/proc", None, REMOUNT | BIND, None)
    writable("/proc/sysrq-trigger")


@probe
def change_the_root():
    os.makedirs("/tmp/root", exist_ok=True)
    os.chroot("/tmp/root")


@probe
def pivot_the_root():
    call(155, b"/tmp", b"/tmp")


@probe
def make_a_namespace_of_mounts():
    call("unshare", NEWNS)


@probe
def enter_a_namespace_of_the_host():
    with open(f"/proc/{HOST['pid']}/ns/net", "rb") as file:
        call("setns", file.fileno(), 0)


@probe
def make_a_namespace_of_users():
    nested()


@probe
def in_it_mount_an_input_writable():
    nested()
    call("mount", None, os.path.realpath("in/app").encode(), None, REMOUNT | BIND, None)
    INPUT.write_text("x")


@probe
def in_it_unmount_an_input():
    nested()
    place = os.path.realpath("in/app")
    call("umount2", place.encode(), 2)
    Path(place, "probe").write_text("x")


@probe
def in_it_mount_proc_writable():
    nested()
    call("mount", None, b"/proc", None, REMOUNT | BIND, None)
    writable("/proc/sysrq-trigger")


@probe
def in_it_mount_another_proc():
    nested(NEWPID)
    child = os.fork()
    if child:
        need(os.waitpid(child, 0)[1] == 0)
        return
    os.makedirs("/tmp/proc", exist_ok=True)
    call("mount", b"proc", b"/tmp/proc", b"proc", 0, None)
    writable("/tmp/proc/sysrq-trigger")


@probe
def in_it_reach_the_network():
    nested(NEWNET)
    connected(socket.AF_INET, ("192.0.2.1", 80))


@probe
def in_it_make_a_device():
    nested()
    call("mount", b"none", b"/tmp", b"tmpfs", 0, None)
    os.mknod("/tmp/disk", 0o60666, os.makedev(254, 0))


@probe
def in_it_uncover_the_host():
    """Detach whatever is mounted on the root: below it there must be nothing."""
    nested()
    call("umount2", b"/", 2)
    Path(HOST["file"]).read_bytes()


def nested(more=0):
    """A namespace of users in which this process may all, and of mounts."""
    user, group = os.getuid(), os.getgid()
    call("unshare", NEWUSER | NEWNS | more)
    for name, text in {"setgroups": "deny", "uid_map": f"0 {user} 1", "gid_map": f"0 {group} 1"}.items():
        Path("/proc/self", name).write_text(text)


@probe
def name_the_host():
    socket.sethostname("probe")


@probe
def set_the_clock():
    time.clock_settime(time.CLOCK_REALTIME, time.time())


@probe
def load_a_module():
    call(175, b"", 0, b"")


@probe
def unload_a_module():
    call(176, b"no_such_module", 0)


@probe
def load_another_kernel():
    call(246, 0, 0, 0, 0)


@probe
def restart_the_machine():
    call(169, 0xFEE1DEAD, 672274793, 0x89ABCDEF, 0)  # reboot: that Ctrl-Alt-Del restarts, as it does by default


@probe
def load_a_program_into_the_kernel():
    call(321, 0, struct.pack("IIIII", 2, 4, 4, 1, 0) + bytes(100), 120)  # bpf, BPF_MAP_CREATE


@probe
def watch_other_processes():
    attributes = struct.pack("IIQQQQQ", 1, 120, 0, 0, 0, 0, 0) + bytes(72)
    os.close(call(298, attributes, -1, 0, -1, 0))  # perf_event_open, all processes of a processor


@probe
def handle_faults_of_the_kernel():
    os.close(call(323, 0))  # userfaultfd, of the kernel's own faults too


@probe
def make_a_ring_of_requests():
    os.close(call(425, 4, bytes(120)))  # io_uring_setup


@probe
def watch_all_files():
    os.close(call(300, 4, 0))  # fanotify_init, FAN_CLASS_CONTENT


@probe
def swap_to_a_file():
    call(167, b"/tmp/swap", 0)


@probe
def account_for_processes():
    call(163, None)


@probe
def use_ports():
    call(172, 3)  # iopl


# --- what can be learnt -----------------------------------------------------------------------------------------------


@probe
def learn_the_name_of_the_host():
    need(HOST["hostname"] in (socket.gethostname(), Path("/proc/sys/kernel/hostname").read_text().strip()))


@probe
def learn_the_machine_id():
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        with contextlib.suppress(OSError):
            need(Path(path).read_bytes().strip())
            return
    raise Stopped


@probe
def learn_the_hardware():
    need(os.path.exists("/sys/class"))


@probe
def learn_the_user():
    need(HOST["user"] and HOST["user"] in json.dumps(dict(os.environ)))


@probe
def learn_where_the_store_is():
    need(HOST["store"] in Path("/proc/self/mountinfo").read_text())


@probe
def learn_the_hosts_of_the_network():
    lines = [line.split()[:2] for line in open("/etc/hosts") if line.strip() and not line.startswith("#")]
    need([line for line in lines if line not in (["127.0.0.1", "localhost"], ["::1", "localhost"])])


@probe
def learn_the_resolver():
    need(Path("/etc/resolv.conf").read_bytes())


@probe
def learn_the_boot():
    need(Path("/proc/sys/kernel/random/boot_id").read_text().strip() == HOST["boot"])


@probe
def learn_the_kernel():
    need(os.uname().release == HOST["kernel"])


@probe
def learn_the_processor():
    need("model name" in Path("/proc/cpuinfo").read_text())


@probe
def learn_the_time():
    need(abs(time.time() - HOST["time"]) < 86400)


@probe
def learn_the_command_line_of_the_kernel():
    need(Path("/proc/cmdline").read_text().strip())


# --- the run ----------------------------------------------------------------------------------------------------------


def outcome(attempt):
    """What a try gave, in a child: "got", or why not."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        os.write(writes, tried(attempt).encode()[:200])
        os._exit(0)
    os.close(writes)
    with open(reads, "rb") as said:
        if not select.select([said], [], [], SECONDS)[0]:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "hangs"
        code = os.waitpid(child, 0)[1]
        return said.read().decode() or f"killed by signal {code & 0x7F}"


def tried(attempt):
    try:
        attempt()
    except Stopped:
        return "nothing"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, type(error).__name__)
    except BaseException as error:
        return f"bug: {error!r}"
    return "got"


def main():
    found = {name: outcome(attempt) for name, attempt in TRIES.items()}
    Path("out/found.json").write_text(json.dumps(found, indent=1))
    Path("out/given.json").write_text(json.dumps(dict(os.environ)))
    sys.stderr.write(f"{len(found)} tries\n")


if __name__ == "__main__":
    main()
