"""What DuckDB refuses, as errors of ours: its own words in one line, and the names that there are."""

import errno
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import OnlookerError, QueryError, ResourceError

if TYPE_CHECKING:
    import duckdb

_PLACE = re.compile(r"\n+LINE \d+: .*", re.DOTALL)
_TABLE = re.compile(r"Table with name \S+ does not exist")
_COLUMN = re.compile(r"Referenced column|does not have a column named")
_MOST = 400  # characters of its words: it may name forty functions


def mistake(error: "duckdb.Error", sql: str, tables: Mapping[str, Sequence[str]]) -> OnlookerError:
    """As an error of ours. `tables`: the columns of each table that there is."""
    import duckdb

    if isinstance(error, duckdb.OutOfMemoryException):
        return ResourceError(OSError(errno.ENOMEM, "Cannot allocate memory", "memory"), "answer the query")
    words = " ".join(_PLACE.sub("", str(error)).split())
    if len(words) > _MOST:
        words = f"{words[: _MOST - 3]}..."
    return QueryError(words, _hint(words, sql, tables))


def _hint(words: str, sql: str, tables: Mapping[str, Sequence[str]]) -> str:
    if _TABLE.search(words):
        return f"the tables are {', '.join(tables)}"
    if _COLUMN.search(words):
        named = [name for name in tables if re.search(rf"\b{name}\b", sql, re.IGNORECASE)]
        return "; ".join(f"{name} has {', '.join(tables[name])}" for name in named)
    return ""
