"""Events that are made by hand, as a formatter is given them."""

from collections.abc import Iterable

from onlooker import Batch, Event
from onlooker.output import Formatter


def formatted(formatter: Formatter, events: Iterable[Event]) -> bytes:
    """Their lines."""
    return b"".join(map(formatter.format, Batch.of(events)))
