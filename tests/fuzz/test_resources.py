"""What decoding takes: time and memory in proportion to the input, whatever stands in it, and nothing for ever."""

import gc
import os
import sys
import time
import tracemalloc
from pathlib import Path
from random import Random

import pytest

from onlooker.probe._decode import Decoder

from ..unit.records import KIND_AT, LAYOUTS, batch, members, with_span
from .mutate import generated, ordinary
from .records import PLANS, corrupt, decoder

SLOWER = 3.0  # times in proportion, on a machine with other things to do
GREATER = (
    100  # bytes of events for each byte of a record: an argument of one byte that is not UTF-8 takes 96 for its two
)
SPARE = 1 << 20


def flags(count: int) -> bytes:
    """As many flags that nobody asked for yet."""
    return batch(*(ordinary("open", flags=number << 20 | 3) for number in range(count)))


def overlapping(size: int) -> bytes:
    """Every text of the event is the whole tail."""
    made = LAYOUTS["exec"].size
    found = ordinary("exec", argv=b"\xff\0" * (size // 2))
    for name, f in members("exec").items():
        if f.kind.ctype == "struct span":
            found = with_span(found, "exec", name, made, len(found) - made)
    return batch(found)


def arguments(tail: bytes) -> bytes:
    return batch(ordinary("exec", argv=tail))


INPUTS = {
    "no argument but its end": lambda size: arguments(bytes(size)),
    "arguments of one byte": lambda size: arguments(b"\xff\0" * (size // 2)),
    "bytes that are not UTF-8": lambda size: arguments(b"\xff" * size),
    "the widest characters": lambda size: arguments("\U0010ffff".encode() * (size // 4)),
    "the same tail for each text": overlapping,
    "other flags each time": lambda size: flags(size // 200),
    "records of no bytes": lambda size: batch(*[b""] * (size // 8)),
    "records of no kind": lambda size: batch(*[bytes(KIND_AT + 2)] * (size // 80)),
    "one record cut short": lambda size: batch(bytes(size))[: size // 2],
    "all sorts": lambda size: b"".join(generated(Random(seed)) for seed in range(size // 1000)),
}


def seconds(made: bytes) -> float:
    """The least of some tries."""
    tries = []
    for _ in range(5):
        one = decoder()
        start = time.thread_time()
        one.decode(made, 0, KIND_AT)
        tries.append(time.thread_time() - start)
    return min(tries)


@pytest.mark.parametrize("name", INPUTS)
def test_time_is_in_proportion(name):
    small, large = (INPUTS[name](size) for size in (1 << 15, 1 << 18))
    decoder().decode(large, 0, KIND_AT)  # once for the allocator
    assert seconds(large) <= SLOWER * max(seconds(small), 0.0002) * len(large) / len(small)


@pytest.mark.parametrize("name", INPUTS)
def test_memory_is_in_proportion(name):
    made, one = INPUTS[name](1 << 18), decoder()
    tracemalloc.start()
    try:
        found = one.decode(made, 0, KIND_AT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found
    assert peak <= GREATER * len(made) + SPARE


def blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()


def test_nothing_is_kept():
    """100 000 records, half of them damaged; what the decoder remembers is bounded, and all else is given back."""
    batches, one = [generated(Random(seed)) for seed in range(400)], decoder()
    seen = 0

    def decode_all() -> int:
        return sum(len(one.decode(each, 0, KIND_AT)) for each in batches)

    for _ in range(3):  # until all that is remembered is
        seen += decode_all()
    before = blocks()
    while seen < 100_000:
        seen += decode_all()
    assert abs(blocks() - before) < 50


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGESIZE")


def test_no_memory_outside_of_python_is_kept():
    """A long path is put together in memory that Python does not count."""
    long, one = (
        ordinary("open", path=b"p" * 4000, real_path=b"name\0" * 20_000, joined_path=b"name\0" * 20_000),
        decoder(),
    )
    made = batch(long, ordinary("open"), long[:-1], long)
    for _ in range(20):
        one.decode(made, 0, KIND_AT)
    before = resident()
    for _ in range(300):  # 120 MB of paths
        one.decode(made, 0, KIND_AT)
    assert resident() - before < 20 << 20


def test_a_decoder_gives_back_all_that_it_remembers():
    made = flags(3000)

    def live() -> None:
        decoder().decode(made, 0, KIND_AT)

    live()
    before = blocks()
    for _ in range(5):
        live()
    assert abs(blocks() - before) < 50


def refuse(number: int) -> object:
    raise ZeroDivisionError(number)


@pytest.mark.parametrize("broken", ["report", "name"])
def test_an_error_of_the_caller_s_own_is_passed_on_and_keeps_nothing(broken):
    plans = PLANS
    if broken == "name":
        plans = [(*p[:3], [(*s[:4], refuse, *s[5:]) if s[4] else s for s in p[3]]) for p in PLANS]
    one = Decoder(plans, refuse if broken == "report" else corrupt)
    made = bytearray(flags(1) if broken == "name" else batch(b"\0" * 200))

    def fail() -> None:
        with pytest.raises(ZeroDivisionError):
            one.decode(made, 0, KIND_AT)
        made.append(0)  # BufferError if it was not let go
        made.pop()

    fail()
    before = blocks()
    for _ in range(200):
        fail()
    assert abs(blocks() - before) < 50
