"""Where a monitor's events come from: the kernel (`live.py`) or a list (`fake.py`)."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from ..events import Lost
from ..filters import Filter
from ..records import Batch


class Attachment(msgspec.Struct, frozen=True):
    """One hook that was attached: for which event, what of it, the programs, and why this way was chosen."""

    event: str
    purpose: str
    method: str
    programs: tuple[str, ...]
    why: str
    blind: str = ""


def grouped(attached: Iterable[Attachment]) -> list[tuple[str, Attachment]]:
    """Attachments that differ in nothing but the event as one, with the names of their events: "rename, unlink"."""
    found: dict[Attachment, list[str]] = {}
    for each in attached:
        found.setdefault(msgspec.structs.replace(each, event=""), []).append(each.event)
    return [(", ".join(events), each) for each, events in found.items()]


class Rest(msgspec.Struct, frozen=True):
    """What a source still had when it was closed.

    `lost`: losses that `poll` has not given; `unread`: how many events were observed that `poll` has not given.
    """

    lost: Sequence[Lost] = ()
    unread: int = 0


class Waiting(msgspec.Struct, frozen=True):
    """Bytes that nobody has polled yet: in the kernel's ring, which has room for `ring_size`, and in this process's
    backlog, which has room for `backlog_size`.
    """

    ring: int
    ring_size: int
    backlog: int
    backlog_size: int


class Source(Protocol):
    """What `Monitor` needs of a source. One thread calls it, except for `stop`.

    One that has `fileno` can be waited for: that is a descriptor which can be read while `poll` has something to give
    or to do, and `stop` and signals end a `poll` that waits. Of others `poll` is called again and again.
    """

    def start(self, wanted: Filter) -> None:
        """Begin; after it returns nothing that happens is missed."""

    def poll(self, timeout: float) -> Batch | None:
        """Events as soon as there are any, in the order that `Monitor.poll` promises.

        None after `timeout` seconds or once `exhausted`. A source that has `taken` gives the same batch again until
        that is called: what an exception breaks off on the way to the monitor, such as a signal's, is not lost.
        """

    def stop(self) -> None:
        """Observe nothing more; what was observed before can still be polled.

        Takes effect at once, returns at once, and raises nothing: signal handlers and other threads call it.
        """

    @property
    def exhausted(self) -> bool:
        """Whether there will never be another event."""

    @property
    def attached(self) -> tuple[Attachment, ...]:
        """What is attached, for a report."""

    def close(self) -> Rest | None:
        """Count a last time, and let go of everything. May be called again. None: nothing was left."""
