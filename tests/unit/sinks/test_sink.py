"""From batches to messages: what is split, refused, lost or kept, all of it is counted."""

import os
import time
from itertools import pairwise

import pytest

from onlooker import Batch
from onlooker.errors import UsageError
from onlooker.sinks import sink as sinks
from onlooker.sinks.message import Unpacker, from_bytes
from onlooker.sinks.outbox import Outbox
from onlooker.sinks.packer import Packer
from onlooker.sinks.sink import halves
from onlooker.sinks.transport import RefusedError, TransportError
from onlooker.testing import make

from .made import Server, opens, sink_with


def paths(server: Server) -> list[str]:
    """Of all opens that came."""
    unpack = Unpacker()
    events = [event for each in server.got for batch in unpack.batches(each) for event in batch.events()]
    return [event.path for event in events if event.event == "open"]


def losses(server: Server) -> int:
    """How many the messages tell of."""
    return sum(each.head.lost for each in server.got)


def test_a_message_that_is_too_large_becomes_several():
    server = Server(most_bytes=5000)
    sink = sink_with(server)
    made = [make("open", path=f"/srv/{number}", comm=os.urandom(7).hex()) for number in range(1000)]
    for start, end in ((0, 700), (700, 701), (701, 1000)):
        sink.write(Batch.of(made[start:end])[0])
    sink.close()
    assert not sink.lost
    assert paths(server) == [f"/srv/{number}" for number in range(1000)]
    heads = [each.head for each in server.got]
    assert [each.seq for each in heads] == list(range(1, len(heads) + 1))
    assert len(heads) > 3
    assert [each.first for each in heads] == [sum(other.records for other in heads[:n]) for n in range(len(heads))]
    assert [each.is_last for each in heads] == [False] * (len(heads) - 1) + [True]
    assert all(before.ended_ns == after.began_ns for before, after in pairwise(heads))
    assert max(map(len, server.got[1:])) <= 5000  # the first has the plan


def test_an_event_that_is_too_large_is_lost_alone():
    told: list[str] = []
    server = Server(most_bytes=9000)
    sink = sink_with(server, told=told)
    argv = [os.urandom(9000).hex()]
    sink.write(Batch.of([make("open", path="/a"), make("exec", argv=argv), make("open", path="/b")])[0])
    sink.close()
    assert paths(server) == ["/a", "/b"]
    assert sink.lost == {("exec", "unsent"): 1}
    assert losses(server) == 1
    assert [each for each in told if "and the server takes 9000" in each]


def test_halves_keep_the_order():
    batches = [*opens(3), *opens(1, 3), *opens(4, 4)]
    for _ in range(3):
        first, second = halves(batches)
        assert [event.path for part in (first, second) for batch in part for event in batch] == [
            event.path for batch in batches for event in batch
        ]
        assert 0 <= sum(map(len, first)) - sum(map(len, second)) <= 1
        batches = second
    assert halves(opens(1))[1] == []
    assert halves([]) == ([], [])


def test_what_is_refused_is_counted_and_told():
    server = Server(None, RefusedError("no"), None)
    sink = sink_with(server)
    for start in range(0, 30, 10):
        sink.write(opens(10, start)[0])
        while sink.inbox_bytes or len(sink.outbox):  # each in a message of its own
            time.sleep(0.01)
    sink.close()
    assert len(paths(server)) == 20
    assert sink.lost == {("open", "unsent"): 10}
    assert losses(server) == 10
    assert sink.sender.counts["records"] == 20


def test_a_part_that_is_refused_is_counted():
    server = Server(None, RefusedError("no", 3))
    sink = sink_with(server)
    sink.write(opens(10)[0])
    sink.close()
    assert sink.lost == {("unknown", "unsent"): 3}
    assert sink.sender.counts["records"] == 7


def test_an_error_that_nobody_expected_does_not_end_the_sender():
    told: list[str] = []
    server = Server(ZeroDivisionError("of a library"))
    sink = sink_with(server, told=told)
    sink.write(opens(10)[0])
    sink.close()
    assert len(paths(server)) == 10
    assert "ZeroDivisionError: of a library" in told[0]


def test_a_server_says_when_to_come_again():
    server = Server(TransportError("later", seconds=1.0))
    sink = sink_with(server)
    began = time.monotonic()
    sink.write(opens(10)[0])
    sink.close()
    assert time.monotonic() - began >= 1.0
    assert len(paths(server)) == 10


def test_what_could_not_be_packed_in_time_is_counted(monkeypatch):
    server = Server()
    sink = sink_with(server)

    def slow(*_: object) -> bytes:
        time.sleep(1.5)
        return b""

    assert sink._packer
    monkeypatch.setattr(sink._packer, "_encode", slow)
    sink.write(opens(10)[0])
    time.sleep(sinks.LINGER_SECONDS + 0.1)
    sink.write(opens(5)[0])
    sink.close(seconds=0.1)
    assert sum(sink.lost.values()) >= 15
    before = dict(sink.lost)
    time.sleep(1.7)  # the thread ends meanwhile
    assert sink.lost == before
    assert len(sink.outbox) == 0


def test_what_is_in_the_spool_has_one_id(tmp_path):
    """A message that waits is sent under the id that it had, whoever sends it."""
    server = Server()
    server.is_down = True
    sink = sink_with(server, f"nats://localhost/onlooker?spool={tmp_path}")
    sink.write(opens(10)[0])
    sink.close(seconds=0.2)
    assert sink.kept
    assert not sink.lost
    kept = {from_bytes(path.read_bytes()).head.id for path in tmp_path.iterdir()}
    after = Server()
    second = sink_with(after, f"nats://localhost/onlooker?spool={tmp_path}")
    second.close()
    ids = [each.head.id for each in after.got]
    assert kept < set(ids)
    assert len(ids) == len(set(ids))
    assert len(paths(after)) == 10


def test_a_spool_has_one_owner(tmp_path):
    first = sink_with(Server(), f"nats://localhost/onlooker?spool={tmp_path}")
    with pytest.raises(UsageError, match="another process uses this spool"):
        sink_with(Server(), f"nats://localhost/onlooker?spool={tmp_path}")
    first.close()
    sink_with(Server(), f"nats://localhost/onlooker?spool={tmp_path}").close()


def test_a_damaged_file_is_told_and_stays(tmp_path):
    (tmp_path / f"{1:020}-{1:012}.message").write_bytes(b"no message")
    told: list[str] = []
    server = Server()
    sink = sink_with(server, f"nats://localhost/onlooker?spool={tmp_path}", told)
    sink.close()
    assert sink.lost == {("unknown", "damaged"): 1}
    assert [path.suffix for path in tmp_path.iterdir()] == [".damaged"]
    assert "1 files" in told[0]


def test_a_late_answer_takes_nothing_from_the_spool(tmp_path):
    """The sender may be in the middle of a call when the outbox is closed: what it was about comes again."""
    messages = [Packer(run).message(opens(1)) for run in (1, 2, 3)]
    outbox = Outbox(len(messages[0]) + 10, tmp_path)
    for message in messages:
        assert outbox.put(message)
    first = outbox.first(1, 0)
    assert outbox.close() == []
    outbox.taken(first)
    assert not outbox.put(messages[0])
    assert len(list(tmp_path.iterdir())) == 3
