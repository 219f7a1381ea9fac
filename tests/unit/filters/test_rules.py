"""What the kernel decides of an expression, as far as that can be seen without it."""

import re
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker import Lost
from onlooker.events import TASK_EVENTS
from onlooker.filters import fields, rules
from onlooker.filters.expression import Not
from onlooker.filters.necessary import LONGEST_TEXT, decided, necessary, undecided
from onlooker.filters.parse import parse
from onlooker.records import Batch

from . import reference
from .expressions import asks, expressions
from .records import batches

CONFIG = Path(__file__).parents[3] / "bpf/config.h"
KINDS_BYTES = 8 * rules.KINDS


def test_the_numbers_are_those_of_the_probe() -> None:
    text = CONFIG.read_text()
    sizes = {name: int(value) for name, value in re.findall(r"#define RULE_(\w+) +(\d+)", text)}
    ends = {name: int(value, 16) for name, value in re.findall(r"RULE_(\w+) = (0x\w+)", text)}
    assert (sizes["KINDS"], sizes["STEPS"], sizes["TEXT_BYTES"]) == (rules.KINDS, rules.STEPS, rules.TEXT_BYTES)
    assert (ends["ACCEPT"], ends["REJECT"], sizes["LONGEST"]) == (rules.ACCEPT, rules.REJECT, rules.LONGEST)
    assert sizes["TEXT_MOST"] >= LONGEST_TEXT + 2
    for enum, names in (
        ("rule_op", "NUMBER COMM UNDER EQUAL NAME"),
        ("rule_source", "RECORD PID UID ERRNO FLAGS FILE REAL"),
    ):
        listed = re.findall(r"RULE_(?:OF_)?(\w+),", text.partition(f"enum {enum} {{")[2].partition("}")[0])
        assert listed == names.split()
        prefix = "ASK_" if enum == "rule_op" else "OF_"
        assert [getattr(rules, prefix + name) for name in listed] == list(range(len(listed)))


@settings(max_examples=150, deadline=None)
@given(expressions(), batches)
def test_what_matches_fulfils_what_is_necessary(expression, data):
    for event in Batch.checked(data, 0, 1):
        if isinstance(event, Lost):
            continue
        for each in (expression, Not(expression)):
            wanted = necessary(each, event.event)
            if reference.matches(each, event):
                assert wanted is True or (wanted is not False and reference.matches(wanted, event))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(fields.known_fields()).flatmap(lambda field: asks((field,))), batches)
def test_what_the_kernel_decides_it_decides_exactly(test, data):
    for event in Batch.checked(data, 0, 1):
        if not isinstance(event, Lost) and decided(test, event.event) == "kernel":
            wanted = necessary(test, event.event)
            holds = wanted if isinstance(wanted, bool) else reference.matches(wanted, event)
            assert holds == reference.matches(test, event)


@settings(max_examples=200, deadline=None)
@given(expressions())
def test_every_expression_has_rules(expression):
    """Steps only lead to steps that are there, and to those before them, so that they end."""
    made = rules.Rules(expression, TASK_EVENTS)
    whole = made.to_bytes()
    assert len(whole) == KINDS_BYTES + 64 * rules.STEPS + rules.TEXT_BYTES
    steps = [struct.unpack_from("=4xHH", whole, KINDS_BYTES + 64 * at) for at in range(rules.STEPS)]
    for at, ends in enumerate(steps):
        assert all(end < max(at, 1) or end in (rules.ACCEPT, rules.REJECT) for end in ends), at


@pytest.mark.parametrize(
    ("text", "event", "wanted"),
    [
        ("file under '/etc'", "open", "file under '/etc'"),
        ("file under '/etc/./x'", "open", "file under '/etc/x'"),
        ("file glob '/home/*/.ssh/*'", "open", "file under '/home'"),
        ("not file glob '/home/*/.ssh/*'", "open", "True"),
        ("file glob '**/hosts'", "unlink", "file endswith 'hosts'"),  # "hosts" alone fits
        ("file glob 'a/**/hosts'", "unlink", "file endswith '/hosts'"),
        ("file glob '**/*.so'", "unlink", "file endswith '.so'"),
        ("file startswith '/etc/pass'", "open", "file under '/etc'"),
        ("file endswith 'a/b'", "open", "file endswith '/b'"),
        ("not file glob ('**/*.so', '**/*.so.*')", "open", "not file endswith '.so'"),
        ("not file glob ('**/*.so', '/etc/*')", "open", "not file endswith '.so'"),
        ("file glob ('**/*.so', '/etc/*')", "open", "file endswith '.so' or file under '/etc'"),
        ("comm iglob 'A*' and uid == 0", "open", "uid == 0"),
        ("comm glob 'a*'", "open", "comm startswith 'a'"),
        ("comm glob 'a*' or uid == 0", "exit", "comm startswith 'a' or uid == 0"),
        ("path contains 'x' or uid == 0", "open", "True"),
        ("path contains 'x' or uid == 0", "exit", "uid == 0"),
        ("event == 'open' and fd > 3", "exec", "False"),
        ("flags contains 'O_SYNC'", "open", "flags contains 'O_SYNC'"),
        ("not flags contains 'O_DSYNC'", "open", "True"),  # O_SYNC has its bit, too
        ("parent.comm == 'sh' and uid == 0", "open", "uid == 0"),
        ("not ancestor.comm == 'sh'", "open", "True"),
    ],
)
def test_what_is_necessary(text: str, event: str, wanted: str) -> None:
    assert str(necessary(parse(text), event)) == wanted


def test_what_forces_all_through_is_named() -> None:
    expression = parse("uid == 0 or not (path contains 'x' and comm == 'a')")
    assert str(undecided(expression, "open")) == "path contains 'x'"
    assert undecided(expression, "exit") is None


def test_more_than_there_is_room_for() -> None:
    some = " or ".join(f"file under '/{'x' * 200}/{number}'" for number in range(100))
    made = rules.Rules(parse(f"{some} or exit_code == 7 and pid == 1"), ["open", "exit"])
    assert (made.without_room, made.first["open"]) == (["open"], rules.ACCEPT)
    assert made.first["exit"] not in (rules.ACCEPT, rules.REJECT)


def test_many_numbers_take_few_steps() -> None:
    many = rules.Rules(parse(f"pid in ({', '.join(str(3 * number) for number in range(1, 200))})"), ["open"])
    assert many.longest("open") < 12
    assert rules.Rules(parse(" or ".join(f"file under '/{n}'" for n in range(50))), ["open"]).longest("open") == 50
