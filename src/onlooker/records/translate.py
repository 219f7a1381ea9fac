"""Records of another version's plan, as records of this one."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from ..errors import UsageError
from ..events import EVENTS, Event
from ..schema.plan import Plan
from ._records import CompiledPlan, Records
from .batch import Batch


class Translator:
    """By the names of events and fields. A field that only the other version has is left out; one that only this
    version has does not apply, or is 0, false or empty. Of what this version can't say at all, a loss is reported.
    """

    def __init__(self, plan: Plan) -> None:
        """Raises ValueError or LookupError for a plan that can't be."""
        fields = {each.name: tuple(step.name for step in each.steps) for each in plan.events}
        if twice := [name for name, names in fields.items() if len(set(names)) < len(names)]:
            raise ValueError(f"a field of {', '.join(twice)} is there twice")
        try:
            compiled = CompiledPlan(plan, {name: _maker(name, names) for name, names in fields.items()})
        except (OverflowError, TypeError) as error:  # a number that the native part has no room for
            raise ValueError(str(error)) from error
        self._records = Records(compiled)
        self.unsaid = 0  # records of the last call that this version can't say: the last batch reports them as lost

    def batches(self, data: bytes, offset_ns: int) -> list[Batch]:
        """Raises UsageError for records that are none of that plan."""

        def refuse(_number: int) -> bytes:
            raise UsageError("a record makes no sense", "read it with the version that wrote it")

        whole, _ = self._records.check(data, refuse)
        events = self._records.events(whole, offset_ns)
        known = [event for event in events if event is not None]
        made = Batch.of(known)
        self.unsaid = missing = len(events) - len(known)
        if missing:
            boot_ns = known[-1].boot_ns if known else 0
            made.append(Batch.of_losses([(missing, "unknown", "corrupt")], offset_ns, boot_ns))
        return made


_EMPTY = {int: 0, str: "", bool: False}


def _maker(name: str, fields: tuple[str, ...]) -> Callable[..., Event | None]:
    """Makes an event of the values of these fields."""
    if name not in EVENTS:
        return lambda *_: None
    cls = EVENTS[name]
    known = {field.name for field in msgspec.structs.fields(cls)}
    missing = {
        field.name: _EMPTY.get(getattr(field.type, "__origin__", field.type), ())
        for field in msgspec.structs.fields(cls)
        if field.required and field.name not in fields
    }
    return partial(_made, cls, fields, known, missing)


def _made(
    cls: type[Event], fields: tuple[str, ...], known: set[str], missing: dict[str, Any], *values: Any
) -> Event | None:
    given = {name: value for name, value in zip(fields, values, strict=True) if name in known}
    made = cls(**missing, **given)
    try:
        Batch.of([made])
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError):  # a field may be of another type there
        return None
    return made
