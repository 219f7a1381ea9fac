"""Keep the parts of README.md, docs/ and src/onlooker/__init__.py that the program and its measurements say:
`python -m tools.docs` writes them; with `--check` it fails if one is out of date.

Between `<!-- begin NAME -->` and `<!-- end NAME -->`, in Python `# begin NAME` and `# end NAME`, is what the
function of that name in `PARTS` returns.
"""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import msgspec

from benchmarks import report
from benchmarks.results import Results
from onlooker.answers import actions
from onlooker.cli import main as cli
from onlooker.cli.parser import parser
from onlooker.events import CONTEXT_EVENTS, EVENTS, OWN_EVENTS, Lost, TaskEvent
from onlooker.events.base import Event
from onlooker.filters import Filter, sugar
from onlooker.probe import maps
from onlooker.probe.setup import DEFAULT_RING_BYTES, Setup
from onlooker.query import names as queries
from onlooker.query.tables import PROCESSES, Database, event_tables, processes_sql
from onlooker.query.tables import TYPES as SQL_TYPES
from onlooker.records import PLAN
from onlooker.schema.columns import table_of, wide_columns, with_seq
from onlooker.schema.layout import declared

PROJECT = Path(__file__).parent.parent
TYPES = {int: "number", bool: "true or false", str: "text"}
PROCESSORS = (2, 8, 128)
HEAD = "| field | type | meaning |\n|---|---|---|"


def _help(command: str) -> str:
    text = parser(cli.command(command), command, cli.COMMANDS[command][1]).format_help()
    return f"```\n{text}```"


def options() -> str:
    """`onlooker watch --help`."""
    return _help("watch")


def commands() -> str:
    """The commands, as in `onlooker --help`."""
    return f"```\n{cli.commands_in_groups(80)}\n```"


def answer() -> str:
    """`onlooker who --help`."""
    return _help("who")


def agent() -> str:
    """`onlooker agent --help`."""
    return _help("agent")


def rules() -> str:
    """`onlooker rules --help`."""
    return _help("rules")


def words() -> str:
    """What an answer says of a call."""
    rows = [f"| `{wanted}` | `{done}` |" for wanted, done in sorted(actions.WORDS.items())]
    return "\n".join(("| wanted | done |", "|---|---|", *rows))


def hidden() -> str:
    """The sets of `--hide`."""
    rows = [f"| `{name}` | {description} |" for name, (description, _) in sugar.sets().items()]
    return "\n".join(("| set | what is left out |", "|---|---|", *rows, "| `noise` | all of these |"))


def _row(name: str, hint: object, description: str, *, optional: bool) -> str:
    bare = next(iter(set(get_args(hint)) - {type(None)}), hint) if type(None) in get_args(hint) else hint
    type_name = "list" if get_origin(bare) is tuple else TYPES.get(bare, "text")  # type: ignore[call-overload]
    return f"| `{name}` | {type_name}{', or absent' if optional else ''} | {description} |"


def _rows(event: type[Event], without: set[str]) -> str:
    hints = get_type_hints(event)
    fields = declared(event)
    required = len(fields) - len(event.__struct_defaults__)
    return "\n".join(
        _row(field.name, hints[field.name], field.description, optional=place >= required)
        for place, field in enumerate(fields)
        if field.name not in without
    )


def _context_rows() -> str:
    """What is known of the process of an event."""
    rows = []
    for event in reversed(CONTEXT_EVENTS):
        cls = OWN_EVENTS[event]
        hints = get_type_hints(cls)
        said = {field for fields in cls.context.values() for field in fields}
        rows += [_row(f.name, hints[f.name], f.description, optional=True) for f in declared(cls) if f.name in said]
    return "\n".join(rows)


def fields() -> str:
    """All fields of all events."""
    shared = {field.name for field in declared(TaskEvent)}
    what = _row("event", str, f"Which event: {', '.join(EVENTS)}.", optional=False)
    parts = ["**Every event of a process**", f"{HEAD}\n{what}\n{_rows(TaskEvent, set())}"]
    parts += ["**The same, where `--with` asks for it** ([context](context.md))", f"{HEAD}\n{_context_rows()}"]
    for name, event in EVENTS.items():
        about = " ".join((event.__doc__ or "").partition("\n\n")[0].split())
        own = _rows(event, shared if issubclass(event, TaskEvent) else {"time", "boot_ns"})
        parts += [f"**{name}**: {about}", f"{HEAD}\n{own}"]
    return "\n\n".join(parts)


def _classes() -> list[type[Event]]:
    return sorted((cls for cls in EVENTS.values() if cls is not Lost), key=lambda event: event.__name__)


def imports() -> str:
    """The classes of events, for type checkers."""
    return "".join(
        f"    from {event.__module__.removeprefix('onlooker')} import {event.__name__}\n" for event in _classes()
    )


def names() -> str:
    """The same for `__all__`."""
    return "\n".join(("__all__ += [", *(f'    "{event.__name__}",' for event in _classes()), "]"))


def _about(event: type[Event]) -> str:
    return " ".join((event.__doc__ or "").partition("\n\n")[0].split())


def tables() -> str:
    """The tables of a query."""
    rows = [f"| `{table_of(name)}` | {_about(event)} |" for name, event in EVENTS.items()]
    return "\n".join(("| table | a row for each of these |", "|---|---|", *rows))


def columns() -> str:
    """The columns of all tables of events."""
    every = {table: {column.name for column in own} for table, own in event_tables().items()}
    rows = []
    for column in with_seq(wide_columns(PLAN)):
        having = [f"`{table}`" for table, own in every.items() if column.name in own] or ["only `events`"]
        lacking = [f"`{table}`" for table, own in every.items() if column.name not in own]
        where = (
            ", ".join(having) if len(having) <= len(lacking) else f"all but {', '.join(lacking)}" if lacking else "all"
        )
        rows.append(f"| `{column.name}` | {SQL_TYPES[column.type]} | {where} |")
    return "\n".join(("| column | type | tables |", "|---|---|---|", *rows, "| `recording` | VARCHAR | all |"))


def processes() -> str:
    """The columns of the table of processes, with what its SQL says of each."""
    with Database([]) as database:
        types = {row[0]: row[1] for row in database.connection.execute(f"DESCRIBE {PROCESSES}").fetchall()}
    said = re.findall(r"(\w+),?  -- (.+)", processes_sql().rpartition("\nSELECT ")[2])
    if [name for name, _ in said] != list(types):
        raise ValueError("not each column of processes says what it is")
    rows = [f"| `{name}` | {types[name]} | {text[0].upper()}{text[1:]}. |" for name, text in said]
    return "\n".join(("| column | type | meaning |", "|---|---|---|", *rows))


def named_queries() -> str:
    """The queries that have a name."""
    rows = [f"| `{each.name}` | {each.description} |" for each in queries.named(own=False).values()]
    return "\n".join(("| name | what it lists |", "|---|---|", *rows))


def memory() -> str:
    """What `onlooker doctor` says of the kernel's memory, on machines of other sizes."""
    probe = Setup(Filter(), DEFAULT_RING_BYTES, resolve=True).open((), ())
    try:
        found = [(cpus, maps.memory(probe.maps, cpus)) for cpus in PROCESSORS]
    finally:
        probe.close()
    rows = [f"| {cpus} | {maps.in_mib(each.always)} MiB | {maps.in_mib(each.most)} MiB |" for cpus, each in found]
    head = "| possible processors | kernel memory | at most |\n|---|---|---|"
    return "\n".join((head, *rows))


def measured() -> Results:
    """What `make bench` measured, the last time that it was kept."""
    return msgspec.json.decode((PROJECT / "docs/benchmarks.json").read_bytes(), type=Results)


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"commands": commands, "cost": lambda: report.summary(measured())},
    "docs/watch.md": {"options": options, "hide": hidden},
    "docs/agent.md": {"agent": agent},
    "docs/rules.md": {"rules": rules},
    "docs/answers.md": {"who": answer, "words": words},
    "docs/query.md": {"columns": columns, "named": named_queries, "processes": processes, "tables": tables},
    "docs/limits.md": {"memory": memory},
    "docs/fields.md": {"fields": fields},
    "src/onlooker/__init__.py": {"events": imports, "names of events": names},
    "docs/benchmarks.md": {"benchmarks": lambda: report.page(measured())},
}


def made(text: str, parts: dict[str, Callable[[], str]]) -> str:
    """The text with every part brought up to date. Raises ValueError where a part has no place."""
    for name, make in parts.items():
        found = re.search(rf"(?ms)(?:<!--|#) begin {name}(?: -->)?\n(.*?)^ *(?:<!--|#) end {name}(?: -->)?$", text)
        if not found:
            raise ValueError(f"no place for the part {name}")
        text = f"{text[: found.start(1)]}{make()}\n{text[found.end(1) :]}"
    return text


def main() -> int:
    """Write or check."""
    os.environ |= {"COLUMNS": "100", "NO_COLOR": "1"}
    code = 0
    for page, parts in PARTS.items():
        path = PROJECT / page
        before = path.read_text(encoding="utf-8")
        after = made(before, parts)
        if "--check" not in sys.argv:
            path.write_text(after, encoding="utf-8")
        elif before != after:
            sys.stderr.write(f"{page} is out of date\n\nhint: make docs\n")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
