"""Events in tables of DuckDB, as a recording has them."""

import duckdb

from onlooker.events import EVENTS
from onlooker.records import Batch
from onlooker.records.table import TableBuilder
from onlooker.schema.columns import WIDE, table_of

TABLES = {event: table_of(event) for event in EVENTS}


def created() -> duckdb.DuckDBPyConnection:
    """The tables of all events, empty."""
    connection = duckdb.connect()
    for name in (WIDE, *TABLES.values()):
        _with_rows(connection, name, Batch.checked(b"", 0, 1), f'CREATE TABLE "{name}" AS FROM rows')
    return connection


def fill(connection: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """The events of a batch and no others, numbered from 0; of one event's table only where there are some."""
    for name in (WIDE, *(TABLES[event] for event in batch.counts())):
        connection.execute(f'DELETE FROM "{name}"')
        _with_rows(connection, name, batch, f'INSERT INTO "{name}" FROM rows')


def _with_rows(connection: duckdb.DuckDBPyConnection, table: str, batch: Batch, statement: str) -> None:
    made = TableBuilder(table, seq=0)
    made.add(batch)
    connection.register("rows", made.take())
    try:
        connection.execute(statement)
    finally:
        connection.unregister("rows")


def kept(connection: duckdb.DuckDBPyConnection, table: str, condition: str) -> list[int]:
    """The numbers of the rows for which it holds."""
    return [seq for (seq,) in connection.execute(f"SELECT seq FROM {table} WHERE {condition} ORDER BY seq").fetchall()]


def answers(connection: duckdb.DuckDBPyConnection, table: str, condition: str) -> list[bool | None]:
    """What it is for each row, where nothing is left out."""
    return [answer for (answer,) in connection.execute(f"SELECT {condition} FROM {table} ORDER BY seq").fetchall()]
