"""Tracepoint ids from tracefs, wherever it is mounted or nowhere.

Where it is not mounted, a mount is made that is attached to no directory: only this process's descriptor leads to it,
nobody else sees it, and it is gone when the descriptor is closed (fsopen(2), fsmount(2); Linux 5.2).
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

MOUNT_POINT = "/sys/kernel/tracing"
# asked last: to look there makes the kernel mount it for everybody to see (trace_automount, kernel/trace/trace.c)
AUTOMOUNT_POINT = "/sys/kernel/debug/tracing"

# include/uapi/asm-generic/unistd.h; the same on every architecture
_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432
_FSOPEN_CLOEXEC, _FSCONFIG_CMD_CREATE, _FSMOUNT_CLOEXEC = 1, 6, 1

_ID_BYTES = 32  # of an id's file, which is a number and a newline
_HIGHEST_ID = 2**31 - 1  # trace_event_call.event.type is an int; include/linux/trace_events.h


def _syscall(number: int, *args: object) -> int:
    import ctypes  # takes a millisecond or two, and is rarely needed

    libc = ctypes.CDLL(None, use_errno=True)
    given = [ctypes.c_uint(arg) if isinstance(arg, int) else arg for arg in args]
    result = int(libc.syscall(ctypes.c_long(number), *given))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def _private_mount() -> int:
    """A descriptor for the root of a detached tracefs. Raises OSError: EPERM without CAP_SYS_ADMIN."""
    context = _syscall(_FSOPEN, b"tracefs", _FSOPEN_CLOEXEC)
    try:
        _syscall(_FSCONFIG, context, _FSCONFIG_CMD_CREATE, None, None, 0)
        return _syscall(_FSMOUNT, context, _FSMOUNT_CLOEXEC, 0)
    finally:
        os.close(context)


def _directory(path: str) -> int:
    """A descriptor for tracefs's root at `path`. Raises OSError where it is not mounted there."""
    descriptor = os.open(path, os.O_DIRECTORY | os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.stat("events/syscalls", dir_fd=descriptor)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _root() -> tuple[int, str]:
    with suppress(OSError):
        return _directory(MOUNT_POINT), MOUNT_POINT
    try:
        return _private_mount(), "a private mount"
    except OSError:
        with suppress(OSError):
            return _directory(AUTOMOUNT_POINT), AUTOMOUNT_POINT
        raise


@contextmanager
def opened() -> Iterator[tuple[int, str]]:
    """`(descriptor, where)` of tracefs's root. Raises OSError where it can't be had."""
    descriptor, where = _root()
    try:
        yield descriptor, where
    finally:
        os.close(descriptor)


def tracepoint_ids(names: Iterable[str]) -> tuple[dict[str, int], str]:
    """The ids of tracepoints such as "syscalls/sys_exit_openat", and where they were read.

    A tracepoint that this kernel does not have is left out, and one whose id is none: what is mounted there need not be
    tracefs. Raises OSError where tracefs can't be had.
    """
    ids = {}
    with opened() as (root, where):
        for name in names:
            with suppress(FileNotFoundError):
                descriptor = os.open(f"events/{name}/id", os.O_RDONLY | os.O_CLOEXEC, dir_fd=root)
                try:
                    text = os.read(descriptor, _ID_BYTES).strip()
                finally:
                    os.close(descriptor)
                if text.isdigit() and int(text) <= _HIGHEST_ID:
                    ids[name] = int(text)
    return ids, where
