"""Through Kafka: nothing is lost, and the lake has nothing twice, whatever the servers answer."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import confluent_kafka
import pytest

from onlooker import Batch
from onlooker.collect.kafka import KafkaSource
from onlooker.errors import UsageError
from onlooker.sinks.kafka import KafkaTransport
from onlooker.sinks.message import Head
from onlooker.sinks.packer import Packer
from onlooker.sinks.target import target_of
from onlooker.sinks.transport import RefusedError, TransportError
from onlooker.testing import make

from .kafka_mock import (
    MESSAGE_TOO_LARGE,
    NOT_ENOUGH_REPLICAS,
    OFFSET_COMMIT,
    PARTITIONS,
    PRODUCE,
    REQUEST_TIMED_OUT,
    Kafka,
)
from .running import free_port, wait_for
from .sending import Collecting, batches, rows, sink_to


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kafka]:
    monkeypatch.setattr("onlooker.collect.kafka.SESSION_SECONDS", 2.0)  # so long it takes to change a group's members
    with Kafka() as made:
        yield made


def test_all_arrives(kafka: Kafka, tmp_path: Path) -> None:
    url = f"kafka://{kafka.server}/onlooker"
    with sink_to(url) as sink:
        for batch in batches(23):
            sink.write(batch)
    assert not sink.lost
    assert sink.sender.counts["records"] == 2300
    with Collecting(url, str(tmp_path / "lake")) as collector:
        wait_for(lambda: collector.counts["records"] == 2300, 20, lambda: collector.counts)
    assert rows(tmp_path / "lake") == [(2300, 2300, 2300)]


def received(kafka: Kafka) -> list[confluent_kafka.Message]:
    """All that the topic has, as another program sees it."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": kafka.server, "group.id": "test"})
    parts = [confluent_kafka.TopicPartition("onlooker", each, 0) for each in range(PARTITIONS)]
    consumer.assign(parts)
    wanted = sum(consumer.get_watermark_offsets(each)[1] for each in parts)
    found: list[confluent_kafka.Message] = []
    wait_for(lambda: found.extend(consumer.consume(100, 0.1)) or len(found) >= wanted, 10, lambda: len(found))
    consumer.close()
    return found


def test_errors_of_the_servers_are_tried_again(kafka: Kafka) -> None:
    kafka.fail(PRODUCE, NOT_ENOUGH_REPLICAS, REQUEST_TIMED_OUT, NOT_ENOUGH_REPLICAS)
    with sink_to(f"kafka://{kafka.server}/onlooker") as sink:
        for batch in batches(40, 1000):
            sink.write(batch)
    assert not sink.lost
    found = received(kafka)
    heads = [Head.of({name: value.decode() for name, value in each.headers() or ()}) for each in found]
    assert [each.seq for each in heads] == list(range(1, len(heads) + 1))
    assert len({each.partition() for each in found}) == 1
    assert {each.key() for each in found} == {heads[0].key.encode()}
    assert sum(each.records for each in heads) == 40_000


def test_a_server_that_goes_away_and_comes_back(kafka: Kafka, tmp_path: Path) -> None:
    url = f"kafka://{kafka.server}/onlooker"
    with Collecting(url, str(tmp_path / "lake")) as collector:
        with sink_to(url) as sink:
            for number, batch in enumerate(batches(60)):
                sink.write(batch)
                if number in (20, 40):
                    time.sleep(1.1)
                    kafka.down()
                    time.sleep(0.3)
                    kafka.up()
        assert not sink.lost
        wait_for(lambda: collector.counts["records"] >= 6000, 30, lambda: collector.counts)
    assert rows(tmp_path / "lake") == [(6000, 6000, 6000)]


def test_a_server_that_stalls_keeps_nobody_waiting(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onlooker.sinks.kafka.ACK_SECONDS", 1.0)
    with sink_to(f"kafka://{kafka.server}/onlooker", seconds=30) as sink:
        wait_for(lambda: sink.sender.is_connected, 10)
        kafka.answer_after(2500)
        made = batches(50)
        began = time.monotonic()
        for batch in made:
            sink.write(batch)
        assert time.monotonic() - began < 1
        wait_for(lambda: sink.sender.failure, 10)
        kafka.answer_after(0)
    assert sink.sender.counts["records"] == 5000
    assert not sink.lost


def test_collectors_share_the_messages(kafka: Kafka, tmp_path: Path) -> None:
    url, lake = f"kafka://{kafka.server}/onlooker", str(tmp_path / "lake")
    with Collecting(url, lake) as first, Collecting(url, lake) as second:
        for number in range(8):  # as many machines
            with sink_to(url) as sink:
                for batch in batches(5, start=500 * number):
                    sink.write(batch)
            assert not sink.lost
        wait_for(
            lambda: first.counts["records"] + second.counts["records"] >= 4000,
            30,
            lambda: (first.counts, second.counts),
        )
    assert first.counts["records"] + second.counts["records"] == 4000
    assert rows(tmp_path / "lake") == [(4000, 4000, 4000)]


def test_what_is_not_committed_comes_again(kafka: Kafka, tmp_path: Path) -> None:
    url = f"kafka://{kafka.server}/onlooker"
    with sink_to(url) as sink:
        sink.write(batches(1)[0])
    source = KafkaSource(target_of(url))
    came: list[str] = []
    for is_done in (False, True):
        source.open()
        found = []
        wait_for(lambda: found.extend(source.fetch(10, 0.5)) or len(found) == 2, 20, lambda: found)  # noqa: B023
        came += [each.name for each in found]
        source.hold(found)
        if is_done:
            kafka.fail(OFFSET_COMMIT, REQUEST_TIMED_OUT)
            source.done(found[1:])  # the first one must come again with it
            assert source.waiting() == 2
            source.done(found[:1])
            assert source.waiting() == 0
        source.close()
    assert Counter(came) == dict.fromkeys(came[:2], 2)


def test_a_message_that_the_servers_find_too_large_is_refused(kafka: Kafka) -> None:
    transport = KafkaTransport(target_of(f"kafka://{kafka.server}/onlooker"))
    transport.open()
    kafka.fail(PRODUCE, MESSAGE_TOO_LARGE)
    packer = Packer(time.time_ns())
    taken: list[int] = []
    with pytest.raises(RefusedError, match=r"max\.message\.bytes"):
        transport.send([packer.message(batches(1))], taken.append)
    assert sum(taken) == 0
    transport.close()


def test_a_message_that_the_servers_find_too_large_comes_in_parts(kafka: Kafka, tmp_path: Path) -> None:
    """The mock cluster has no limit of its own: it is told what to answer."""
    url = f"kafka://{kafka.server}/onlooker"
    with sink_to(url) as sink:
        wait_for(lambda: sink.sender.counts["messages"], 10)
        kafka.fail(PRODUCE, MESSAGE_TOO_LARGE, MESSAGE_TOO_LARGE)
        sink.write(Batch.of([make("open", path=f"/srv/{os.urandom(8).hex()}") for _ in range(1000)])[0])
    assert not sink.lost
    heads = [Head.of({name: value.decode() for name, value in each.headers() or ()}) for each in received(kafka)]
    assert len({each.seq for each in heads if each.is_part}) == 1
    assert sum(each.is_part for each in heads) >= 2
    assert sum(each.records for each in heads) == 1000
    with Collecting(url, str(tmp_path / "lake")) as collector:
        wait_for(lambda: collector.counts["records"] == 1000, 20, lambda: collector.counts)
    assert rows(tmp_path / "lake") == [(1000, 1000, 1000)]


def test_messages_that_are_too_large_together_are_sent_one_by_one(kafka: Kafka) -> None:
    """The servers' limit is for a request; what is small must not be refused because others wait behind it."""
    transport = KafkaTransport(target_of(f"kafka://{kafka.server}/onlooker"))
    transport.open()
    kafka.fail(PRODUCE, MESSAGE_TOO_LARGE)
    messages = [Packer(run).message(batches(1)) for run in range(1, 4)]
    taken: list[int] = []
    transport.send(messages, taken.append)
    assert sum(taken) == 3
    assert Counter(each.key() for each in received(kafka)) == Counter(each.head.key.encode() for each in messages)
    kafka.fail(PRODUCE, MESSAGE_TOO_LARGE)
    with pytest.raises(RefusedError):  # by itself
        transport.send([Packer(run).message(batches(1)) for run in range(4, 6)], taken.append)
    transport.close()


def test_what_is_acknowledged_behind_a_failure_is_not_sent_again(kafka: Kafka) -> None:
    transport = KafkaTransport(target_of(f"kafka://{kafka.server}/onlooker"))
    transport.open()
    first, second = [Packer(run).message(batches(1)) for run in (1, 2)]
    transport._ahead.add(second.head.id)
    taken: list[int] = []
    transport.send([first, second], taken.append)
    transport.close()
    assert sum(taken) == 2
    assert not transport._ahead
    assert [each.key() for each in received(kafka)] == [first.head.key.encode()]


def test_nobody_there() -> None:
    transport = KafkaTransport(target_of(f"kafka://127.0.0.1:{free_port()}/onlooker"))
    with pytest.raises(TransportError, match="Connection refused"):
        transport.open()


def test_a_password_is_not_sent_in_the_clear(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("secret\n")
    with pytest.raises(UsageError, match="everybody on the way"):
        KafkaTransport(target_of(f"kafka://me@localhost/onlooker?password={secret}"))
    made = KafkaTransport(target_of(f"kafka://me@localhost/onlooker?tls&password={secret}"))
    assert made._client.config()["security.protocol"] == "sasl_ssl"
    assert made._client.config()["sasl.password"] == "secret"
