"""WHAT is observed: one file and one class for each event, declared once.

C layout, plan, JSON, text and JSON Schema all follow from the classes; see `onlooker.schema`.
"""

from ..schema.layout import Layout, layout
from ..schema.plan import Plan
from ..schema.plan import plan as plan_of
from .base import Event, TaskEvent
from .chmod import Chmod
from .chown import Chown
from .exec import Exec
from .exit import Exit
from .fork import Fork
from .link import Link
from .lost import PROBE_REASONS, REASONS, UNCERTAIN_REASONS, Lost
from .mkdir import Mkdir
from .open import Open
from .rename import Rename
from .rmdir import Rmdir
from .symlink import Symlink
from .truncate import Truncate
from .unlink import Unlink

# the events that the probe sends, in the order of their numbers on the wire
TASK_EVENTS: dict[str, type[TaskEvent]] = {
    cls.event: cls
    for cls in (
        *(Fork, Exec, Exit, Open),
        *(Rename, Unlink, Mkdir, Rmdir, Link, Symlink, Chmod, Chown, Truncate),
    )
}
EVENTS: dict[str, type[Event]] = {**TASK_EVENTS, Lost.event: Lost}

# what is watched where nothing is said; names that stand for several events
DEFAULT_EVENTS = ("fork", "exec", "exit", "open")
EVENT_GROUPS = {"default": DEFAULT_EVENTS, "all": tuple(TASK_EVENTS)}

# kept out of a flood's way: refused only when the whole ring is full
PROCESS_EVENTS = ("fork", "exec", "exit")

SCHEMA_VERSION = 1  # of the JSON; a new field keeps it, a removed or changed one raises it


def plan() -> Plan:
    """The plan of all events, losses too, by the classes."""
    return plan_of({**layouts(), Lost.event: layout(Lost, TaskEvent)})


def layouts() -> dict[str, Layout]:
    """The record of each event that the probe sends, by name, in the order of their numbers (from 1)."""
    return {name: layout(cls, TaskEvent) for name, cls in TASK_EVENTS.items()}


__all__ = [
    "DEFAULT_EVENTS",
    "EVENTS",
    "EVENT_GROUPS",
    "PROBE_REASONS",
    "PROCESS_EVENTS",
    "REASONS",
    "SCHEMA_VERSION",
    "TASK_EVENTS",
    "UNCERTAIN_REASONS",
    "Chmod",
    "Chown",
    "Event",
    "Exec",
    "Exit",
    "Fork",
    "Link",
    "Lost",
    "Mkdir",
    "Open",
    "Rename",
    "Rmdir",
    "Symlink",
    "TaskEvent",
    "Truncate",
    "Unlink",
    "layouts",
    "plan",
]
