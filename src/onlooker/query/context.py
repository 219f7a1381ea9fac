"""What is known of the processes of events, as columns of their tables: where something of it was recorded."""

from functools import cache

from ..events import ASKED_EVENTS, CONTEXT_EVENTS, OWN_EVENTS
from ..records import PLAN
from ..records.fold import key_of
from ..schema.columns import SEQ, Column, columns_of, table_of

KNOWN = "known_"  # the beginning of the names of views, by kind


@cache
def context_columns() -> tuple[Column, ...]:
    """Those that say it, of all kinds; what is not UTF-8 beside them."""
    found = []
    for event in reversed(CONTEXT_EVENTS):
        plan = next(each for each in PLAN.events if each.name == event)
        fields = {field for fields in OWN_EVENTS[event].context.values() for field in fields}
        found += [column for column in columns_of(plan) if {column.name, column.of} & fields]
    return tuple(found)


def known_sql(event: str, rows: str, recording: str) -> str:
    """What is known of each user, control group or process, once: what was said last."""
    keys = ", ".join(f'"{name}"' for name in (recording, *key_of(event)))
    plan = next(each for each in PLAN.events if each.name == event)
    mine = {column.name for column in columns_of(plan)}
    said = ", ".join(
        f'arg_max("{column.name}", "{SEQ}") AS "{column.name}"' for column in context_columns() if column.name in mine
    )
    return f"SELECT {keys}, {said} FROM {rows} GROUP BY {keys}"


def joined_sql(table: str, rows: str, schema: str, recording: str, held: frozenset[str], types: dict[str, str]) -> str:
    """The rows of a table of events, with these columns: NULL where nothing of that kind was recorded (`held`: what
    was). Other tables as they are.
    """
    own = next((event for event in PLAN.events if table_of(event.name) == table), None)
    if own is None or own.name not in ASKED_EVENTS:
        return rows
    taken = {column.name for column in columns_of(own)}
    columns, joins = [], []
    for event in reversed(CONTEXT_EVENTS):
        plan = next(each for each in PLAN.events if each.name == event)
        mine = {column.name for column in columns_of(plan)}
        names = [column.name for column in context_columns() if column.name in mine - taken]
        if event in held:
            keys = ", ".join(f'"{name}"' for name in (recording, *key_of(event)))
            joins.append(f"LEFT JOIN {schema}.{KNOWN}{event} USING ({keys})")
            columns += [f'{KNOWN}{event}."{name}"' for name in names]
        else:
            columns += [f'NULL::{types[name]} AS "{name}"' for name in names]
    return f"(SELECT it.*, {', '.join(columns)} FROM {rows} AS it {' '.join(joins)})"
