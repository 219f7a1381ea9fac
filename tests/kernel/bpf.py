"""bpf(2), as far as the tests need it: to see which programs, maps, links and BTF objects the kernel has,
what is in a map, and to make it create a thread.
"""

import ctypes
import os
import platform
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from onlooker import Monitor
from onlooker.probe._libbpf import possible_cpus
from onlooker.probe.live import LiveSource

from .running import DEADLINE_SECONDS

_NUMBER = {"x86_64": 321, "aarch64": 280}  # include/uapi/asm/unistd.h
# enum bpf_cmd, include/uapi/linux/bpf.h: each finds the next id after a given one
_GET_NEXT_ID = {"prog": 11, "map": 12, "btf": 23, "link": 31}
_MAP_CREATE, _MAP_LOOKUP_ELEM, _MAP_UPDATE_ELEM, _MAP_GET_NEXT_KEY = 0, 1, 2, 4
_CPUMAP = 16  # BPF_MAP_TYPE_CPUMAP
_ATTRIBUTE_BYTES = 128

Ids = frozenset[tuple[str, int]]


def existing() -> Ids:
    """Every object in the kernel, of any owner, as (object_type, id)."""
    found = set()
    for object_type, command in _GET_NEXT_ID.items():
        at: int | None = 0
        while (at := _next_id(command, at)) is not None:
            found.add((object_type, at))
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


@contextmanager
def kernel_thread() -> Iterator[str]:
    """Make the kernel create a thread, that of a cpu map's only entry (kernel/bpf/cpumap.c); gives its name."""
    attribute = struct.pack("=IIII", _CPUMAP, 4, 4, 1)
    descriptor = _bpf(_MAP_CREATE, attribute)
    try:
        cpu, queue_size = ctypes.c_uint32(0), ctypes.c_uint32(64)
        addresses = ctypes.addressof(cpu), ctypes.addressof(queue_size)
        _bpf(_MAP_UPDATE_ELEM, struct.pack("=IIQQQ", descriptor, 0, *addresses, 0))
        info = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
        yield "cpumap/0/map:" + info.partition("map_id:")[2].split()[0]
    finally:
        os.close(descriptor)


def _next_id(command: int, after: int) -> int | None:
    attribute = ctypes.create_string_buffer(struct.pack("=II", after, 0), _ATTRIBUTE_BYTES)
    try:
        _bpf(command, attribute)
    except FileNotFoundError:
        return None
    return int(struct.unpack_from("=II", attribute)[1])


def _bpf(command: int, attribute: bytes | ctypes.Array[ctypes.c_char]) -> int:
    if isinstance(attribute, bytes):
        attribute = ctypes.create_string_buffer(attribute, _ATTRIBUTE_BYTES)
    libc = ctypes.CDLL(None, use_errno=True)
    number = ctypes.c_long(_NUMBER[platform.machine()])
    result = int(libc.syscall(number, command, attribute, ctypes.c_size_t(len(attribute))))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def entries(monitor: Monitor, name: str) -> int:
    """How many entries the monitor's map of that name has."""
    assert isinstance(monitor._source, LiveSource)
    assert monitor._source._probe
    descriptor = monitor._source._probe.map_descriptor(name)
    key = ctypes.create_string_buffer(64)
    count, after = 0, 0  # no key: the first
    while True:
        try:
            _bpf(_MAP_GET_NEXT_KEY, struct.pack("=IIQQ", descriptor, 0, after, ctypes.addressof(key)))
        except FileNotFoundError:
            return count
        count, after = count + 1, ctypes.addressof(key)


def scratch_users(monitor: Monitor) -> list[int]:
    """How many runs of programs hold each piece of memory to put a record together in, on each cpu."""
    assert isinstance(monitor._source, LiveSource)
    assert monitor._source._probe
    probe = monitor._source._probe
    [(size, count)] = [(value, entries) for name, _, _, value, entries, _ in probe.maps if name == "scratches"]
    stride = -(-size // 8) * 8
    values = ctypes.create_string_buffer(stride * possible_cpus())
    found: list[int] = []
    for index in range(count):
        key = ctypes.c_uint32(index)
        addresses = ctypes.addressof(key), ctypes.addressof(values)
        _bpf(_MAP_LOOKUP_ELEM, struct.pack("=IIQQ", probe.map_descriptor("scratches"), 0, *addresses))
        found += (struct.unpack_from("=I", values, at)[0] for at in range(0, len(values), stride))
    return found
