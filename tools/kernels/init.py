"""The first process of the virtual machine: makes it look like a Debian that has started, runs the tests, turns it off.

What the tests print goes to the console, ttyS0; what `reporter` tells of them, to ttyS1.
"""

import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import traceback
from pathlib import Path

RB_POWER_OFF = 0x4321FEDC  # include/uapi/linux/reboot.h
MS_BIND, MS_MOVE = 0x1000, 0x2000  # include/uapi/linux/mount.h
SIOCSIFFLAGS, IFF_UP = 0x8914, 1  # include/uapi/linux/sockios.h, if.h
INIT_MODULE = 175  # arch/x86/entry/syscalls/syscall_64.tbl
REPORT = Path("/dev/ttyS1")
# as systemd mounts them; type, where, options. Not /tmp and /run: the project may be below them
MOUNTS = [
    ("proc", "/proc", ""),
    ("sysfs", "/sys", ""),
    ("devtmpfs", "/dev", ""),
    ("devpts", "/dev/pts", "ptmxmode=666"),
    ("tmpfs", "/dev/shm", ""),  # noqa: S108
    ("securityfs", "/sys/kernel/security", ""),
    ("cgroup2", "/sys/fs/cgroup", ""),
    ("bpf", "/sys/fs/bpf", ""),
    ("debugfs", "/sys/kernel/debug", ""),
    ("tracefs", "/sys/kernel/tracing", ""),
]

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    """Raise the error of a call that failed."""
    if result:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(fs_type: str, where: str, options: str = "", *, source: str | None = None, flags: int = 0) -> None:
    """Mount a file system of that type."""
    words = [word.encode() for word in (source or fs_type, where, fs_type)]
    check(libc.mount(*words, ctypes.c_ulong(flags), options.encode()), f"mount {where}")


def leave_the_first_root() -> None:
    """What the kernel unpacks its archive into cannot be moved by pivot_root(2); a bind mount of it can."""
    mount("", "/mnt", source="/", flags=MS_BIND)
    os.chdir("/mnt")
    mount("", "/", source=".", flags=MS_MOVE)
    os.chroot(".")
    os.chdir("/")


def prepare() -> None:
    """Mounts, and the few links below /dev that udev makes."""
    leave_the_first_root()
    for fs_type, where, options in MOUNTS:
        Path(where).mkdir(parents=True, exist_ok=True)
        mount(fs_type, where, options)
    for name, target in {"fd": "fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}.items():
        Path("/dev", name).symlink_to(f"/proc/self/{target}")


def start_loopback() -> None:
    """Plugins of pytest talk to each other through it."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))


def load_modules() -> None:
    """As far as they were found: a kernel may have them built in."""
    for module in sorted(Path("/modules").glob("*.ko")):
        content = module.read_bytes()
        number, length = ctypes.c_long(INIT_MODULE), ctypes.c_ulong(len(content))
        check(libc.syscall(number, content, length, b""), f"load {module.name}")


def run(arguments: list[str]) -> int:
    """pytest, to its end; and the end of everything that lost its parent meanwhile."""
    tests = subprocess.Popen([sys.executable, "-m", "pytest", *arguments])
    while True:
        pid, status = os.wait()
        if pid == tests.pid:
            return os.waitstatus_to_exitcode(status)


def main() -> None:
    """Options are in /options.json: the project's directory, pytest's arguments, the environment."""
    options = json.loads(Path("/options.json").read_text())
    os.environ |= options["environment"]
    prepare()
    start_loopback()
    load_modules()
    os.chdir(options["directory"])
    with REPORT.open("w", buffering=1) as report:
        print(json.dumps({"release": os.uname().release}), file=report)
        code = run(options["arguments"])
        print(json.dumps({"end": code}), file=report)


try:
    main()
except BaseException:
    traceback.print_exc()
finally:
    os.sync()
    libc.reboot(RB_POWER_OFF)
