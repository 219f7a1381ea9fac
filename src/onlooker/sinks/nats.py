"""NATS JetStream: each message is acknowledged when the stream has it, and one that is sent twice is kept once."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, TypeVar

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from ..errors import ExtraError
from .message import Head, Message
from .packer import is_of_this_process
from .target import Target
from .tls import context_of, reason_of
from .transport import RefusedError, TooLargeError, TransportError

CONNECT_SECONDS = 5.0
ACK_SECONDS = 10.0
MOST_BYTES = 8 << 20  # in flight at once
USUAL_BYTES = 1 << 20  # of a message: max_payload of servers
HEAD_BYTES = 4 << 10  # of a message; some 500 are used, the host's name may take more
LIMIT_SECONDS = 2.0  # to ask the stream for its limit; who may only publish gets no answer
_PORT = 4222
_TOO_LARGE = 10054  # err_code of a message that exceeds the stream's max_msg_size
_tried: dict[str, int] = {}  # the highest number that this process has sent, of each of its runs

Result = TypeVar("Result")


class _Client(Client):
    """The library takes TLS only where the server asks for it, and a server in the middle need not."""

    def __init__(self, *, needs_tls: bool) -> None:
        super().__init__()
        self._needs_tls = needs_tls

    def _connect_command(self) -> bytes:
        """With who it is: the first that it says."""
        if self._needs_tls and not self._server_info.get("tls_required"):
            raise nats.errors.Error("the server offers no TLS")
        return bytes(super()._connect_command())


class Connection:
    """A connection with its loop, in a thread of its own, so that it answers pings while nothing is sent."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="nats", daemon=True)
        self.client: Client | None = None
        self._login = _login(target)
        self._waiting: Future[Any] | None = None  # for an answer
        self._failure: Exception | None = None
        # what nobody waits for any more after the connection is lost is no news
        self._loop.set_exception_handler(lambda _loop, _context: None)

    def run(self, made: Coroutine[Any, Any, Result], seconds: float) -> Result:
        """Wait for it. Raises TransportError, also as soon as the connection is lost."""
        if not self._thread.is_alive():
            self._thread.start()
        future = asyncio.run_coroutine_threadsafe(made, self._loop)
        self._waiting = future
        if self.client is not None and self.client.is_closed:  # since before it could be told
            future.cancel()
        try:
            return future.result(seconds)
        except (nats.errors.Error, TimeoutError, CancelledError, OSError, EOFError, ValueError) as error:
            future.cancel()
            raise TransportError(reason(error)) from error
        finally:
            self._waiting = None

    async def _lost(self) -> None:
        """The library would wait for answers until they are late."""
        if (waiting := self._waiting) is not None:
            waiting.cancel()

    def open(self) -> Client:
        """Connect, once. Raises TransportError."""
        self.close()
        target = self._target
        scheme = "tls" if target.uses_tls else "nats"
        servers = [f"{scheme}://{each if ':' in each else f'{each}:{_PORT}'}" for each in target.servers]
        options: dict[str, Any] = {
            "name": "onlooker",
            "allow_reconnect": False,
            # else the library tries for a minute, and what is wrong is told only when this has no time left
            "max_reconnect_attempts": 1,
            "reconnect_time_wait": 0.1,
            "connect_timeout": CONNECT_SECONDS,
            "error_cb": self._failed,
            "closed_cb": self._lost,
        }
        client = _Client(needs_tls=target.uses_tls)
        self._failure = None
        try:
            self.run(client.connect(servers, **options, **self._login), CONNECT_SECONDS * len(servers) + 1)
        except TransportError as error:
            if self._failure is None:
                raise
            raise TransportError(reason(self._failure)) from error  # more than that no server is left
        self.client = client
        return client

    async def _failed(self, error: Exception) -> None:
        """What the library tells of a server, and does not raise."""
        self._failure = error

    def close(self) -> None:
        """May be called again."""
        client, self.client = self.client, None
        if client is not None and not client.is_closed:
            with suppress(TransportError):  # closing cancels what waits for answers: itself
                self.run(client.close(), CONNECT_SECONDS)

    def end(self) -> None:
        """Close it, and end its thread."""
        self.close()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CONNECT_SECONDS)


class NatsTransport:
    """Sends to the stream that has the subject; where there is none, it makes one."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection = Connection(target)
        self._foreign: set[str] = set()  # ids that another sender has, of messages behind one that was not taken
        self._limit = USUAL_BYTES  # of a message with its headers
        self.most_bytes = target.most or USUAL_BYTES - HEAD_BYTES

    def open(self) -> None:
        """Raises TransportError."""
        client = self._connection.open()
        stream = self._connection.run(prepare(client, self._target), CONNECT_SECONDS)
        self._limit = client.max_payload
        with suppress(TransportError):
            self._limit = min(self._limit, self._connection.run(_limit(client, stream), LIMIT_SECONDS + 1))
        room = self._limit - min(HEAD_BYTES, self._limit // 2)
        self.most_bytes = max(1, min(self._target.most or room, room))

    def send(self, messages: Sequence[Message], taken: Callable[[int], None]) -> None:
        """In windows of some MB: what of one is acknowledged counts up to the first that is not."""
        client = self._connection.client
        if client is None:
            raise TransportError("the connection is closed")
        start = 0
        while start < len(messages):
            end, size = start, 0
            while end < len(messages) and (end == start or size + len(messages[end]) <= MOST_BYTES):
                size += len(messages[end])
                end += 1
            results = self._connection.run(self._publish(client, messages[start:end]), ACK_SECONDS + 1)
            good = next((place for place, error in enumerate(results) if error is not None), len(results))
            taken(good)
            if good < len(results):
                self._foreign.discard(messages[start + good].head.id)
                _raise(results[good])
            start = end

    async def _publish(self, client: Client, messages: Sequence[Message]) -> list[BaseException | None]:
        stream = client.jetstream(timeout=ACK_SECONDS)
        sent = (self._publish_one(stream, each) for each in messages)
        results = await asyncio.gather(*sent, return_exceptions=True)
        return [each if isinstance(each, BaseException) else None for each in results]

    async def _publish_one(self, stream: JetStreamContext, message: Message) -> None:
        head = message.head
        headers = {**head.headers(), "Nats-Msg-Id": head.id}
        size = len(message) + _size_of(headers)
        if size > self._limit:  # the server would end the connection
            raise TooLargeError(f"with its headers it has {size} bytes, and the server takes {self._limit}")
        is_first = _is_first(head)
        answer = await stream.publish(self._target.topic, message.payload, headers=headers)
        if answer.duplicate and (is_first or head.id in self._foreign):
            self._foreign.add(head.id)
            raise RefusedError("the stream has a message with the same id from another sender", head.events)

    def check(self) -> None:
        """Raises TransportError where the connection is lost."""
        client = self._connection.client
        if client is None or not client.is_connected:
            raise TransportError("the connection is lost")

    def close(self) -> None:
        """May be called again."""
        self._connection.close()


def _login(target: Target) -> dict[str, Any]:
    """Who it is, and TLS. Raises UsageError for files that are not what they must be."""
    if target.credentials and find_spec("nkeys") is None:
        raise ExtraError("a credentials file of NATS", "nkeys", "nats")
    login: dict[str, Any] = {"user_credentials": target.credentials} if target.credentials else {}
    if target.user is not None:
        login |= {"user": target.user, "password": target.secret("password") or ""}
    if target.token is not None:
        login["token"] = target.secret("token")
    if target.uses_tls:
        login["tls"] = context_of(target)
    return login


async def prepare(client: Client, target: Target) -> str:
    """The name of the stream that has the subject."""
    stream = client.jetstream(timeout=CONNECT_SECONDS)
    try:
        return str(await stream.find_stream_name_by_subject(target.topic))
    except nats.js.errors.NotFoundError:
        name = target.stream or target.topic.upper().replace(".", "-")
        await stream.add_stream(StreamConfig(name=name, subjects=[target.topic]))
        return name


async def _limit(client: Client, stream: str) -> int:
    """Of a message with its headers, where the stream has a limit of its own."""
    info = await client.jetstream(timeout=LIMIT_SECONDS).stream_info(stream)
    most = info.config.max_msg_size
    return most if most is not None and most > 0 else client.max_payload


def _size_of(headers: dict[str, str]) -> int:
    """As they travel."""
    return len("NATS/1.0\r\n\r\n") + sum(len(name) + len(value) + len(": \r\n") for name, value in headers.items())


def _is_first(head: Head) -> bool:
    """Whether nobody but another sender can have sent a message of that id before. Messages of a run are sent in their
    order; those of a spool may have been sent by the process that left it.
    """
    if not is_of_this_process(head):
        return False
    is_first = head.seq > _tried.get(head.key, 0)
    _tried[head.key] = max(head.seq, _tried.get(head.key, 0))
    return is_first


def transport(target: Target) -> NatsTransport:
    """Of that target."""
    return NatsTransport(target)


def reason(error: BaseException) -> str:
    """In words."""
    if isinstance(error, nats.js.errors.ServiceUnavailableError | nats.js.errors.NoStreamResponseError):
        return "the server keeps no stream of this subject (is JetStream on? nats-server -js)"
    if isinstance(error, CancelledError):
        return "the connection is lost"
    if isinstance(error, ConnectionError) and error.errno:  # asyncio has words of its own
        return os.strerror(error.errno)
    if isinstance(error, OSError):
        return reason_of(error)
    return str(error).removeprefix("nats: ") or type(error).__name__


def _raise(error: BaseException | None) -> None:
    assert error is not None
    if isinstance(error, RefusedError):
        raise error
    if isinstance(error, nats.js.errors.APIError) and error.err_code == _TOO_LARGE:
        raise TooLargeError("it is larger than the stream takes (max_msg_size)") from error
    if isinstance(error, nats.errors.MaxPayloadError):
        raise TooLargeError("it is larger than the server takes (max_payload)") from error
    raise TransportError(reason(error)) from error
