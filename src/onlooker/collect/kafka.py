"""Messages of a Kafka topic, by a group of consumers among which the servers share its partitions.

The offset that is committed is the first that is not done: after a crash, or when another consumer takes a partition
over, what comes from there on comes again, and the lake takes each message once.
"""

from collections.abc import Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from ..sinks.kafka import ACK_SECONDS, CONNECT_SECONDS, Client
from ..sinks.target import Target
from ..sinks.transport import TransportError
from .source import Delivery

GROUP = "onlooker"
SESSION_SECONDS = 15.0  # then another consumer gets the partitions of one that has died
_MORE_SECONDS = 0.02  # for what comes with the first message
_MOST_FETCHED_KB = 16 << 10  # that wait here
_MOVED = (  # the partitions: what was to be committed comes again, maybe to another consumer
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError._ASSIGNMENT_LOST,
    KafkaError._NO_OFFSET,
)


class Partition:
    """Offsets that came and are not done; `next` is behind the last that came."""

    def __init__(self) -> None:
        self.open: set[int] = set()
        self.next = -1

    @property
    def committed(self) -> int:
        """The first that must come again."""
        return min(self.open, default=self.next)


class KafkaSource:
    """One consumer."""

    def __init__(self, target: Target) -> None:
        self._client = Client(target)
        self._consumer: Consumer | None = None
        self._partitions: dict[int, Partition] = {}

    def open(self) -> None:
        """Connect, and join the group."""
        self.close()
        target = self._client.target
        try:
            made = Consumer(
                self._client.config(
                    **{
                        "group.id": target.group or GROUP,
                        "enable.auto.commit": False,
                        "allow.auto.create.topics": True,
                        "auto.offset.reset": "earliest",
                        "partition.assignment.strategy": "cooperative-sticky",
                        "session.timeout.ms": int(SESSION_SECONDS * 1000),
                        "heartbeat.interval.ms": int(SESSION_SECONDS * 1000) // 5,
                        "queued.max.messages.kbytes": _MOST_FETCHED_KB,
                    }
                )
            )
            self._client.find_topic(made)
            made.subscribe([target.topic], on_assign=self._assigned, on_revoke=self._gone, on_lost=self._gone)
        except KafkaException as error:
            raise TransportError(self._client.reason(error)) from error
        self._consumer = made

    def fetch(self, most: int, seconds: float) -> list[Delivery]:
        """Some of the partitions that are this consumer's."""
        consumer = self._joined()
        try:
            first = consumer.poll(seconds)
            found = [] if first is None else [first, *consumer.consume(most - 1, _MORE_SECONDS)]
        except (KafkaException, RuntimeError) as error:
            raise self._error(error) from error
        if not found and self._client.is_down:
            raise TransportError(self._client.failure or "the connection is lost")
        if found:
            self._client.is_down = False
        return [made for each in found if (made := self._delivery(each)) is not None]

    def done(self, deliveries: Sequence[Delivery]) -> None:
        """They need not come again."""
        consumer = self._joined()
        touched: set[int] = set()
        for partition, offset in (each.handle for each in deliveries):
            if known := self._partitions.get(partition):
                known.open.discard(offset)
                touched.add(partition)
        topic = self._client.target.topic
        places = {each: self._partitions[each].committed for each in touched}
        offsets = [TopicPartition(topic, each, place) for each, place in places.items() if place >= 0]
        if not offsets:
            return
        try:
            consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            if error.args[0].code() not in _MOVED:
                raise self._error(error) from error

    def hold(self, deliveries: Sequence[Delivery]) -> None:
        """Say to the group that this consumer is at work, without taking more."""
        consumer = self._joined()
        try:
            mine = consumer.assignment()
            consumer.pause(mine)
            came = consumer.poll(0)
            consumer.resume([each for each in mine if each.partition in self._partitions])
        except (KafkaException, RuntimeError) as error:
            raise self._error(error) from error
        if came is not None and came.error() is None:  # it was on its way
            consumer.seek(TopicPartition(came.topic() or "", came.partition() or 0, came.offset() or 0))

    def waiting(self) -> int:
        """How many nobody has taken yet."""
        consumer, topic = self._joined(), self._client.target.topic
        try:
            known = consumer.list_topics(topic, CONNECT_SECONDS).topics[topic].partitions
            taken = consumer.committed([TopicPartition(topic, each) for each in known], ACK_SECONDS)
            count = 0
            for each in taken:
                low, high = consumer.get_watermark_offsets(each, ACK_SECONDS)
                count += high - max(low, each.offset)
            return count
        except KafkaException as error:
            raise self._error(error) from error

    def close(self) -> None:
        """May be called again."""
        consumer, self._consumer = self._consumer, None
        self._partitions = {}
        if consumer is not None:
            consumer.close()

    def _delivery(self, message: Message) -> Delivery | None:
        if (error := message.error()) is not None:
            if error.code() in (KafkaError._PARTITION_EOF, KafkaError._ALL_BROKERS_DOWN) or error.retriable():
                return None
            raise TransportError(self._client.reason(error))
        number, offset = message.partition() or 0, message.offset() or 0
        partition = self._partitions.setdefault(number, Partition())
        partition.open.add(offset)
        partition.next = max(partition.next, offset + 1)
        headers: Any = message.headers() or ()
        said = {name: (value or b"").decode("utf-8", "replace") for name, value in headers}
        name = f"{message.topic()}-{number}-{offset}"
        return Delivery(name, said, message.value() or b"", (number, offset))

    def _assigned(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for each in partitions:
            self._partitions[each.partition] = Partition()

    def _gone(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for each in partitions:
            self._partitions.pop(each.partition, None)

    def _error(self, error: BaseException) -> TransportError:
        return TransportError(self._client.reason(error) if isinstance(error, KafkaException) else str(error))

    def _joined(self) -> Consumer:
        if self._consumer is None:
            raise TransportError("the connection is closed")
        return self._consumer


def source(target: Target) -> KafkaSource:
    """Of that target."""
    return KafkaSource(target)
