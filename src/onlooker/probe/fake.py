"""Events without a kernel: for tests of programs that use onlooker."""

from collections.abc import Iterable

from ..errors import UsageError
from ..events import Event, Lost
from ..filters import Filter
from ..records import Batch
from .source import Attachment, Rest


class FakeSource:
    """Gives the events of a list, in batches of `batch`, filtered as the probe would have done.

    Raises UsageError for an event that no record can hold. See `onlooker.testing`.
    """

    def __init__(self, events: Iterable[Event], *, batch: int = 1000) -> None:
        self._events = list(events)
        for event in self._events:
            if not isinstance(event, Event):
                raise UsageError(f"not an event: {event!r}", 'FakeSource([make("open")])')
        if not isinstance(batch, int) or batch < 1:
            raise UsageError(f"not a size of batches: {batch!r}", "a whole number, 1 or more")
        self._batch = batch
        self._wanted = Filter()
        self._found: list[Batch] = []

    def start(self, wanted: Filter) -> None:
        """Take the filter."""
        self._wanted = wanted

    def poll(self, timeout: float) -> Batch | None:
        """The next events; never waits."""
        while self._events and not self._found:
            some = self._events[: self._batch]
            found = Batch.of(event for event in some if self._wanted.matches(event))
            self._found, self._events = found, self._events[self._batch :]
        return self._found[0] if self._found else None

    def taken(self, batch: Batch) -> None:
        """What `poll` gave has arrived."""
        if self._found and batch is self._found[0]:
            self._found = self._found[1:]

    def stop(self) -> None:
        """Nothing to stop: what is left can still be polled."""

    @property
    def exhausted(self) -> bool:
        """Whether the list is empty."""
        return not self._events and not self._found

    @property
    def attached(self) -> tuple[Attachment, ...]:
        """Nothing."""
        return ()

    def close(self) -> Rest:
        """Drop what is left, and return how much that is."""
        found = [event for batch in self._found for event in batch]
        left = [*found, *(event for event in self._events if self._wanted.matches(event))]
        self._events, self._found = [], []
        lost = [event for event in left if isinstance(event, Lost)]
        matcher = self._wanted.matcher()
        unread = sum((batch.matching(matcher) if matcher else batch).counted for batch in Batch.of(left))
        return Rest(lost, unread)
