"""OpenTelemetry's protocol over HTTP: a message is taken when the server answers with success."""

import base64
import http.client
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from .._version import __version__
from ..errors import UsageError
from .message import Message
from .target import Target
from .tls import context_of, reason_of
from .transport import RefusedError, TooLargeError, TransportError

ANSWER_SECONDS = 10.0
MOST_BYTES = 4 << 20  # compressed; collectors take 20 MB
MOST_ANSWER_BYTES = 64 << 10
_PORT = 4318
_PATH = "v1/logs"
# what the server may take later; the rest of 4xx and 5xx it never takes
_LATER = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
_MOST_RETRY_SECONDS = 300.0
_MOST_SHOWN = 20  # characters of what is no answer


class OtlpTransport:
    """One connection that is kept; the servers are tried in their order."""

    def __init__(self, target: Target) -> None:
        """Raises UsageError for files that can't be used."""
        self._target = target
        self._context = context_of(target) if target.uses_tls else None
        self._path = "/" + quote(target.topic or _PATH)
        self._headers = {
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "gzip",
            "User-Agent": f"onlooker/{__version__}",
            **_headers(target),
        }
        self._connection: http.client.HTTPConnection | None = None
        self.most_bytes = target.most or MOST_BYTES

    def open(self) -> None:
        """Raises TransportError."""
        self.close()
        error: Exception | None = None
        for server in self._target.servers:
            parts = urlsplit(f"//{server}")
            host, port = parts.hostname or "", parts.port or _PORT
            made = (
                http.client.HTTPSConnection(host, port, timeout=ANSWER_SECONDS, context=self._context)
                if self._context
                else http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
            )
            try:
                made.connect()
            except OSError as found:
                made.close()
                error = found
            else:
                self._connection = made
                return
        raise TransportError(reason_of(error)) from error

    def send(self, messages: Sequence[Message], taken: Callable[[int], None]) -> None:
        """A request for each."""
        for message in messages:
            self._take(self._post(message.payload), message)
            taken(1)

    def _post(self, payload: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        for is_last in (False, True):
            if self._connection is None:
                self.open()
            assert self._connection
            try:
                with suppress(BrokenPipeError):  # a server that does not read all may have answered why
                    self._connection.request("POST", self._path, payload, self._headers)
                answer = self._connection.getresponse()
                return answer, answer.read(MOST_ANSWER_BYTES)
            except (ConnectionError, http.client.BadStatusLine) as error:  # it was closed while nothing was sent
                self.close()
                if is_last:
                    raise TransportError(_reason(error)) from error
            except (OSError, http.client.HTTPException) as error:
                self.close()
                raise TransportError(_reason(error)) from error
        raise AssertionError

    def _take(self, answered: tuple[http.client.HTTPResponse, bytes], message: Message) -> None:
        answer, body = answered
        if answer.will_close or not answer.isclosed():
            self.close()
        said = f"it answers {answer.status} {_phrase(answer.status)}"
        if answer.status in _LATER:
            raise TransportError(said, _retry_after(answer))
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            is_too_large = answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            raise TooLargeError(said) if is_too_large else RefusedError(said)
        parsed = ExportLogsServiceResponse()
        with suppress(DecodeError):
            parsed.ParseFromString(body)
        if refused := parsed.partial_success.rejected_log_records:
            why = parsed.partial_success.error_message or "without a reason"
            raise RefusedError(f"{why!r:.200}", min(max(refused, 0), message.head.records))

    def check(self) -> None:
        """Nothing: a connection that was closed meanwhile is opened when it is needed."""

    def close(self) -> None:
        """May be called again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _headers(target: Target) -> dict[str, str]:
    found: dict[str, str] = {}
    if target.user is not None:
        login = f"{target.user}:{target.secret('password') or ''}".encode()
        found["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
    if target.token is not None:
        found["Authorization"] = f"Bearer {target.secret('token')}"
    if target.headers is not None:
        found |= _from_file(target, target.headers)
    for name, value in found.items():
        if not (value.isascii() and value.isprintable() and name.isascii() and name.replace("-", "").isalnum()):
            raise UsageError(f"{target}: header {name!r:.60} can't be sent", "a line for each: NAME: VALUE")
    return found


def _from_file(target: Target, path: str) -> dict[str, str]:
    text = target.secret("headers") or ""
    found = {}
    for line in filter(str.strip, text.splitlines()):
        name, colon, value = line.partition(":")
        if not colon:
            raise UsageError(f"{target}: {Path(path)} has a line that is no header", "a line for each: NAME: VALUE")
        found[name.strip()] = value.strip()
    return found


def _reason(error: Exception) -> str:
    """As `reason_of`; what another server than one of HTTP has answered is shown in part, and escaped."""
    if isinstance(error, http.client.HTTPException) and not isinstance(error, ConnectionError):
        start = error.args[0] if isinstance(error, http.client.BadStatusLine) and error.args else ""
        start = start.strip() if isinstance(start, str) else ""
        return f"the answer is no HTTP{f': {start[:_MOST_SHOWN]!a}' if start else ''}"
    return reason_of(error)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _retry_after(answer: http.client.HTTPResponse) -> float:
    """Seconds, or a date (RFC 9110)."""
    from email.utils import parsedate_to_datetime

    said = answer.getheader("Retry-After") or "0"
    try:
        seconds = float(said) if said.isdigit() else parsedate_to_datetime(said).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), _MOST_RETRY_SECONDS)


def transport(target: Target) -> OtlpTransport:
    """Of that target."""
    return OtlpTransport(target)
