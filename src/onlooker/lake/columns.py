"""The table of a lake, `events`: all kinds of events together, and whose they are."""

import hashlib
from functools import cache

from ..query.tables import TYPES
from ..recordings.database import quoted
from ..records import PLAN
from ..schema.columns import Column, columns_of, event_of, table_of, wide_columns, with_seq

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
