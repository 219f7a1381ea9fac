"""WHAT is observed: one file and one class for each event, declared once.

C layout, decoder, JSON and JSON Schema all follow from the classes; see `onlooker.schema`.
"""

from ..schema.layout import Layout, layout
from .base import Event, TaskEvent
from .exec import Exec
from .exit import Exit
from .fork import Fork
from .lost import PROBE_REASONS, REASONS, Lost
from .open import Open

# the events that the probe sends, in the order of their numbers on the wire
TASK_EVENTS: dict[str, type[TaskEvent]] = {cls.event: cls for cls in (Fork, Exec, Exit, Open)}
EVENTS: dict[str, type[Event]] = {**TASK_EVENTS, Lost.event: Lost}

# kept out of a flood's way: refused only when the whole ring is full
PROCESS_EVENTS = ("fork", "exec", "exit")

SCHEMA_VERSION = 1  # of the JSON; a new field keeps it, a removed or changed one raises it


def layouts() -> dict[str, Layout]:
    """The record of each event that the probe sends, by name, in the order of their numbers (from 1)."""
    return {name: layout(cls, TaskEvent) for name, cls in TASK_EVENTS.items()}


__all__ = [
    "EVENTS",
    "PROBE_REASONS",
    "PROCESS_EVENTS",
    "REASONS",
    "SCHEMA_VERSION",
    "TASK_EVENTS",
    "Event",
    "Exec",
    "Exit",
    "Fork",
    "Lost",
    "Open",
    "TaskEvent",
    "layouts",
]
