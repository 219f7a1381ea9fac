"""DuckDB, imported only where it is used, and kept small."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ExtraError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_UNFIT = {*"\\~*?[:"}
_SPECIAL = str.maketrans({character: f"[{character}]" for character in "[*?"})

SEAL_MEMORY = "128MB"  # for segments of 16 MB; 61 MB were too little for 32 MB


def has_database() -> bool:
    """Whether DuckDB is installed. It is not imported."""
    return find_spec("duckdb") is not None


def connect(what: str, *, threads: int | None = None, memory: str | None = None) -> "DuckDBPyConnection":
    """A database in memory, which loads nothing from elsewhere. Raises ExtraError, which says that `what` needs it."""
    try:
        import duckdb
    except ImportError:
        raise ExtraError(what, "DuckDB", "query") from None
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": "",
    }
    if threads:
        config["threads"] = threads
    if memory:
        config["memory_limit"] = memory
    try:
        made = duckdb.connect(":memory:", config={**config, "async_threads": 0} if threads else config)
    except duckdb.Error:  # DuckDB 1 has no such threads
        made = duckdb.connect(":memory:", config=config)
    made.execute("SET enable_progress_bar = false")  # after two seconds, it would be in the standard output
    return made


def quoted(text: str) -> str:
    """A literal in SQL.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def way_to(directory: Path) -> tuple[Path, int]:
    """A name by which DuckDB finds that directory: it takes only UTF-8, and a name such as `~` or `*` for something
    else. And a descriptor that must stay open as long as it is used, or -1. Raises OSError.
    """
    name = str(directory.absolute())
    if name.isprintable() and not _UNFIT & {*name}:
        return directory.absolute(), -1
    descriptor = os.open(directory, os.O_PATH | os.O_CLOEXEC)
    return Path(f"/proc/self/fd/{descriptor}"), descriptor


def pattern(path: Path) -> str:
    """A name of files, as `read_parquet` takes it, that means this one only.

    >>> pattern(Path("/srv/a[1]*.parquet"))
    '/srv/a[[]1][*].parquet'
    """
    return str(path).translate(_SPECIAL)
