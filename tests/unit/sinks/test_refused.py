"""What a server refuses for good is counted once, wherever one looks."""

import os
import time
from collections import Counter

import pytest

from onlooker import Batch
from onlooker.lake.parts import Held
from onlooker.lake.state import Commit, State, batches_of
from onlooker.sinks.message import Message, Unpacker
from onlooker.sinks.packer import Packer
from onlooker.sinks.sink import Sink
from onlooker.sinks.transport import RefusedError, TransportError
from onlooker.testing import make

from .made import Server, missing, opens, sink_with


class Strict(Server):
    """Refuses what is larger than `takes`, and does not say so before."""

    takes = 3000
    is_away = False

    def send(self, messages, taken):
        if self.is_away:
            raise TransportError("later")
        for message in messages:
            if len(message) > self.takes and message.head.records:
                raise RefusedError("too large")
            self.got.append(message)
            taken(1)


def large(sink: Sink) -> None:
    """A message that will not be taken: 40 events, a report of 7 that were lost before, and a user that is known."""
    events = [make("exec", argv=[os.urandom(100).hex()]) for _ in range(40)]
    lost = Batch.of_losses([(7, "open", "ring full")], 0, 1)
    sink._pack([*Batch.of([make("user"), *events]), lost])


def wait_for_the_first(sink: Sink) -> None:
    """After that, its thread packs nothing by itself."""
    while not len(sink.outbox) and not sink.sender.counts["messages"]:
        time.sleep(0.01)


def told(messages: list[Message]) -> Counter[tuple[str, str]]:
    """The losses that messages tell of."""
    found: Counter[tuple[str, str]] = Counter()
    for message in messages:
        for batch in Unpacker().batches(message):
            for each in batch.lost():
                found[each.of, each.reason] += each.count
    return found


@pytest.mark.parametrize("place", ["memory", "spool"])
def test_it_is_in_its_place_and_told_once(tmp_path, place):
    server = Strict()
    server.is_away = True
    sink = sink_with(server, f"nats://localhost/onlooker?spool={tmp_path}")
    if place == "spool":
        sink.outbox.memory_bytes = 0
    wait_for_the_first(sink)
    sink._pack(opens(2))
    large(sink)
    large(sink)
    sink._pack(opens(3))
    server.is_away = False
    sink.close()
    assert sink.lost == {("exec", "unsent"): 80}
    assert told(server.got) == {("exec", "unsent"): 80, ("open", "ring full"): 14}
    heads = [each.head for each in server.got]
    assert [each.seq for each in heads] == list(range(1, len(heads) + 1))
    assert sum(each.lost for each in heads) == 94
    for gone_seqs in (set(), {2}, {3}, {4}, {5}, {3, 4}):
        state = State()
        held = [Held(head, []) for head in heads if head.seq not in gone_seqs]
        state.apply(Commit(batches=batches_of(held)), 1)
        gone = sum(head.records for head in heads if head.seq in gone_seqs)
        assert missing(state) == (gone, 0)


def test_a_stand_in_that_is_refused_is_told_by_the_next_message():
    server = Server(None, RefusedError("no"), RefusedError("no"))
    sink = sink_with(server)
    sink.write(opens(10)[0])
    while not sink.lost:
        time.sleep(0.01)
    sink.close()
    assert sink.lost == {("open", "unsent"): 10}
    assert told(server.got) == {("open", "unsent"): 10}


def test_of_another_format_the_number_is_known():
    server = Server(None, RefusedError("no"))
    sink = sink_with(server, "nats://localhost/onlooker?format=json")
    wait_for_the_first(sink)
    sink._pack([*Batch.of([make("user"), make("open"), make("open")])])
    sink.close()
    assert sink.lost == {("unknown", "unsent"): 2}
    [payload] = [each.payload for each in server.got if each.head.reports]
    assert b'"count":2' in payload


def test_numbers_go_on():
    packer = Packer(1)
    message = packer.message(opens(5))
    instead = packer.stand_in(message, Counter({("open", "unsent"): 5}), packer._encode)
    assert (instead.head.id, instead.head.first, instead.head.records) == (message.head.id, 0, 5)
    assert (instead.head.events, instead.head.reports, instead.head.lost) == (0, 1, 5)
