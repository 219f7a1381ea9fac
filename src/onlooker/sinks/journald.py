"""systemd's journal: a datagram for each entry, a sealed memory file for those that are too large for one."""

import errno
import fcntl
import os
import socket
from collections.abc import Callable, Sequence

from .journal_entries import entries
from .message import Message
from .syslog import local
from .target import Target
from .tls import reason_of
from .transport import TransportError

SOCKET = "/run/systemd/journal/socket"
MOST_BYTES = 16 << 20
_TOO_LARGE = (errno.EMSGSIZE, errno.ENOBUFS)


class JournaldTransport:
    """One socket."""

    def __init__(self, target: Target) -> None:
        self._path = target.topic or SOCKET
        self._socket: socket.socket | None = None
        self._written = ("", 0)
        self.most_bytes = target.most or MOST_BYTES

    def open(self) -> None:
        """Raises TransportError."""
        self.close()
        try:
            self._socket = local(self._path)
        except OSError as error:
            raise TransportError(reason_of(error)) from error

    def send(self, messages: Sequence[Message], taken: Callable[[int], None]) -> None:
        """After a failure it goes on where it was."""
        if self._socket is None:
            raise TransportError("the socket is closed")
        for message in messages:
            of, done = self._written
            for number, entry in enumerate(entries(message.payload)):
                if of == message.head.id and number < done:
                    continue
                self._written = (message.head.id, number)
                try:
                    _send(self._socket, entry)
                except OSError as error:
                    raise TransportError(reason_of(error)) from error
            self._written = ("", 0)
            taken(1)

    def check(self) -> None:
        """Nothing: a socket for datagrams tells when something is sent."""

    def close(self) -> None:
        """May be called again."""
        made, self._socket = self._socket, None
        if made is not None:
            made.close()


def _send(to: socket.socket, entry: bytes) -> None:
    try:
        to.send(entry)
        return
    except OSError as error:
        if error.errno not in _TOO_LARGE:
            raise
    file = os.memfd_create("onlooker", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with os.fdopen(os.dup(file), "wb") as out:
            out.write(entry)
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
        socket.send_fds(to, [b""], [file])
    finally:
        os.close(file)


def transport(target: Target) -> JournaldTransport:
    """Of that target."""
    return JournaldTransport(target)
