"""Batches as columns, for whatever reads Arrow's PyCapsule interface: DuckDB, polars, pandas, pyarrow."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..schema.columns import WIDE, columns_of, event_of, table_of, wide_columns, with_seq
from ._records import Buffer, Columns, TablePlan, pulled
from .planned import NUMBERS, PLAN, compiled

if TYPE_CHECKING:
    from .batch import Batch


def event_in(table: str) -> str | None:
    """The event of a table; None for the table of all. Raises UsageError for an unknown name."""
    if table == WIDE:
        return None
    try:
        return event_of(table, PLAN)
    except LookupError:
        names = (WIDE, *(table_of(event) for event in NUMBERS))
        raise UsageError.unknown("table", table, names) from None


@cache
def table_plan(table: str, *, has_seq: bool = False) -> TablePlan:
    """The table as the native part has it. Raises UsageError for an unknown name."""
    name = event_in(table)
    events = [event for event in PLAN.events if name in (None, event.name)]
    columns = wide_columns(PLAN) if name is None else columns_of(events[0])
    return TablePlan(
        compiled(), with_seq(columns) if has_seq else columns, {event.number: event.name for event in events}
    )


class Table:
    """The events of one kind of a batch, or of all, as columns; `Batch.table` makes it. Each `__arrow_c_stream__` is
    made anew.

    >>> from onlooker import Batch
    >>> from onlooker.testing import make
    >>> [batch] = Batch.of([make("open"), make("exec"), make("open")])
    >>> batch.table("opens"), batch.table("events")
    (<Table opens of 2 rows>, <Table events of 3 rows>)
    """

    __slots__ = ("_data", "_offset_ns", "_rows", "name")

    def __init__(self, name: str, rows: int, data: bytes | Buffer, offset_ns: int) -> None:
        self.name = name
        self._rows, self._data, self._offset_ns = rows, data, offset_ns

    def __len__(self) -> int:
        return self._rows

    def __repr__(self) -> str:
        return f"<Table {self.name} of {self._rows} rows>"

    def __arrow_c_schema__(self) -> object:
        """A capsule "arrow_schema"."""
        return table_plan(self.name).schema()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """A capsule "arrow_array_stream". The types are always the same, whatever is requested."""
        columns = Columns(table_plan(self.name))
        columns.add(self._data, self._offset_ns)
        return columns.stream()


class Batches(Iterator["Batch"]):
    """The batches of a monitor, one after the other. As an Arrow stream, it is the table of all events, a chunk for
    each batch, as long as the monitor runs: whoever reads it waits for the next, on its own thread.
    """

    __slots__ = ("_batches",)

    def __init__(self, batches: Iterator["Batch"]) -> None:
        self._batches = batches

    def __next__(self) -> "Batch":
        for batch in self._batches:  # not next(): where a function is called, a signal's handler may raise and lose it
            return batch
        raise StopIteration

    def __arrow_c_schema__(self) -> object:
        """A capsule "arrow_schema"."""
        return table_plan(WIDE).schema()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """A capsule "arrow_array_stream"; what a batch raises is the stream's error. The types are always the same,
        whatever is requested.
        """
        return pulled(table_plan(WIDE), self._batches)


class TableBuilder:
    """The columns of a table, of several batches one after the other, each with its own clock. With `seq` the first
    column is the number of each event, from `seq` on; the events of all kinds count, so that the tables of the same
    batches can be merged again. Raises UsageError for an unknown name.
    """

    def __init__(self, table: str, *, seq: int | None = None) -> None:
        name = event_in(table)
        self.table = table
        self._has_seq = seq is not None
        self._events = set(NUMBERS) if name is None else {name}
        self._columns = Columns(table_plan(table, has_seq=self._has_seq), seq or 0)

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def seq(self) -> int:
        """The number of the next event."""
        return self._columns.seq

    def add(self, batch: "Batch") -> None:
        """Append the rows of a batch. Raises UsageError for a record that no column can hold."""
        if self._events.isdisjoint(batch.counts()):
            self._columns.skip(len(batch))
        else:
            self._columns.add(batch.raw, batch.offset_ns)

    def skip(self, events: int) -> None:
        """So many have a number, and no row here."""
        self._columns.skip(events)

    def take(self) -> "Rows":
        """What was appended until now; it is no longer here then."""
        rows = len(self)
        return Rows(table_plan(self.table, has_seq=self._has_seq), self._columns.stream(), rows)


class Rows:
    """Rows that can be read once."""

    def __init__(self, plan: TablePlan, stream: object, rows: int) -> None:
        self._plan, self._stream, self._rows = plan, stream, rows

    def __len__(self) -> int:
        return self._rows

    def __arrow_c_schema__(self) -> object:
        """A capsule "arrow_schema"."""
        return self._plan.schema()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """A capsule "arrow_array_stream". Raises UsageError the second time."""
        if self._stream is None:
            raise UsageError("the rows were read already", "rows can be read once")
        stream, self._stream = self._stream, None
        return stream
