"""A query of recordings, from opening them to the bytes that are written."""

import codecs
import os
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Union

from ..answers.page import Page, counted
from ..errors import OnlookerError, OutputError, UsageError
from ..escaping import escape
from ..output.writer import Writer
from ..query import mistakes, rows
from ..query.asks import names_in
from ..query.tables import Database
from .background import Background, CancelledError, Progress
from .grid import Grid, most_rows
from .newfile import new_file

if TYPE_CHECKING:
    from ..filters.expression import Expression
    from ..lake.damage import Damaged
    from ..lake.scope import Scope
    from ..lake.tables import LakeTables
    from ..recordings.recording import Recording

Tables = Union[Database, "LakeTables"]

_EXPLAINED = ("explain_key", "explain_value")
_READ_BYTES = 1 << 16
_LEAVE_SECONDS = 1.0  # for a lake to let go after Ctrl-C
_MOST_TRIES = 3  # before the last one
_NAMED = re.compile(r"""["']([^"']*[/.][^"']*)["']""")  # a file, in an error
_STREAMED = ("table", "json")  # by us; others DuckDB writes


class Query:
    """What is asked, and how to show it. `recordings`, `notes` and `lost` say what is to be known of the answer."""

    def __init__(
        self,
        paths: Sequence[str],
        sql: str,
        where: "Expression | None",
        form: str,
        *,
        is_all: bool,
        is_quiet: bool,
        scope: "Scope | None" = None,
    ) -> None:
        """`scope`: the hosts and times of a lake that are asked."""
        self._paths, self.sql, self._where = paths, sql, where
        self.lake = lake_of(paths)
        self._scope = scope
        self._damaged: dict[str, Damaged] = {}  # files of a lake
        self.broken_off = 0  # senders of a lake
        self.is_known = True  # whether a lake has something of what is asked
        self._form, self._is_all = form, is_all
        self.recordings: list[Recording] = []
        self.notes: list[str] = []
        self.lost: Counter[tuple[str, str]] = Counter()
        self._database: Tables | None = None
        self._background = Background(self._work, self._interrupt)
        self._progress = Progress(self._done, is_wanted=not is_quiet)
        self._has_given = False
        self._leaves_at = 0.0
        self._place: str | None = None  # of the file, while it is made
        self._page = Page()

    def cancel(self) -> None:
        """It need not go on; also for a signal handler."""
        self._background.cancel()

    def write(self, gives_up: Callable[[], bool], target: Path | None = None, *, force: bool = False) -> None:
        """All of it, to standard output or to a new file. Raises OnlookerError, or ClosedPipeError where nobody reads
        it.
        """
        with suppress(CancelledError):
            self._write_all(gives_up, target, force=force)

    def _write_all(self, gives_up: Callable[[], bool], target: Path | None, *, force: bool) -> None:
        if target is None:
            if sys.stdout is None:
                raise UsageError("standard output is closed", "-o answer.txt")
            writer = Writer(sys.stdout.fileno(), gives_up)
            self._page = Page.of(writer.descriptor)
            self._write(writer)
            return
        with new_file(target, force=force) as (_, file):
            self._place = f"/proc/self/fd/{file.fileno()}"  # whatever its name is: DuckDB takes only UTF-8
            try:
                self._write(Writer(file.fileno(), gives_up, str(target)))
            except OutputError as error:
                raise self._named(error, target) from error
            self._background.check()  # what was interrupted is no file

    def _write(self, writer: Writer) -> None:
        def tick() -> None:
            writer.check_reader()
            self._progress.show()

        try:
            for chunk in self._background.chunks(tick):
                self._progress.hide()
                writer.write(chunk)
        finally:
            self._progress.hide()

    def _named(self, error: OutputError, target: Path) -> OutputError:
        """By the name that the user knows."""
        if error.error.filename != self._place:
            return error
        return OutputError(OSError(error.error.errno, error.error.strerror, str(target)))

    def _done(self) -> float:
        database = self._database
        return database.connection.query_progress() if database else -1.0

    def _interrupt(self) -> None:
        """Raises CancelledError where a lake does not let go: requests to a server that does not answer can't be
        ended, and the thread that waits for them ends with the process.
        """
        if database := self._database:
            with suppress(Exception):  # it is closed
                database.connection.interrupt()
        now = time.monotonic()
        self._leaves_at = self._leaves_at or now + _LEAVE_SECONDS
        if self.lake is not None and now >= self._leaves_at:
            raise CancelledError

    def _work(self) -> None:
        """In the other thread: once more where files of a lake were merged meanwhile, or without those that can't be
        read.
        """
        for _ in range(_MOST_TRIES):
            with suppress(_AgainError):
                return self._ask(is_last=False)
        return self._ask(is_last=True)

    def _ask(self, *, is_last: bool) -> None:
        with self._opened(is_last=is_last) as database:
            import duckdb  # it is there

            self._database = database
            try:
                names = self._look_at(database, is_last=is_last)
                self._answer(database)
            except duckdb.Error as error:
                self._background.check()
                with self._again(is_last=is_last or self._has_given):
                    self._check(database, error)
                raise mistakes.mistake(error, self.sql, names) from error
            finally:
                self._database = None

    def _check(self, database: Tables, error: Exception) -> None:
        """Raises OnlookerError for what is wrong with what is read, and not with the SQL."""
        if isinstance(database, Database):
            if database.has_changed():
                raise _AgainError from error
        elif not self._is_of_sql(error) and (failure := database.failure(error)):
            raise failure from error

    def _is_of_sql(self, error: Exception) -> bool:
        """Whether it names a file that the SQL names, too: then no file of the lake need be looked at."""
        said = str(error).partition("\nLINE ")[0]
        return any(each in self.sql for each in _NAMED.findall(said))

    def _opened(self, *, is_last: bool) -> Tables:
        """Raises OnlookerError, and _AgainError."""
        if self.lake is None:
            return Database(self._paths, self._where, self._background.check)
        from ..lake.tables import EVERYTHING, LakeTables

        with self._again(is_last=is_last):
            return LakeTables(
                self.lake,
                self._where,
                self._background.check,
                names=names_in(self.sql),
                scope=self._scope or EVERYTHING,
                damaged=[*self._damaged.values()],
            )

    @contextmanager
    def _again(self, *, is_last: bool) -> Iterator[None]:
        """Raises _AgainError where asking once more may help."""
        try:
            yield
        except _AgainError:
            if not is_last:
                raise
        except OnlookerError as error:
            if is_last or not getattr(error, "is_stale", False):
                raise
            for each in getattr(error, "damaged", ()):
                self._damaged[each.file.name] = each
            raise _AgainError from error

    def _look_at(self, database: Tables, *, is_last: bool) -> dict[str, list[str]]:
        """What is to be known of the answer, and the columns of each table."""
        with self._again(is_last=is_last):
            self.recordings, self.notes, self.lost = database.recordings, database.notes, database.losses()
            self.broken_off, self.is_known = getattr(database, "broken_off", 0), getattr(database, "is_known", True)
            return database.names()

    def _answer(self, database: Tables) -> None:
        connection = database.connection
        connection.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
        result = rows.run(connection, self.sql)
        if result is None:
            if self._place is not None:
                raise UsageError("there is nothing to write: the last statement gives no rows", "leave out -o")
            return
        if self._form in _STREAMED:
            lines = self._json(database, result) if self._form == "json" else self._table(database, result)
            for some in lines:
                self._give(some.encode())
        elif self._place is not None:
            connection.execute(result.copied(self._place, self._form)).fetchall()
        else:
            self._piped(database, result)

    def _give(self, chunk: bytes) -> None:
        if chunk:
            self._background.give(chunk)
            self._has_given = True

    def _json(self, database: Tables, result: rows.Result) -> Iterator[str]:
        yield ""
        for some in rows.rows(database.connection, result.as_json()):
            yield "".join(f"{_plain_json(line)}\n" for (line,) in some)

    def _table(self, database: Tables, result: rows.Result) -> Iterator[str]:
        most = None if self._is_all else most_rows(self._page)
        chunks = rows.rows(database.connection, result.as_text(None if most is None else most + 1))
        first = next(chunks, [])
        if result.names == _EXPLAINED:
            yield "".join(f"{escape(line)}\n" for _, text in first for line in str(text).splitlines())
            return
        has_more = most is not None and len(first) > most
        shown = first[:most]
        grid = Grid(result.names, result.numbers, result.texts, shown, self._page)
        yield f"{grid.head()}\n" + "".join(f"{line}\n" for line in grid.lines(shown))
        for some in chunks if not has_more else ():
            yield "".join(f"{line}\n" for line in grid.lines(some))
        notes = []
        if has_more:
            assert most is not None
            for _ in chunks:
                pass
            [[(total,)]] = rows.rows(database.connection, result.as_count())
            notes.append(f"{counted(total - most, 'more row')}: --all shows them")
        elif not first:
            notes.append("no rows")
        if grid.left_out:
            notes.append(f"{counted(len(grid.left_out), 'more column')}: --output-format json")
            notes.append(f"no room for: {', '.join(grid.left_out)}")
        yield "".join(f"{self._page.fit(f'({note})')}\n" for note in notes)

    def _piped(self, database: Tables, result: rows.Result) -> None:
        """What DuckDB writes, by way of a pipe: standard output may have no reader, or be a file with a beginning."""
        reader, writer = os.pipe()
        carrier = threading.Thread(target=self._carry, args=(reader,), daemon=True)
        carrier.start()
        try:
            database.connection.execute(result.copied(f"/proc/self/fd/{writer}", self._form)).fetchall()
        finally:
            os.close(writer)
            carrier.join()

    def _carry(self, reader: int) -> None:
        harmless = _Harmless() if self._page.height else None
        try:
            while data := os.read(reader, _READ_BYTES):
                self._give(harmless(data) if harmless else data)
        except CancelledError:
            pass
        finally:
            os.close(reader)


def lake_of(paths: Sequence[str]) -> str | None:
    """The lake, where one is asked. Raises UsageError where it is not alone."""
    from ..lake.rows import is_lake

    found = next(filter(is_lake, paths), None)
    if found is not None and len(paths) > 1:
        other = next((path for path in paths if path != found), None)
        raise UsageError("a lake is asked alone", "name it once" if other is None else f"leave out {other!r}")
    return found


class _AgainError(Exception):
    """Files were made into larger ones, and removed, or can't be read: ask once more."""


class _Harmless:
    """UTF-8 for a terminal, in pieces: what is not printable is escaped."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def __call__(self, data: bytes) -> bytes:
        text = self._decoder.decode(data)
        return "".join(c if c.isprintable() or c in "\r\n" else escape(c) for c in text).encode()


def _plain_json(line: str) -> str:
    r"""The same JSON, with nothing in it that a terminal would obey.

    >>> print(_plain_json('"\x9b"'))
    "\u009b"
    """
    return line if line.isprintable() else re.sub(r"[^ -~]", _unicode_escape, line)


def _unicode_escape(found: re.Match[str]) -> str:
    character = found[0]
    if character.isprintable():
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
