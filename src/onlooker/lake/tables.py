"""The tables of a lake: those of a recording, of all hosts, and for which times they are whole."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..errors import ExtraError
from ..events import UNCOUNTED, Lost
from ..query.tables import PROCESSES, RECORDING, TYPES, event_tables, processes_sql
from ..recordings.database import connect, pattern, quoted
from ..recordings.recording import Recording
from ..records import PLAN
from ..schema.columns import WIDE, event_of, table_of
from .columns import OWN, lake_columns
from .coverage import COLUMNS, TABLE, gaps, periods
from .log import COMMITS, CommitLog
from .store import S3, is_url, store_of

if TYPE_CHECKING:
    from ..filters.expression import Expression

_ALL = "recorded"  # the schema of all events, as `processes.sql` wants them
_FILES = "lake.files"
_LOSSES = table_of(Lost.event)
_OWN = ", ".join(OWN)
_SAID = "said_ns BIGINT, most_ns BIGINT, has_ends BOOLEAN, has_holes BOOLEAN"


def is_lake(path: str | os.PathLike[str]) -> bool:
    """Whether it is one, and no recording."""
    name = os.fspath(path)
    try:
        return is_url(name) or (Path(name) / COMMITS).is_dir()
    except (OSError, ValueError):
        return False


class LakeTables:
    """DuckDB with the tables of a lake, as it is now. Each kind of event is a table, `events` has all of them; `host`,
    `boot_id` and `run` say whose an event is, `recording` is HOST/BOOT_ID, and `date` is the day. `where`: the tables
    of events have only what matches.
    """

    def __init__(self, lake: str, where: "Expression | None" = None, look: Callable[[], None] = lambda: None) -> None:
        """Raises LakeError, UsageError, ExtraError, and ExpressionError where `where` asks for what no table has."""
        look()
        self.recordings: list[Recording] = []
        self.store = store_of(lake)
        self.state = CommitLog(self.store).state
        self.connection = connect("a query")
        try:
            self._open(where)
        except BaseException:
            self.close()
            raise

    @property
    def broken_off(self) -> int:
        """How many senders were killed, or have not been heard since."""
        return gaps(self.state)[1]

    @property
    def notes(self) -> list[str]:
        """What is not as it should be."""
        broken = self.broken_off
        found = [] if self.state.number else [f"the lake {self.store.root} is empty: no collector has written to it"]
        if broken:
            found.append(f"{broken} sender{'' if broken == 1 else 's'} broke off: --complete says which, and when")
        if aside := sum(1 for _ in self.store.list("_onlooker/poison")):
            found.append(f"{aside} messages made no sense, and are in _onlooker/poison")
        return found

    def names(self) -> dict[str, list[str]]:
        """The columns of each table that there is."""
        found: dict[str, list[str]] = {}
        listed = "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal"
        for table, column in self.connection.execute(f"{listed} ORDER BY table_name, column_index").fetchall():
            found.setdefault(table, []).append(column)
        return found

    def has_changed(self) -> bool:
        """Whether files that were there are gone: they were made into larger ones."""
        return not CommitLog(self.store).state.files.keys() >= self.state.files.keys()

    def losses(self) -> Counter[tuple[str, str]]:
        """What is missing of all hosts, by kind of event and reason."""
        rows = self.connection.execute(f'SELECT "of", reason, sum(count) FROM {_ALL}.{_LOSSES} GROUP BY ALL').fetchall()
        found = Counter({(of, reason): int(count) for of, reason, count in rows})
        if missing := gaps(self.state)[0]:
            found["unknown", "not in the lake"] = missing
        return found

    def close(self) -> None:
        """Let go of all."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _open(self, where: "Expression | None") -> None:
        run = self.connection.execute
        run("SET python_enable_replacements = false")  # no table is a variable of this program
        run(f"CREATE SCHEMA {_ALL}; CREATE SCHEMA tail; CREATE SCHEMA lake")
        run(f"CREATE VIEW {_FILES} AS {self._files()}")
        for table in event_tables():
            event = event_of(table, PLAN)
            columns = ", ".join(f'"{each.name}"' for each in event_tables()[table])
            run(
                f"CREATE VIEW {table} AS SELECT {columns}, date, {_OWN}, {RECORDING} FROM {_FILES} "
                f"WHERE event = {quoted(event)} AND ({_wanted(where, table)})"
            )
        counted = f"event NOT IN ({', '.join(map(quoted, sorted(UNCOUNTED)))})"
        run(f"CREATE VIEW {WIDE} AS SELECT * FROM {_FILES} WHERE {counted} AND ({_wanted(where, WIDE)})")
        self._processes(where)
        run(f"CREATE TABLE {TABLE} ({', '.join(COLUMNS)})")
        rows = [(*p[:3], p.began_ns, p.ended_ns, *p[5:]) for p in periods(self.state)]
        if rows:
            values = "?, ?, ?, make_timestamp_ns(?), make_timestamp_ns(?), ?, ?, ?, ?"
            self.connection.executemany(f"INSERT INTO {TABLE} VALUES ({values})", rows)

    def _files(self) -> str:
        """All rows of all files, also of older and of later versions."""
        none = f"SELECT {', '.join(f'NULL::{kind} AS {name}' for name, kind in OWN.items())}, "
        none += ", ".join(f'NULL::{TYPES[each.type]} AS "{each.name}"' for each in lake_columns())
        none += ", NULL::DATE AS date"
        if not self.state.files:
            return f"{none}, NULL::VARCHAR AS {RECORDING} WHERE FALSE"
        none += " WHERE FALSE"
        if is_url(self.store.root):
            self._connect()
        names = ", ".join(quoted(self._name(name)) for name in sorted(self.state.files))
        types = "{'date': DATE, 'host': VARCHAR}"
        read = f"read_parquet([{names}], hive_partitioning = true, hive_types = {types}, union_by_name = true)"
        known = ", ".join(f'"{name}"' for name in (*OWN, *(each.name for each in lake_columns()), "date"))
        whose = f"concat(host, '/', boot_id) AS {RECORDING}"
        return f"SELECT {known}, {whose} FROM ({none} UNION ALL BY NAME SELECT * FROM {read})"

    def _name(self, name: str) -> str:
        """As DuckDB finds it."""
        if self.store.directory is not None:
            return pattern(self.store.directory / name)
        return f"{self.store.root}/{name}"

    def _connect(self) -> None:
        """DuckDB reads the bucket by obstore."""
        try:
            from obstore import fsspec
        except ImportError:
            raise ExtraError("a lake in S3", "fsspec", "lake") from None
        made: Any = fsspec.FsspecStore
        self.connection.register_filesystem(made(S3, **self.store.options))

    def _processes(self, where: "Expression | None") -> None:
        """The table of processes, where each boot of a machine is a recording."""
        run = self.connection.execute
        run(f"CREATE TABLE tail.said (recording VARCHAR, {_SAID})")
        boots = sorted({(each.host, each.boot_id) for each in self.state.runs.values()})
        if boots:
            self.connection.executemany(
                "INSERT INTO tail.said VALUES (?, NULL, NULL, FALSE, TRUE)",
                [(f"{host}/{boot}",) for host, boot in boots],
            )
        asked = "* REPLACE (row(run, seq) AS seq)"
        for table in (*event_tables(), WIDE):
            event = "TRUE" if table == WIDE else f"event = {quoted(event_of(table, PLAN))}"
            run(
                f"CREATE VIEW {_ALL}.{table} AS SELECT {asked}, ({_wanted(where, table)}) AS wanted "
                f"FROM {_FILES} WHERE {event}"
            )
        own = f"regexp_extract({RECORDING}, '^(.*)/', 1) AS host, regexp_extract({RECORDING}, '[^/]*$') AS boot_id"
        chosen = "" if where is None else " WHERE events > 0"
        run(f"CREATE VIEW {PROCESSES} AS SELECT *, {own} FROM ({processes_sql()}{chosen})")


def _wanted(where: "Expression | None", table: str) -> str:
    if where is None:
        return "TRUE"
    from ..filters.sql import condition, condition_of_all

    return condition_of_all(where) if table == WIDE else condition(where, event_of(table, PLAN))
