"""Options that are short for an expression."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from ..errors import UsageError
from ..events import TASK_EVENTS
from ..records.encode import raw_bytes
from .check import check
from .expression import And, Expression, Not, Or, Test
from .fields import events_with
from .links import places_of
from .parse import parse
from .paths import clean
from .selected import check_text

CHANGES = tuple(name for name, cls in TASK_EVENTS.items() if cls.is_change)
# which events an option can ask for; and which of these are watched where it is given and no events are chosen
OF_OPTIONS = {"path": events_with("file", TASK_EVENTS), "writes": ("open", *CHANGES), "arg": ("exec",)}
CHOSEN = tuple(name for name, cls in TASK_EVENTS.items() if cls.is_default or cls.is_change)
NOISE = "noise"


def at_or_below(paths: Iterable[str]) -> Expression:
    """Of files at or below any of the paths: as they are given, from the working directory; with their symbolic links
    followed, which is how the kernel names an open file; and by the usual links there, as a call may name them that is
    given a path.
    """
    places: dict[bytes, None] = {}
    for path in paths:
        check_text("path", path, "/etc")
        places |= dict.fromkeys(clean(raw_bytes(each)) for each in places_of(path))
    values = tuple(places)
    script = And((Test("event", "==", (b"exec",)), Test("path", "under", values)))  # `file` is what runs it
    return Or((Test("file", "under", values), Test("new_file", "under", values), script))


@cache
def writes() -> Expression:
    """Opens for writing, creations, and every change."""
    opens = (
        "event == 'open' and not flags contains 'O_PATH' and (flags contains ('O_WRONLY', 'O_RDWR', 'O_TRUNC')"
        " or created == true or errno exists and flags contains 'O_CREAT')"
    )
    return Or((Test("event", "in", tuple(map(str.encode, CHANGES))), parse(opens)))


@cache
def success() -> Expression:
    """Neither an error nor an exit that is one."""
    return parse("not errno exists and (event != 'exit' or exit_code == 0)")


def with_arguments(texts: Iterable[str]) -> Expression:
    """Executions with all of these arguments."""
    terms = []
    for text in texts:
        check_text("argument", text, "--verbose")
        terms.append(Test("argv", "contains", (raw_bytes(text),)))
    return And(tuple(terms)) if len(terms) > 1 else terms[0]


def without(texts: Iterable[str], events: Iterable[str]) -> Expression:
    """Nothing for which one of the expressions holds."""
    excluded = []
    for text in texts:
        expression = parse(text)
        check(expression, events, text)
        excluded.append(Not(expression))
    return And(tuple(excluded)) if len(excluded) > 1 else excluded[0]


@cache
def sets() -> dict[str, tuple[str, Expression]]:
    """What can be hidden: by name its description and what it hides, out of hide.toml."""
    import tomllib  # some milliseconds
    from importlib.resources import files

    found: dict[str, dict[str, Any]] = tomllib.loads(files(__package__).joinpath("hide.toml").read_text("utf-8"))
    return {name: (each["description"], parse(each["where"])) for name, each in found.items()}


def hidden(names: Iterable[str]) -> Expression:
    """Nothing of these sets, but every change, whatever they say; "noise" is all of them."""
    chosen: dict[str, None] = {}
    for name in names:
        if name not in (*sets(), NOISE):
            raise UsageError.unknown("set to hide", name, (*sets(), NOISE))
        chosen |= dict.fromkeys(sets() if name == NOISE else [name])
    terms = tuple(Not(sets()[name][1]) for name in chosen)
    return Or((writes(), And(terms) if len(terms) > 1 else terms[0]))
