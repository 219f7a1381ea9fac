"""Through JetStream: nothing is lost and nothing comes twice, whatever the server does."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from nats.js.api import StreamConfig

from onlooker import Batch
from onlooker.sinks.message import Head, Message
from onlooker.sinks.nats import Connection, NatsTransport, _size_of
from onlooker.sinks.packer import Packer
from onlooker.sinks.sink import Sink
from onlooker.sinks.target import target_of
from onlooker.sinks.transport import RefusedError
from onlooker.testing import make

from .running import Server, free_port, wait_for
from .sending import Collecting, batches, rows, sink_to


def test_all_arrives(nats: Server, tmp_path: Path) -> None:
    url = f"nats://127.0.0.1:{nats.port}/onlooker"
    with sink_to(url) as sink:
        for batch in batches(23):
            sink.write(batch)
    assert not sink.lost
    assert sink.sender.counts["records"] == 2300
    with Collecting(url, str(tmp_path / "lake")) as collector:
        wait_for(lambda: collector.counts["records"] == 2300, 20, lambda: collector.counts)
    assert rows(tmp_path / "lake") == [(2300, 2300, 2300)]


def test_a_server_that_is_killed_in_the_middle(nats: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onlooker.collect.nats.ACK_WAIT_SECONDS", 2.0)
    url = f"nats://127.0.0.1:{nats.port}/onlooker"
    with Collecting(url, str(tmp_path / "lake")) as collector:
        with sink_to(url) as sink:
            for number, batch in enumerate(batches(120)):
                sink.write(batch)
                if number in (40, 80):
                    time.sleep(1.2)  # it is in the middle of a message
                    nats.kill()
                    nats.start()
        assert not sink.lost
        wait_for(lambda: collector.counts["records"] >= 12000, 30, lambda: collector.counts)
    assert rows(tmp_path / "lake") == [(12000, 12000, 12000)]


def test_a_message_that_is_sent_twice_is_kept_once(nats: Server, tmp_path: Path) -> None:
    target = target_of(f"nats://127.0.0.1:{nats.port}/onlooker")
    message = Packer(time.time_ns()).message(batches(3))
    transport = NatsTransport(target)
    transport.open()
    taken: list[int] = []
    transport.send([message, message], taken.append)
    transport.close()
    assert taken == [2]
    with Collecting(f"nats://127.0.0.1:{nats.port}/onlooker", str(tmp_path / "lake")) as collector:
        wait_for(lambda: collector.counts["records"] == 300, 20)
    assert collector.counts["duplicates"] == 0


def test_a_server_that_stalls_keeps_nobody_waiting(nats: Server, tmp_path: Path) -> None:
    with sink_to(f"nats://127.0.0.1:{nats.port}/onlooker", seconds=30) as sink:
        wait_for(lambda: sink.sender.is_connected, 10)
        nats.pause()
        made = batches(50)
        began = time.monotonic()
        for batch in made:
            sink.write(batch)
        assert time.monotonic() - began < 1
        time.sleep(0.5)
        nats.go_on()
    assert sink.sender.counts["records"] == 5000
    assert not sink.lost


def test_what_has_no_room_is_counted_and_told_downstream(nats: Server, tmp_path: Path) -> None:
    url = f"nats://127.0.0.1:{nats.port}/onlooker"
    nats.kill()
    with sink_to(url + "?memory=1M", seconds=30) as sink:
        for batch in batches(20, 1000) * 20:  # more than 1 MB of messages
            while sink.inbox_bytes > 20 << 20:
                time.sleep(0.01)
            sink.write(batch)
        wait_for(lambda: sink.inbox_bytes == 0 and sink.lost, 30)
        nats.start()
    lost = sum(sink.lost.values())
    assert set(sink.lost) == {("open", "unsent")}
    with Collecting(url, str(tmp_path / "lake")) as collector:
        wait_for(lambda: collector.counts["records"] == sink.sender.counts["records"], 30)
    counts = rows(tmp_path / "lake", "count(*) FILTER (event = 'open'), sum(count) FILTER (reason = 'unsent')")
    assert counts == [(400_000 - lost, lost)]


def test_what_waits_on_the_disk_is_delivered_by_the_next_run(nats: Server, tmp_path: Path) -> None:
    url = f"nats://127.0.0.1:{nats.port}/onlooker?spool={tmp_path / 'spool'}"
    nats.kill()
    with sink_to(url, seconds=2) as first:
        for batch in batches(7):
            first.write(batch)
    assert not first.lost
    assert first.kept > 0
    nats.start()
    with sink_to(url) as second:
        assert second.left_over == first.kept
        for batch in batches(5, start=700):
            second.write(batch)
    assert not list((tmp_path / "spool").iterdir())
    with Collecting(url, str(tmp_path / "lake")) as collector:
        wait_for(lambda: collector.counts["records"] == 1200, 20, lambda: collector.counts)
    assert rows(tmp_path / "lake") == [(1200, 1200, 1200)]


def test_two_sinks_to_one_stream(nats: Server) -> None:
    """They begin at the same time, and no message of one is taken for one of the other."""
    with stream_of(nats, name="BOTH", subjects=["two.>"]) as count:
        began = time.time_ns()
        urls = [f"nats://127.0.0.1:{nats.port}/two.{end}" for end in ("raw", "json?format=json")]
        sinks = [Sink(target_of(url), lambda _: None) for url in urls]
        for sink in sinks:
            sink.start(began)
        for batch in batches(5):
            for sink in sinks:
                sink.write(batch)
        for sink in sinks:
            sink.close()
        assert [dict(sink.lost) for sink in sinks] == [{}, {}]
        assert count() == sum(sink.sender.counts["messages"] for sink in sinks)


def test_a_message_that_the_stream_takes_for_another_is_lost(nats: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a machine was cloned while it ran: the other has the same boot, run and numbers."""
    url = f"nats://127.0.0.1:{nats.port}/onlooker"
    monkeypatch.setattr("onlooker.sinks.packer._new_run", lambda _: 17)
    monkeypatch.setattr("onlooker.sinks.packer._runs", {17})
    told: list[str] = []
    for events in (100, 70):
        monkeypatch.setattr("onlooker.sinks.nats._tried", {})
        sink = Sink(target_of(url), told.append)
        sink.start(time.time_ns())
        for batch in batches(1, events):
            sink.write(batch)
        sink.close()
    assert sink.lost == {("unknown", "unsent"): 70}
    assert "the stream has a message with the same id from another sender" in told[-1]


@pytest.mark.parametrize("is_known", [True, False])
def test_a_stream_that_takes_only_small_messages(nats: Server, is_known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with stream_of(nats, name="SMALL", subjects=["small"], max_msg_size=2000) as count:
        transport = NatsTransport(target_of(f"nats://127.0.0.1:{nats.port}/small"))
        transport.open()
        assert transport.most_bytes == 1000
        if not is_known:
            transport._limit = 1 << 20
        head = Head(host="h", boot_id="b", run=1, seq=1)
        with pytest.raises(RefusedError, match=r"the server takes 2000|larger than the stream takes \(max_msg_size\)"):
            transport.send([Message(head, os.urandom(1900))], lambda _: None)
        taken: list[int] = []
        transport.send([Message(replace(head, seq=2), os.urandom(1000))], taken.append)
        transport.close()
        assert taken == [1]
        assert count() == 1


def test_the_limit_is_that_of_payload_and_headers(nats: Server) -> None:
    """The server ends the connection of whom sends a byte more."""
    transport = NatsTransport(target_of(f"nats://127.0.0.1:{nats.port}/onlooker"))
    transport.open()
    most = transport._limit
    head = Head(host="h", boot_id="b", run=1, seq=1)
    room = most - _size_of({**head.headers(), "Nats-Msg-Id": head.id})
    taken: list[int] = []
    transport.send([Message(head, bytes(room))], taken.append)
    with pytest.raises(RefusedError, match=f"has {most + 1} bytes, and the server takes {most}"):
        transport.send([Message(replace(head, seq=2), bytes(room + 1))], taken.append)
    transport.send([Message(replace(head, seq=3), b"")], taken.append)
    transport.check()
    transport.close()
    assert taken == [1, 0, 1]


@contextmanager
def stream_of(server: Server, **config: Any) -> Iterator[Callable[[], int]]:
    """A stream that somebody has made; gives how many messages it has."""
    connection = Connection(target_of(f"nats://127.0.0.1:{server.port}/unused"))
    stream = connection.open().jetstream()
    connection.run(stream.add_stream(StreamConfig(**config)), 5)
    try:
        yield lambda: connection.run(stream.stream_info(config["name"]), 5).state.messages
    finally:
        connection.end()


def complete(lake: Path) -> tuple[int, str]:
    """What a query says of it."""
    words = [Path(sys.executable).with_name("onlooker"), "query", lake, "--complete"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def several(count: int) -> Batch:
    """Events that are not small when they are compressed."""
    return Batch.of([make("open", path=f"/srv/{os.urandom(8).hex()}") for _ in range(count)])[0]


def test_what_waits_is_split_for_a_stream_that_takes_less_and_what_can_not_be_is_a_loss(
    nats: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onlooker.sinks.sink.LINGER_SECONDS", 0.1)
    url = f"nats://127.0.0.1:{nats.port}/narrow"
    with stream_of(nats, name="NARROW", subjects=["narrow"], max_msg_size=10_000):
        nats.kill()  # so that nobody knows the limit when the messages are made
        with sink_to(url) as sink:
            for each in (several(10), several(3000), several(20)):
                sink.write(each)
                time.sleep(0.3)
            sink.write(Batch.of([make("exec", argv=[os.urandom(15_000).hex()]), make("open", path="/srv/last")])[0])
            time.sleep(0.3)
            nats.start()
    assert sink.lost == {("exec", "unsent"): 1}
    with Collecting(url, str(tmp_path / "lake")) as collector:
        wait_for(lambda: collector.counts["messages"] == sink.sender.counts["messages"], 20, lambda: collector.counts)
    assert not collector.counts["poison"]
    what = "count(*) FILTER (event = 'open'), sum(count) FILTER (reason = 'unsent'), count(*), count(DISTINCT seq)"
    assert rows(tmp_path / "lake", what) == [(3031, 1, 3032, 3032)]
    assert complete(tmp_path / "lake") == (1, "onlooker: incomplete: 1 event is missing\n")


@pytest.mark.parametrize("spool", [False, True])
def test_a_server_that_takes_less_after_it_was_started_again(
    nats: Server, tmp_path: Path, spool: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for a message whose answer was lost, and for what the next process finds in the spool."""
    monkeypatch.setattr("onlooker.sinks.sink.LINGER_SECONDS", 0.1)
    url = f"nats://127.0.0.1:{nats.port}/onlooker{f'?memory=1M&spool={tmp_path}/spool' if spool else ''}"
    total = 0
    with sink_to(url, seconds=0.5 if spool else 20) as sink:
        wait_for(lambda: sink.sender.is_connected, 10)
        for number in range(4):
            sink.write(several(3000))
            total += 3000
            wait_for(lambda: not sink.inbox_bytes and not sink._in_hand, 10)
            if number == 1:
                nats.kill()
                nats.configure("-c", str(limits(tmp_path, 30_000)))
        if not spool:
            nats.start()
    assert not sink.lost
    if spool:
        assert sink.kept
        nats.start()
        with sink_to(url) as second:
            assert second.left_over == sink.kept
        assert not second.lost
        assert list((tmp_path / "spool").iterdir()) == []
    with Collecting(url, str(tmp_path / "lake")) as collector:
        wait_for(lambda: collector.counts["records"] >= total, 20, lambda: collector.counts)
    assert rows(tmp_path / "lake", "count(*), count(DISTINCT (run, seq)), count(DISTINCT path)") == [(total,) * 3]
    assert complete(tmp_path / "lake") == (0, "onlooker: complete\n")


def limits(directory: Path, most: int) -> Path:
    """A configuration of the server."""
    path = directory / "nats.conf"
    path.write_text(f"max_payload: {most}\n")
    return path


def test_that_nobody_listens_is_said_at_once() -> None:
    told: list[str] = []
    sink = Sink(target_of(f"nats://127.0.0.1:{free_port()}/onlooker"), told.append)
    sink.start(1)
    wait_for(lambda: told, 3)
    sink.close(seconds=0.1)
    assert "Connection refused" in told[0]
