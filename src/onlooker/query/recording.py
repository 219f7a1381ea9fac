"""A recording as Python has it: its events, and its tables."""

import os
from typing import TYPE_CHECKING, Self

from ..errors import UsageError
from ..recordings.process import ProcessRecord
from ..recordings.processes import Processes
from ..recordings.recording import Recording as Events
from .mistakes import mistake
from .tables import RECORDING, Database

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation


def open(path: str | os.PathLike[str]) -> "Recording":  # noqa: A001
    """A recording, to be iterated or asked by SQL. Raises RecordingError for what is none, or can't be read.

    >>> import onlooker
    >>> with onlooker.open("build.onlook") as recording:  # doctest: +SKIP
    ...     for event in recording:
    ...         print(event)
    ...     print(recording.sql("SELECT comm, count(*) FROM opens GROUP BY comm").fetchall())
    """
    return Recording(path)


class Recording(Events):
    """What was recorded: it iterates the events, with a report of whatever is missing, and `batches()` gives the same
    without an object for each; `tree()` gives the processes. `sql` and `table` need DuckDB, and know what there was
    when they were first used.

    `manifest` is what it says of itself, None where that is missing or can't be read; `notes` says what is not as it
    should be. `is_being_written`: a recorder is at work on it, and what it holds is all until now.
    """

    _tables: Database | None = None

    def sql(self, query: str) -> "DuckDBPyRelation | None":
        """The answer, as a relation of DuckDB: `fetchall()`, `df()`, `pl()` and Arrow's PyCapsules work. It is computed
        when it is read, and can be read again; None for a statement that has no rows. Raises QueryError; what goes
        wrong while it is read is DuckDB's own error.
        """
        connection = self._connection()
        import duckdb  # it is there

        try:
            return connection.sql(query)
        except duckdb.Error as error:
            assert self._tables
            raise mistake(error, query, self._tables.names()) from error

    def table(self, name: str) -> "RecordedTable":
        """One of its tables: "opens", "execs", ..., "losses", "events", "processes". Raises UsageError for an unknown
        name.
        """
        connection = self._connection()
        assert self._tables
        names = self._tables.names()
        if name not in names:
            raise UsageError.unknown("table", name, tuple(names))
        return RecordedTable(connection, name)

    def tree(self) -> list[ProcessRecord]:
        """The processes that no other one of the recording began, by the time of their start; each has its `children`,
        and so on down. Those that did nothing but open files are left out. Needs DuckDB only where the recording is
        sealed.

        >>> import onlooker
        >>> with onlooker.open("build.onlook") as recording:  # doctest: +SKIP
        ...     for root in recording.tree():
        ...         for depth, process in root.walk():
        ...             print("  " * depth, process)
        """
        known = Processes(self)
        for batch in self.batches():
            known.take(batch)
        return [each for each in known.records() if each.parent is None]

    def close(self) -> None:
        """Let go of the tables. May be called again."""
        if self._tables is not None:
            self._tables.close()
            self._tables = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _connection(self) -> "DuckDBPyConnection":
        if self._tables is None:
            self._tables = Database([self.path])
        return self._tables.connection


class RecordedTable:
    """A table of a recording, for whatever reads Arrow's PyCapsule interface. It is read one segment after the other,
    in DuckDB's chunks of a million rows at most, each time anew. It lives no longer than its recording is open.
    """

    def __init__(self, connection: "DuckDBPyConnection", name: str) -> None:
        self._connection, self.name = connection, name

    def __len__(self) -> int:
        [(rows,)] = self._connection.cursor().execute(f"SELECT count(*) FROM {self.name}").fetchall()
        return int(rows)

    def __repr__(self) -> str:
        return f"<RecordedTable {self.name}>"

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """A capsule "arrow_array_stream"."""
        own = self._connection.cursor()  # a connection is busy while it is read
        return own.sql(f"SELECT * EXCLUDE ({RECORDING}) FROM {self.name}").__arrow_c_stream__(requested_schema)
