"""Mounts for tests: of a workload's own, in a namespace that ends with it, or of no namespace at all."""

import ctypes
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

OPEN_TREE, OPEN_TREE_CLONE = 428, 1  # include/uapi/linux/mount.h; the number is the same on all machines
AT_FDCWD = -100


def prepared(script: str) -> list[str]:
    """A shell that makes the mounts in a new mount namespace, and then executes the workload."""
    return ["unshare", "--mount", "sh", "-c", f'set -e; {script}; exec "$@"', "sh"]


def detached(directory: Path) -> int:
    """A descriptor of a bind mount of the directory that is attached nowhere; a workload inherits it."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = int(libc.syscall(OPEN_TREE, AT_FDCWD, os.fsencode(directory), OPEN_TREE_CLONE))
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    os.set_inheritable(descriptor, True)
    return descriptor


# to leave the root, if it is one that can be left: chroot(2)
CLIMB = """
import os
root = os.stat("/")
os.mkdir("below")
os.chroot("below")
for _ in range(64):
    os.chdir("..")
print(os.path.samestat(root, os.stat(".")))
"""


@cache
def in_a_chroot() -> bool:
    """Whether there is more above "/"; False also without the right to know."""
    with tempfile.TemporaryDirectory() as made:
        command = ["unshare", "--mount", sys.executable, "-c", CLIMB]
        done = subprocess.run(command, cwd=made, capture_output=True, text=True)
    return done.stdout == "False\n"


# docs/limits.md, "Whose root": what is in other mounts then begins where these do, and not where the tests do
not_in_a_chroot = pytest.mark.skipif(in_a_chroot(), reason="for a monitor in a chroot, other mounts begin elsewhere")
