"""What a monitor has reported, in numbers."""

from collections.abc import Sequence

import msgspec

from .events import WANTED_REASONS, Lost


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


def add_losses(lost: dict[tuple[str, str], int], losses: Sequence[Lost]) -> None:
    """Add the counts of these reports, by kind and reason."""
    for event in losses:
        reason = event.of, event.reason
        lost[reason] = lost.get(reason, 0) + event.count
