"""How much of the kernel's memory the probe takes, computed from its maps as they are defined."""

from collections.abc import Iterable

import msgspec

from .setup import Setup

# enum bpf_map_type, include/uapi/linux/bpf.h
HASH, ARRAY, PERCPU_ARRAY, CGROUP_ARRAY, LPM_TRIE, RINGBUF = 1, 2, 6, 8, 11, 27
NO_PREALLOC = 1  # BPF_F_NO_PREALLOC, the same file
ELEMENT_BYTES = 48  # struct htab_elem, kernel/bpf/hashtab.c; that of a trie is not larger
POINTER_BYTES = 8  # an element of an array of kernel objects, whatever the size of its value
BUCKET_BYTES = 16  # struct bucket, the same file

Map = tuple[str, int, int, int, int, int]  # name, type, bytes of a key, of a value, entries, flags


class Memory(msgspec.Struct, frozen=True):
    """In bytes: `always` as long as something is watched, `most` when the maps that take it as needed are full."""

    always: int
    most: int


def memory(maps: Iterable[Map], cpus: int) -> Memory:
    """The memory of all maps, on a machine with so many possible processors."""
    always = most = 0
    for _, map_type, key, value, entries, flags in maps:
        fixed, full = _one(map_type, key, value, entries, flags, cpus)
        always += fixed
        most += full
    return Memory(always, most)


def in_mib(size: int) -> int:
    """Rounded to whole MiB, as doctor and docs/limits.md say it."""
    return round(size / (1 << 20))


def needed(setup: Setup) -> tuple[Memory, int]:
    """The memory of a probe with this setup here, and the number of processors. Nothing reaches the kernel."""
    from . import _libbpf

    probe = setup.open((), ())
    try:
        cpus = _libbpf.possible_cpus()
        return memory(probe.maps, cpus), cpus
    finally:
        probe.close()


def _one(map_type: int, key: int, value: int, entries: int, flags: int, cpus: int) -> tuple[int, int]:
    if map_type == RINGBUF:
        return entries, entries
    if map_type == CGROUP_ARRAY:
        return POINTER_BYTES * entries, POINTER_BYTES * entries
    if map_type == ARRAY:
        return _eight(value) * entries, _eight(value) * entries
    if map_type == PERCPU_ARRAY:
        return _eight(value) * entries * cpus, _eight(value) * entries * cpus
    element = ELEMENT_BYTES + _eight(key) + _eight(value)
    if map_type == HASH and not flags & NO_PREALLOC:
        whole = BUCKET_BYTES * _power(entries) + element * (entries + cpus)  # one spare for each processor
        return whole, whole
    if map_type == HASH:
        buckets = BUCKET_BYTES * _power(entries)
        # what the allocator keeps ready for each processor: high_watermark, kernel/bpf/memalloc.c
        ready = min(96, max(96 * 256 // element, 3)) * cpus
        return buckets, buckets + _power(element) * (entries + ready)
    if map_type == LPM_TRIE:
        return 0, element * entries
    raise ValueError(f"maps of type {map_type} are not known here")


def _eight(size: int) -> int:
    return (size + 7) // 8 * 8


def _power(size: int) -> int:
    """The next power of two: the kernel's number of buckets, and its allocator's size for large elements."""
    return 1 << (size - 1).bit_length()
