"""Through JetStream: nothing is lost and nothing comes twice, whatever the server does."""

import time
from pathlib import Path

import pytest

from onlooker.sinks.nats import NatsTransport
from onlooker.sinks.packer import Packer
from onlooker.sinks.target import target_of

from .running import Server, wait_for
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
