"""Columns back to batches: what `table.py` does, the other way round."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Protocol

from ..errors import UsageError
from ..escaping import escape
from ..schema.plan import EventPlan, StepPlan
from ..schema.values import Names
from ._records import Merge, Rebuilt
from .batch import Batch
from .planned import NUMBERS, PLAN, compiled

BATCH_BYTES = 512 << 10  # as the monitor's
_MOST = 2**64


class Stream(Protocol):
    """What Arrow's readers speak."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """A capsule "arrow_array_stream"."""


def records_of(event: str, stream: Stream) -> Rebuilt:
    """The records of one event, of a table with its columns by their names. `event`, `cmdline` and unknown columns are
    ignored. What is NULL or not there does not apply, or is empty; without `seq` rows have the numbers from 0 on, and
    without `boot_ns` the wall clock stands for it.

    Raises UsageError for an unknown event, for columns and values that no record can have, and where the stream
    can't be read.
    """
    if event not in NUMBERS:
        raise UsageError.unknown("event", event, tuple(NUMBERS))
    plan = PLAN.events[NUMBERS[event] - 1]
    rebuilt = Rebuilt(compiled(), plan, partial(_number_of, plan))
    try:
        capsule = stream.__arrow_c_stream__()
    except MemoryError:
        raise
    except Exception as error:  # the reader's own, such as DuckDB's for a file that is damaged
        raise UsageError(f"the table can't be read: {escape(str(error))}") from error
    rebuilt.read(capsule)
    return rebuilt


def merged(parts: Sequence[Rebuilt], most: int = BATCH_BYTES) -> Iterator[Batch]:
    """The records of several events as batches of some `most` bytes, each of one clock, in the order of their numbers.

    Raises UsageError where those of one are not in order.
    """
    merge = Merge(parts)
    while (found := merge.next(most)) is not None:
        yield Batch(*found)


def _number_of(event: EventPlan, step: StepPlan, raw: bytes) -> int:
    """The number that has this name, or these, each with a NUL behind it."""
    try:
        text, values = raw.decode(), step.values
        assert values is not None
        number = values.number_of(text) if isinstance(values, Names) else values.number_of(text.split("\0")[:-1])
    except (LookupError, ValueError) as error:
        what = (raw if isinstance(step.values, Names) else raw[:-1]).replace(b"\0", b", ").decode("utf-8", "replace")
        raise UsageError(f"not a value of {event.name}.{step.name}: {what!r:.200}") from error
    if not 0 <= number < _MOST:
        raise UsageError(f"not a value of {event.name}.{step.name}: {number:#x}"[:200])
    return number
