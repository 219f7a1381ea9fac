"""Runs SQL: all statements of a text, and the last one's rows in one of several forms."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import QueryError, UsageError
from ..recordings.database import quoted
from .json_sql import json_object
from .mistakes import READS_ONLY, change
from .tables import own_tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

_CHUNK_ROWS = 1000
_CHANGES = ("INSERT", "UPDATE", "DELETE", "DROP", "ALTER", "CREATE", "MERGE_INTO")
_NUMBERS = ("tinyint", "smallint", "integer", "bigint", "hugeint", "float", "double", "decimal")
_LONG = ("varchar", "blob", "list", "array", "struct", "map", "union", "enum")
# quoted, a comment, or one character
_TOKEN = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$).*?\1|--[^\n]*|/\*.*?\*/|.""", re.DOTALL
)
NO_SQL = "no SQL is given"


class Result(msgspec.Struct, frozen=True):
    """What the last statement of a text gives: `sql` is a SELECT, without a semicolon."""

    sql: str
    names: tuple[str, ...]
    types: tuple[Any, ...]

    @property
    def numbers(self) -> list[int]:
        """Which columns hold numbers."""
        return [at for at, kind in enumerate(self.types) if _id(kind).removeprefix("u") in _NUMBERS]

    @property
    def texts(self) -> list[int]:
        """Which hold texts, lists and the like: what can be of any length."""
        return [at for at, kind in enumerate(self.types) if _id(kind) in _LONG]

    def as_text(self, limit: int | None = None) -> str:
        """A SELECT of the same rows, all as text; bytes stay bytes."""
        values = [_text(column, _id(kind)) for column, kind in zip(self._columns(), self.types, strict=True)]
        return self._select(", ".join(values)) + ("" if limit is None else f" LIMIT {limit}")

    def as_json(self) -> str:
        """A SELECT of a text for each row, which is its JSON."""
        return self._select(json_object(self.names, self._columns(), self.types))

    def as_count(self) -> str:
        """A SELECT of how many rows there are."""
        return f"SELECT count(*) FROM (\n{self.sql}\n)"

    def copied(self, path: str, form: str) -> str:
        """A statement that writes them to a file: "csv" or "parquet"."""
        how = "FORMAT csv, HEADER" if form == "csv" else "FORMAT parquet, COMPRESSION zstd"
        how += ", USE_TMP_FILE false"  # the file is one that takes its name at the end
        return f"COPY (\n{self.sql}\n) TO {quoted(path)} ({how})"

    def _columns(self) -> list[str]:
        return [f"c{at}" for at in range(len(self.names))]

    def _select(self, what: str) -> str:
        return f"SELECT {what} FROM (\n{self.sql}\n) AS result({', '.join(self._columns())})"


def run(connection: "DuckDBPyConnection", sql: str) -> Result | None:
    """Run all statements but the last one, which is only looked at if it is a SELECT or the like. None where it gives
    no rows. Raises UsageError where there is none, and DuckDB's errors.
    """
    statements = connection.extract_statements(sql)
    if not statements:
        raise UsageError(NO_SQL)
    own = own_tables()
    for statement in statements:
        if statement.type.name in _CHANGES and (table := change(statement.query, own)):
            raise QueryError(f"{table} can't be changed", READS_ONLY.format(table))
    *before, last = statements
    for statement in before:
        for _ in rows(connection, statement.query):
            pass
    text = bare(last.query)
    if last.type.name == "SELECT":
        relation = _relation(connection, text)
        return Result(text, tuple(relation.columns), tuple(relation.types))
    connection.execute(text)
    names = [each[0] for each in connection.description or ()]
    found = connection.fetchall() if names else []
    if not found:
        return None
    return _as_select(connection, names, found)


def _relation(connection: "DuckDBPyConnection", text: str) -> "DuckDBPyRelation":
    from duckdb import Error

    try:
        return connection.sql(text)
    except Error:
        connection.execute(f"EXPLAIN\n{text}")  # this error says where the mistake is
        raise


def rows(connection: "DuckDBPyConnection", sql: str) -> Iterator[list[tuple[Any, ...]]]:
    """Of one statement, some at a time."""
    connection.execute(sql)
    while some := connection.fetchmany(_CHUNK_ROWS):
        yield some


def bare(statement: str) -> str:
    r"""Without the semicolon and the comments behind it.

    >>> bare("SELECT ';' -- what\n AS x; -- the end")
    "SELECT ';' -- what\n AS x"
    """
    end = 0
    for token in _TOKEN.finditer(statement):
        if token[0] != ";" and not token[0].isspace() and not token[0].startswith(("--", "/*")):
            end = token.end()
    return statement[:end]


def _as_select(connection: "DuckDBPyConnection", names: Sequence[str], found: list[tuple[Any, ...]]) -> Result:
    """Rows that are here already, as a SELECT, so that they can be had in every form."""
    values = ", ".join(f"({', '.join(map(_literal, row))})" for row in found)
    text = f"SELECT * FROM (VALUES {values}) AS t({', '.join(map(_identifier, names))})"
    relation = connection.sql(text)
    return Result(text, tuple(relation.columns), tuple(relation.types))


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value)
    return quoted(str(value))


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(column: str, kind: str) -> str:
    if kind == "blob":
        return column
    text = f"CAST({column} AS VARCHAR)"
    # as many zeros as the type has say nothing
    return f"IF(contains({text}, '.'), rtrim(rtrim({text}, '0'), '.'), {text})" if kind == "decimal" else text


def _id(kind: Any) -> str:
    return str(kind.id).lower()
