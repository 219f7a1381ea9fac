"""What DuckDB refuses, as errors of ours: its own words in one line, the place in the SQL, and what was probably meant,
or which names there are.
"""

import errno
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..errors import OnlookerError, OutputError, QueryError, ResourceError, columns_of_text
from ..events import CONTEXT_EVENTS, OWN_EVENTS
from ..records import PLAN
from ..schema.columns import Type, columns_of

if TYPE_CHECKING:
    import duckdb

_PLACE = re.compile(r"\n+(LINE \d+: )([^\n]*)\n( *)(\^+)")
_LINE = re.compile(r"\n+LINE \d+: .*", re.DOTALL)
_FUNCTIONS = re.compile(r"\n\s*Candidate functions:.*", re.DOTALL)
_INTERNAL = re.compile(r'\s*Did you mean "[^"]*\b(recorded|tail)\.[^"]*"\?')
_TABLE = re.compile(r"Table with name \S+ does not exist")
_COLUMN = re.compile(r'Referenced column "(?P<name>[^"]*)"|does not have a column named')
_TEXT_COLUMN = re.compile(r"convert string '(?P<value>[^']*)' to \w+ when casting from source column (?P<column>\w+)")
_NOT_A_NUMBER = re.compile(r"Could not convert string '[^']*' to U?(?:INT|FLOAT|DOUBLE|DECIMAL)")
_COMPARED = re.compile(r"(?P<column>\w+)\s*(?:==?|!=|<>|<=?|>=?)\s*$")
_AFTER_COMPARISON = re.compile(r"(?:=|<>|<|>|\blike|\bin\s*\([^)]*)\s*$", re.IGNORECASE)
_LITERAL = re.compile(r"'%?([^'%]+)%?'")
_GROUP = re.compile(r'(?<!")\bgroup\b(?!\s+by\b)(?!")', re.IGNORECASE)
_CHANGE = re.compile(
    r"""(?: \s | --[^\n]*\n | /\*[^*]*\*+(?:[^/*][^*]*\*+)*/ )*
    (?: insert(?:\s+or\s+\w+)?\s+into | update | delete\s+from | merge\s+into | truncate(?:\s+table)?
      | (?:drop|alter)\s+\w+(?:\s+if\s+exists)?
      | create(?:\s+or\s+replace)?\s+(?:table|view)(?:\s+if\s+not\s+exists)? )
    \s+ (?:main\.)? "?(?P<table>\w+)"? (?![\w.])""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_EXTENSION = re.compile(r'extension "|requires the extension', re.IGNORECASE)
_UNWRITTEN = re.compile(r'Could not (?:write|flush|sync|truncate) file \\?"(?P<name>.*?)\\?": (?P<why>[^"]*)')
_MOST = 400  # characters of its words: it may name forty functions
_ERRNOS = {os.strerror(number): number for number in errno.errorcode}

_EXAMPLE_TIME = "'2026-01-31 12:00:00'"
READS_ONLY = "a query only reads a recording; a copy can be changed: CREATE TABLE mine AS FROM {}"


class _Place(NamedTuple):
    """A line of the SQL, and what is wrong in it."""

    text: str = ""
    start: int = 0
    end: int = 0

    @property
    def before(self) -> str:
        return self.text[: self.start]

    @property
    def wrong(self) -> str:
        return self.text[self.start : self.end]


def mistake(error: "duckdb.Error", sql: str, tables: Mapping[str, Sequence[str]]) -> OnlookerError:
    """As an error of ours. `tables`: the columns of each table that there is."""
    import duckdb

    said = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return ResourceError(OSError(errno.ENOMEM, "Cannot allocate memory", "memory"), "answer the query")
    if unwritten := _UNWRITTEN.search(said):
        why = unwritten["why"].strip()
        return OutputError(OSError(_ERRNOS.get(why, 0), why, unwritten["name"]))
    place = _place(said) or _found(said, sql)
    words = " ".join(_INTERNAL.sub("", _FUNCTIONS.sub("", _LINE.sub("", said))).split())
    if len(words) > _MOST:
        words = f"{words[: _MOST - 3]}..."
    return QueryError(words, _meant(words, sql, place, tables) or _names(words, sql, tables), *place)


def change(sql: str, tables: Sequence[str]) -> str:
    """Which of the tables a statement would change; "" for none.

    >>> change("DROP VIEW opens", ["opens"]), change("CREATE TABLE mine AS FROM opens", ["opens"])
    ('opens', '')
    """
    found = _CHANGE.match(sql)
    table = str(found["table"]).lower() if found else ""
    return table if table in tables else ""


def _place(said: str) -> _Place | None:
    found = _PLACE.search(said)
    if not found:
        return None
    head, text, space, marks = found.groups()
    before = len(space) - len(head)  # columns of a terminal
    start = next((at for at in range(len(text) + 1) if columns_of_text(text[:at]) >= before), 0)
    return _Place(text, start, min(start + len(marks), len(text)))


def _found(said: str, sql: str) -> _Place:
    """Where the column stands that there is none of; a relation's error does not say it."""
    column = _COLUMN.search(said)
    if column and (name := column["name"]):
        quoted = re.escape(name.replace('"', '""'))
        found = [*re.finditer(rf'"{quoted}"|(?<!["\w]){re.escape(name)}(?!["\w])', sql, re.IGNORECASE)]
        if len(found) == 1:
            begin = sql.rfind("\n", 0, found[0].start()) + 1
            return _Place(sql[begin:].partition("\n")[0], found[0].start() - begin, found[0].end() - begin)
    return _Place()


def _names(words: str, sql: str, tables: Mapping[str, Sequence[str]]) -> str:
    if _TABLE.search(words):
        return f"the tables are {', '.join(tables)}" if not change(sql, [*tables]) else ""
    if column := _COLUMN.search(words):
        named = [name for name in tables if re.search(rf"\b{name}\b", sql, re.IGNORECASE)]
        listed = [f"{name} has {', '.join(tables[name])}" for name in named]
        others = [name for name, columns in tables.items() if column["name"] in columns]
        elsewhere = [f"{column['name']} is in {', '.join(others)}"] if others else []
        if recorded_with := _context_of(column["name"]):
            elsewhere.append(f"tables of events have it where it was recorded --with {recorded_with}")
        return "; ".join((*elsewhere, *listed))
    return ""


def _context_of(column: str) -> str:
    """What a recording must have been asked for to have a column; "" if it is no such column."""
    events = (OWN_EVENTS[event] for event in CONTEXT_EVENTS)
    return next((what for event in events for what, fields in event.context.items() if column in fields), "")


def _meant(words: str, sql: str, place: _Place, tables: Mapping[str, Sequence[str]]) -> str:
    """One hint."""
    if table := change(sql, [*tables]):
        return READS_ONLY.format(table)
    column = _COLUMN.search(words)
    is_value = place.wrong.startswith('"') or _AFTER_COMPARISON.search(place.before)
    if column and column["name"] and is_value:
        text = column["name"].replace("'", "''")
        return f"a text is in single quotes: '{text}'"
    if found := _TEXT_COLUMN.search(words):
        return f"{found['column']} is a text, as in {found['column']} = '{found['value']}'"
    line = place.text or sql
    if "VARCHAR[]" in words and (listed := _list_in(line)):
        value = _LITERAL.search(line[line.index(listed) :])
        return f"{listed} is a list: list_contains({listed}, '{value[1] if value else '...'}')"
    if _NOT_A_NUMBER.search(words) and (compared := _COMPARED.search(place.before)):
        column_name = compared["column"]
        is_time = any(name.lower() == column_name.lower() for name in _columns(Type.TIME))
        return f"{column_name} is a {'time, as in ' + _EXAMPLE_TIME if is_time else 'number'}"
    if "unterminated" in words:
        return "a ' within a text is written twice: 'it''s'"
    if "syntax error" in words and _GROUP.search(sql):
        return 'the column "group" needs its double quotes'
    if _EXTENSION.search(words):
        return "no extension is loaded by itself; LOAD one in the SQL, which may do all that you may"
    return ""


def _list_in(text: str) -> str:
    """The first column in a line that holds lists."""
    lists = _columns(Type.TEXTS, Type.BYTES_LIST)
    return next((word for word in re.findall(r"\w+", text) if word in lists), "")


def _columns(*types: Type) -> set[str]:
    """The names of those of events that have one of these types."""
    return {column.name for event in PLAN.events for column in columns_of(event) if column.type in types}
