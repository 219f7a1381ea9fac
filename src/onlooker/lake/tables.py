"""The tables of a lake: those of a recording, of all hosts, and for which times they are whole."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Self

from ..events import ASKED_EVENTS, UNCOUNTED, Lost
from ..query.context import context_columns
from ..query.tables import PROCESSES, RECORDING, event_tables, names_of, processes_sql
from ..recordings.database import connect, quoted
from ..recordings.recording import Recording
from ..records import PLAN
from ..schema.columns import WIDE, event_of
from .columns import OWN
from .context import SCHEMA, held_for, joined_sql, views_sql
from .coverage import COLUMNS, TABLE, Period, broke_off, gaps, periods, shared_names
from .rows import no_rows, reader_of
from .store import LakeError

if TYPE_CHECKING:
    from ..filters.expression import Expression

_ALL = "recorded"  # the schema of all events, as `processes.sql` wants them
_FILES = "lake.files"
_NONE = "lake.none"
_SAID = "said_ns BIGINT, most_ns BIGINT, has_ends BOOLEAN, has_holes BOOLEAN"


class ChangedError(LakeError):
    """Files were made into larger ones, and removed, while they were read: ask again."""

    is_stale = True


class LakeTables:
    """DuckDB with the tables of a lake, as it is now. Each kind of event is a table, `events` has all of them; `host`,
    `boot_id` and `run` say whose an event is, `recording` is HOST/BOOT_ID, and `date` is the day. `where`: the tables
    of events have only what matches.
    """

    def __init__(
        self,
        lake: str,
        where: "Expression | None" = None,
        look: Callable[[], None] = lambda: None,
        *,
        names: set[str] | None = None,
    ) -> None:
        """`names`: of these tables only the rows are needed. Raises LakeError, UsageError, ExtraError, and
        ExpressionError where `where` asks for what no table has.
        """
        look()
        self.recordings: list[Recording] = []
        self._reader = reader_of(lake)
        self.state = self._reader.state
        self.connection = connect("a query")
        try:
            with self._reading():
                self._open(where, names)
        except BaseException:
            self.close()
            raise

    @property
    def broken_off(self) -> int:
        """How many senders were killed, or have not been heard since."""
        return gaps(self._periods)[1]

    @property
    def notes(self) -> list[str]:
        """What is not as it should be."""
        broken = self.broken_off
        found = [] if self.state.number else [f"the lake {self._reader.root} is empty: no collector has written to it"]
        if broken:
            found.append(f"{broke_off(broken)}: --complete says which, and when")
        for host, count in shared_names(self.state):
            found.append(f"{count} machines are called {host!r:.80}: boot_id says which is which")
        if aside := self._reader.aside():
            many = "1 message was" if aside == 1 else f"{aside} messages were"
            found.append(f"{many} put aside that made no sense")
        return found

    def names(self) -> dict[str, list[str]]:
        """The columns of each table that there is."""
        return names_of(self.connection)

    def has_changed(self) -> bool:
        """Whether files that were there are gone: they were made into larger ones."""
        return self._reader.has_changed()

    def losses(self) -> Counter[tuple[str, str]]:
        """What is missing of all hosts, by kind of event and reason."""
        if not any(span.lost for run in self.state.runs.values() for span in run.known().spans):
            rows = []  # as the messages say
        else:
            asked = f'SELECT "of", reason, sum(count) FROM {_FILES} WHERE event = {quoted(Lost.event)} GROUP BY ALL'
            with self._reading():
                rows = self.connection.execute(asked).fetchall()
        found = Counter({(of, reason): int(count) for of, reason, count in rows})
        if missing := gaps(self._periods)[0]:
            found["unknown", "not in the lake"] = missing
        return found

    def close(self) -> None:
        """Let go of all."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @cached_property
    def _periods(self) -> list[Period]:
        return list(periods(self.state))

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Raises ChangedError or LakeError for what DuckDB can't read."""
        import duckdb

        try:
            yield
        except (duckdb.Error, OSError) as error:
            if self.has_changed():
                merged = f"files of the lake {self._reader.root} were merged meanwhile"
                raise ChangedError(merged, "ask again") from error
            raise LakeError(f"can't read the lake {self._reader.root}: {_words(error)}") from error

    def _open(self, where: "Expression | None", names: set[str] | None) -> None:
        run = self.connection.execute
        run("SET python_enable_replacements = false")  # no table is a variable of this program
        run(f"CREATE SCHEMA {_ALL}; CREATE SCHEMA tail; CREATE SCHEMA {SCHEMA}")
        self._reader.prepare(self.connection)
        run(f"CREATE VIEW {_FILES} AS {self._reader.rows()}")
        run(f"CREATE VIEW {_NONE} AS {no_rows()}")
        held = held_for(names if where is None else None)
        for made in views_sql(_FILES) if held else ():
            run(made)
        for table in (*event_tables(), WIDE):
            # DuckDB looks at all files for each view that is made of them
            rows, asked = (_FILES, held) if names is None or table in names else (_NONE, ())
            selected = _selected(table, rows, asked)
            run(f"CREATE VIEW {table} AS {selected} AND ({_wanted(where, table)})")
        is_asked = names is None or PROCESSES in names
        self._processes(where, joined_sql(_FILES if is_asked else _NONE, held if is_asked and where else ()))
        run(f"CREATE TABLE {TABLE} ({', '.join(COLUMNS)})")
        if names is None or TABLE in names:
            self._fill_coverage()

    def _fill_coverage(self) -> None:
        """All at once: a row by itself takes a millisecond."""
        if not self._periods:
            return
        kinds = ["BIGINT" if kind == "TIMESTAMP_NS" else kind for _, kind in map(str.split, COLUMNS)]
        values = [f"unnest(?::{kind}[])" for kind in kinds]
        for place in (Period._fields.index("began_ns"), Period._fields.index("ended_ns")):
            values[place] = f"make_timestamp_ns({values[place]})"
        columns = [list(column) for column in zip(*self._periods, strict=True)]
        self.connection.execute(f"INSERT INTO {TABLE} SELECT {', '.join(values)}", columns)

    def _processes(self, where: "Expression | None", rows: str) -> None:
        """The table of processes, where each boot of a machine is a recording."""
        run = self.connection.execute
        run(f"CREATE TABLE tail.said (recording VARCHAR, {_SAID})")
        boots = sorted({(each.host, each.boot_id) for each in self.state.runs.values()})
        if boots:
            recordings = [f"{host}/{boot}" for host, boot in boots]
            run("INSERT INTO tail.said SELECT unnest(?::VARCHAR[]), NULL, NULL, FALSE, TRUE", [recordings])
        asked = "* REPLACE (row(run, seq) AS seq)"
        for table in (*event_tables(), WIDE):
            event = "TRUE" if table == WIDE else f"event = {quoted(event_of(table, PLAN))}"
            wanted = f"({_wanted(where, table)}) AS wanted"
            run(f"CREATE VIEW {_ALL}.{table} AS SELECT {asked}, {wanted} FROM {rows} WHERE {event}")
        own = f"regexp_extract({RECORDING}, '^(.*)/', 1) AS host, regexp_extract({RECORDING}, '[^/]*$') AS boot_id"
        chosen = "" if where is None else " WHERE events > 0"
        run(f"CREATE VIEW {PROCESSES} AS SELECT *, {own} FROM ({processes_sql()}{chosen})")


def _selected(table: str, rows: str, held: tuple[str, ...]) -> str:
    """SQL of the rows of one table, with what is known of those that are asked for it."""
    if table == WIDE:
        uncounted = ", ".join(map(quoted, sorted(UNCOUNTED)))
        return f"SELECT * FROM {joined_sql(rows, held)} WHERE event NOT IN ({uncounted})"
    event = event_of(table, PLAN)
    names = [each.name for each in event_tables()[table]]
    if event in ASKED_EVENTS and held:
        names += [column.name for column in context_columns() if column.name not in names]
        rows = joined_sql(rows, held)
    columns = ", ".join(f'"{name}"' for name in names)
    own = f"date, {', '.join(OWN)}, {RECORDING}"
    return f"SELECT {columns}, {own} FROM {rows} WHERE event = {quoted(event)}"


def _wanted(where: "Expression | None", table: str) -> str:
    if where is None:
        return "TRUE"
    from ..filters.sql import condition, condition_of_all

    return condition_of_all(where) if table == WIDE else condition(where, event_of(table, PLAN))


def _words(error: Exception) -> str:
    """In one line. What the library for S3 says, DuckDB tells at the end of a traceback, and of the SQL behind it."""
    lines = [line.strip() for line in str(error).partition("\nLINE ")[0].splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return (lines[-1] if lines[0].startswith("Traceback") else lines[0])[:200]
