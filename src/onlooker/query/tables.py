"""The tables of recordings: a view for each kind of event, one for all of them, and one of processes."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ..errors import RecordingError
from ..events import ASKED_EVENTS, CONTEXT_EVENTS, UNCOUNTED, Lost
from ..recordings.database import connect, pattern, quoted, way_to
from ..recordings.ending import Read, Report
from ..recordings.manifest import wall_ns
from ..recordings.recording import Recording
from ..recordings.scope import has_every_exit, said_end
from ..records import PLAN
from ..schema.columns import SEQ, WIDE, Column, Type, columns_of, event_of, table_of, wide_columns, with_seq
from .context import KNOWN, context_columns, joined_sql, known_sql
from .parts import Parts, parts_of
from .tail import SCHEMA as TAIL
from .tail import Tail

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from ..filters.expression import Expression

RECORDING = "recording"
PROCESSES = "processes"
_LOSSES = table_of(Lost.event)
_ALL = "recorded"  # the schema of all events, whatever is asked for
_WANTED = "wanted"
_TRIES = 3
_SAID = "said"  # by each recording of itself
_SAID_COLUMNS = (f"{RECORDING} VARCHAR", "said_ns BIGINT", "most_ns BIGINT", "has_ends BOOLEAN", "has_holes BOOLEAN")
TYPES = {
    Type.BOOL: "BOOLEAN",
    Type.UINT8: "UTINYINT",
    Type.UINT16: "USMALLINT",
    Type.UINT32: "UINTEGER",
    Type.UINT64: "UBIGINT",
    Type.INT32: "INTEGER",
    Type.INT64: "BIGINT",
    Type.TIME: "TIMESTAMP_NS",
    Type.TEXT: "VARCHAR",
    Type.BYTES: "BLOB",
    Type.TEXTS: "VARCHAR[]",
    Type.BYTES_LIST: "BLOB[]",
}


@cache
def event_tables() -> dict[str, tuple[Column, ...]]:
    """The columns of each kind of event's table, without `recording`, which is the last."""
    return {table_of(event.name): with_seq(columns_of(event)) for event in PLAN.events}


@cache
def all_events() -> tuple[Column, ...]:
    """The columns of the table of all events: `seq`, `event` and so on. A report of a loss is none: whoever counts the
    rows wants to know how many events there are, and these reports have a table of their own.
    """
    names = {column.name for event in PLAN.events if event.name not in UNCOUNTED for column in columns_of(event)}
    return with_seq(tuple(column for column in wide_columns(PLAN) if column.name in {"event", *names}))


def own_tables() -> list[str]:
    """The names of all tables."""
    return [*event_tables(), WIDE, PROCESSES]


def processes_sql() -> str:
    """What the table of processes is made of."""
    return files(__package__).joinpath("sql", f"{PROCESSES}.sql").read_text("utf-8")


class Database:
    """DuckDB with the tables of recordings, as they are now. `where`: the tables of events have only what matches, and
    all losses; `processes` has those that did something of it.
    """

    def __init__(
        self,
        paths: Sequence[str | os.PathLike[str]],
        where: "Expression | None" = None,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        """`look` is called now and then while logs are read, and may raise. Raises RecordingError, ExtraError, and
        ExpressionError where `where` asks for what no table has.
        """
        self._look = look
        names = list(dict.fromkeys(os.fspath(path) for path in paths))
        for is_last in (*(False,) * (_TRIES - 1), True):  # a recorder may seal or remove something meanwhile
            self.recordings: list[Recording] = []
            self._parts: list[Parts] = []
            self._descriptors: list[int] = []
            self.connection = connect("a query")
            try:
                self._open(names, where)
                break
            except BaseException as error:
                vanished = self._has_vanished(error)
                self.close()
                if not vanished:
                    if _is_of_database(error):  # of what is no mistake of the SQL
                        raise RecordingError(f"cannot read {names[0]!r}: {_first_line(error)}") from error
                    raise
                if is_last:
                    raise RecordingError(f"{names[0]!r} changes all the time: {error}", "try again") from error

    @property
    def notes(self) -> list[str]:
        """What is not as it should be."""
        return [note for parts in self._parts for note in dict.fromkeys(parts.notes)]

    def names(self) -> dict[str, list[str]]:
        """The columns of each table that there is."""
        return names_of(self.connection)

    def has_changed(self) -> bool:
        """Whether a recorder has removed or sealed something meanwhile, so that it must be opened anew."""
        return any(parts.has_changed() for parts in self._parts)

    def losses(self, name: str | None = None) -> Counter[tuple[str, str]]:
        """What is missing of all recordings, or of the one of that name, by kind of event and reason."""
        which = "TRUE" if name is None else f"{RECORDING} = {quoted(name)}"
        ask = f'SELECT "of", reason, sum(count) FROM {_ALL}.{_LOSSES} WHERE {which} GROUP BY ALL'
        rows = self.connection.execute(ask).fetchall()
        return Counter({(of, reason): int(count) for of, reason, count in rows})

    def close(self) -> None:
        """Let go of all."""
        self.connection.close()
        while self._descriptors:
            os.close(self._descriptors.pop())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _open(self, paths: list[str], where: "Expression | None") -> None:
        run = self.connection.execute
        run("SET python_enable_replacements = false")  # no table is a variable of this program
        run(f"CREATE SCHEMA {TAIL}; CREATE SCHEMA {_ALL}")
        for table, columns in event_tables().items():
            run(f"CREATE TABLE {TAIL}.{table} ({', '.join(map(_declared, columns))}, {RECORDING} VARCHAR)")
        run(f"CREATE TABLE {TAIL}.{_SAID} ({', '.join(_SAID_COLUMNS)})")
        read = [self._take(path) for path in paths]
        names = [_name(path) for path in paths]
        held = self._know(names)
        types = {column.name: TYPES[column.type] for column in context_columns()}
        for table in event_tables():
            asked = f"* EXCLUDE ({RECORDING}), {RECORDING}, ({_wanted(where, table)}) AS {_WANTED}"
            rows = joined_sql(table, self._rows(table, names), _ALL, RECORDING, held, types)
            run(f"CREATE VIEW {_ALL}.{table} AS SELECT {asked} FROM {rows}")
        run(f"CREATE VIEW {_ALL}.{WIDE} AS {_wide()}")
        for name, recording, parts, seq in zip(names, self.recordings, self._parts, read, strict=True):
            self._report(name, recording, parts, seq)
            self._describe(name, recording, parts)
        for table in (*event_tables(), WIDE):
            counted = f" AND event NOT IN ({', '.join(map(quoted, sorted(UNCOUNTED)))})" if table == WIDE else ""
            unsaid = () if held else tuple(f'"{column.name}"' for column in _added(table))
            hidden = ", ".join((_WANTED, *unsaid))
            run(f"CREATE VIEW {table} AS SELECT * EXCLUDE ({hidden}) FROM {_ALL}.{table} WHERE {_WANTED}{counted}")
        run(f"CREATE VIEW {PROCESSES} AS {processes_sql()}{'' if where is None else 'WHERE events > 0'}")

    def _know(self, names: list[str]) -> frozenset[str]:
        """Views of what is known of processes. Returns of which kinds something was recorded."""
        held = []
        for event in CONTEXT_EVENTS:
            rows = self._rows(table_of(event), names)
            self.connection.execute(f"CREATE VIEW {_ALL}.{KNOWN}{event} AS {known_sql(event, rows, RECORDING)}")
            if self.connection.execute(f"SELECT 1 FROM {rows} LIMIT 1").fetchall():
                held.append(event)
        return frozenset(held)

    def _has_vanished(self, error: BaseException) -> bool:
        return isinstance(error, FileNotFoundError) or (_is_of_database(error) and self.has_changed())

    def _take(self, path: str) -> int:
        """Find what a recording has, and read its logs. Returns the number of its next event."""
        recording = Recording(path)
        try:
            way = self._way(recording.path)
            parts = parts_of(recording, way, self.connection, self._descriptors, self._look)
            self.recordings.append(recording)
            self._parts.append(parts)
            is_alone = not recording.path.is_dir()
            tail = Tail(self.connection, _name(path), parts.next_seq, is_alone=is_alone)
            for log, seq in parts.logs:
                tail.seq = tail.seq if seq is None else seq
                is_end = not recording.is_finished and log == parts.logs[-1][0]
                try:
                    tail.add(log, self._look, is_end=is_end, is_written=is_end and recording.is_being_written)
                except FileNotFoundError:
                    if is_alone or recording.is_being_written or log.with_suffix("").is_dir():  # it is sealed by now
                        raise
                    parts.damage(f"{str(log)!r}: it is not there")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise RecordingError(f"cannot read {path!r}: {error.strerror or error}") from error
        for note in tail.damage:
            parts.damage(note)
        if tail.torn:
            parts.damage(tail.torn)
            parts.torn = 1
        parts.events += tail.events
        return tail.seq

    def _rows(self, table: str, names: list[str]) -> str:
        """All of a table, from wherever it is."""
        pieces = []
        # what a file calls as we do is not ours, and gets our types; older versions have fewer columns, later ones more
        none = f"SELECT *, NULL::BOOLEAN AS {_WANTED} FROM {TAIL}.{table} WHERE FALSE"
        declared = event_tables()[table]
        columns = ", ".join(f'CAST("{each.name}" AS {TYPES[each.type]}) AS "{each.name}"' for each in declared)
        for name, parts in zip(names, self._parts, strict=True):
            if paths := parts.files.get(table):
                listed = ", ".join(quoted(pattern(path)) for path in paths)
                # a directory above is named as it is, also where that looks like KEY=VALUE
                by_name = ", union_by_name = true" if table in parts.mixed else ""  # then all files are looked at twice
                read = f"read_parquet([{listed}], hive_partitioning = false{by_name})"
                typed = f"* EXCLUDE ({RECORDING}, {_WANTED}) REPLACE ({columns}), {quoted(name)} AS {RECORDING}"
                pieces.append(f"SELECT {typed} FROM ({none} UNION ALL BY NAME SELECT * FROM {read})")
        pieces.append(f"SELECT * FROM {TAIL}.{table}")
        return f"({' UNION ALL BY NAME '.join(pieces)})"

    def _way(self, path: Path) -> Path:
        """To a recording, also if this program goes elsewhere."""
        way, descriptor = way_to(path)
        if descriptor >= 0:
            self._descriptors.append(descriptor)
        return way

    def _report(self, name: str, recording: Recording, parts: Parts, seq: int) -> None:
        """What is missing, as the recording itself reports it to whoever reads its events."""
        start = (wall_ns(recording.manifest.start) if recording.manifest else None) or 0
        read = Read()
        read.count(parts.events, self.losses(name))
        if parts.rotated:
            self._lose(name, start, (parts.rotated, "unknown", "rotated"), parts.rotated - 1, "ASC")
        for report in read.reports(
            recording.manifest, is_damaged=parts.damaged > 0, is_being_written=recording.is_being_written
        ):
            self._lose(name, start, report, seq, "DESC")
            seq += 1
        if not parts.damaged and recording.manifest and (shortage := read.shortage(recording.manifest)):
            parts.notes.append(f"{str(recording.path)!r}: {shortage}")

    def _describe(self, name: str, recording: Recording, parts: Parts) -> None:
        """What tells until when its processes were there that have no end."""
        ended, most = said_end(recording.manifest) or (None, None)
        has_holes = recording.is_finished or parts.damaged > parts.torn
        said = [name, ended, most, has_every_exit(recording.manifest), has_holes]
        self.connection.execute(f"INSERT INTO {TAIL}.{_SAID} VALUES (?, ?, ?, ?, ?)", said)

    def _lose(self, name: str, start: int, report: Report, seq: int, order: str) -> None:
        count, of, reason = report
        columns = f'{SEQ}, time, boot_ns, count, "of", reason, {RECORDING}'
        near = f"SELECT time, boot_ns FROM {_ALL}.{WIDE} WHERE {RECORDING} = $name ORDER BY {SEQ} {order} LIMIT 1"
        self.connection.execute(
            f"INSERT INTO {TAIL}.{_LOSSES} ({columns}) SELECT $seq, "
            f"coalesce(time, make_timestamp_ns($start)), coalesce(boot_ns, 0), $count, $of, $reason, $name "
            f"FROM (SELECT 1) LEFT JOIN ({near}) ON TRUE",
            {"name": name, "start": start, "seq": seq, "count": count, "of": of, "reason": reason},
        ).fetchall()


def names_of(connection: "DuckDBPyConnection") -> dict[str, list[str]]:
    """The columns of each table that a query may name."""
    found: dict[str, list[str]] = {}
    listed = "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal"
    for table, column in connection.execute(f"{listed} ORDER BY table_name, column_index").fetchall():
        found.setdefault(table, []).append(column)
    return found


def _is_of_database(error: BaseException) -> bool:
    from duckdb import Error

    return isinstance(error, Error)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _name(path: str) -> str:
    """As it was given, in UTF-8."""
    return os.fsencode(path).decode(errors="replace")


def _declared(column: Column) -> str:
    return f'"{column.name}" {TYPES[column.type]}'


def _added(table: str) -> list[Column]:
    """What is known of processes, of the columns that a table has not of its own."""
    if table != WIDE and event_of(table, PLAN) not in ASKED_EVENTS:
        return []
    own = {column.name for column in (all_events() if table == WIDE else event_tables()[table])}
    return [column for column in context_columns() if column.name not in own]


def _wide() -> str:
    pieces = [f"SELECT {quoted(event.name)} AS event, * FROM {_ALL}.{table_of(event.name)}" for event in PLAN.events]
    columns = ", ".join(f'"{column.name}"' for column in (*all_events(), *_added(WIDE)))
    return f"SELECT {columns}, {RECORDING}, {_WANTED} FROM ({' UNION ALL BY NAME '.join(pieces)})"


def _wanted(where: "Expression | None", table: str) -> str:
    if where is None:
        return "TRUE"
    from ..filters.sql import condition

    return condition(where, event_of(table, PLAN))
