"""What an expression asks of users and containers: told by the stream, or found out; and what the kernel can ask."""

import pytest

from onlooker import ExpressionError
from onlooker.filters.check import check
from onlooker.filters.compile import matcher
from onlooker.filters.explain import explain
from onlooker.filters.expression import Not, Or
from onlooker.filters.expression import Test as Ask
from onlooker.filters.necessary import necessary
from onlooker.filters.parse import parse
from onlooker.filters.rules import Rules
from onlooker.records import Batch
from onlooker.testing import make

NONE = dict.fromkeys(make("cgroup").__struct_fields__[3:])
USERS = {1: "ann", 2: None}
NAMES = {3: "web", 4: "db", 5: None}


def user(uid):
    return make("user", uid=uid, gid=0, user_name=USERS.get(uid), group_name=None)


def cgroup(number):
    return make("cgroup", cgroup_id=number, **NONE | {"container_name": NAMES.get(number)})


OPENS = [make("open", uid=uid, gid=0, cgroup_id=number) for uid in (1, 2, 9) for number in (3, 4, 5, 9)]
WHERE = [
    ("container.name == 'web'", lambda uid, number: number == 3),
    ("container_name in ('web', 'db') and user.name == 'ann'", lambda uid, number: uid == 1 and number in (3, 4)),
    ("container.name != 'web'", lambda uid, number: number == 4),
    ("not container.name == 'web'", lambda uid, number: number != 3),
    ("container.name exists or user.name exists", lambda uid, number: number in (3, 4) or uid == 1),
    ("container.name istartswith 'W' or uid == 9", lambda uid, number: number == 3 or uid == 9),
    ("user.name not in ('bob')", lambda uid, number: uid == 1),
]


def kept(batch, asked):
    found = batch.matching(asked).without_context()
    return [(event.uid, event.cgroup_id) for event in found]


def expected(holds):
    return [(event.uid, event.cgroup_id) for event in OPENS if holds(event.uid, event.cgroup_id)]


@pytest.mark.parametrize("text, holds", WHERE)
def test_told_by_the_stream(text, holds):
    told = [*map(user, USERS), *map(cgroup, NAMES)]
    asked = matcher(parse(text))
    [first] = Batch.of([*told, *OPENS])
    [later] = Batch.of(OPENS)
    assert kept(first, asked) == kept(later, asked) == expected(holds)


@pytest.mark.parametrize("text, holds", WHERE)
def test_found_out_once(text, holds):
    calls = []

    def find(event, first, second, pid):
        calls.append((event, first))
        [made] = Batch.of([user(first) if event == "user" else cgroup(first)])
        return made.data

    asked = matcher(parse(text), find=find)
    [batch] = Batch.of(OPENS)
    assert kept(batch, asked) == kept(batch, asked) == expected(holds)
    assert len(calls) == len(set(calls))
    asked.forget()
    kept(batch, asked)
    assert len(calls) == 2 * len(set(calls))


def test_what_the_stream_tells_later_counts_from_then_on():
    asked = matcher(parse("container.name == 'web'"))
    [unknown] = Batch.of([cgroup(9), make("open", cgroup_id=9)])
    [known] = Batch.of([make("cgroup", cgroup_id=9, **NONE | {"container_name": "web"}), make("open", cgroup_id=9)])
    assert (len(kept(unknown, asked)), len(kept(known, asked)), len(kept(unknown, asked))) == (0, 1, 0)


def test_losses_always_pass():
    [batch] = Batch.of([make("lost"), make("open")])
    assert [event.event for event in batch.matching(matcher(parse("user.name == 'ann'")))] == ["lost"]


@pytest.mark.parametrize(
    "text", ["user.nam == 'a'", "container.foo == 'a'", "parent.container_name == 'a'", "pod == 7"]
)
def test_mistakes(text):
    with pytest.raises(ExpressionError):
        check(parse(text), ("open",), text)


def test_the_dot_is_an_underscore():
    assert str(parse("container.name == 'web'")) == "container_name == 'web'"
    check(parse("pod startswith 'a' and cgroup under '/x'"), ("exit",))


ABOVE, SURE = Ask("cgroup_id", ">", (9,)), Ask("cgroup_id", "in", (3,))


def bound(test, upper):
    return Or((ABOVE, SURE)) if upper else SURE


@pytest.mark.parametrize(
    "text, event, wanted",
    [
        ("container.name == 'web'", "open", Or((ABOVE, SURE))),
        ("not container.name == 'web'", "open", Not(SURE)),
        ("container.name == 'web'", "exit", True),  # nothing is filled in there
        ("container.name == 'web' or fd == 3", "exit", True),
    ],
)
def test_what_the_kernel_asks(text, event, wanted):
    assert necessary(parse(text), event, bound) == wanted
    Rules(parse(text), (event,), bound).to_bytes()


def test_without_knowing_anything_all_passes():
    assert necessary(parse("container.name == 'web' and fd == 3"), "open") == Ask("fd", "==", (3,))


def test_explain():
    lines = list(explain(parse("container.name == 'web' and fd == 3"), ("open",)))
    assert "  by known ids   container_name == 'web'" in lines
    assert "  in the kernel  fd == 3" in lines
    assert "  open           container_name == 'web' and fd == 3" in lines
