"""Expressions, and what they ask of records: a mistake is marked, what is printed reads the same, and what matches is
what plain Python says.
"""

import os
import struct
from random import Random

from onlooker import Batch, Event, ExpressionError
from onlooker.events import TASK_EVENTS, TaskEvent
from onlooker.filters import expression, fields
from onlooker.filters.check import check as make_sense
from onlooker.filters.compile import matcher
from onlooker.filters.necessary import necessary
from onlooker.filters.parse import parse
from onlooker.filters.rules import Rules

from ..unit.filters import reference
from . import records
from .mutate import number, raw_text

BOOT_NS = 23
MOST_CHARACTERS = 2000
WORDS = (
    *fields.known_fields(), *expression.OPERATORS, "and", "or", "not", "&&", "||", "!", "(", ")", ",", "=",
    "true", "false", "iglob", "icontains", "parent.comm", "'/etc'", "'*'", "'**/a'", "'ENOENT'", "'O_CREAT'", "'open'",
    "0x1f", "0644", "-1", "'\\x41'", '"\\n"', "'", "\\", "9" * 40, "\u0663", "\ufffd",
)  # fmt: skip


def split(data: bytes) -> tuple[str, bytes]:
    """The first 8 bytes are the length of the expression, which follows; then come records with their offset."""
    (length,) = struct.unpack("=Q", data[:8].ljust(8, b"\0"))
    length = min(length, len(data), MOST_CHARACTERS)
    return os.fsdecode(data[8 : 8 + length]), data[8 + length :]


def joined(text: str, rest: bytes) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    return struct.pack("=Q", len(raw)) + raw + rest


def first() -> list[bytes]:
    return []


def made(rng: Random) -> bytes:
    rest = records.made(rng)
    offset_ns, buffer = records.split(rest)
    return joined(asked(rng, Batch.checked(buffer, offset_ns, BOOT_NS).events()), rest)


def asked(rng: Random, events: list[Event]) -> str:
    """An expression about what these events hold."""
    terms = [_term(rng, events) for _ in range(rng.choice((1, 1, 2, 5)))]
    text = terms[0]
    for term in terms[1:]:
        text = f"{rng.choice(('', 'not '))}({text}) {rng.choice(('and', 'or'))} {term}"
    return text


def _term(rng: Random, events: list[Event]) -> str:
    """Mostly a test that makes sense, often of what an event holds."""
    if rng.random() < 0.1:
        return " ".join(rng.choices(WORDS, k=rng.randrange(6)))
    field = rng.choice(fields.known_fields())
    op = rng.choice(("==", "!=", "<", "<=", ">", ">=", "in", "exists", *expression.TEXT_TESTS, "under"))
    found = [getattr(event, field) for event in events if hasattr(event, field)]
    value = rng.choice(found) if found and rng.random() < 0.8 else number(rng, 64)
    value = rng.choice(value) if isinstance(value, tuple) and value else value
    if isinstance(value, str):
        value = _part(rng, os.fsencode(value))
    elif not isinstance(value, int):
        value = raw_text(rng)
    many = op == "in" or (op not in expression.COMPARISONS and rng.random() < 0.2)
    values = tuple([value] * rng.choice((1, 3)) if many else [value])
    if field in fields.KIN_FIELDS and rng.random() < 0.3:
        field = f"{rng.choice(expression.SCOPES)}.{field}"
    negated, ignore_case = many and rng.random() < 0.3, op in expression.TEXT_TESTS and rng.random() < 0.3
    return str(expression.Test(field, op, () if op == "exists" else values, negated, ignore_case))


def _part(rng: Random, raw: bytes) -> bytes:
    start, end = sorted((rng.randrange(len(raw) + 1), rng.randrange(len(raw) + 1)))
    return rng.choice(
        (raw, raw, raw[:end], raw[start:], raw[start:end], raw[:start] + rng.choice((b"*", b"**", b"?")) + raw[end:])
    )


def changed(rng: Random, data: bytes) -> bytes:
    text, rest = split(data)
    if rng.random() < 0.5:
        return joined(text, records.changed(rng, rest))
    at = rng.randrange(len(text) + 1)
    return joined(
        text[:at] + rng.choice((rng.choice(WORDS), os.fsdecode(raw_text(rng)), "")) + text[at + rng.randrange(4) :],
        rest,
    )


def check(data: bytes) -> None:
    """Raises AssertionError, or whatever should not have been raised."""
    text, rest = split(data)
    try:
        asked = parse(text)
        printed = str(asked)
        assert printed.isprintable()
        assert expression.without_places(parse(printed)) == expression.without_places(asked)
        make_sense(asked, TASK_EVENTS, text)
    except ExpressionError as error:
        assert 0 <= error.start <= error.end <= len(text)
        assert str(error)
        assert all(line.isprintable() for line in error.place.split("\n"))
        return
    offset_ns, buffer = records.split(rest)
    batch = Batch.checked(buffer, offset_ns, BOOT_NS)
    found = batch.matching(matcher(asked, _learn)).events()
    assert found == [event for event in batch if reference.matches(_with_kin(asked, event), event)]
    assert Rules(asked, TASK_EVENTS).to_bytes()
    for event in found:
        wanted = not isinstance(event, TaskEvent) or necessary(asked, event.event)  # the kernel must let it through
        assert wanted is True or (wanted is not False and reference.matches(wanted, event))


def _learn(record: bytes, offset_ns: int) -> int:
    """Any answers of parents and ancestors, but for one process always the same."""
    [event] = Batch(record, offset_ns)
    return _kin(event)


def _kin(event: Event) -> int:
    return hash((event.pid, event.start_ns)) % 2**64 if isinstance(event, TaskEvent) else 0


def _with_kin(asked: expression.Expression, event: Event) -> expression.Expression:
    """With these answers in the place of the tests."""
    answers = {test: _kin(event) >> number & 1 for number, test in enumerate(expression.kin_tests(asked))}
    yes = expression.Test("event", "exists")

    def answered(term: expression.Expression) -> expression.Expression:
        if isinstance(term, expression.Test):
            return term if not term.scope else yes if answers[term.bare] else expression.Not(yes)
        if isinstance(term, expression.Not):
            return expression.Not(answered(term.term))
        return type(term)(tuple(map(answered, term.terms)))

    return answered(asked) if answers else asked
