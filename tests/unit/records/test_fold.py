"""What the stream says of processes, in the lines of their events."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlooker.records import Batch
from onlooker.records.fold import ContextLines, KnownContext
from onlooker.testing import make

NONE = dict.fromkeys(make("cgroup").__struct_fields__[3:])
EVENT = {"pid": 7, "start_ns": 70, "uid": 1, "gid": 2, "cgroup_id": 3}
USER = make("user", uid=1, gid=2, user_name="ann", group_name="staff")
WEB = make("cgroup", cgroup_id=3, **{**NONE, "container_name": "web", "unit": "web.scope", "cgroup": "/web"})
SH = make(
    "ancestry", pid=7, start_ns=70, ancestors=("sh", "init"), ancestor_pids=("5", "1"), ancestor_exes=("/bin/sh", "")
)


def batch(*events):
    [made] = Batch.of(events)
    return made


def shown(what, *batches, form="json"):
    made = ContextLines(what)
    lines = b""
    for each in batches:
        rest = made.taken(each)
        lines += bytes(made.json_lines(rest) if form == "json" else made.text_lines(rest))
    return lines.decode()


def test_fields_of_the_line():
    event = make("open", **EVENT)
    [line] = shown(["all"], batch(USER, WEB, SH, event)).splitlines()
    assert json.loads(line) == json.loads(event.to_json()) | {
        "user_name": "ann", "group_name": "staff", "container_name": "web", "unit": "web.scope", "cgroup": "/web",
        "ancestors": ["sh", "init"], "ancestor_pids": ["5", "1"], "ancestor_exes": ["/bin/sh", ""],
    }  # fmt: skip


def test_what_follows_the_text():
    event = make("open", **EVENT)
    text = shown(["all"], batch(USER, WEB, SH, event), form="text")
    assert text == (
        f"{event} [user ann, group staff] [container web, unit web.scope, cgroup /web] [ancestors sh init]\n"
    )


@pytest.mark.parametrize(
    "what, fields",
    [
        (["user"], {"user_name", "group_name"}),
        (["unit"], {"unit"}),
        (["unit", "cgroup"], {"unit", "cgroup"}),
        (["container"], {"container_name"}),
        ([], set()),
    ],
)
def test_only_what_was_asked_for(what, fields):
    event = make("open", **EVENT)
    line = json.loads(shown(what, batch(USER, WEB, SH, event)))
    assert line.keys() - json.loads(event.to_json()).keys() == fields


@pytest.mark.parametrize("form", ["json", "text"])
def test_nothing_is_added_where_nothing_is_known(form):
    events = [make("open", **EVENT | other) for other in ({"uid": 9}, {"gid": 9}, {"cgroup_id": 9}, {"start_ns": 9})]
    lines = shown(["user"], batch(USER, *events), form=form).splitlines()
    assert ["ann" in line for line in lines] == [False, False, True, True]
    lines = shown(["unit", "ancestors"], batch(WEB, SH, *events), form=form).splitlines()
    assert ["web.scope" in line for line in lines] == [True, True, False, True]
    assert ["init" in line for line in lines] == [True, True, True, False]


@pytest.mark.parametrize("form", ["json", "text"])
def test_it_is_known_in_later_batches_and_can_change(form):
    event = make("exit", **EVENT)
    later = make("user", uid=1, gid=2, user_name="bob", group_name=None)
    first, second, third = shown(
        ["user"], batch(USER, event), batch(event), batch(later, event), form=form
    ).splitlines()
    assert "ann" in first and first == second
    assert "bob" in third and "ann" not in third and "staff" not in third


def test_losses_have_none():
    assert shown(["all"], batch(USER, make("lost", count=3))) == make("lost", count=3).to_json() + "\n"


def test_hostile_names_harm_nothing():
    hostile = make("user", uid=1, gid=2, user_name='"\x1b[31m\udcff\n', group_name="\u202e")
    event = make("open", **EVENT)
    line = shown(["user"], batch(hostile, event))
    assert json.loads(line)["user_name_bytes"] and line.count("\n") == 1
    text = shown(["user"], batch(hostile, event), form="text").removesuffix("\n")
    assert text.isprintable() and "\u202e" not in text


NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
EVENTS = st.sampled_from(["open", "exit", "fork", "lost"])


@given(
    st.lists(st.tuples(st.integers(0, 3), NAMES), max_size=8),
    st.lists(st.tuples(st.integers(0, 3), EVENTS), max_size=12),
    st.integers(1, 4),
)
def test_as_python_knows_it(told, events, size):
    known = KnownContext()
    made = ContextLines(["user"])
    stream = [make("user", uid=uid, gid=0, user_name=name, group_name=None) for uid, name in told]
    stream += [make(name) if name == "lost" else make(name, uid=uid, gid=0, pid=uid + 1) for uid, name in events]
    for start in range(0, len(stream), size):
        part = batch(*stream[start : start + size])
        known.take(part)
        rest = made.taken(part)
        lines = bytes(made.json_lines(rest)).decode().splitlines()
        for line, event in zip(lines, rest, strict=True):
            assert json.loads(line) == json.loads(event.to_json()) | known.of(event)


def test_more_users_than_are_kept():
    """Those that were told last are known, and the first are forgotten."""
    made, known = ContextLines(["user"]), KnownContext()
    count, size = 150_000, 5_000
    for start in range(0, count, size):
        part = batch(*(make_user(uid) for uid in range(start, start + size)))
        made.taken(part)
        known.take(part)
    for uid, is_known in ((0, False), (count - 60_000, True), (count - 1, True)):
        event = make("open", uid=uid, gid=0)
        assert (b'"user_name"' in bytes(made.json_lines(batch(event)))) == is_known
        assert ("user_name" in known.of(event)) == is_known


USERS = make("user", gid=0, group_name=None)


def make_user(uid):
    return type(USERS)(USERS.time, 1, uid, 0, "x")


def test_a_batch_that_tells_it():
    made = ContextLines(["all"])
    told = made.told(batch(USER, make("open", **EVENT)))
    assert [event.event for event in told] == ["open"]
    assert b'"user_name":"ann"' in told.to_json() and b"[user ann, group staff]" in told.to_text()
