"""Numbers to names: signals, flags. The kernel's own words for the machine that runs."""

import os
import signal
from collections.abc import Sequence

Flags = Sequence[tuple[str, int]]

# include/uapi/asm-generic/fcntl.h; the values that differ by architecture come from `os`. Composite flags stand before
# their parts.
OPEN_FLAGS: Flags = tuple(
    (name, value)
    for name, value in (
        ("O_TMPFILE", getattr(os, "O_TMPFILE", 0)),
        ("O_SYNC", os.O_SYNC),
        ("O_CREAT", os.O_CREAT),
        ("O_EXCL", os.O_EXCL),
        ("O_NOCTTY", os.O_NOCTTY),
        ("O_TRUNC", os.O_TRUNC),
        ("O_APPEND", os.O_APPEND),
        ("O_NONBLOCK", os.O_NONBLOCK),
        ("O_DSYNC", os.O_DSYNC),
        ("O_ASYNC", os.O_ASYNC),
        ("O_DIRECT", getattr(os, "O_DIRECT", 0)),
        ("O_LARGEFILE", 0o400000 if os.uname().machine in ("aarch64", "arm64") else 0o100000),
        ("O_DIRECTORY", os.O_DIRECTORY),
        ("O_NOFOLLOW", os.O_NOFOLLOW),
        ("O_NOATIME", getattr(os, "O_NOATIME", 0)),
        ("O_CLOEXEC", os.O_CLOEXEC),
        ("O_PATH", getattr(os, "O_PATH", 0)),
    )
    if value
)
ACCESS_MODES = ("O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE")

# include/uapi/linux/openat2.h
RESOLVE_FLAGS: Flags = (
    ("RESOLVE_NO_XDEV", 0x01),
    ("RESOLVE_NO_MAGICLINKS", 0x02),
    ("RESOLVE_NO_SYMLINKS", 0x04),
    ("RESOLVE_BENEATH", 0x08),
    ("RESOLVE_IN_ROOT", 0x10),
    ("RESOLVE_CACHED", 0x20),
)

# include/uapi/linux/fs.h
RENAME_FLAGS: Flags = (("RENAME_NOREPLACE", 1), ("RENAME_EXCHANGE", 2), ("RENAME_WHITEOUT", 4))

# include/uapi/linux/fcntl.h, as far as calls on files take them
AT_FLAGS: Flags = (
    ("AT_SYMLINK_NOFOLLOW", 0x100),
    ("AT_REMOVEDIR", 0x200),
    ("AT_SYMLINK_FOLLOW", 0x400),
    ("AT_NO_AUTOMOUNT", 0x800),
    ("AT_EMPTY_PATH", 0x1000),
)

# include/uapi/linux/sched.h
CLONE_FLAGS: Flags = (
    ("CLONE_NEWTIME", 0x80),
    ("CLONE_VM", 0x100),
    ("CLONE_FS", 0x200),
    ("CLONE_FILES", 0x400),
    ("CLONE_SIGHAND", 0x800),
    ("CLONE_PIDFD", 0x1000),
    ("CLONE_PTRACE", 0x2000),
    ("CLONE_VFORK", 0x4000),
    ("CLONE_PARENT", 0x8000),
    ("CLONE_THREAD", 0x10000),
    ("CLONE_NEWNS", 0x20000),
    ("CLONE_SYSVSEM", 0x40000),
    ("CLONE_SETTLS", 0x80000),
    ("CLONE_PARENT_SETTID", 0x100000),
    ("CLONE_CHILD_CLEARTID", 0x200000),
    ("CLONE_DETACHED", 0x400000),
    ("CLONE_UNTRACED", 0x800000),
    ("CLONE_CHILD_SETTID", 0x1000000),
    ("CLONE_NEWCGROUP", 0x2000000),
    ("CLONE_NEWUTS", 0x4000000),
    ("CLONE_NEWIPC", 0x8000000),
    ("CLONE_NEWUSER", 0x10000000),
    ("CLONE_NEWPID", 0x20000000),
    ("CLONE_NEWNET", 0x40000000),
    ("CLONE_IO", 0x80000000),
    ("CLONE_CLEAR_SIGHAND", 0x100000000),
    ("CLONE_INTO_CGROUP", 0x200000000),
)
EXIT_SIGNAL_SHIFT = 56  # the probe puts the exit signal here, where no flag is; see bpf/probes/fork.h


def _split(value: int, flags: Flags) -> tuple[str, ...]:
    names = []
    for name, bits in flags:
        if value & bits == bits:
            names.append(name)
            value &= ~bits
    return (*names, hex(value)) if value else tuple(names)


def open_flag_names(value: int) -> tuple[str, ...]:
    """Names of what open(2) takes: the access mode first.

    >>> open_flag_names(0o1101)
    ('O_WRONLY', 'O_CREAT', 'O_TRUNC')
    """
    return (ACCESS_MODES[value & 3], *_split(value & ~3, OPEN_FLAGS))


def resolve_flag_names(value: int) -> tuple[str, ...]:
    """Names of how openat2(2) is to resolve.

    >>> resolve_flag_names(0x18)
    ('RESOLVE_BENEATH', 'RESOLVE_IN_ROOT')
    """
    return _split(value, RESOLVE_FLAGS)


def rename_flag_names(value: int) -> tuple[str, ...]:
    """Names of what renameat2(2) takes.

    >>> rename_flag_names(9)
    ('RENAME_NOREPLACE', '0x8')
    """
    return _split(value, RENAME_FLAGS)


def at_flag_names(value: int) -> tuple[str, ...]:
    """Names of what calls on files relative to a directory take; openat(2).

    >>> at_flag_names(0x1100)
    ('AT_SYMLINK_NOFOLLOW', 'AT_EMPTY_PATH')
    """
    return _split(value, AT_FLAGS)


def clone_flag_names(value: int) -> tuple[str, ...]:
    """Flags in the low bits, the exit signal in the highest eight.

    >>> clone_flag_names(17 << 56 | 0x4100)
    ('CLONE_VM', 'CLONE_VFORK', 'SIGCHLD')
    """
    number = value >> EXIT_SIGNAL_SHIFT
    flags = _split(value & ((1 << EXIT_SIGNAL_SHIFT) - 1), CLONE_FLAGS)
    return (*flags, signal_name(number)) if number else flags


def signal_name(number: int) -> str:
    """Real-time signals have no names of their own but are counted from SIGRTMIN, as kill(1) does.

    >>> signal_name(9), signal_name(36)
    ('SIGKILL', 'SIGRTMIN+2')
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        real_time = signal.SIGRTMIN < number < signal.SIGRTMAX
        return f"SIGRTMIN+{number - signal.SIGRTMIN}" if real_time else f"SIG{number}"
