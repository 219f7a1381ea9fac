"""Whether an event is what an expression asks for, as plain Python says it of the objects."""

import os
import re

from onlooker import Event, Lost
from onlooker.filters.expression import And, Expression, Not, Or
from onlooker.filters.expression import Test as Ask
from onlooker.records.encode import wall_ns

FILES = {"file": ("exe", "real_path", "joined_path", "path"), "new_file": ("joined_new_path", "new_path")}
AS_THEY_ARE = ("exe", "real_path")  # the kernel has made these paths; all others a process has


def matches(expression: Expression, event: Event) -> bool:
    if isinstance(event, Lost):
        return True
    if isinstance(expression, And):
        return all(matches(term, event) for term in expression.terms)
    if isinstance(expression, Or):
        return any(matches(term, event) for term in expression.terms)
    if isinstance(expression, Not):
        return not matches(expression.term, event)
    return _holds(expression, event)


def _holds(test: Ask, event: Event) -> bool:
    if test.op == "exists":
        names = FILES.get(test.field, ("argv" if test.field == "cmdline" else test.field,))
        return any(_is_there(event, name) for name in names)
    value = value_of(test, event)
    if value is None:
        return False
    if isinstance(value, tuple):
        found = any(_same(item, each, test) for item in value for each in test.values)
    else:
        found = any(_fits(value, each, test) for each in test.values)
    return found != (test.negated or test.op == "!=")


def _is_there(event: Event, name: str) -> bool:
    """Whether its JSON has the field."""
    fields, defaults = event.__struct_fields__, event.__struct_defaults__
    if name not in fields:
        return name == "event"
    value = getattr(event, name)
    can_be_left_out = name in fields[len(fields) - len(defaults) :]
    return value is not None and not (can_be_left_out and (value is False or value == ()))


def value_of(test: Ask, event: Event):
    """None where it does not apply; texts as bytes."""
    if test.field in FILES:
        names = [name for name in FILES[test.field] if getattr(event, name, None) is not None]
        if not names:
            return None
        path = os.fsencode(getattr(event, names[0]))
        return path if names[0] in AS_THEY_ARE else clean(path)
    if test.field == "cmdline":
        return b" ".join(map(os.fsencode, event.argv)) if hasattr(event, "argv") else None
    if test.field not in (*event.__struct_fields__, "event"):
        return None
    value = getattr(event, test.field)
    if test.field == "time":
        return wall_ns(value)
    if isinstance(value, tuple):
        return tuple(map(os.fsencode, value))
    if not isinstance(value, str):
        return value
    raw = os.fsencode(value)
    return clean(raw) if test.op == "under" and test.field not in (*AS_THEY_ARE, "cwd") else raw


def clean(path: bytes) -> bytes:
    kept: list[bytes] = []
    for name in path.split(b"/"):
        if name == b".." and kept and kept[-1] != b"..":
            kept.pop()
        elif name not in (b"", b".") and not (name == b".." and path.startswith(b"/")):
            kept.append(name)
    root = b"/" if path.startswith(b"/") else b""
    return root + b"/".join(kept) or (b"." if path else b"")


def _same(item: bytes, value, test: Ask) -> bool:
    return item.lower() == value.lower() if test.ignore_case else item == value


def _fits(value, other, test: Ask) -> bool:
    if test.field == "time":
        other = wall_ns(other.decode())
    if test.ignore_case:
        value, other = value.lower(), other.lower()
    return {
        "==": lambda: value == other,
        "!=": lambda: value == other,
        "in": lambda: value == other,
        "<": lambda: value < other,
        "<=": lambda: value <= other,
        ">": lambda: value > other,
        ">=": lambda: value >= other,
        "startswith": lambda: value.startswith(other),
        "endswith": lambda: value.endswith(other),
        "contains": lambda: other in value,
        "glob": lambda: glob(other, value),
        "under": lambda: bool(value) and (value + b"/").startswith(clean(other).removesuffix(b"/") + b"/"),
    }[test.op]()


def glob(pattern: bytes, text: bytes) -> bool:
    """Where in the text one can be after each part of the pattern."""
    places, before = {0}, b"/"
    for part in re.findall(rb"\\.|\*\*+/?|[*?\\]|[^*?\\]", pattern, re.DOTALL):
        least = min(places)
        if part.startswith(b"**"):
            behind = set(range(least, len(text) + 1))
            if part.endswith(b"/"):
                behind = {at + 1 for at in behind if text[at : at + 1] == b"/"} | (places if before == b"/" else set())
            places = behind
        elif part == b"*":
            places = _up_to_slash(places, text)
        elif part == b"?":
            places = {at + 1 for at in places if text[at : at + 1] not in (b"", b"/")}
        else:
            places = {at + 1 for at in places if text[at : at + 1] == part[-1:]}
        if not places:
            return False
        before = part[-1:]
    return len(text) in places


def _up_to_slash(places: set[int], text: bytes) -> set[int]:
    found: set[int] = set()
    for at in sorted(places):
        if at not in found:
            slash = text.find(b"/", at)
            found |= set(range(at, (len(text) if slash < 0 else slash) + 1))
    return found
