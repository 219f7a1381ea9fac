"""What is compared: onlooker, and what is installed of its peers."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
PEERS = ("opensnoop", "execsnoop", "bpftrace", "strace", "fatrace", "forkstat")
BCC = {"opensnoop": "opensnoop-bpfcc", "execsnoop": "execsnoop-bpfcc"}
READY = "onlooker: watching"
# what needs tracefs gets one, in a mount namespace of its own: without it some see nothing, and seem to cost nothing
MOUNT_TRACEFS = '[ -d /sys/kernel/tracing/events ] || mount -t tracefs none /sys/kernel/tracing; exec "$0" "$@"'


@dataclass(frozen=True)
class Monitor:
    """A command that watches."""

    name: str
    command: tuple[str, ...]
    ready: str = ""  # what it says on standard error when it is ready; else it is ready when it shows something
    wraps: bool = False  # it starts what it watches


def find(name: str) -> str | None:
    """The path of a peer; of BCC's two variants libbpf-tools' is preferred."""
    return shutil.which(name, path=PATH) or (shutil.which(BCC[name], path=PATH) if name in BCC else None)


def missing() -> list[str]:
    """The peers that are not installed."""
    return [name for name in PEERS if not find(name)]


def onlooker(*options: str, name: str = "onlooker, JSON", output: str = "json") -> Monitor:
    """The onlooker of this Python."""
    program = str(Path(sys.executable).with_name("onlooker"))
    return Monitor(name, (program, "watch", "--output-format", output, *options), READY)


def peer(name: str, *options: str, tracefs: bool = True, wraps: bool = False, label: str = "") -> list[Monitor]:
    """A list of this one peer, empty where it is not installed."""
    path = find(name)
    if not path:
        return []
    mount = ("unshare", "--mount", "sh", "-c", MOUNT_TRACEFS) if tracefs else ()
    return [Monitor(label or name, (*mount, path, *options), wraps=wraps)]


def open_watchers(comm: str) -> list[Monitor]:
    """The peers that show each open of the processes of this name."""
    script = f'tracepoint:syscalls:sys_enter_openat /comm == "{comm}"/ '
    script += '{ printf("%d %s %s\\n", pid, comm, str(args->filename)); }'
    return [
        *peer("opensnoop", "-n", comm),
        *peer("bpftrace", "-e", script),
        *peer("fatrace", "-c", "-f", "O", "-C", comm, tracefs=False),  # in a namespace it would see other mounts
    ]


def exec_watchers(comm: str) -> list[Monitor]:
    """The peers that show each exec of this name."""
    script = f'tracepoint:sched:sched_process_exec /comm == "{comm}"/ '
    script += '{ printf("%d %s %s\\n", pid, comm, str(args->filename)); }'
    return [
        *peer("execsnoop", "-n", comm),
        *peer("bpftrace", "-e", script),
        *peer("forkstat", "-l", "-e", "fork,exec,exit", tracefs=False),
    ]


def empty_program() -> Monitor:
    """What every program at sys_exit costs at least."""
    program = str(Path(__file__).with_name("empty.py"))
    return Monitor("an empty program at sys_exit", (sys.executable, program), "attached")


def strace(calls: str) -> list[Monitor]:
    """strace, with and without a seccomp filter that lets the other calls pass by."""
    options = ("-f", "-e", f"trace={calls}", "-o", "/dev/null")
    plain = peer("strace", *options, tracefs=False, wraps=True)
    return plain + peer("strace", "--seccomp-bpf", *options, tracefs=False, wraps=True, label="strace --seccomp-bpf")
