"""All rows of a lake, as DuckDB reads them: files of this version, of older and of later ones."""

from typing import TYPE_CHECKING, Any

from ..errors import ExtraError
from ..query.tables import RECORDING, TYPES
from ..recordings.database import pattern, quoted
from .columns import OWN, lake_columns
from .state import State
from .store import S3, ObjectStore, is_url

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def no_rows() -> str:
    """SQL that gives none, with all columns and their types."""
    own = ", ".join(f"NULL::{kind} AS {name}" for name, kind in OWN.items())
    columns = ", ".join(f'NULL::{TYPES[each.type]} AS "{each.name}"' for each in lake_columns())
    return f"SELECT {own}, {columns}, NULL::DATE AS date, NULL::VARCHAR AS {RECORDING} WHERE FALSE"


def all_rows(reads: list[str]) -> str:
    """SQL that gives those of several tables, whose columns need not be the same."""
    if not reads:
        return no_rows()
    known = ", ".join(f'"{name}"' for name in (*OWN, *(each.name for each in lake_columns()), "date"))
    every = " UNION ALL BY NAME ".join(f"SELECT * FROM {read}" for read in reads)
    none = f"SELECT * EXCLUDE ({RECORDING}) FROM ({no_rows()})"
    return f"SELECT {known}, concat(host, '/', boot_id) AS {RECORDING} FROM ({none} UNION ALL BY NAME {every})"


def rows_of_files(store: ObjectStore, state: State) -> str:
    """Of the files of a state. Of those with the same columns, DuckDB looks at one only."""
    schemas: dict[str, list[str]] = {}
    for name, each in sorted(state.files.items()):
        schemas.setdefault(each.schema, []).append(quoted(_path(store, name)))
    types = "{'date': DATE, 'host': VARCHAR}"
    return all_rows(
        [
            f"read_parquet([{', '.join(names)}], hive_partitioning = true, hive_types = {types})"
            for _, names in sorted(schemas.items())
        ]
    )


def connect_s3(connection: "DuckDBPyConnection", options: dict[str, Any]) -> None:
    """DuckDB reads buckets by obstore. Raises ExtraError."""
    try:
        from obstore import fsspec
    except ImportError:
        raise ExtraError("a lake in S3", "fsspec", "lake") from None
    made: Any = fsspec.FsspecStore
    connection.register_filesystem(made(S3, **options))


def prepare(connection: "DuckDBPyConnection", store: ObjectStore) -> None:
    """So that it can read the files. Raises ExtraError."""
    if is_url(store.root):
        connect_s3(connection, store.options)


def _path(store: ObjectStore, name: str) -> str:
    """As DuckDB finds it."""
    return f"{store.root}/{name}" if store.directory is None else pattern(store.directory / name)
