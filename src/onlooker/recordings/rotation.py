"""Which segments are removed, where a recording may not grow, or not hold what is old."""

import resource
import time
from collections.abc import Iterable

from .segments import Segment

LEAST_SEGMENT_BYTES = 64 << 10
_SEGMENTS_OF_MOST = 8  # so that no more than an eighth of what is kept is removed at once


class Rotation:
    """`most_bytes` for all segments; `keep_seconds` since the last event of one. None: no limit. `segment_bytes`: how
    large a log gets at most, and smaller where that is needed.
    """

    def __init__(self, most_bytes: int | None, keep_seconds: float | None, segment_bytes: int) -> None:
        self._most_bytes, self._keep_seconds = most_bytes, keep_seconds
        self.segment_bytes = segment_bytes
        if most_bytes is not None:
            self.segment_bytes = max(LEAST_SEGMENT_BYTES, min(segment_bytes, most_bytes // _SEGMENTS_OF_MOST))
        limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        if limit != resource.RLIM_INFINITY:
            self.segment_bytes = max(LEAST_SEGMENT_BYTES, min(self.segment_bytes, limit // 2))

    def is_old(self, began: float) -> bool:
        """Whether a log that began then holds so long a time that too much would be removed, or kept, at once."""
        return self._keep_seconds is not None and time.monotonic() - began >= max(
            1.0, self._keep_seconds / _SEGMENTS_OF_MOST
        )

    def too_much(self, finished: Iterable[Segment]) -> list[Segment]:
        """Those of the finished segments, given in their order, that are to go; there is one more, which is written."""
        kept = [*finished]
        total = sum(each.bytes for each in kept) + self.segment_bytes
        now = time.monotonic()
        doomed = []
        for each in kept:
            is_large = self._most_bytes is not None and total > self._most_bytes
            is_old = self._keep_seconds is not None and now - each.finished > self._keep_seconds
            if not (is_large or is_old):
                break
            doomed.append(each)
            total -= each.bytes
        return doomed

    def is_urgent(self, finished: Iterable[Segment]) -> bool:
        """Whether it is so much that the one who writes must see to it."""
        return self._most_bytes is not None and sum(each.bytes for each in finished) > 1.25 * self._most_bytes
