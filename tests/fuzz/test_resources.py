"""What reading and writing records takes: time and memory in proportion to them; nothing is kept for ever."""

import gc
import os
import sys
import time
import tracemalloc
from pathlib import Path
from random import Random
from typing import Any

import pytest

from onlooker.events import EVENTS
from onlooker.records import PLAN
from onlooker.records._records import CompiledPlan, Records

from ..unit.made_records import KIND_AT, LAYOUTS, batch, members, with_span
from .mutate import generated, ordinary

SLOWER = 3.0  # times in proportion, on a machine with other things to do
GREATER = (
    100  # bytes of events for each byte of a record: an argument of one byte that is not UTF-8 takes 96 for its two
)
SPARE = 1 << 20


class Reader:
    """Everything that is made of a batch, by one that has seen no other."""

    def __init__(self) -> None:
        self.records = Records(CompiledPlan(PLAN, EVENTS))

    def events(self, data: bytes | bytearray) -> list[Any]:
        return self.records.events(self.checked(data), 0)

    def checked(self, data: bytes | bytearray) -> bytes:
        return self.records.check(data, report)[0]

    def json(self, data: bytes) -> bytes:
        return self.records.json_lines(self.checked(data), 0)

    def text(self, data: bytes) -> bytes:
        return self.records.text_lines(self.checked(data), 0)


MADE = ("events", "json", "text")


CORRUPT = ordinary("exit")  # in place of a record that makes no sense


def report(number: int) -> bytes:
    return CORRUPT


def flags(count: int) -> bytes:
    """As many flags that nobody asked for yet."""
    return batch(*(ordinary("open", flags=number << 20 | 3) for number in range(count)))


def overlapping(size: int) -> bytes:
    """Every text of the event is the whole tail."""
    made = LAYOUTS["exec"].size
    found = ordinary("exec", argv=b"\xff\0" * (size // 2))
    for name, f in members("exec").items():
        if f.type.ctype == "struct span":
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


def seconds(made: bytes, what: str) -> float:
    """The least of some tries."""
    tries = []
    for _ in range(5):
        make = getattr(Reader(), what)
        start = time.thread_time()
        make(made)
        tries.append(time.thread_time() - start)
    return min(tries)


@pytest.mark.parametrize("what", MADE)
@pytest.mark.parametrize("name", INPUTS)
def test_time_is_in_proportion(name, what):
    small, large = (INPUTS[name](size) for size in (1 << 15, 1 << 18))
    getattr(Reader(), what)(large)  # once for the allocator
    assert seconds(large, what) <= SLOWER * max(seconds(small, what), 0.0002) * len(large) / len(small)


@pytest.mark.parametrize("what", MADE)
@pytest.mark.parametrize("name", INPUTS)
def test_memory_is_in_proportion(name, what):
    made, one = INPUTS[name](1 << 18), Reader()
    tracemalloc.start()
    try:
        found = getattr(one, what)(made)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found
    assert peak <= GREATER * len(made) + SPARE


def blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()


def test_nothing_is_kept():
    """100 000 records, half of them damaged; what is remembered is bounded, and all else is given back."""
    batches, one = [generated(Random(seed)) for seed in range(400)], Reader()
    seen = 0

    def make_all() -> int:
        for each in batches:
            one.json(each), one.text(each)
        return sum(len(one.events(each)) for each in batches)

    for _ in range(3):  # until all that is remembered is
        seen += make_all()
    before = blocks()
    while seen < 100_000:
        seen += make_all()
    assert abs(blocks() - before) < 50


def test_names_are_remembered_of_so_many_numbers_only():
    made, one = flags(20_000), Reader()
    one.events(made)
    kept = blocks()
    del one
    assert kept - blocks() < 8 * 4096  # a number, some names and a tuple for each that is remembered


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.parametrize("what", MADE)
def test_no_memory_outside_of_python_is_kept(what):
    """A long path is put together, and lines are written, in memory that Python does not count."""
    long = ordinary("open", path=b"p" * 4000, real_path=b"name/" * 20_000, joined_path=b"name/" * 20_000)
    made, make = batch(long, ordinary("open"), long[:-1], long), getattr(Reader(), what)
    for _ in range(20):
        make(made)
    before = resident()
    for _ in range(300):  # 120 MB of paths
        make(made)
    assert resident() - before < 20 << 20


def test_what_unusually_long_lines_took_is_given_back():
    """More than 32 MiB at once, which malloc(3) always takes from the system and gives back to it."""
    long, reader = bytes(batch(*[ordinary("exec", argv=b"\1" * 262_144)] * 30)), Reader()
    reader.json(batch(ordinary("exec")))
    before = resident()
    assert len(reader.json(long)) > 45_000_000
    assert resident() - before < 16 << 20


@pytest.mark.parametrize("what", MADE)
def test_memory_outside_of_python_ends_with_its_owner(what):
    made = batch(ordinary("open", path=b"p" * 4000, real_path=b"name/" * 100_000))
    for _ in range(20):
        getattr(Reader(), what)(made)
    before = resident()
    for _ in range(200):  # 100 MB
        getattr(Reader(), what)(made)
    assert resident() - before < 20 << 20


def test_a_reader_gives_back_all_that_it_remembers():
    made = flags(3000)

    def live() -> None:
        Reader().events(made)

    live()
    before = blocks()
    for _ in range(5):
        live()
    assert abs(blocks() - before) < 50


def test_an_error_of_the_caller_s_own_is_passed_on_and_keeps_nothing():
    one, made = Reader(), bytearray(batch(ordinary("exit"), bytes(200)))

    def refuse(number: int) -> bytes:
        raise ZeroDivisionError(number)

    def fail() -> None:
        with pytest.raises(ZeroDivisionError):
            one.records.check(made, refuse)
        made.append(0)  # BufferError if it was not let go
        made.pop()

    fail()
    before = blocks()
    for _ in range(200):
        fail()
    assert abs(blocks() - before) < 50


def test_an_error_of_a_class_is_passed_on_and_keeps_nothing():
    def refuse(*fields: object) -> None:
        raise ZeroDivisionError(len(fields))

    one, made = Records(CompiledPlan(PLAN, dict.fromkeys(EVENTS, refuse))), batch(ordinary("open", path=b"/a"))

    def fail() -> None:
        with pytest.raises(ZeroDivisionError):
            one.events(made, 0)

    fail()
    before = blocks()
    for _ in range(200):
        fail()
    assert abs(blocks() - before) < 50
