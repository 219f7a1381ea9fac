"""Numbers to names: signals, flags, as the kernel names them on this machine."""

import os
import signal

from ..schema.values import Flags, Names

# include/uapi/asm-generic/fcntl.h; the values that differ by architecture come from `os`. Composite flags come before
# their parts.
_OPEN = tuple(
    (value, name)
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
OPEN_FLAGS = Flags(bits=_OPEN, low=("O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"))

# include/uapi/linux/openat2.h
RESOLVE_FLAGS = Flags(
    bits=(
        (0x01, "RESOLVE_NO_XDEV"),
        (0x02, "RESOLVE_NO_MAGICLINKS"),
        (0x04, "RESOLVE_NO_SYMLINKS"),
        (0x08, "RESOLVE_BENEATH"),
        (0x10, "RESOLVE_IN_ROOT"),
        (0x20, "RESOLVE_CACHED"),
    )
)

# include/uapi/linux/fs.h
RENAME_FLAGS = Flags(bits=((1, "RENAME_NOREPLACE"), (2, "RENAME_EXCHANGE"), (4, "RENAME_WHITEOUT")))

# include/uapi/linux/fcntl.h, as far as calls on files take them
AT_FLAGS = Flags(
    bits=(
        (0x100, "AT_SYMLINK_NOFOLLOW"),
        (0x200, "AT_REMOVEDIR"),
        (0x400, "AT_SYMLINK_FOLLOW"),
        (0x800, "AT_NO_AUTOMOUNT"),
        (0x1000, "AT_EMPTY_PATH"),
    )
)

# include/uapi/linux/fcntl.h; 0x200 means AT_EACCESS to faccessat2 only
ACCESS_FLAGS = Flags(bits=((0x100, "AT_SYMLINK_NOFOLLOW"), (0x200, "AT_EACCESS"), (0x1000, "AT_EMPTY_PATH")))
STAT_FLAGS = Flags(
    bits=(
        (0x100, "AT_SYMLINK_NOFOLLOW"),
        (0x800, "AT_NO_AUTOMOUNT"),
        (0x1000, "AT_EMPTY_PATH"),
        (0x2000, "AT_STATX_FORCE_SYNC"),
        (0x4000, "AT_STATX_DONT_SYNC"),
    )
)

# access(2); F_OK is 0
ACCESS_MODES = Flags(bits=((4, "R_OK"), (2, "W_OK"), (1, "X_OK")))

# include/uapi/linux/xattr.h
XATTR_FLAGS = Flags(bits=((1, "XATTR_CREATE"), (2, "XATTR_REPLACE")))

# include/uapi/linux/stat.h; other numbers are shown as they are
FILE_TYPES = Names(
    names=(
        (0o010000, "S_IFIFO"),
        (0o020000, "S_IFCHR"),
        (0o040000, "S_IFDIR"),
        (0o060000, "S_IFBLK"),
        (0o100000, "S_IFREG"),
        (0o120000, "S_IFLNK"),
        (0o140000, "S_IFSOCK"),
    ),
    other="type {}",
)

# include/uapi/linux/sched.h
_CLONE = (
    (0x80, "CLONE_NEWTIME"),
    (0x100, "CLONE_VM"),
    (0x200, "CLONE_FS"),
    (0x400, "CLONE_FILES"),
    (0x800, "CLONE_SIGHAND"),
    (0x1000, "CLONE_PIDFD"),
    (0x2000, "CLONE_PTRACE"),
    (0x4000, "CLONE_VFORK"),
    (0x8000, "CLONE_PARENT"),
    (0x10000, "CLONE_THREAD"),
    (0x20000, "CLONE_NEWNS"),
    (0x40000, "CLONE_SYSVSEM"),
    (0x80000, "CLONE_SETTLS"),
    (0x100000, "CLONE_PARENT_SETTID"),
    (0x200000, "CLONE_CHILD_CLEARTID"),
    (0x400000, "CLONE_DETACHED"),
    (0x800000, "CLONE_UNTRACED"),
    (0x1000000, "CLONE_CHILD_SETTID"),
    (0x2000000, "CLONE_NEWCGROUP"),
    (0x4000000, "CLONE_NEWUTS"),
    (0x8000000, "CLONE_NEWIPC"),
    (0x10000000, "CLONE_NEWUSER"),
    (0x20000000, "CLONE_NEWPID"),
    (0x40000000, "CLONE_NEWNET"),
    (0x80000000, "CLONE_IO"),
    (0x100000000, "CLONE_CLEAR_SIGHAND"),
    (0x200000000, "CLONE_INTO_CGROUP"),
)
EXIT_SIGNAL_SHIFT = 56  # the probe puts the exit signal here, where no flag is; see bpf/probes/fork.h

_NAMED = frozenset(int(each) for each in signal.Signals)
# signal(7). Real-time signals have no names; they are counted from SIGRTMIN, as kill(1) does.
SIGNALS = Names(
    names=tuple(
        (number, f"SIGRTMIN+{number - signal.SIGRTMIN}" if number not in _NAMED else signal.Signals(number).name)
        for number in sorted({*_NAMED, *range(signal.SIGRTMIN, signal.SIGRTMAX + 1)})
    ),
    other="SIG{}",
)
CLONE_FLAGS = Flags(bits=_CLONE, high=SIGNALS, high_shift=EXIT_SIGNAL_SHIFT)
