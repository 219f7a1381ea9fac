"""What queries read of a lake that is an Iceberg table."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING, Any

from ..recordings.database import quoted
from .aside import aside_in
from .iceberg import Catalogue, told
from .iceberg_merge import PARTS
from .objects import LakeError
from .parts import date_of
from .rows import all_rows, connect_s3
from .scope import LATEST_NS, Scope
from .state import DataFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_AT_ONCE = 16  # requests


class IcebergReader:
    """What `LakeTables` asks, of the table."""

    is_local = False

    def __init__(self, lake: str, scope: Scope) -> None:
        """Raises LakeError, UsageError and ExtraError."""
        self._catalogue = Catalogue(lake, is_query=True)
        self._scope = scope
        self.state = self._catalogue.refresh()
        self.root = f"{self._catalogue.root}/{self._catalogue.name}"
        self.files: Sequence[DataFile] = self._of(scope)
        self._has_schemas = len(self._catalogue.table.schemas()) > 1

    def earlier(self) -> Sequence[DataFile]:
        """As the table lists them."""
        return self._of(self._scope.before)

    def rows(self, files: Sequence[DataFile]) -> str:
        """SQL that gives all."""
        names = ", ".join(quoted(each.name) for each in files)
        # to look at the columns of each file takes time
        read = f"read_parquet([{names}]{', union_by_name = true' if self._has_schemas else ''})"
        return all_rows([read] if files else [], cast=True)

    def prepare(self, connection: "DuckDBPyConnection") -> None:
        """So that it can read the files."""
        if any(each.name.startswith("s3") for each in self.files):
            connect_s3(connection, self._catalogue.s3)

    def sizes(self, files: Sequence[DataFile]) -> dict[str, int]:
        """By asking for each."""
        with told(f"read the table {self._catalogue.name}"), ThreadPoolExecutor(_AT_ONCE) as pool:
            found = zip(files, pool.map(self._size, files), strict=True)
            return {each.name: size for each, size in found if size is not None}

    def fetch(self, file: DataFile) -> bytes | None:
        """As pyiceberg reads it."""
        with told(f"read the table {self._catalogue.name}"):
            try:
                with self._catalogue.table.io.new_input(file.name).open() as stream:
                    return bytes(stream.read())
            except FileNotFoundError:
                return None

    def aside(self) -> int:
        """How many messages made no sense."""
        return sum(map(aside_in, self._catalogue.aside_names()))

    def asides(self) -> Iterator[tuple[str, bytes]]:
        """What has them."""
        for name in self._catalogue.aside_names():
            if (data := self._catalogue.aside_data(name)) is not None:
                yield name, data

    def has_changed(self) -> bool:
        """Whether files that were there are gone."""
        self._catalogue.refresh()
        return not {each.name for each in self.files} <= {each.name for each in self._of(self._scope)}

    def _size(self, file: DataFile) -> int | None:
        found = self._catalogue.table.io.new_input(file.name)
        return len(found) if found.exists() else None

    def _of(self, scope: Scope) -> Sequence[DataFile]:
        tasks = self._catalogue.tasks(_row_filter(scope))
        if any(each.delete_files for each in tasks):
            raise LakeError(
                f"an engine has deleted rows of the table {self._catalogue.name}, and onlooker would still see them",
                "let the engine write its files anew: CALL CATALOG.system.rewrite_data_files(table => 'TABLE', "
                "options => map('delete-file-threshold', '1'))",
            )
        return sorted((_data_file(each.file, self._catalogue.table) for each in tasks), key=lambda each: each.name)


def _data_file(file: Any, table: Any) -> DataFile:
    name = file.file_path.removeprefix("file://")
    if [each.name for each in table.specs()[file.spec_id].fields] != PARTS:  # an engine has changed it
        return DataFile(name, "", "", file.record_count, file.file_size_in_bytes, 0, LATEST_NS)
    day, host = file.partition[0], file.partition[1]
    if isinstance(day, int):
        day = date.fromordinal(date(1970, 1, 1).toordinal() + day)
    return DataFile(name, str(day), str(host), file.record_count, file.file_size_in_bytes)


def _row_filter(scope: Scope) -> Any:
    """By the columns that files are sorted by, so that the library reads no lists of others."""
    from pyiceberg import expressions

    made: list[Any] = []
    kinds: Any = expressions
    if scope.hosts:
        made.append(kinds.In("host", scope.hosts))
    for kind, ns in ((kinds.GreaterThanOrEqual, scope.since_ns), (kinds.LessThanOrEqual, scope.until_ns)):
        if ns is not None:
            made.append(kind("date", date_of(ns)))
    if not made:
        return None
    return kinds.And(*made) if len(made) > 1 else made[0]
