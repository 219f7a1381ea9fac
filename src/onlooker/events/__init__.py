"""WHAT is observed: one file and one class for each event, declared once.

Whatever class is declared in a file here is an event; no list names them. C layout, plan, JSON, text, JSON Schema and
reference all follow from the classes; see `onlooker.schema`.
"""

from functools import cache

from ..schema.layout import Layout, layout
from ..schema.plan import Plan
from ..schema.plan import plan as plan_of
from .base import Event, OwnEvent, TaskEvent
from .lost import PROBE_REASONS, PROCESS_REASONS, REASONS, UNCERTAIN_REASONS, UNKNOWN_REASONS, WANTED_REASONS, Lost
from .registry import TASK_EVENTS, own_events

# those that the probe sends have the numbers of TASK_EVENTS on the wire, from 1 on; OWN_EVENTS have the next ones
OWN_EVENTS = own_events()
EVENTS: dict[str, type[Event]] = {**TASK_EVENTS, **OWN_EVENTS}
# those of which an expression decides whether they are wanted
ASKED_EVENTS: dict[str, type[Event]] = {**TASK_EVENTS, **{n: c for n, c in OWN_EVENTS.items() if c.is_asked}}
# what is known of the processes of events, and which kind of event says it
CONTEXT_EVENTS = tuple(name for name, cls in OWN_EVENTS.items() if cls.context)
CONTEXT: dict[str, str] = {what: name for name in CONTEXT_EVENTS for what in OWN_EVENTS[name].context}
# no events as a user counts them: reports of losses, and what is known of processes
UNCOUNTED = frozenset(name for name, cls in OWN_EVENTS.items() if not cls.is_counted)

# the events by default; names for several events
DEFAULT_EVENTS = tuple(name for name, cls in TASK_EVENTS.items() if cls.is_default)
EVENT_GROUPS = {"default": DEFAULT_EVENTS, "all": tuple(TASK_EVENTS)}

# kept out of a flood's way: refused only when the whole ring is full
PROCESS_EVENTS = tuple(name for name, cls in TASK_EVENTS.items() if cls.is_of_process)

SCHEMA_VERSION = 1  # of the JSON; a new field keeps it, a removed or changed one raises it


def plan() -> Plan:
    """The plan of all events, those that onlooker adds too, by the classes."""
    return plan_of({**layouts(), **{name: layout(cls, TaskEvent) for name, cls in OWN_EVENTS.items()}})


@cache
def layouts() -> dict[str, Layout]:
    """The record of each event that the probe sends, by name, in the order of their numbers (from 1)."""
    return {name: layout(cls, TaskEvent) for name, cls in TASK_EVENTS.items()}


__all__ = [
    "ASKED_EVENTS",
    "CONTEXT",
    "CONTEXT_EVENTS",
    "DEFAULT_EVENTS",
    "EVENTS",
    "EVENT_GROUPS",
    "OWN_EVENTS",
    "PROBE_REASONS",
    "PROCESS_EVENTS",
    "PROCESS_REASONS",
    "REASONS",
    "SCHEMA_VERSION",
    "TASK_EVENTS",
    "UNCERTAIN_REASONS",
    "UNCOUNTED",
    "UNKNOWN_REASONS",
    "WANTED_REASONS",
    "Event",
    "Lost",
    "OwnEvent",
    "TaskEvent",
    "layouts",
    "plan",
]
