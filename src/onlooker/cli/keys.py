"""Keys that are pressed at a terminal, one by one."""

import os
import select
import termios
import tty
from contextlib import suppress
from types import TracebackType
from typing import Any, Self


class Keys:
    """While it is entered, keys come at once and are not echoed; Ctrl-C and Ctrl-Z do what they always do."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._before: list[Any] | None = None

    def __enter__(self) -> Self:
        with suppress(termios.error):
            self._before = termios.tcgetattr(self.descriptor)
            tty.setcbreak(self.descriptor)
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.descriptor, termios.TCSADRAIN, self._before)

    def pressed(self) -> str:
        """Those since the last time, without waiting."""
        found = b""
        while select.select([self.descriptor], [], [], 0)[0]:
            try:
                some = os.read(self.descriptor, 64)
            except OSError:  # the terminal hung up
                break
            if not some:
                break
            found += some
        return found.decode("ascii", "replace")
