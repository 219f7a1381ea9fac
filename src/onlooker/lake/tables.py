"""The tables of a lake: those of a recording, of all hosts, and for which times they are whole."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Self

import msgspec

from ..errors import PROGRAM, UsageError
from ..events import ASKED_EVENTS, UNCOUNTED, Lost
from ..query.context import context_columns
from ..query.tables import PROCESSES, RECORDING, event_tables, names_of, processes_sql
from ..recordings.database import connect, quoted
from ..recordings.recording import Recording
from ..records import PLAN
from ..schema.columns import WIDE, event_of
from . import doubles
from .aside import COLUMNS as ASIDE_COLUMNS
from .aside import MOST_ROWS, Row, first_rows
from .aside import TABLE as ASIDE
from .columns import OWN
from .context import SCHEMA, held_for, joined_sql, views_sql
from .coverage import COLUMNS, DAMAGED, TABLE, Period, broke_off, periods, shared_names
from .damage import Damaged, DamagedError, by_reading, by_size, is_of_data, notes_of
from .hints import hint_for, unanswered
from .rows import no_rows, reader_of
from .scope import Scope, asked_periods, gaps, times_of
from .state import DataFile
from .store import LakeError

if TYPE_CHECKING:
    from ..filters.expression import Expression

EVERYTHING = Scope()
_MOST_NAMED = 20  # hosts, in a hint
_ALL = "recorded"  # the schema of all events, as `processes.sql` wants them
_FILES = "lake.files"
_EARLIER = "lake.earlier"  # with what was said of processes before what is asked
_NONE = "lake.none"
_OF_EVENTS = {*event_tables(), WIDE, PROCESSES, TABLE}  # tables that messages put aside are missing in
_SAID = "said_ns BIGINT, most_ns BIGINT, has_ends BOOLEAN, has_holes BOOLEAN"


class ChangedError(LakeError):
    """Files were made into larger ones, and removed, while they were read: ask again."""

    is_stale = True


class LakeTables:
    """DuckDB with the tables of a lake, as it is now. Each kind of event is a table, `events` has all of them; `host`,
    `boot_id` and `run` say whose an event is, `recording` is HOST/BOOT_ID, and `date` is the day. `where`: the tables
    of events have only what matches; `scope`: all tables have only these hosts and times.
    """

    def __init__(
        self,
        lake: str,
        where: "Expression | None" = None,
        look: Callable[[], None] = lambda: None,
        *,
        names: set[str] | None = None,
        scope: Scope = EVERYTHING,
        damaged: Sequence[Damaged] = (),
    ) -> None:
        """`names`: of these tables only the rows are needed; `damaged`: files that are left out. Raises LakeError,
        DamagedError, UsageError, ExtraError, and ExpressionError where `where` asks for what no table has.
        """
        look()
        self.recordings: list[Recording] = []
        self._scope = scope
        self._reader = reader_of(lake, scope)
        self.state = self._reader.state
        self._check_empty(lake)
        self._check_hosts()
        self._damaged = {each.file.name: each for each in damaged}
        self._earlier: list[DataFile] = []
        self._asks_aside = names is not None and ASIDE in names
        self._is_of_aside = False
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
        return gaps(self._periods, self._scope).broken_off

    @property
    def is_known(self) -> bool:
        """Whether the lake has something of the hosts and times that are asked, if only that nothing was running; or
        where only the table `aside` is asked, whether that has.
        """
        return self._is_of_aside or (bool(self.state.runs) and not self._unknown())

    @property
    def notes(self) -> list[str]:
        """What is not as it should be."""
        broken = self.broken_off
        found = [] if self.state.number else [f"the lake {self._reader.root} is empty: no collector has written to it"]
        found += [f"nothing is in the lake{each}" for each in (() if self._is_of_aside else self._unknown())]
        found += notes_of(self._damaged.values())
        if broken:
            found.append(f"{broke_off(broken)}: --complete says which, and when")
        for host, count in shared_names(self.state):
            if not self._scope.hosts or host in self._scope.hosts:
                found.append(f"{count} machines are called {host!r:.80}: boot_id says which is which")
        found += doubles.notes(self.state, self.connection, _FILES, self._scope)
        if aside := self._reader.aside():
            many = "1 message was" if aside == 1 else f"{aside} messages were"
            if not self._asks_aside:
                found.append(f"{many} put aside that made no sense: --aside lists them")
            if self._has_most_aside and aside > MOST_ROWS:
                found.append(f"the table {ASIDE} has {MOST_ROWS} of them")
        return found

    def names(self) -> dict[str, list[str]]:
        """The columns of each table that there is."""
        return names_of(self.connection)

    def has_changed(self) -> bool:
        """Whether files that were there are gone: they were made into larger ones."""
        return self._reader.has_changed()

    def failure(self, error: Exception) -> LakeError | None:
        """What is wrong with the lake, where an error of DuckDB comes from that. Raises LakeError where it can't be
        reached.
        """
        if unanswered(str(error)):  # to ask once more takes as long again
            return self._unread(error)
        if not is_of_data(error):
            return None
        if self.has_changed():
            return ChangedError(f"files of the lake {self._reader.root} were merged meanwhile", "ask again")
        files = list({each.name: each for each in (*self._files, *self._earlier)}.values())
        found = by_size(files, self._reader.sizes(files))
        found = found or by_reading(files, self._reader.fetch, is_local=self._reader.is_local)
        return DamagedError(found, self._reader.root) if found else None

    def losses(self) -> Counter[tuple[str, str]]:
        """What is missing of what is asked, by kind of event and reason. Where not all times are asked, the periods
        say it: a loss is told later than it was.
        """
        known = gaps(self._periods, self._scope)
        found: Counter[tuple[str, str]] = Counter()
        if self._scope.has_times:
            found["unknown", "lost"], found["unknown", "untracked"] = known.lost, known.most_lost + known.most_missing
        elif known.lost:
            asked = f'SELECT "of", reason, sum(count) FROM {_FILES} WHERE event = {quoted(Lost.event)} GROUP BY ALL'
            with self._reading():
                rows = self.connection.execute(asked).fetchall()
            found.update({(of, reason): int(count) for of, reason, count in rows})
        found["unknown", "not in the lake"] = known.missing
        found["unknown", "unread"] = sum(each.file.rows for each in self._damaged.values())
        return +found

    def close(self) -> None:
        """Let go of all."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @cached_property
    def _periods(self) -> list[Period]:
        """Of all hosts and times."""
        asked_ns = self._scope.last_ns if self._scope.has_times else 0
        return [self._marked(each) for each in periods(self.state, asked_ns=asked_ns)]

    def _marked(self, period: Period) -> Period:
        """What it says of files that can't be read."""
        for file in (*self._damaged_of.get(period.host, ()), *self._damaged_of.get("", ())):
            first_ns, last_ns = times_of(file)
            if first_ns <= period.ended_ns and last_ns >= period.began_ns:
                return period._replace(whole=False, why=period.why or DAMAGED)
        return period

    @cached_property
    def _damaged_of(self) -> dict[str, list[DataFile]]:
        found: dict[str, list[DataFile]] = {}
        for each in self._damaged.values():
            found.setdefault(each.file.host, []).append(each.file)
        return found

    def _unknown(self) -> list[str]:
        """Of which hosts and times the lake has nothing, in words."""
        asked = list(asked_periods(self._periods, self._scope)) if self.state.runs else []
        hosts = [f" of {host!r:.80}" for host in self._scope.hosts if all(each.host != host for each in asked)]
        when = str(msgspec.structs.replace(self._scope, hosts=()))
        if hosts:
            return [f"{of}{when}" for of in hosts]
        return [when] if when and not asked else []

    def _check_empty(self, lake: str) -> None:
        """Raises UsageError for a lake that a collector has made, and not yet written to."""
        if not self.state.number and not self.state.runs and not self._reader.aside():
            hint = f"{PROGRAM} collect nats://localhost/onlooker --lake {shlex.quote(lake)}"
            raise UsageError(f"the lake {self._reader.root} is empty: no collector has committed to it yet", hint)

    def _check_hosts(self) -> None:
        """Raises UsageError for a host that has never sent anything, not even what was put aside."""
        known = {each.host for each in self.state.runs.values()}
        if not known.issuperset(self._scope.hosts):
            known |= {row.host for row in first_rows(self._reader.asides()) if row.host}
        for host in self._scope.hosts:
            if host not in known:
                raise (
                    UsageError.unknown("host", host, sorted(known)[:_MOST_NAMED])
                    if known
                    else UsageError(
                        f"unknown host {host!r:.80}: the lake {self._reader.root} is empty", "leave out --host"
                    )
                )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Raises ChangedError, DamagedError or LakeError for what DuckDB can't read."""
        import duckdb

        try:
            yield
        except (duckdb.Error, OSError) as error:
            raise (self.failure(error) or self._unread(error)) from error

    def _unread(self, error: Exception) -> LakeError:
        root, said = self._reader.root, _words(error)
        return LakeError(f"can't read the lake {root}: {said}", hint_for(root, said))

    def _open(self, where: "Expression | None", names: set[str] | None) -> None:
        run = self.connection.execute
        run("SET python_enable_replacements = false")  # no table is a variable of this program
        run(f"CREATE SCHEMA {_ALL}; CREATE SCHEMA tail; CREATE SCHEMA {SCHEMA}")
        self._reader.prepare(self.connection)
        if names is None or TABLE in names:  # it says for which times all is here
            found = by_size(self._reader.files, self._reader.sizes(self._reader.files))
            self._damaged |= {each.file.name: each for each in found}
        self._view(_FILES, self._files, self._scope)
        run(f"CREATE VIEW {_NONE} AS {no_rows()}")
        held = held_for(names if where is None else None)
        if held:
            earlier = _FILES
            if self._scope.since_ns is not None:
                self._earlier = self._whole(self._reader.earlier())
                self._view(earlier := _EARLIER, self._earlier, self._scope.before)
            for made in views_sql(earlier):
                run(made)
        for table in (*event_tables(), WIDE):
            # DuckDB looks at all files for each view that is made of them
            rows, asked = (_FILES, held) if names is None or table in names else (_NONE, ())
            selected = _selected(table, rows, asked)
            run(f"CREATE VIEW {table} AS {selected} AND ({_wanted(where, table)})")
        is_asked = names is None or PROCESSES in names
        self._processes(where, joined_sql(_FILES if is_asked else _NONE, held if is_asked and where else ()))
        asks_coverage = names is None or TABLE in names
        self._fill(TABLE, COLUMNS, list(asked_periods(self._periods, self._scope)) if asks_coverage else [])
        kept = self._reader.asides() if names is None or ASIDE in names else iter(())
        aside = list(first_rows(kept, self._scope.has_row))
        self._fill(ASIDE, ASIDE_COLUMNS, aside)
        self._has_most_aside = len(aside) == MOST_ROWS
        self._is_of_aside = bool(aside) and names is not None and names.isdisjoint(_OF_EVENTS) and ASIDE in names

    @property
    def _files(self) -> list[DataFile]:
        return self._whole(self._reader.files)

    def _whole(self, files: Sequence[DataFile]) -> list[DataFile]:
        return [each for each in files if each.name not in self._damaged]

    def _view(self, name: str, files: Sequence[DataFile], scope: Scope) -> None:
        wanted = f" WHERE {scope.condition()}" if scope.condition() else ""
        self.connection.execute(f"CREATE VIEW {name} AS SELECT * FROM ({self._reader.rows(files)}){wanted}")

    def _fill(self, table: str, columns: Sequence[str], rows: Sequence[Period | Row]) -> None:
        """All at once: a row by itself takes a millisecond."""
        self.connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        if not rows:
            return
        kinds = [kind for _, kind in map(str.split, columns)]
        values = [
            "make_timestamp_ns(unnest(?::BIGINT[]))" if kind == "TIMESTAMP_NS" else f"unnest(?::{kind}[])"
            for kind in kinds
        ]
        made = [list(column) for column in zip(*rows, strict=True)]
        self.connection.execute(f"INSERT INTO {table} SELECT {', '.join(values)}", made)

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
        own = f"regexp_extract({RECORDING}, '^(.*)/', 1, 's') AS host, regexp_extract({RECORDING}, '[^/]*$') AS boot_id"
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
    if said := unanswered(str(error)):
        return said
    lines = [line.strip() for line in str(error).partition("\nLINE ")[0].splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return (lines[-1] if lines[0].startswith("Traceback") else lines[0])[:200]
