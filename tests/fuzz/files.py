"""Files that onlooker reads, with anything in them: each gives a fact, "don't know", or one of onlooker's errors."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from unittest import mock

from onlooker import OnlookerError
from onlooker.filters import Filter
from onlooker.probe import clock, kernel, setup, tracefs
from onlooker.probe.setup import DEFAULT_RING_BYTES, Setup

from .mutate import EDGES, raw_text

POINT = "syscalls/sys_exit_openat"
ORDINARY = (
    b"CapEff:\t000001ffffffffff\n", b"Name:\tx\nCapEff:\t", b"0 0 4294967295\n", b"         0       1000          1\n",
    b"none [integrity] confidentiality\n", b"[", b"]",
    b"712\n", b"-1\n", b"boottime  ", b"monotonic 5 ", b" ", b"\n", b"\t", b"BPF_FUNC_task_pt_regs",
)  # fmt: skip


def first() -> list[bytes]:
    return []


def made(rng: Random) -> bytes:
    """The file's content; the first byte says which file."""
    if rng.random() < 0.2:
        return b"\3" + damaged_object(rng)
    pieces = (rng.choice(ORDINARY), raw_text(rng), str(rng.choice(EDGES)).encode())
    return bytes([rng.choice((0, 1, 2, 4))]) + b"".join(rng.choices(pieces, k=rng.choice((1, 2, 4))))


def changed(rng: Random, data: bytes) -> bytes:
    if data[:1] == b"\3" and rng.random() < 0.9:
        return b"\3" + _damage(rng, bytearray(data[1:]))
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice((*ORDINARY, raw_text(rng))) + data[at + rng.randrange(8) :]


@cache
def built_object() -> bytes:
    return setup.object_file().read_bytes()


def damaged_object(rng: Random) -> bytes:
    return _damage(rng, bytearray(built_object()))


def _damage(rng: Random, found: bytearray) -> bytes:
    """Mostly in the headers: of the file, at its start; of the sections, at its end; and in names."""
    for _ in range(rng.choice((1, 1, 3, 20))):
        if not found:
            break
        near_end = len(found) - 1 - rng.randrange(min(2500, len(found)))
        at = rng.choice((rng.randrange(len(found)), rng.randrange(min(64, len(found))), near_end))
        named = found.find(rng.choice((b"rodata", b"config", b"wire", b"ring", b"on_openat", b".maps", b"license")))
        at = named + rng.randrange(4) if named >= 0 and rng.random() < 0.3 else at
        found[at : at + 1] = bytes([rng.choice((0, 1, 0xFF, rng.randrange(256)))])
    if rng.random() < 0.2:
        del found[rng.randrange(len(found) + 1) :]
    return bytes(found)


@contextmanager
def _file(content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "events", POINT, "id")
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        yield path


def facts(path: Path) -> None:
    """What /proc and /sys say of this user and kernel."""
    with mock.patch.object(kernel, "Path", lambda name: path):
        assert kernel.effective_capabilities() >= 0
        assert kernel.in_user_namespace() in (True, False)
    with mock.patch.object(kernel, "LOCKDOWN", path), mock.patch.object(kernel, "BTF", path):
        assert kernel.lockdown_mode().isprintable()
        kernel.forget()
        assert kernel.lacking() == "" or kernel.lacking().startswith("this kernel has no ")
        assert not kernel.has_member("a", "b")
        assert set(map(type, kernel.tracepoints().values())) <= {int}
        kernel.forget()


def time_namespace(path: Path) -> None:
    """The offsets of the clocks; times stay numbers whatever they are."""
    proc = path.parents[3]
    (proc / "ns").mkdir()
    for name in ("time", "time_for_children"):
        (proc / "ns" / name).symlink_to("time:[1]")
    path.rename(proc / "timens_offsets")
    with mock.patch.object(clock, "_PROC", proc):
        assert isinstance(clock.namespace_ns(), int)


def release(path: Path) -> None:
    major, minor = kernel.version(path.read_bytes().decode(errors="surrogateescape"))
    assert major >= 0
    assert minor >= 0


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def tracepoint(path: Path) -> None:
    before = open_descriptors()
    with mock.patch.object(tracefs, "MOUNT_POINT", str(path.parents[3])):
        ids, _ = tracefs.tracepoint_ids([POINT, "syscalls/sys_exit_nothing"])
    assert set(ids) <= {POINT}
    assert all(0 <= number < 2**31 for number in ids.values())
    assert open_descriptors() == before


def probe_object(path: Path) -> None:
    """libbpf's own readers, and what is made of what they find."""
    with mock.patch.object(setup, "object_file", lambda: path):
        try:
            Setup(Filter(), DEFAULT_RING_BYTES, True).open((), ()).close()
        except OnlookerError as error:
            assert str(error).startswith("the probe's object file ")
            assert "\n" not in str(error)


READERS = (facts, release, tracepoint, probe_object, time_namespace)


def check(data: bytes) -> None:
    """Raises AssertionError, or whatever should not have been raised."""
    if data:
        with _file(data[1:]) as path:
            READERS[data[0] % len(READERS)](path)
