"""Syslog: over TCP, with TLS or without, or to the local socket. Nothing acknowledges: what is written counts."""

import errno
import socket
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from .message import Message
from .syslog_lines import MOST_BYTES as CUT_BYTES
from .syslog_lines import frames
from .target import Target
from .tls import context_of, reason_of
from .transport import TransportError

SOCKET = "/dev/log"
WRITE_SECONDS = 5.0
MOST_BYTES = 16 << 20
_PORT, _TLS_PORT = 514, 6514  # RFC 6587, RFC 5425


class SyslogTransport:
    """One connection, or one socket for datagrams."""

    def __init__(self, target: Target) -> None:
        """Raises UsageError for files that can't be used."""
        self._target = target
        self._context = context_of(target) if target.uses_tls else None
        self._socket: socket.socket | None = None
        self._written = ("", 0)  # of the message with that id, so many datagrams
        self.most_bytes = target.most or MOST_BYTES

    def open(self) -> None:
        """Raises TransportError."""
        self.close()
        try:
            self._socket = self._connect() if self._target.servers else local(self._target.topic or SOCKET)
        except OSError as error:
            raise TransportError(reason_of(error)) from error

    def _connect(self) -> socket.socket:
        error = OSError(errno.EDESTADDRREQ, "no server is named")
        for server in self._target.servers:
            parts = urlsplit(f"//{server}")
            host, port = parts.hostname or "", parts.port or (_TLS_PORT if self._context else _PORT)
            try:
                made = socket.create_connection((host, port), WRITE_SECONDS)
                made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                return self._context.wrap_socket(made, server_hostname=host) if self._context else made
            except OSError as found:
                error = found
        raise error

    def send(self, messages: Sequence[Message], taken: Callable[[int], None]) -> None:
        """All frames of each."""
        if self._socket is None:
            raise TransportError("the connection is closed")
        for message in messages:
            try:
                if self._socket.type == socket.SOCK_DGRAM:
                    self._send_each(self._socket, message)
                else:
                    self._socket.sendall(message.payload)
            except OSError as error:
                raise TransportError(reason_of(error)) from error
            taken(1)

    def _send_each(self, to: socket.socket, message: Message) -> None:
        """After a failure it goes on where it was."""
        of, done = self._written
        done = done if of == message.head.id else 0
        for number, frame in enumerate(frames(message.payload)):
            if number >= done:
                self._written = (message.head.id, number)
                try:
                    to.send(frame)
                except OSError as error:
                    if error.errno != errno.EMSGSIZE:
                        raise
                    to.send(frame[:CUT_BYTES])
        self._written = ("", 0)

    def check(self) -> None:
        """Raises TransportError where the server has closed the connection."""
        made = self._socket
        if made is None:
            raise TransportError("the connection is closed")
        if made.type != socket.SOCK_STREAM or self._context:
            return
        try:
            if made.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) == b"":
                raise TransportError("the connection was closed")
        except BlockingIOError:
            pass
        except OSError as error:
            raise TransportError(reason_of(error)) from error

    def close(self) -> None:
        """May be called again."""
        made, self._socket = self._socket, None
        if made is not None:
            made.close()


def local(path: str) -> socket.socket:
    """Connected to a local socket, for datagrams where it takes them. Raises OSError."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        made = socket.socket(socket.AF_UNIX, kind)
        made.settimeout(WRITE_SECONDS)
        try:
            made.connect(path)
            return made
        except OSError as error:
            made.close()
            if error.errno != errno.EPROTOTYPE:
                raise OSError(error.errno, f"{path}: {error.strerror}") from error
    raise OSError(errno.EPROTOTYPE, f"{path} is no socket for messages")


def transport(target: Target) -> SyslogTransport:
    """Of that target."""
    return SyslogTransport(target)
