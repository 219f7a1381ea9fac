"""The fields that an expression can ask for: those of the events, by their plan, and the virtual ones."""

from collections.abc import Iterable
from functools import cache, lru_cache

from ..events import ASKED_EVENTS, CONTEXT_EVENTS, OWN_EVENTS, TASK_EVENTS
from ..records import PLAN
from ..schema.fields import Op
from ..schema.plan import EventPlan, StepPlan

# A virtual field is the first of these that an event has and that applies. `file` asks "which file", whatever the event
# calls it; `new_file` is the other one where there are two.
FILES = {"file": ("exe", "real_path", "joined_path", "path"), "new_file": ("joined_new_path", "new_path")}
CMDLINE = "cmdline"  # argv, joined by spaces
EVENT = "event"  # the event's name
VIRTUAL = (*FILES, CMDLINE, EVENT)

# What is known of a process's user and control group: which event of the stream says it, and by what. An expression may
# write the first "_" of some as a dot.
CONTEXT_FIELDS = {
    name: event for event in ("user", "cgroup") for names in OWN_EVENTS[event].context.values() for name in names
}
ALIASES = {name.replace("_", ".", 1): name for name in CONTEXT_FIELDS if "_" in name}

# What is known of a parent and an ancestor: enrich/processes.py
KIN_FIELDS = ("pid", "ppid", "uid", "comm", "exe", "argv", CMDLINE)

# What a field is, for an expression
NUMBER, BOOLEAN, TIME, TEXT, PATH, NAME, LIST, FLAGS = (
    "a number",
    "true or false",
    "a time",
    "a text",
    "a path",
    "a name",
    "a list",
    "a list of names",
)
_TYPES = {
    Op.UNSIGNED: NUMBER, Op.SIGNED: NUMBER, Op.BOOLEAN: BOOLEAN, Op.TIME: TIME, Op.NAME: TEXT, Op.TEXT: PATH,
    Op.TEXTS: LIST, Op.ONE_OF: NAME, Op.FLAGS: FLAGS, Op.PATH: PATH, Op.JOINED: PATH,
}  # fmt: skip

_PLANS = {event.name: event for event in PLAN.events if event.name in ASKED_EVENTS}
_CONTEXT_PLANS = {event.name: event for event in PLAN.events if event.name in CONTEXT_EVENTS}


@cache
def known_fields() -> tuple[str, ...]:
    """Every name of what the probe sends, or of what is known of its processes, that an expression may have before its
    operator.
    """
    own = dict.fromkeys(step.name for event in TASK_EVENTS for step in _PLANS[event].steps)
    return (*VIRTUAL, *own, *CONTEXT_FIELDS)


@cache
def asked_fields() -> tuple[str, ...]:
    """The same with those of other events that can be asked for."""
    return tuple(dict.fromkeys((*known_fields(), *(step.name for event in _PLANS.values() for step in event.steps))))


def plan_of(event: str) -> EventPlan:
    """The plan of an event that can be asked for, or that says what is known of processes, by name."""
    return _PLANS.get(event) or _CONTEXT_PLANS[event]


@lru_cache(maxsize=4096)
def steps_of(field: str, event: str) -> tuple[StepPlan, ...]:
    """Where an event has a field; of a virtual one several, of which the first that applies counts. () where it has
    none. What is known of processes is in another event, which says it of all.

    >>> [step.name for step in steps_of("file", "rename")], steps_of("fd", "exit")
    (['joined_path', 'path'], ())
    """
    names = ("argv",) if field == CMDLINE else FILES.get(field, (field,))
    if field in CONTEXT_FIELDS:
        event = CONTEXT_FIELDS[field]
    steps = {step.name: step for step in plan_of(event).steps}
    return tuple(steps[name] for name in names if name in steps)


def events_with(field: str, events: Iterable[str]) -> tuple[str, ...]:
    """Those of the events that have the field."""
    return tuple(event for event in events if field == EVENT or steps_of(field, event))


@lru_cache(maxsize=4096)
def type_of(field: str) -> str:
    """What a known field is; the same in each event that has it."""
    if field == EVENT:
        return NAME
    if field == CMDLINE or (field in CONTEXT_FIELDS and field != "cgroup"):
        return TEXT
    return next(_TYPES[step.op] for event in _PLANS for step in steps_of(field, event))
