"""A rule, whoever wrote it in whichever language; and one that can't be used."""

from pathlib import Path
from typing import Any

import msgspec

from ..events import TASK_EVENTS
from ..filters.expression import Expression
from ..filters.necessary import necessary

SHIPPED = "shipped"  # stands for the rules that come with onlooker
SHIPPED_DIRECTORY = str(Path(__file__).parent / SHIPPED)
MATCH, NO_MATCH = "match", "no_match"  # kinds of examples
DEFAULT_LEVEL = "medium"  # of a rule that does not say


class Place(msgspec.Struct, frozen=True):
    """Where something stands."""

    file: str
    line: int = 1

    def __str__(self) -> str:
        """That of a rule that comes with onlooker is as `--rules` takes it, wherever onlooker is installed."""
        name = self.file.removeprefix(f"{SHIPPED_DIRECTORY}/")
        return f"{self.file if name == self.file else f'{SHIPPED}/{name}'}:{self.line}"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for (`expression`), and what to say of it. `language` is "sigma" or "onlooker". `events`: those that
    it can find. `tests`: its own examples, as they were read, or None; `trying.py` knows what they are.
    """

    id: str
    title: str
    level: str
    expression: Expression
    place: Place
    language: str
    description: str = ""
    tags: tuple[str, ...] = ()
    tests: Any = None

    @property
    def events(self) -> tuple[str, ...]:
        """Those that it can find."""
        return tuple(event for event in TASK_EVENTS if necessary(self.expression, event) is not False)


class Refused(msgspec.Struct, frozen=True):
    """A rule, or a file, that can't be used; why; and what may be done. `source`: the log that it is for, where that is
    not one of ours: "windows", "linux auditd".
    """

    place: Place
    title: str
    reason: str
    hint: str = ""
    source: str = ""


class RefusedError(Exception):
    """Why a rule can't be used; `line` is where in its file, 0 for where it begins; `source` as in Refused."""

    def __init__(self, reason: str, hint: str = "", line: int = 0, source: str = "") -> None:
        super().__init__(reason)
        self.hint = hint
        self.line = line
        self.source = source
