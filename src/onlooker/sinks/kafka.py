"""Kafka: each message is acknowledged when all replicas in sync have it, and the producer's repetitions count once.

A run of onlooker is one key, so that its messages are in one partition, in order. After an outage a message may come
again: whoever reads tells it by its id, as our collector does.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as Report
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from ..errors import UsageError
from .message import Message
from .target import Target
from .transport import TooLargeError, TransportError

CONNECT_SECONDS = 5.0
ACK_SECONDS = 10.0
MOST_BYTES = 1_000_000  # of a message: the default of servers is 1 048 588 with its headers
_PORT = 9092
_POLL_SECONDS = 0.1
_END_SECONDS = 1.0
_TOO_LARGE = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE, KafkaError.RECORD_LIST_TOO_LARGE)
_NO_TOPIC = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.LEADER_NOT_AVAILABLE)
_SILENT = logging.getLogger("onlooker.kafka")  # what librdkafka would write to standard error
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class Client:
    """What a producer and a consumer have in common: how they connect, and what the connections last said."""

    def __init__(self, target: Target) -> None:
        """Raises UsageError for files that can't be used."""
        self.target = target
        self.failure = ""  # the last error of a connection
        self.is_down = False  # no server is reached
        self._config = _login(target)

    def config(self, **more: Any) -> dict[str, Any]:
        """For librdkafka, with what is special."""
        servers = [each if ":" in each else f"{each}:{_PORT}" for each in self.target.servers]
        return {
            "bootstrap.servers": ",".join(servers),
            "client.id": "onlooker",
            "error_cb": self._heard,
            "logger": _SILENT,
            "log.connection.close": False,
            "socket.keepalive.enable": True,
            "socket.connection.setup.timeout.ms": int(CONNECT_SECONDS * 1000),
            "reconnect.backoff.max.ms": 1000,
            **self._config,
            **more,
        }

    def find_topic(self, made: Any) -> None:
        """That it is there; it is created, as the servers do by default, where it is not. Raises TransportError."""
        self.failure, self.is_down = "", False
        end = time.monotonic() + CONNECT_SECONDS
        while True:
            try:
                topic = made.list_topics(self.target.topic, CONNECT_SECONDS).topics.get(self.target.topic)
            except KafkaException as error:
                made.poll(0)  # what the connections said
                raise TransportError(self.reason(error)) from error
            if topic is not None and topic.error is None:
                self.is_down = False
                return
            if time.monotonic() > end or topic is None or topic.error.code() not in _NO_TOPIC:
                raise TransportError(f"topic {self.target.topic}: {topic.error.str() if topic else 'unknown'}")
            if topic.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                self._create_topic()
            time.sleep(_POLL_SECONDS)

    def _create_topic(self) -> None:
        admin = AdminClient(self.config())
        with suppress(KafkaException, TimeoutError):  # somebody else did, or we may not: the next look says it
            [made] = admin.create_topics(
                [NewTopic(self.target.topic, -1, -1)], request_timeout=CONNECT_SECONDS
            ).values()
            made.result(CONNECT_SECONDS)

    def reason(self, error: KafkaException | KafkaError) -> str:
        """In words; what a connection said tells more than that nothing was reached."""
        found = error.args[0] if isinstance(error, KafkaException) else error
        vague = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._MSG_TIMED_OUT, KafkaError._TIMED_OUT)
        if found.code() in vague:
            return self.failure or "it does not answer"
        return found.str()

    def _heard(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self.is_down = True
        else:
            self.failure = _first_line(error.str())


class KafkaTransport:
    """One idempotent producer."""

    def __init__(self, target: Target) -> None:
        self._client = Client(target)
        self._producer: Producer | None = None
        self._ahead: set[str] = set()  # acknowledged, but one before them is not
        self._is_alone = False  # whether each message is a request by itself
        self.most_bytes = target.most or MOST_BYTES

    def open(self) -> None:
        """Raises TransportError."""
        self.close()
        try:
            made = Producer(
                self._client.config(
                    **{
                        "enable.idempotence": True,
                        "acks": "all",
                        "message.timeout.ms": int(ACK_SECONDS * 1000),
                        "message.max.bytes": 100_000_000,  # the server's limit counts
                        "linger.ms": 0,
                        "compression.type": "none",  # the payload is, where that helps
                        **({"batch.num.messages": 1} if self._is_alone else {}),
                    }
                )
            )
        except KafkaException as error:
            raise TransportError(self._client.reason(error)) from error
        self._client.find_topic(made)
        self._producer = made

    def send(self, messages: Sequence[Message], taken: Callable[[int], None]) -> None:
        """What is acknowledged counts up to the first that is not; what comes behind it is not sent again."""
        told, answer = self._sent(messages, taken)
        if told < len(messages) and len(messages) > 1 and not self._is_alone and _is_too_large(answer):
            # the server's limit is for all messages of a request together, and the library fills one up to 1 MB
            self._is_alone = True
            self.open()
            messages = messages[told:]
            told, answer = self._sent(messages, taken)
        if told < len(messages):
            self._raise(answer)

    def _sent(self, messages: Sequence[Message], taken: Callable[[int], None]) -> tuple[int, KafkaError | bool | None]:
        """How many are acknowledged, and what became of the next."""
        producer = self._opened()
        answers: list[KafkaError | bool | None] = [each.head.id in self._ahead for each in messages]
        told = 0

        def tell() -> None:
            nonlocal told
            good = next((at for at, answer in enumerate(answers) if answer is not True), len(answers))
            self._ahead.difference_update(each.head.id for each in messages[told:good])
            taken(good - told)
            told = good

        end = time.monotonic() + ACK_SECONDS + _END_SECONDS
        try:
            for place, message in enumerate(messages):
                if answers[place] is not True:
                    self._produce(producer, message, partial(_answer, answers, place))
                    producer.poll(0)
                    tell()
            while any(answer is False for answer in answers) and time.monotonic() < end:
                producer.poll(_POLL_SECONDS)
                tell()
        finally:
            tell()
            behind = zip(messages[told:], answers[told:], strict=True)
            self._ahead.update(each.head.id for each, answer in behind if answer is True)
        return told, answers[told] if told < len(messages) else True

    def _produce(
        self, producer: Producer, message: Message, report: Callable[[KafkaError | None, Report], None]
    ) -> None:
        try:
            producer.produce(
                self._client.target.topic,
                message.payload,
                key=message.head.key,
                headers=[(name, value.encode()) for name, value in message.head.headers().items()],
                on_delivery=report,
            )
        except KafkaException as error:
            raise TransportError(self._client.reason(error)) from error
        except BufferError as error:  # 100 000 messages or 1 GB
            raise TransportError("too much is under way") from error

    def _raise(self, answer: KafkaError | bool | None) -> None:
        if isinstance(answer, KafkaError):
            if _is_too_large(answer):
                raise TooLargeError("it is larger than the server takes (max.message.bytes)")
            raise TransportError(self._client.reason(answer))
        raise TransportError(self._client.failure or "it does not answer")

    def check(self) -> None:
        """Raises TransportError where no server is reached."""
        self._opened().poll(0)
        if self._client.is_down:
            raise TransportError(self._client.failure or "the connection is lost")

    def close(self) -> None:
        """What is under way may arrive nevertheless. May be called again."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaException):
                producer.purge()
                producer.flush(_END_SECONDS)

    def _opened(self) -> Producer:
        if self._producer is None:
            raise TransportError("the connection is closed")
        return self._producer


def _is_too_large(answer: KafkaError | bool | None) -> bool:
    return isinstance(answer, KafkaError) and answer.code() in _TOO_LARGE


def _answer(
    answers: list[KafkaError | bool | None], place: int, error: KafkaError | None, _report: Report | None
) -> None:
    answers[place] = True if error is None else error


def _login(target: Target) -> dict[str, Any]:
    """TLS and the user. Raises UsageError."""
    files = {"ssl.ca.location": target.ca, "ssl.certificate.location": target.cert, "ssl.key.location": target.key}
    login: dict[str, Any] = {name: path for name, path in files.items() if path is not None}
    if target.user is None:
        return {**login, "security.protocol": "ssl" if target.uses_tls else "plaintext"}
    mechanism = target.sasl or "PLAIN"
    if mechanism == "PLAIN" and not target.uses_tls:
        raise UsageError(
            f"{target}: everybody on the way could read the password",
            "add ?tls=1, or sasl=SCRAM-SHA-512 where the servers know it",
        )
    return {
        **login,
        "security.protocol": "sasl_ssl" if target.uses_tls else "sasl_plaintext",
        "sasl.mechanism": mechanism,
        "sasl.username": target.user,
        "sasl.password": target.secret("password") or "",
    }


def _first_line(text: str) -> str:
    return text.partition("\n")[0].partition(" (after ")[0]


def transport(target: Target) -> KafkaTransport:
    """Of that target."""
    return KafkaTransport(target)
