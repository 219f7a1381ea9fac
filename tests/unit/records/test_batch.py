"""A batch as an object: what it is made of, and that it stays as it is."""

import copy
import os
import pickle
import threading
from pathlib import Path

import pytest

from onlooker import Batch, UsageError
from onlooker.events import Event
from onlooker.records import give_back
from onlooker.testing import make

EVENTS = [make("open", path="/a"), make("exit"), make("lost", count=7), make("open", path="/b", cut=("path",))]


def made() -> Batch:
    [batch] = Batch.of(EVENTS)
    return batch


def test_what_it_holds():
    batch = made()
    assert (len(batch), batch.counts(), batch.cut) == (4, {"open": 2, "exit": 1, "lost": 1}, 1)
    assert list(batch) == batch.events() == EVENTS
    assert batch.lost() == EVENTS[2:3]
    assert repr(batch) == "<Batch of 4 events>"
    assert batch.to_json().decode() == "".join(event.to_json() + "\n" for event in EVENTS)
    assert batch.to_text().decode() == "".join(f"{event}\n" for event in EVENTS)


@pytest.mark.parametrize("name", ["data", "offset_ns", "cut", "other"])
def test_it_can_not_be_changed(name):
    with pytest.raises(AttributeError):
        setattr(made(), name, b"\xff" * 64)


def test_data_that_is_changed_later_is_not_its_own():
    data = bytearray(made().data)
    batch = Batch(memoryview(data), made().offset_ns)
    data[:] = b"\xff" * len(data)
    assert batch.events() == EVENTS


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda batch: pickle.loads(pickle.dumps(batch))])
def test_copies(again):
    assert again(made()).events() == EVENTS


def test_what_was_pickled_is_checked():
    data = made().data
    with pytest.raises(UsageError, match="makes no sense"):
        pickle.loads(pickle.dumps(made()).replace(data[:16], b"\xff" * 16))


@pytest.mark.parametrize("offset_ns", [-(2**63) - 1, 2**63])
def test_an_offset_that_no_clock_has(offset_ns):
    with pytest.raises(UsageError, match="not an offset"):
        Batch(made().data, offset_ns)


@pytest.mark.parametrize("data", ["", 5, None, [1]])
def test_data_that_is_none(data):
    with pytest.raises(TypeError):
        Batch(data, 0)


@pytest.mark.parametrize("events", [[1], [None], ["open"], [make("open"), Event]])
def test_events_that_are_none(events):
    with pytest.raises(UsageError, match="not an event"):
        Batch.of(events)


def test_an_event_of_another_kind():
    class Other(Event, frozen=True, tag="other"):
        event = "other"

    with pytest.raises(UsageError, match="other"):
        Batch.of([Other(make("exit").time, 1)])


def test_no_events():
    assert Batch.of([]) == []
    assert (len(Batch(b"", 0)), Batch(b"", 0).to_json(), list(Batch(b"", 0))) == (0, b"", [])


@pytest.mark.parametrize(("most", "first"), [(0, 0), (1, 1), (2, 2), (3, 4), (9, 4)])
def test_split(most, first):
    one, rest = made().split(most)
    assert (one.events(), rest.events()) == (EVENTS[:first], EVENTS[first:])


@pytest.mark.parametrize("most", range(6))
def test_after(most):
    assert made().after(most).events() == EVENTS[most:]


def test_threads_share_a_batch():
    batch, found = made(), []
    json, text = batch.to_json(), batch.to_text()

    def use() -> None:
        for _ in range(50):
            found.append((batch.to_json(), batch.to_text(), batch.events()) == (json, text, EVENTS))

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [True] * 150


def resident():
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGESIZE")


def test_what_a_large_batch_took_is_given_back():
    [one] = Batch.of([make("open")])
    large = memoryview(one.data * (500_000 // len(one.data)))
    Batch(large, 0).json_lines()  # nobody has it any more, and its memory would serve the next one
    before = resident()
    give_back()
    assert before - resident() > len(large)


@pytest.mark.parametrize("take", [lambda batch: batch, Batch.json_lines, Batch.text_lines])
def test_a_small_batch_does_not_keep_the_memory_of_a_large_one(take):
    [one] = Batch.of([make("open")])
    small, large = one.data, memoryview(one.data * (400_000 // len(one.data)))
    before, kept = resident(), []
    for _ in range(100):
        take(Batch(large, 0))
        kept.append(take(Batch(memoryview(small), 0)))
    assert resident() - before < 10 << 20  # not a hundred times 400 KB
