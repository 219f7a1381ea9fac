"""A terminal that one program has for itself: a screen of its own, and keys that come one by one."""

import os
import select
import signal
import termios
import tty
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

_ENTER, _LEAVE = b"\x1b[?1049h\x1b[?25l", b"\x1b[?1049l\x1b[?25h"  # another screen, no cursor; and back


class Screen:
    """While it is open, keys come at once and are not echoed, and what was on the terminal comes back at its end: when
    it is closed or left, and for as long as Ctrl-Z has stopped the program. Ctrl-C does what it always does.
    """

    def __init__(self, keys: int, output: int) -> None:
        """The descriptors that keys come from, and that is written to."""
        self.keys = keys
        self._output = output
        self._modes: list[Any] | None = None
        self._signals: dict[signal.Signals, Any] = {}
        self._is_open = self._has_changed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        for number, before in self._signals.items():
            signal.signal(number, before)

    def open(self) -> None:
        """Have the terminal."""
        if not self._signals:
            handlers = ((signal.SIGTSTP, self._stop), (signal.SIGWINCH, self._change))
            self._signals = {number: signal.signal(number, handler) for number, handler in handlers}
        self._is_open = self._has_changed = True
        with suppress(termios.error):
            self._modes = termios.tcgetattr(self.keys)
            tty.setcbreak(self.keys)
        self._write(_ENTER)

    def close(self) -> None:
        """Give it back. May be called again."""
        if not self._is_open:
            return
        self._is_open = False
        self._write(_LEAVE)
        if self._modes is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.keys, termios.TCSADRAIN, self._modes)

    def has_changed(self) -> bool:
        """Whether it must be drawn again, for another size or after it was away."""
        changed, self._has_changed = self._has_changed, False
        return changed

    def pressed(self) -> str:
        """The keys since the last time, without waiting."""
        found = b""
        while self._is_open and select.select([self.keys], [], [], 0)[0]:
            try:
                some = os.read(self.keys, 64)
            except OSError:  # the terminal hung up
                break
            if not some:
                break
            found += some
        return found.decode("ascii", "replace")

    def _write(self, what: bytes) -> None:
        with suppress(OSError):
            os.write(self._output, what)

    def _change(self, number: int, frame: FrameType | None) -> None:
        self._has_changed = True

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """As SIGTSTP does it; when it goes on, the terminal is had again."""
        was_open = self._is_open
        self.close()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
        signal.signal(number, self._stop)
        if was_open:
            self.open()
