"""Events that nothing did, with plausible values."""

from functools import cache
from typing import Any, TypeVar, overload

from ..errors import UsageError
from ..events import EVENTS, Event
from ..schema.fields import Op
from ..schema.plan import StepPlan
from ..schema.values import Flags, Names
from .batch import Batch
from .planned import NUMBERS, PLAN

_Made = TypeVar("_Made", bound=Event)

# of the fields that many events have; of others their type says what is plausible
_USUAL: dict[str, Any] = {
    "time": "2026-01-31T12:00:00.000000000Z",
    "boot_ns": 60_000_000_000,
    "start_ns": 59_000_000_000,
    "pid": 1234,
    "tid": 1234,
    "ppid": 1000,
    "uid": 1000,
    "gid": 1000,
    "ns_pid": 1234,
    "cgroup_id": 1,
    "comm": "fake",
    "path": "/srv/fake",
    "new_path": "/srv/new",
}


def _plausible(step: StepPlan) -> Any:
    """A value of a field that every such event has."""
    if isinstance(step.values, Names):
        return step.values.names[0][1]
    if isinstance(step.values, Flags):
        return step.values.names_of(0)
    return {Op.BOOLEAN: False, Op.TEXT: "fake", Op.TEXTS: ("fake",)}.get(step.op, 1)


@cache
def _usual(name: str) -> dict[str, Any]:
    """The plausible values of an event, without those of a success."""
    cls = EVENTS[name]
    steps = {step.name: step for step in PLAN.events[NUMBERS[name] - 1].steps}
    required = cls.__struct_fields__[: len(cls.__struct_fields__) - len(cls.__struct_defaults__)]
    values = {field: _plausible(steps[field]) for field in required}
    values |= {field: value for field, value in _USUAL.items() if field in steps}
    return values | dict(cls.example)


@overload
def make(event_type: type[_Made], /, **fields: Any) -> _Made: ...
@overload
def make(event_type: str, /, **fields: Any) -> Any: ...
def make(event_type: type[Event] | str, /, **fields: Any) -> Event:
    """An event of that type, a class or a name, with plausible values for the fields that are not given: a success,
    unless `errno` is. Raises UsageError for a field or a value that it can't have.

    >>> from onlooker.testing import make
    >>> make("exit", signal="SIGKILL").signal
    'SIGKILL'
    """
    name = event_type if isinstance(event_type, str) else event_type.event
    if name not in EVENTS:
        raise UsageError.unknown("event", name, tuple(EVENTS))
    cls = EVENTS[name]
    for field in fields:
        if field not in cls.__struct_fields__:
            raise UsageError.unknown(f"field of {name}", field, cls.__struct_fields__)
    success = {} if fields.keys() & {"errno", "signal"} else cls.success
    event = cls(**{**_usual(name), **success, **fields})
    Batch.of([event])  # refuses what no record can hold
    return event
