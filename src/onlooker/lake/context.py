"""What is known of processes, users and control groups (`--with`), as columns of the tables of a lake."""

from functools import cache

from ..events import CONTEXT_EVENTS, UNCOUNTED
from ..query.context import KNOWN, context_columns, known_sql
from ..query.tables import RECORDING
from ..recordings.database import quoted
from ..records import PLAN
from ..records.fold import key_of
from ..schema.columns import columns_of

SCHEMA = "lake"


@cache
def _columns_of(event: str) -> frozenset[str]:
    return frozenset(column.name for each in PLAN.events if each.name == event for column in columns_of(each))


@cache
def own_columns() -> frozenset[str]:
    """Columns that say only this, and that no event has of its own."""
    counted = {name for each in PLAN.events if each.name not in UNCOUNTED for name in _columns_of(each.name)}
    return frozenset(column.name for column in context_columns()) - counted


def held_for(names: set[str] | None) -> tuple[str, ...]:
    """The kinds that SQL with these names asks for; None: all."""
    said = {column.name for column in context_columns()}
    return tuple(each for each in CONTEXT_EVENTS if names is None or names & said & _columns_of(each))


def views_sql(rows: str) -> list[str]:
    """SQL that makes a view for each kind: what was said last of each, of the rows of a lake."""
    made = []
    for event in CONTEXT_EVENTS:
        of = f"(SELECT * REPLACE (row(run, seq) AS seq) FROM {rows} WHERE event = {quoted(event)})"
        made.append(f"CREATE VIEW {SCHEMA}.{KNOWN}{event} AS {known_sql(event, of, RECORDING)}")
    return made


def joined_sql(rows: str, held: tuple[str, ...]) -> str:
    """SQL of rows of the lake with what is known of them; without columns that nobody asks for."""
    hidden = ", ".join(f'"{name}"' for name in sorted(own_columns()))
    if not held:
        return f"(SELECT * EXCLUDE ({hidden}) FROM {rows})"
    replaced, joins = [], []
    for event in held:
        keys = ", ".join(f'"{name}"' for name in (RECORDING, *key_of(event)))
        joins.append(f"LEFT JOIN {SCHEMA}.{KNOWN}{event} AS {KNOWN}{event} USING ({keys})")
        mine = [column.name for column in context_columns() if column.name in _columns_of(event)]
        replaced += [f'coalesce(it."{name}", {KNOWN}{event}."{name}") AS "{name}"' for name in mine]
    return f"(SELECT it.* REPLACE ({', '.join(replaced)}) FROM {rows} AS it {' '.join(joins)})"
