"""Which kinds of events a query asks for, by the names in it."""

import re
from typing import NamedTuple

from ..events import PROCESS_EVENTS, TASK_EVENTS
from ..events.open import Open
from ..schema.columns import WIDE, table_of
from .tables import PROCESSES

# a comment, a text, a name in quotes, a name
_TOKEN = re.compile(r"""--[^\n]*|/\*.*?\*/|'((?:[^']|'')*)'|"((?:[^"]|"")*)"|(\w+)""", re.DOTALL)
_TABLES = {table_of(name): (name,) for name in TASK_EVENTS} | {PROCESSES: PROCESS_EVENTS}
_COLUMNS = {"writes": (Open.event,)}  # of processes; others are called as tables


class Asks(NamedTuple):
    """`needed`: kinds of events without which the answer is wrong; `touched`: those that it may be about."""

    needed: tuple[str, ...]
    touched: tuple[str, ...]


def names_in(sql: str) -> set[str]:
    """Every name in it, also of what is no table, in small letters.

    >>> sorted(names_in('SELECT "Host" FROM opens -- and no renames'))
    ['from', 'host', 'opens', 'select']
    """
    return {(quoted or plain).lower() for _, quoted, plain in _TOKEN.findall(sql)} - {""}


def asks(sql: str) -> Asks:
    """Of SQL. The table of all events needs those kinds that the SQL names in quotes: whoever asks it for all, asks for
    what was recorded.

    >>> asks("SELECT count(*) FROM opens -- and no renames")
    Asks(needed=('open',), touched=('open',))
    >>> asks("FROM events WHERE event = 'rename'").needed
    ('rename',)
    """
    names: set[str] = set()
    texts: set[str] = set()
    for text, quoted, plain in _TOKEN.findall(sql):
        texts.add(text)
        names.add((quoted or plain).lower())
    asked = _TABLES | (_COLUMNS if PROCESSES in names else {})
    needed = {event for name in names for event in asked.get(name, ())}
    if WIDE in names:
        needed |= texts & TASK_EVENTS.keys()
    touched = TASK_EVENTS.keys() if {WIDE, PROCESSES} & names else needed
    return Asks(*(tuple(name for name in TASK_EVENTS if name in some) for some in (needed, touched)))
