"""What the service manager is told, as sd_notify(3) says."""

import os
import time
from collections.abc import Callable, Mapping

Notify = Callable[[str], None]


class Watchdog:
    """Tells the service manager that all is well, twice in the time that it allows; only where it asks for that."""

    def __init__(self, notify: Notify, environment: Mapping[str, str] = os.environ) -> None:
        self._notify = notify
        usec = environment.get("WATCHDOG_USEC", "")
        is_ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        asks = is_ours and usec.isascii() and usec.isdigit() and int(usec) > 0
        self._every: float | None = int(usec) / 2e6 if asks else None
        self._next = 0.0

    def left(self) -> float | None:
        """Seconds until it is due; None for never."""
        return None if self._every is None else max(0.0, self._next - time.monotonic())

    def look(self, is_healthy: Callable[[], bool], status: Callable[[], str]) -> None:
        """Tell it, if it is due and all is well."""
        if self._every is None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every
        if is_healthy():
            self._notify(f"WATCHDOG=1\nSTATUS={status()}")


def tell_reloading(notify: Notify) -> None:
    """READY=1 must follow."""
    notify(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")
