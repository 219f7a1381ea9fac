"""bpf(2), as far as it takes to see what is in the kernel: which programs, maps, links and BTF objects there are."""

import ctypes
import errno
import os
import platform
import struct
import time
from contextlib import suppress
from pathlib import Path

from .watching import DEADLINE_SECONDS

_BPF = {"x86_64": 321, "aarch64": 280}  # include/uapi/asm/unistd.h
# enum bpf_cmd, include/uapi/linux/bpf.h: each finds the next id after a given one
_GET_NEXT_ID = {"prog": 11, "map": 12, "btf": 23, "link": 31}

Ids = frozenset[tuple[str, int]]


def existing() -> Ids:
    """Every object in the kernel, whoever owns it, as (kind, id)."""
    found = set()
    for kind, command in _GET_NEXT_ID.items():
        at: int | None = 0
        while (at := _next_id(command, at)) is not None:
            found.add((kind, at))
    return frozenset(found)


def held_by(pid: int) -> Ids:
    """The objects that a process has descriptors of; proc(5), fdinfo."""
    found = set()
    for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
        with suppress(FileNotFoundError):  # the descriptor by which the directory itself is read
            for line in entry.read_text().splitlines():
                name, _, value = line.partition(":")
                if name.endswith("_id") and name[:-3] in _GET_NEXT_ID:
                    found.add((name[:-3], int(value)))
    return frozenset(found)


def gone(ids: Ids) -> bool:
    """Wait until none of them exists: the kernel frees them when nobody can be using them any more, a moment later."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while left := ids & existing():
        if time.monotonic() > deadline:
            raise AssertionError(f"left behind: {sorted(left)}")
        time.sleep(0.01)
    return True


def _next_id(command: int, after: int) -> int | None:
    attribute = ctypes.create_string_buffer(struct.pack("=II", after, 0), 128)
    libc = ctypes.CDLL(None, use_errno=True)
    number = ctypes.c_long(_BPF[platform.machine()])
    if libc.syscall(number, command, attribute, ctypes.c_size_t(len(attribute))) < 0:
        if ctypes.get_errno() == errno.ENOENT:
            return None
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(struct.unpack_from("=II", attribute)[1])
