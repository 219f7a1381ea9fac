"""Messages of a JetStream stream, by a durable consumer that all collectors of the group share."""

from collections.abc import Sequence

import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from ..sinks.nats import ACK_SECONDS, CONNECT_SECONDS, Connection, prepare
from ..sinks.target import Target
from ..sinks.transport import TransportError
from .source import Delivery

GROUP = "onlooker"
ACK_WAIT_SECONDS = 15.0  # then another collector gets what this one has not acknowledged
MOST_WAITING = 20_000  # messages that were delivered to all collectors of the group and not acknowledged


class NatsSource:
    """One consumer."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection = Connection(target)
        self._subscription: JetStreamContext.PullSubscription | None = None

    def open(self) -> None:
        """Connect, and join the group."""
        client = self._connection.open()
        stream = self._connection.run(prepare(client, self._target), CONNECT_SECONDS)
        config = ConsumerConfig(
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_SECONDS,
            deliver_policy=DeliverPolicy.ALL,
            max_ack_pending=MOST_WAITING,
            max_deliver=-1,
        )
        group = self._target.group or GROUP
        made = client.jetstream().pull_subscribe(self._target.topic, group, stream=stream, config=config)
        self._subscription = self._connection.run(made, ACK_SECONDS)

    def fetch(self, most: int, seconds: float) -> list[Delivery]:
        """Some that nobody else has."""
        subscription = self._joined()
        try:
            found = self._connection.run(subscription.fetch(most, seconds), seconds + ACK_SECONDS)
        except TransportError as error:
            if isinstance(error.__cause__, TimeoutError | nats.errors.TimeoutError) and self._is_connected():
                return []
            raise
        return [self._delivery(each) for each in found]

    def done(self, deliveries: Sequence[Delivery]) -> None:
        """They need not come again."""
        self._each(deliveries, "ack")

    def hold(self, deliveries: Sequence[Delivery]) -> None:
        """They are still being worked on."""
        self._each(deliveries, "in_progress")

    def waiting(self) -> int:
        """How many nobody has taken yet."""
        info = self._connection.run(self._joined().consumer_info(), ACK_SECONDS)
        return int(info.num_pending or 0)

    def close(self) -> None:
        """May be called again."""
        self._subscription = None
        self._connection.close()

    def _each(self, deliveries: Sequence[Delivery], what: str) -> None:
        async def tell() -> None:
            for each in deliveries:
                await getattr(each.handle, what)()
            if self._connection.client is not None:
                await self._connection.client.flush()

        self._joined()
        self._connection.run(tell(), ACK_SECONDS)

    def _joined(self) -> JetStreamContext.PullSubscription:
        if self._subscription is None or not self._is_connected():
            raise TransportError("the connection is closed")
        return self._subscription

    def _is_connected(self) -> bool:
        client = self._connection.client
        return client is not None and client.is_connected

    def _delivery(self, message: Msg) -> Delivery:
        meta = message.metadata
        return Delivery(f"{meta.stream}-{meta.sequence.stream}", dict(message.headers or {}), message.data, message)


def source(target: Target) -> NatsSource:
    """Of that target."""
    return NatsSource(target)
