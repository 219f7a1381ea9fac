"""The table of a lake, `events`: all kinds of events together, and whose they are."""

import hashlib
from functools import cache

from ..query.tables import TYPES
from ..recordings.database import quoted
from ..records import PLAN
from ..schema.columns import SEQ, Column, Type, columns_of, event_of, table_of, wide_columns, with_seq

OWN = {"host": "VARCHAR", "boot_id": "VARCHAR", "run": "BIGINT"}  # whose it is; (run, seq) is no other's


@cache
def lake_columns() -> tuple[Column, ...]:
    """Those of events, `seq` first."""
    return with_seq(wide_columns(PLAN))


def selected(table: str, rows: str, host: str, boot_id: str, run: int) -> str:
    """SQL that makes rows of the lake of the rows of one kind of event."""
    event = event_of(table, PLAN)
    known = {column.name for column in columns_of(next(each for each in PLAN.events if each.name == event))} | {"seq"}
    made = [_selected(column, event, known) for column in lake_columns()]
    own = f"{quoted(host)} AS host, {quoted(boot_id)} AS boot_id, {run}::BIGINT AS run"
    return f"SELECT {own}, {', '.join(made)} FROM {rows}"


def iceberg_select(select: str, date: str) -> str:
    """SQL of the same rows, and their date, in types that Iceberg has: no unsigned integers, and times in
    microseconds; `boot_ns` has the nanoseconds.
    """
    columns = [f'{_in_iceberg(each)} AS "{each.name}"' for each in lake_columns()]
    return f"SELECT {', '.join(OWN)}, {', '.join(columns)}, {quoted(date)}::DATE AS date FROM ({select})"


def _in_iceberg(column: Column) -> str:
    if column.type is Type.UINT64:  # an inode may need all 64 bits; times since boot don't for 292 years
        kind = "BIGINT" if column.name.endswith("_ns") or column.name == SEQ else "DECIMAL(20, 0)"
        return f'CAST("{column.name}" AS {kind})'
    if column.type is Type.TIME:  # a cast would round, and the last of a day would be in the file of the day before
        return f'make_timestamp(epoch_ns("{column.name}") // 1000)'
    return f'CAST("{column.name}" AS {_ICEBERG.get(column.type, TYPES[column.type])})'


_ICEBERG = {Type.UINT8: "INTEGER", Type.UINT16: "INTEGER", Type.UINT32: "BIGINT"}


@cache
def schema() -> str:
    """A digest of the names and types of all columns: files of the same have the same."""
    named = [f"{name} {kind}" for name, kind in OWN.items()]
    named += [f"{each.name} {TYPES[each.type]}" for each in lake_columns()]
    return hashlib.sha256("\n".join(named).encode()).hexdigest()[:12]


def _selected(column: Column, event: str, known: set[str]) -> str:
    if column.name == "event":
        return f"{quoted(event)} AS event"
    value = f'"{column.name}"' if column.name in known else "NULL"
    return f'CAST({value} AS {TYPES[column.type]}) AS "{column.name}"'


def kinds() -> dict[str, str]:
    """The event of each table."""
    return {table_of(event.name): event.name for event in PLAN.events}
