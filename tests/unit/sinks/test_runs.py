"""Runs and their messages: a name of its own for each, periods that the clock can't spoil, and the plan in time."""

import time
from itertools import pairwise

import pytest

from onlooker import Batch
from onlooker.sinks import packer as packers
from onlooker.sinks.message import Message, Unpacker
from onlooker.sinks.packer import Packer, counted
from onlooker.sinks.sink import Sink
from onlooker.sinks.target import target_of
from onlooker.testing import make

from .made import Server, opens, sink_with

SECOND = 1_000_000_000
NOON = 4_000_000_000 * SECOND  # in 2096: what happens now is before


def at(offset_ns: int, *boot_seconds: int) -> Batch:
    """Opens, whose wall clock is so far ahead of the boot clock."""
    made = [Batch.of([make("open", path=f"/srv/{each}", boot_ns=each * SECOND)])[0] for each in boot_seconds]
    return Batch(b"".join(batch.data for batch in made), offset_ns)


def runs_of(server: Server) -> list[list[Message]]:
    """The messages of each run, as they came."""
    found: dict[int, list[Message]] = {}
    for message in server.got:
        found.setdefault(message.head.run, []).append(message)
    return list(found.values())


def plan_of(message: Message) -> bool:
    """Whether it has the plan."""
    unpacker = Unpacker()
    unpacker.plans.clear()
    learned: list[bytes] = []
    unpacker.learn = learned.append  # type: ignore[method-assign]
    try:
        unpacker.batches(message)
    except Exception:
        return bool(learned)
    raise AssertionError("it was known")


def test_no_two_sinks_share_an_id():
    began = time.time_ns()
    servers = [Server() for _ in range(20)]
    sinks = [Sink(target_of("nats://localhost/onlooker"), print, transport=server) for server in servers]
    for sink in sinks:
        sink.start(began)
    for sink in sinks:
        sink.close()
    ids = [each.head.id for server in servers for each in server.got]
    assert len(ids) == len(set(ids)) >= 40
    for server in servers:
        head = server.got[0].head
        assert abs(head.run - began) < 1000
        assert head.began_ns == began


def test_processes_that_begin_at_once_have_runs_of_their_own(monkeypatch):
    runs = set()
    for _ in range(8):
        monkeypatch.setattr(packers, "_runs", set())
        runs.add(Packer(NOON).run)
    assert len(runs) > 1


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_clock_that_is_set_begins_a_new_run(seconds):
    server = Server()
    sink = Sink(target_of("nats://localhost/onlooker"), print, transport=server)
    before, after = NOON, NOON + seconds * SECOND
    sink.start(NOON + 5 * SECOND)
    sink.write(at(before, 10, 11))
    sink.write(at(after, 20, 21))
    sink.write(at(after + 1000, 22))  # what NTP corrects little by little
    sink.close(after + 30 * SECOND)
    first, second = [[each.head for each in run] for run in runs_of(server)]
    assert [(each.seq, each.first, each.records) for each in first] == [(1, 0, 0), (2, 0, 2), (3, 2, 0)]
    assert [each.is_last for each in first] == [False, False, True]
    assert (first[0].began_ns, first[-1].ended_ns) == (NOON + 5 * SECOND, before + 20 * SECOND)
    assert [(each.seq, each.first, each.records) for each in second] == [(1, 0, 3)]
    assert (second[0].began_ns, second[0].ended_ns) == (after + 20 * SECOND, after + 30 * SECOND)
    assert second[0].is_last
    assert abs(second[0].run - second[0].began_ns) < 1000


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_clock_that_is_set_while_nothing_happens_begins_a_new_run(seconds, monkeypatch):
    monkeypatch.setattr("onlooker.sinks.sink.BEAT_SECONDS", 0.2)
    server = Server()
    sink = sink_with(server)
    sink.write(opens(3)[0])
    time.sleep(1.5)
    wall = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: wall() + seconds * SECOND)
    time.sleep(0.5)
    [batch] = opens(2)
    sink.write(Batch(batch.data, batch.offset_ns + seconds * SECOND))
    sink.close()
    runs = [[each.head for each in run] for run in runs_of(server)]
    assert len(runs) == 2
    for heads in runs:
        assert [each.seq for each in heads] == list(range(1, len(heads) + 1))
        assert [each.is_last for each in heads] == [False] * (len(heads) - 1) + [True]
        assert all(one.ended_ns == other.began_ns for one, other in pairwise(heads))
    assert abs(runs[1][0].began_ns - runs[0][-1].ended_ns - seconds * SECOND) < SECOND // 1000
    assert [sum(each.records for each in heads) for heads in runs] == [3, 2]


def test_the_plan_travels_with_each_beat_and_twice_a_minute(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(packers.time, "monotonic", lambda: now[0])
    packer = Packer(NOON)
    said = []
    for records, seconds in ((0, 0), (1, 1), (1, 1), (0, 1), (1, 1), (1, 30), (1, 1)):
        now[0] += seconds
        message = packer.message(opens(1) if records else [])
        packer.kept(message)
        said.append(plan_of(message))
    assert said == [True, False, False, True, False, True, False]


def test_a_plan_that_makes_a_message_too_large_waits():
    packer = Packer(NOON)
    messages = []
    for most_bytes in (5000, 50_000, 50_000):
        messages.append(packer.message(opens(1), most_bytes=most_bytes))
        packer.kept(messages[-1])
    assert [plan_of(each) for each in messages] == [False, True, False]


def test_what_is_known_of_processes_is_no_event():
    batches = Batch.of([make("user"), make("open"), make("open")])
    packer = Packer(NOON)
    packer.lose(counted(batches))
    head = packer.message(batches).head
    assert (head.records, head.events, head.reports, head.lost) == (4, 2, 1, 2)
