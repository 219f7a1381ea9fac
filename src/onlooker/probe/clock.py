"""Wall-clock time of what the kernel dates by its boot clock."""

import time

_STEADY_NS = 20_000  # differences below this are the measurement's own; taking them would make times jitter
_BRACKET_NS = 5_000


class WallClock:
    """The offset from CLOCK_BOOTTIME to CLOCK_REALTIME, taken afresh as time goes on: a step of the clock or a suspend
    shows in the events after it and never before it.
    """

    def __init__(self) -> None:
        self._offset = 0

    def offset_ns(self) -> int:
        """Nanoseconds to add to a boot time to get the time since 1970."""
        for _ in range(4):
            before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            wall = time.clock_gettime_ns(time.CLOCK_REALTIME)
            after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            if after - before < _BRACKET_NS:
                break
        offset = wall - (before + after) // 2
        if abs(offset - self._offset) > _STEADY_NS:
            self._offset = offset
        return self._offset
