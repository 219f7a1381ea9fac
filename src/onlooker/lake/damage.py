"""Files of a lake that can't be read: which they are, and what an answer lacks without them.

Nobody looks at all files before each query. Where one fails, or `coverage` is asked, they are looked at: first whether
they are there and as long as the lake says, then, where DuckDB found something, each by itself.
"""

import re
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..recordings.database import connect, pattern, quoted
from .objects import LakeError
from .state import DataFile

if TYPE_CHECKING:
    import duckdb

# of the kinds of errors that DuckDB has for files, those that speak of SQL are no sign of damage
_OF_DATA = re.compile(
    r"file|parquet|protocol|what type|zstd|buffer|decompress|corrupt|unicode|payload|thrift|row group|page",
    re.IGNORECASE,
)
MEMORY = "1GB"
_MOST_NAMED = 3


class Damaged(NamedTuple):
    """A file, and why it can't be read."""

    file: DataFile
    why: str


class DamagedError(LakeError):
    """Files can't be read. Who asks again without them gets an answer that lacks their rows."""

    is_stale = True

    def __init__(self, found: Sequence[Damaged], root: str) -> None:
        super().__init__(f"the lake {root}: {said(found[0])}", HINT)
        self.damaged = tuple(found)


HINT = "restore it from a backup of the lake; without it, queries answer from the other files, with exit code 1"


def said(damaged: Damaged) -> str:
    """In words."""
    return f"the file {damaged.file.name!r} {damaged.why}"


def notes_of(found: Collection[Damaged]) -> list[str]:
    """What the answer lacks, in a few lines."""
    first = sorted(found, key=lambda each: each.file.name)
    lines = [
        f"{said(each)}: the answer lacks its {each.file.rows} records; restore it from a backup"
        for each in first[:_MOST_NAMED]
    ]
    if more := first[_MOST_NAMED:]:
        rows = sum(each.file.rows for each in more)
        lines.append(f"{len(more)} more files can't be read: the answer lacks their {rows} records")
    return lines


def by_size(files: Sequence[DataFile], sizes: Mapping[str, int]) -> list[Damaged]:
    """Files that are not there, or not as long as they were. `sizes`: of those that are there, by name."""
    found = []
    for each in files:
        size = sizes.get(each.name)
        if size is None:
            found.append(Damaged(each, "is missing"))
        elif size != each.bytes:
            found.append(Damaged(each, f"has {size} bytes, not {each.bytes}"))
    return found


def is_of_data(error: Exception) -> bool:
    """Whether an error of DuckDB may come from a file, and not from SQL."""
    import duckdb

    if isinstance(error, OSError | duckdb.IOException | duckdb.InternalException | duckdb.FatalException):
        return True
    if isinstance(error, duckdb.InvalidInputException):
        return bool(_OF_DATA.search(str(error)))
    return type(error) is duckdb.Error


def by_reading(
    files: Sequence[DataFile], fetch: Callable[[DataFile], bytes | None], *, is_local: bool
) -> list[Damaged]:
    """Files of which DuckDB can't read all values, or finds other rows than were written. `fetch` gets the bytes, so
    that a server which does not answer is no damage; of a disk (`is_local`), it is. Raises LakeError.
    """
    with tempfile.TemporaryDirectory(prefix="onlooker-") as directory, connect("a lake", memory=MEMORY) as database:
        path, found = Path(directory) / "file.parquet", []
        for each in files:
            try:
                data = fetch(each)
            except LakeError as error:
                if not is_local:
                    raise
                found.append(Damaged(each, f"can't be read ({str(error).rpartition(': ')[2]:.80})"))
                continue
            path.write_bytes(data or b"")
            if why := _wrong_with(path, each, database):
                found.append(Damaged(each, why))
    return found


def _wrong_with(path: Path, file: DataFile, database: "duckdb.DuckDBPyConnection") -> str:
    import duckdb

    read = f"read_parquet({quoted(pattern(path))}, hive_partitioning = false)"
    try:
        [(rows, _)] = database.execute(f"SELECT count(*), sum(hash(it)) FROM {read} AS it").fetchall()
    except duckdb.Error as error:
        first = str(error).strip().splitlines() or [type(error).__name__]
        return f"can't be read ({first[0].rpartition(': ')[2]:.80})"
    return "" if rows == file.rows else f"has {rows} records, not {file.rows}"
