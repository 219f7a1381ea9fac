"""What the columns of an event must hold, by the event object alone."""

import os
import shlex
from datetime import UTC, datetime
from typing import Any

from onlooker import Event
from onlooker.records import NUMBERS, PLAN
from onlooker.schema.columns import Column, Form, Type

TEXTS = (Type.TEXT, Type.BYTES)


def wall_ns(time: str) -> int:
    """Of a time in RFC 3339."""
    seconds, _, rest = time.removesuffix("Z").partition(".")
    moment = datetime.strptime(seconds, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return int(moment.timestamp()) * 10**9 + int(rest)


def shown(text: str) -> str:
    return os.fsencode(text).decode("utf-8", "replace")


def is_exact(text: str) -> bool:
    return shown(text) == text


def value(event: Event, column: Column) -> Any:
    """None where the event has no such field, or it does not apply."""
    if column.form is Form.EVENT:
        return event.event
    step = dict(column.steps).get(NUMBERS[event.event])
    if step is None:
        return None
    found = getattr(event, PLAN.events[NUMBERS[event.event] - 1].steps[step].name)
    if found is None:
        return None
    if column.form is Form.BYTES:
        if column.type is Type.BYTES:
            return None if is_exact(found) else os.fsencode(found)
        return None if all(map(is_exact, found)) else [os.fsencode(each) for each in found]
    if column.form is Form.COMMAND:
        return shlex.join(map(shown, found))
    if column.type is Type.TIME:
        return wall_ns(found)
    if column.type is Type.TEXT:
        return shown(found)
    return [shown(each) for each in found] if column.type is Type.TEXTS else found


def row(event: Event, columns: tuple[Column, ...]) -> dict[str, Any]:
    return {column.name: value(event, column) for column in columns}
