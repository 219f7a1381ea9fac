"""All rows of a lake, as DuckDB reads them: files of this version, of older and of later ones."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import PROGRAM, ExtraError, UsageError
from ..query.tables import RECORDING, TYPES
from ..recordings.database import pattern, quoted
from .aside import POISON, aside_in
from .columns import OWN, lake_columns
from .log import COMMITS, CommitLog
from .scope import Scope
from .state import DataFile, State
from .store import EVENTS, ICEBERG, S3, is_url, store_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOST_LISTED = 31  # days, each by itself


def no_rows() -> str:
    """SQL that gives none, with all columns and their types."""
    own = ", ".join(f"NULL::{kind} AS {name}" for name, kind in OWN.items())
    columns = ", ".join(f'NULL::{TYPES[each.type]} AS "{each.name}"' for each in lake_columns())
    return f"SELECT {own}, {columns}, NULL::DATE AS date, NULL::VARCHAR AS {RECORDING} WHERE FALSE"


def all_rows(reads: list[str], *, cast: bool = False) -> str:
    """SQL that gives those of several tables, whose columns need not be the same; `cast`: nor their types."""
    if not reads:
        return no_rows()
    types = {each.name: TYPES[each.type] for each in lake_columns()} if cast else {}
    names = (*OWN, *(each.name for each in lake_columns()), "date")
    known = ", ".join(
        f'CAST("{name}" AS {types[name]}) AS "{name}"' if name in types else f'"{name}"' for name in names
    )
    every = " UNION ALL BY NAME ".join(f"SELECT * FROM {read}" for read in reads)
    none = f"SELECT * EXCLUDE ({RECORDING}) FROM ({no_rows()})"
    return f"SELECT {known}, concat(host, '/', boot_id) AS {RECORDING} FROM ({none} UNION ALL BY NAME {every})"


def connect_s3(connection: "DuckDBPyConnection", options: dict[str, Any]) -> None:
    """DuckDB reads buckets by obstore. Raises ExtraError."""
    try:
        from obstore import fsspec
    except ImportError:
        raise ExtraError("a lake in S3", "fsspec", "lake") from None
    made: Any = fsspec.FsspecStore
    connection.register_filesystem(made(S3, **options))


def _typed(name: str, types: dict[str, str]) -> str:
    return f'CAST("{name}" AS {types[name]})' if name in types else f'"{name}"'


class Reader(Protocol):
    """A lake, as it was when this was made. `files`: those that may have what is asked. `is_local`: on a disk here."""

    root: str
    state: State
    files: Sequence[DataFile]
    is_local: bool

    def earlier(self) -> Sequence[DataFile]:
        """The files that may have what was said of processes before what is asked, and what is asked."""

    def rows(self, files: Sequence[DataFile]) -> str:
        """SQL that gives all rows of files."""

    def prepare(self, connection: "DuckDBPyConnection") -> None:
        """So that it can read the files. Raises ExtraError."""

    def sizes(self, files: Sequence[DataFile]) -> dict[str, int]:
        """How many bytes each of the files has that are there, and maybe of others. Raises LakeError."""

    def fetch(self, file: DataFile) -> bytes | None:
        """The bytes of a file; None where there is none. Raises LakeError."""

    def aside(self) -> int:
        """How many messages made no sense. Raises LakeError."""

    def asides(self) -> Iterator[tuple[str, bytes]]:
        """The objects that have them, by name. Raises LakeError."""

    def has_changed(self) -> bool:
        """Whether files that were there are gone: they were made into larger ones. Raises LakeError."""


class FileReader:
    """Of a directory or a bucket."""

    def __init__(self, lake: str, scope: Scope) -> None:
        """Raises LakeError, UsageError and ExtraError."""
        self._store = store_of(lake, is_query=True)
        self._scope = scope
        self.root = self._store.root
        self.is_local = self._store.directory is not None
        self.state = CommitLog(self._store).state
        self.files: Sequence[DataFile] = self._of(scope)

    def earlier(self) -> Sequence[DataFile]:
        """By their times, which commits say."""
        return self._of(self._scope.before)

    def rows(self, files: Sequence[DataFile]) -> str:
        """Of files with the same columns, DuckDB looks at one only."""
        schemas: dict[str, list[str]] = {}
        for each in files:
            schemas.setdefault(each.schema, []).append(quoted(self._path(each.name)))
        types = "{'date': DATE, 'host': VARCHAR}"
        return all_rows(
            [
                f"read_parquet([{', '.join(names)}], hive_partitioning = true, hive_types = {types})"
                for _, names in sorted(schemas.items())
            ]
        )

    def prepare(self, connection: "DuckDBPyConnection") -> None:
        """So that it can read a bucket."""
        if self._store.directory is None:
            connect_s3(connection, self._store.options)

    def sizes(self, files: Sequence[DataFile]) -> dict[str, int]:
        """By listing the days of the files."""
        dates = {each.date for each in files}
        prefixes = [f"{EVENTS}/date={date}" for date in dates] if len(dates) <= _MOST_LISTED else [EVENTS]
        return {found.name: found.bytes for prefix in sorted(prefixes) for found in self._store.list(prefix)}

    def fetch(self, file: DataFile) -> bytes | None:
        """By the store."""
        return self._store.get(file.name)

    def aside(self) -> int:
        """How many messages made no sense."""
        return sum(aside_in(each.name) for each in self._store.list(POISON))

    def asides(self) -> Iterator[tuple[str, bytes]]:
        """What has them."""
        for name in sorted(each.name for each in self._store.list(POISON)):
            if (data := self._store.get(name)) is not None:
                yield name, data

    def has_changed(self) -> bool:
        """Whether files that were there are gone."""
        return not CommitLog(self._store).state.files.keys() >= self.state.files.keys()

    def _of(self, scope: Scope) -> Sequence[DataFile]:
        return [each for _, each in sorted(self.state.files.items()) if scope.has(each)]

    def _path(self, name: str) -> str:
        """As DuckDB finds it."""
        directory = self._store.directory
        return f"{self._store.root}/{name}" if directory is None else pattern(directory / name)


def reader_of(lake: str, scope: Scope) -> Reader:
    """Raises LakeError, UsageError and ExtraError."""
    if lake.partition("://")[0] not in ICEBERG:
        return FileReader(lake, scope)
    from .iceberg_reader import IcebergReader

    return IcebergReader(lake, scope)


def is_lake(path: str | os.PathLike[str]) -> bool:
    """Whether it is one, and no recording."""
    name = os.fspath(path)
    try:
        return is_named(name) or any((Path(name) / each).is_dir() for each in (COMMITS, POISON))
    except (OSError, ValueError):
        return False


def check_lake(lake: str) -> None:
    """Raises UsageError for a directory that is there, and no lake."""
    if not is_lake(lake) and Path(lake).is_dir():
        raise UsageError(f"{lake!r} is no lake", f"{PROGRAM} collect nats://localhost/onlooker --lake {quote(lake)}")


def is_named(word: str) -> bool:
    """Whether it is the URL of one."""
    return is_url(word) or word.partition("://")[0] in ICEBERG
