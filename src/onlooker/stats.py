"""What a monitor has reported, in numbers."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from .events import CONTEXT_EVENTS, UNCOUNTED, WANTED_REASONS, Lost
from .records import Batch


class Stats(msgspec.Struct, frozen=True):
    """What a monitor has reported so far; after `close` nothing changes any more.

    `events`: how many of each kind; `lost`: how many by (kind, reason); `cut`: how many had a field that is not whole;
    `seconds`: since the start; `unread`: how many were observed and given to nobody, because the monitor was closed;
    `aborted`: whether it was closed without having been stopped and read to its end, or this is a fork's copy;
    `repeated`: how many repetitions `first` left out; `over_rate`: the processes that did most above `rate`: how many
    events were left out, process id, name.
    """

    events: dict[str, int]
    lost: dict[tuple[str, str], int]
    cut: int
    seconds: float
    unread: int = 0
    aborted: bool = False
    repeated: int = 0
    over_rate: tuple[tuple[int, int, str], ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything that happened was reported, but for what `first` and `rate` leave out: until now, or after
        `close`, until `stop` was called.

        Never true of a monitor that was closed without having been stopped and read to its end.
        """
        missing = any(reason not in WANTED_REASONS for _, reason in self.lost)
        return not (missing or self.unread or self.aborted)


class Tally(msgspec.Struct, frozen=True):
    """What was reported until now. It is replaced as a whole, so that a signal's handler never sees half a change.

    `unread`: events that were observed and given to nobody.
    """

    events: dict[str, int] = {}
    lost: dict[tuple[str, str], int] = {}
    cut: int = 0
    unread: int = 0

    def plus(self, batch: Batch) -> "Tally":
        """With what is in the batch."""
        events = self.events.copy()
        for name, count in batch.counts().items():
            if name not in CONTEXT_EVENTS:
                events[name] = events.get(name, 0) + count
        return replace(self, events=events, lost=_with_losses(self.lost, batch.lost()), cut=self.cut + batch.cut)

    def minus(self, batch: Batch) -> "Tally":
        """With the events of the batch among the unread. Losses stay reported."""
        left = {name: count for name, count in batch.counts().items() if name not in UNCOUNTED}
        events = self.events | {name: self.events[name] - count for name, count in left.items()}
        return replace(self, events=events, cut=self.cut - batch.cut, unread=self.unread + sum(left.values()))

    def at_the_end(self, losses: Sequence[Lost], unread: int) -> "Tally":
        """With what a source still had when it was closed."""
        events = self.events
        if losses:
            events = events | {Lost.event: events.get(Lost.event, 0) + len(losses)}
        return replace(self, events=events, lost=_with_losses(self.lost, losses), unread=self.unread + unread)


def _with_losses(lost: dict[tuple[str, str], int], losses: Sequence[Lost]) -> dict[tuple[str, str], int]:
    """The counts with those of these reports, by kind and reason."""
    found = lost.copy()
    for event in losses:
        reason = event.of, event.reason
        found[reason] = found.get(reason, 0) + event.count
    return found
