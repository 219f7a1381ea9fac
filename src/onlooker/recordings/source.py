"""A recording in place of the kernel."""

import time
from collections.abc import Iterable, Iterator

from ..filters import Filter
from ..filters.expression import And
from ..filters.options import as_expression, without_threads
from ..probe.source import Attachment, Rest
from ..records import Batch, Matcher
from .pace import Pace


class RecordingSource:
    """Gives batches, such as those of a `Recording`, filtered as the kernel would have done. `speed`: as fast as it
    happened (1), twice as fast (2), ...; 0: at once.
    """

    has_context = True  # what was known of users and containers is in the batches, or was not recorded

    def __init__(self, batches: Iterable[Batch], *, speed: float = 0) -> None:
        self._given = batches
        self._pace = Pace(speed) if speed else None
        self._batches: Iterator[Batch] = iter(())
        self._matcher: Matcher | None = None
        self._rest: Batch | None = None  # that is not due yet
        self._found: Batch | None = None
        self._has_ended = self.is_cut_short = False

    def start(self, wanted: Filter) -> None:
        """Take the filter. Its expression is the monitor's."""
        from ..filters.compile import matcher

        terms = [as_expression(wanted), None if wanted.threads else without_threads()]
        asked = [term for term in terms if term is not None]
        self._matcher = matcher(And(tuple(asked))) if asked else None
        self._batches = iter(self._given)

    def poll(self, timeout: float) -> Batch | None:
        """The next events; waits only where they are not due. Raises RecordingError where they can't be read."""
        while self._found is None and not self._has_ended:
            batch = self._rest or self._next()
            if batch is None:
                self._has_ended = True
            elif self._pace is None:
                self._found = batch
            elif not self._wait_for(batch, timeout):
                break
        return self._found

    def _wait_for(self, batch: Batch, timeout: float) -> bool:
        """Whether something of it was due in time."""
        assert self._pace
        now, rest, seconds = self._pace.due(batch)
        self._rest = rest if len(rest) else None
        if len(now):
            self._found = now
        else:
            time.sleep(min(seconds, timeout))
        return bool(len(now))

    def _next(self) -> Batch | None:
        """The next batch that has something that is wanted."""
        for batch in self._batches:
            if self._has_ended:  # by a signal's handler, say
                return None
            matching = batch.matching(self._matcher) if self._matcher else batch
            if len(matching):
                return matching
        return None

    def taken(self, batch: Batch) -> None:
        """What `poll` gave has arrived."""
        if batch is self._found:
            self._found = None

    def stop(self) -> None:
        """Read nothing more; `is_cut_short` says that there was more, or may have been."""
        self.is_cut_short |= not self._has_ended
        self._has_ended = True

    @property
    def exhausted(self) -> bool:
        """Whether all was given."""
        return self._has_ended and self._found is None

    @property
    def attached(self) -> tuple[Attachment, ...]:
        """Nothing."""
        return ()

    def close(self) -> Rest:
        """Nothing is held."""
        self._has_ended, self._found, self._rest = True, None, None
        return Rest()
