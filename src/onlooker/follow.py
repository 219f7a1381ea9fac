"""Following a command from a terminal or a script: signals reach it, and its status becomes this program's."""

import os
import select
import signal
import struct
from contextlib import suppress
from types import TracebackType
from typing import Self

from .probe.command import Command
from .probe.waiting import wait

# what ends or interrupts a program by its number only, and what programs use as they like
PASSED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
_BY_KERNEL = 0x80  # SI_KERNEL, include/uapi/asm-generic/siginfo.h
_INFO = struct.Struct("=IiiI112x")  # struct signalfd_siginfo: ssi_signo, ssi_errno, ssi_code, ssi_pid


class Relay:
    """While it is entered, and until the command has ended, signals for this process go to the command.

    Those of the terminal do not: it sends them to the whole foreground group, which the command is in. Ctrl-C is the
    command's to handle, and Ctrl-Z stops both. Once the command has ended, signals do again what they did before.
    """

    def __init__(self, command: Command) -> None:
        self._command = command
        self._signals: int | None = None
        self._before: set[signal.Signals | int] = set()

    def __enter__(self) -> Self:
        from .probe._system import signal_descriptor

        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, PASSED)
        self._signals = signal_descriptor(sum(1 << (number - 1) for number in PASSED))
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._signals is not None:
            os.close(self._signals)
            self._signals = None
            signal.pthread_sigmask(signal.SIG_SETMASK, self._before)

    def waits_for(self) -> dict[int, int]:
        """Descriptors and their events, as poll(2) takes them, that show that there is something to do."""
        found = {} if self._signals is None else {self._signals: select.POLLIN}
        with suppress(ValueError):
            found[self._command.fileno()] = select.POLLIN
        return found

    def look(self) -> None:
        """Pass on what has come, and note the command's end."""
        while self._signals is not None:
            try:
                come = os.read(self._signals, _INFO.size)
            except BlockingIOError:
                break
            number, _, code, sender = _INFO.unpack(come)
            if code != _BY_KERNEL and sender != self._command.pid:
                self._command.send(number)
        if self._command.pid is not None and (self._command.poll() is not None or self._command.is_over):
            self.__exit__(None, None, None)

    def wait(self) -> None:
        """Until the command has ended."""
        self.look()
        while not self._command.is_over:
            wait(self.waits_for())
            self.look()


def exit_code(command: Command) -> int:
    """What a shell says of it: its own, or 128 and the signal. Raises CommandError where it could not be executed."""
    if command.error:
        raise command.error
    code = command.returncode
    if code is None:  # never started, or reaped by somebody else
        return 1 if command.pid is not None else 128 + signal.SIGINT
    return code if code >= 0 else 128 - code
