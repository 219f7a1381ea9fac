"""A message that was packed before it was known that the server takes less: nothing is lost, missing or there twice."""

import errno
import itertools
import json
import os
import time
from collections import Counter

import msgspec
import polars
import pytest
import zstandard

from onlooker import Batch
from onlooker.lake import coverage
from onlooker.lake.parts import Held
from onlooker.lake.state import Commit, State, batches_of
from onlooker.sinks.message import Head, Message, Unpacker, from_bytes
from onlooker.sinks.outbox import Outbox
from onlooker.sinks.packer import Packer
from onlooker.sinks.splitting import parts_of
from onlooker.sinks.target import target_of
from onlooker.sinks.transport import TooLargeError, TransportError
from onlooker.testing import make

from .made import Server, missing, sink_with

URL = "nats://localhost/onlooker"
PLACES = ("memory", "spool", "full disk")


def events(count: int = 200) -> list[Batch]:
    """So many, with two reports of losses and a user that is known among them."""
    made = [make("open", path=f"/srv/{number}/{os.urandom(20).hex()}") for number in range(count)]
    lost = Batch.of_losses([(7, "open", "ring full"), (5, "exec", "ring full")], 0, 1)
    return [*Batch.of(made[: count // 3]), lost, *Batch.of([make("user"), *made[count // 3 :]])]


def packed(options: str, batches: list[Batch]) -> Message:
    """The second message of a run, and its end."""
    url = options if ":" in options else URL + options
    packer = Packer(time.time_ns(), target=target_of(url))
    packer.kept(packer.message(events(3)))
    return packer.message(batches, ended_ns=time.time_ns())


def check(parts: list[Message], whole: Head) -> None:
    """The parts have all that it had, once."""
    firsts = itertools.accumulate((each.head.records for each in parts), initial=whole.first)
    assert [each.head.first for each in parts] == list(firsts)[:-1]
    for name in ("records", "events", "reports", "lost"):
        assert sum(getattr(each.head, name) for each in parts) == getattr(whole, name), name
    assert [each.head.is_last for each in parts] == [False] * (len(parts) - 1) + [whole.is_last]
    assert {(each.head.whole_first, each.head.whole_records) for each in parts} == {(whole.first, whole.records)}
    assert len({each.head.id for each in parts} | {whole.id}) == len(parts) + 1
    for each in parts:
        assert (each.head.seq, each.head.began_ns, each.head.ended_ns) == (whole.seq, whole.began_ns, whole.ended_ns)
        assert Head.of(each.head.headers()) == each.head


def test_raw_batches_in_parts_and_parts_of_parts():
    batches = events()
    message = packed("", batches)
    parts = parts_of(message, 2500)
    assert len(parts) > 2
    assert max(map(len, parts)) <= 3000
    check(parts, message.head)
    smaller = [part for each in parts for part in (parts_of(each, 1000) or [each])]
    check(smaller, message.head)
    unpacker = Unpacker()  # which also compares the counts
    found = [event for each in smaller for batch in unpacker.batches(each) for event in batch.events()]
    assert found == [event for batch in batches for event in batch.events()]


@pytest.mark.parametrize(
    "options", ["?format=json", "?format=json&compress=zstd", "?map=ecs", "?map=ocsf&compress=zstd"]
)
def test_lines_in_parts(options):
    message = packed(options, events())
    parts = parts_of(message, len(message) // 5)
    assert len(parts) >= 5
    check(parts, message.head)

    def text(each: Message) -> bytes:
        return zstandard.decompress(each.payload) if "zstd" in options else each.payload

    assert b"".join(map(text, parts)) == text(message)


@pytest.mark.parametrize("options", ["?format=arrow", "?format=arrow&compress=zstd"])
def test_tables_of_arrow_in_parts(options):
    """Between batches, of which a message has several."""
    message = packed(options, [*events(50), *events(90), *events(50)])
    parts = parts_of(message, len(message) // 4)
    assert len(parts) >= 3
    check(parts, message.head)

    def table(each: Message) -> polars.DataFrame:
        return polars.read_ipc_stream(zstandard.decompress(each.payload) if "zstd" in options else each.payload)

    assert polars.concat(map(table, parts)).equals(table(message))
    assert parts_of(packed(options, Batch.of([make("open"), make("open")])), 10) == []


def test_requests_of_otlp_in_parts():
    from onlooker.sinks.otlp_logs import Logs

    message = packed("otlp+http://localhost", events())
    parts = parts_of(message, len(message) // 5)
    assert len(parts) >= 5
    check(parts, message.head)
    whole, pieces = Logs.of(message.payload), [Logs.of(each.payload) for each in parts]
    assert [record for each in pieces for record in each._logs] == whole._logs
    assert {each._request.SerializeToString() for each in pieces} == {whole._request.SerializeToString()}


@pytest.mark.parametrize("payload", [b"", b"\xff" * 50, zstandard.compress(b"\xc1")])
@pytest.mark.parametrize("options", ["", "?map=ecs&compress=zstd", "?format=arrow", "otlp+http://localhost"])
def test_what_is_no_payload_has_no_parts(payload, options):
    message = packed(options, events())
    assert parts_of(Message(message.head, payload), 100) == []


def test_one_record_has_no_parts_and_no_plan_where_that_helps():
    packer = Packer(time.time_ns())
    first = packer.message(Batch.of([make("open")]))  # has the plan
    [smaller] = parts_of(first, 5000)
    assert (smaller.head, len(smaller) < 1000 < len(first)) == (first.head, True)
    assert parts_of(smaller, 10) == []


class Limited(Server):
    """Takes what has up to `takes` bytes, and says so as `knows` has it: when it is opened, or for each message."""

    takes = 4000
    knows = True

    def open(self) -> None:
        super().open()
        if self.knows:
            self.most_bytes = self.takes

    def send(self, messages, taken):
        for message in messages:
            if self.is_down:
                raise TransportError("nobody is there")
            if len(message) > self.takes:
                raise TooLargeError("too large")
            self.got.append(message)
            taken(1)


def state_of(heads: list[Head]) -> State:
    """A lake of these messages, as each came."""
    state = State()
    for number, head in enumerate(heads):
        fresh = state.fresh([Held(head, [])])
        state.apply(Commit(batches=batches_of(fresh)), number + 1)
    return state


def whole(heads: list[Head]) -> None:
    """A receiver has all of them, once."""
    assert missing(state_of(heads)) == (0, 0)
    assert sum(each.records for each in heads) == max(each.first + each.records for each in heads)
    assert len({each.id for each in heads}) == len(heads)
    for gone in range(len(heads)):
        some = [head for place, head in enumerate(heads) if place != gone and not head.is_last]
        found = missing(state_of([*some, heads[-1]]))
        if not heads[gone].is_last:
            assert found == (heads[gone].records, 0)


@pytest.mark.parametrize("knows", [True, False])
@pytest.mark.parametrize("place", PLACES)
def test_what_waits_is_split(tmp_path, place, knows, monkeypatch):
    server = Limited()
    server.is_down, server.knows = True, knows
    sink = sink_with(server, f"{URL}?spool={tmp_path}")
    if place != "memory":
        sink.outbox.memory_bytes = 0
    while not len(sink.outbox):
        time.sleep(0.01)
    batches = events()
    for _ in range(2):
        sink._pack(batches)
    if place == "full disk":

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(sink.outbox, "_write", full)
    server.is_down = False
    sink.close()
    assert not sink.lost
    assert (sink.outbox.bytes, list(tmp_path.iterdir())) == ((0, 0), [])
    whole(sorted((each.head for each in server.got), key=lambda head: (head.seq, head.first)))
    unpacker = Unpacker()
    found = [event for each in server.got for batch in unpacker.batches(each) for event in batch.events()]
    assert found == 2 * [event for batch in batches for event in batch.events()]
    assert sink.sender.counts["records"] == len(found)


def test_an_event_that_is_larger_than_any_limit_is_lost_alone():
    server = Limited()
    server.is_down = True
    told: list[str] = []
    sink = sink_with(server, told=told)
    while not len(sink.outbox):
        time.sleep(0.01)
    sink._pack([*events(30), *Batch.of([make("exec", argv=[os.urandom(5000).hex()])]), *events(30)])
    server.is_down = False
    sink.close()
    assert sink.lost == {("exec", "unsent"): 1}
    assert [line for line in told if "1 of 1 records of a message were refused: too large" in line]
    whole(sorted((each.head for each in server.got), key=lambda head: (head.seq, head.first)))
    lost = Counter()
    for each in server.got:
        for loss in (loss for batch in Unpacker().batches(each) for loss in batch.lost()):
            lost[loss.of, loss.reason] += loss.count
    assert lost == {("open", "ring full"): 14, ("exec", "ring full"): 10, ("exec", "unsent"): 1}


def test_a_server_that_takes_nothing_costs_little():
    server = Limited()
    server.takes, server.knows = 0, False
    sink = sink_with(server)
    sink.write(events(100)[0])
    sink.close()
    assert sum(sink.lost.values()) == 33
    assert server.most_bytes >= 1024


def test_a_limit_that_is_learned_is_kept():
    server = Limited()
    server.knows = False
    sink = sink_with(server)
    for _ in range(3):
        sink._pack(events())
        while len(sink.outbox):
            time.sleep(0.01)
    sink.close()
    assert not sink.lost
    assert server.most_bytes < 8000
    assert not any(each.head.is_part for each in server.got if each.head.seq > server.got[-1].head.seq - 3)


def test_a_crash_while_parts_are_written(tmp_path, monkeypatch):
    """The next process finds the whole message, or its parts; also of a part that is split again."""
    messages = [packed("", events()) for _ in range(2)]
    outbox = Outbox(0, tmp_path)
    for each in messages:
        outbox.put(each)
    names = {path.name for path in tmp_path.iterdir()}
    monkeypatch.setattr("pathlib.Path.unlink", crash)
    parts = parts_of(outbox.first(1, 0)[0], 3000)
    with pytest.raises(Killed):
        outbox.replace(*parts)
    assert len(list(tmp_path.iterdir())) == 2 + len(parts)
    outbox = again(outbox, tmp_path, monkeypatch)
    assert {path.name for path in tmp_path.iterdir()} == names
    parts = parts_of(outbox.first(1, 0)[0], 3000)
    assert outbox.replace(*parts)
    outbox.taken(outbox.first(1, 0))
    [second] = outbox.first(1, 0)
    monkeypatch.setattr("pathlib.Path.unlink", crash)
    with pytest.raises(Killed):
        outbox.replace(*parts_of(second, 1000))
    outbox = again(outbox, tmp_path, monkeypatch)
    assert outbox.first(99, 0) == [*parts[1:], max(messages, key=lambda each: each.head.run)]
    assert outbox.bytes[1] == sum(path.stat().st_size for path in tmp_path.iterdir())
    outbox.close()


class Ahead(Limited):
    """Takes what is behind a message that is too large, and says only that this one is."""

    def send(self, messages, taken):
        small = [each for each in messages if len(each) <= self.takes]
        self.got += [each for each in small if each not in self.got]
        taken(next((place for place, each in enumerate(messages) if each not in small), len(messages)))
        if len(small) < len(messages):
            raise TooLargeError("too large")


def test_what_the_server_may_have_already_is_not_split():
    server = Ahead()
    server.is_down, server.knows, server.takes = True, False, 5000
    sink = sink_with(server)
    while not len(sink.outbox):
        time.sleep(0.01)
    for count in (205, 150, 150):
        sink._pack(events(count))
    server.is_down = False
    sink.close()
    assert not sink.lost
    assert server.most_bytes < max(map(len, server.got[1:])) <= 5000
    assert not sink.sender._tried
    whole(sorted((each.head for each in server.got), key=lambda head: (head.seq, head.first)))


class Killed(BaseException):
    """At that point."""


def crash(*_: object, **__: object) -> None:
    raise Killed


def again(outbox: Outbox, directory, monkeypatch) -> Outbox:
    """As a new process finds it."""
    monkeypatch.undo()
    os.close(outbox._lock)
    return Outbox(0, directory)


def test_parts_that_were_not_delivered_are_in_the_spool(tmp_path, monkeypatch):
    """The disk was full when it was split, and is not any more."""
    message = packed("", events())
    outbox = Outbox(0, tmp_path)
    outbox.put(message)
    with monkeypatch.context() as patched:
        patched.setattr(outbox, "_write", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        parts = parts_of(message, 2500)
        assert outbox.replace(*parts)
    outbox.taken(outbox.first(1, 0))
    assert outbox.close() == []
    kept = [from_bytes(path.read_bytes()) for path in sorted(tmp_path.iterdir())]
    assert kept == parts[1:]


def test_a_lake_takes_whole_messages_and_their_parts_once():
    """The stream had the message, but its answer was lost; then the server's limit became smaller."""
    message = packed("", events())
    parts = parts_of(message, 2500)
    parts_again = parts_of(parts[0], 1000)
    heads = [each.head for each in (*parts, *parts_again, message)]
    for some in (heads, [message.head, *heads], heads[1:]):
        state, taken = State(), []
        for head in some:
            fresh = state.fresh([Held(head, [])])
            taken += fresh
            state.apply(Commit(batches=batches_of(fresh)), state.number + 1)
        assert sum(each.head.records for each in taken) == message.head.records
        assert state.fresh([Held(head, []) for head in heads]) == []
        at_once = State().fresh([Held(head, []) for head in some])
        assert [each.head for each in at_once] == [each.head for each in taken]


def test_a_lake_with_a_part_says_what_is_missing_and_is_read_again():
    message = packed("", events())
    parts = parts_of(message, 2500)
    state = state_of([each.head for each in parts[1:]])
    assert state == msgspec.json.decode(msgspec.json.encode(state), type=State)
    [_, period] = coverage.periods(state)
    assert (period.missing, period.lost, period.why) == (
        parts[0].head.records,
        12 - parts[0].head.lost,
        coverage.MISSING,
    )
    headers = {**parts[1].head.headers(), "Onlooker-Whole-Records": "1"}
    with pytest.raises(Exception, match="it is no part of what it says"):
        Head.of(json.loads(json.dumps(headers)))
