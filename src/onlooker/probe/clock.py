"""Wall-clock time for the kernel's boot clock."""

import time
from pathlib import Path
from typing import NamedTuple

_STEADY_NS = 20_000  # smaller differences are measurement error, and would make times jitter
_BRACKET_NS = 5_000


_PROC = Path("/proc/self")


def namespace_ns() -> int:
    """How far this process's boot clock is ahead of the kernel's: time_namespaces(7) can set it to anything.

    The file speaks of the namespace of children to come; where that is another one, this process is in the initial one,
    which unshare(2) leaves it in.
    """
    try:
        if (_PROC / "ns/time").readlink() != (_PROC / "ns/time_for_children").readlink():
            return 0
        lines = (_PROC / "timens_offsets").read_text(encoding="ascii").splitlines()
        offsets = {clock: int(seconds) * 10**9 + int(ns) for clock, seconds, ns in map(str.split, lines)}
    except (OSError, ValueError):  # a kernel without time namespaces, or the /proc of another pid namespace
        return 0
    return offsets.get("boottime", 0)


class Moment(NamedTuple):
    """The same moment on the kernel's boot clock, and since 1970."""

    boot_ns: int
    wall_ns: int


class WallClock:
    """The offset from CLOCK_BOOTTIME to CLOCK_REALTIME, taken afresh as time goes on: a step of the clock or a suspend
    shows in the events after it and never before it.
    """

    def __init__(self) -> None:
        self._offset = 0
        self._ahead = namespace_ns()

    def boot_ns(self) -> int:
        """The kernel's boot clock, now."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - self._ahead

    def offset_ns(self) -> int:
        """Nanoseconds to add to a boot time to get the time since 1970."""
        for _ in range(4):
            before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            wall = time.clock_gettime_ns(time.CLOCK_REALTIME)
            after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            if after - before < _BRACKET_NS:
                break
        offset = wall - (before + after) // 2 + self._ahead
        if abs(offset - self._offset) > _STEADY_NS:
            self._offset = offset
        return self._offset

    def moment(self) -> Moment:
        """Now."""
        boot_ns = self.boot_ns()
        return Moment(boot_ns, boot_ns + self.offset_ns())
