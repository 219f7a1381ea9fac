"""Mounts for tests: of a workload's own, in a namespace that ends with it, or of no namespace at all."""

import ctypes
import os
from pathlib import Path

OPEN_TREE, OPEN_TREE_CLONE = 428, 1  # include/uapi/linux/mount.h; the number is the same on all machines
AT_FDCWD = -100


def prepared(script: str) -> list[str]:
    """A shell that makes the mounts, in a mount namespace of its own, and then executes the workload."""
    return ["unshare", "--mount", "sh", "-c", f'set -e; {script}; exec "$@"', "sh"]


def detached(directory: Path) -> int:
    """A descriptor of a bind mount of the directory that is attached nowhere; a workload inherits it."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = int(libc.syscall(OPEN_TREE, AT_FDCWD, os.fsencode(directory), OPEN_TREE_CLONE))
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    os.set_inheritable(descriptor, True)
    return descriptor
