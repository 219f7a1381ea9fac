"""What the kernel is told of users and control groups, so that no event is wrongly rejected."""

import json

from onlooker.enrich.answers import ContextAnswers
from onlooker.filters.expression import Or
from onlooker.filters.expression import Test as Ask

from . import test_context
from .test_context import ID

machine = test_context.machine

WEB = Ask("container_name", "==", (b"web",))
OLD = 1_000_000_000


def numbers(bound):
    above, passing = bound.terms if isinstance(bound, Or) else (bound, None)
    assert (above.field, above.op) == ("cgroup_id", ">")
    return above.values[0], set(passing.values) if passing else set()


def made(machine, tests):
    answers = ContextAnswers(tests, machine.context("container", "user"))
    answers.look()
    return answers


def aged(machine, monkeypatch, seconds=100.0):
    monkeypatch.setattr("onlooker.enrich.cgroups.Cgroups.age", lambda self, path: seconds)


def test_control_groups_by_their_ids(machine, monkeypatch):
    aged(machine, monkeypatch)
    machine.docker(Name="/web")
    ids = {path: machine.cgroup(path) for path in ("/a", f"/docker-{ID}.scope", "/b")}
    ids["/"] = machine.hierarchy.stat().st_ino
    answers = made(machine, [WEB])
    web = ids[f"/docker-{ID}.scope"]
    assert numbers(answers.bound(WEB, True)) == (max(ids.values()), {web})
    assert answers.bound(WEB, False) == Ask("cgroup_id", "in", (web,))


def test_what_may_still_become_a_container_passes(machine, monkeypatch):
    aged(machine, monkeypatch, 1.0)
    number = machine.cgroup("/young")
    _, passing = numbers(made(machine, [WEB]).bound(WEB, True))
    assert number in passing


def test_a_new_one_is_looked_for_and_the_kernel_is_told(machine, monkeypatch):
    aged(machine, monkeypatch)
    monkeypatch.setattr("onlooker.enrich.answers.LOOK_SECONDS", 0.0)
    machine.cgroup("/a")
    answers = made(machine, [WEB])
    highest, _ = numbers(answers.bound(WEB, True))
    assert not answers.has_news()
    answers.find("cgroup", highest + 1_000_000, 0, 1)
    assert answers.has_news()
    (machine.hierarchy / "b").mkdir()
    answers.look()
    assert not answers.has_news()


def test_users_by_the_file(machine):
    by_name, by_group = Ask("user_name", "==", (b"ann",)), Ask("group_name", "==", (b"staff",))
    answers = made(machine, [by_name, by_group])
    assert answers.bound(by_name, True) == Ask("uid", "in", (0,), negated=True)
    assert answers.bound(by_name, False) == Ask("uid", "in", (1000,))
    assert answers.bound(by_group, True) == Ask("gid", "in", (0,), negated=True)


def test_too_many_are_left_to_user_space(machine, monkeypatch):
    aged(machine, monkeypatch)
    monkeypatch.setattr("onlooker.enrich.answers.MOST_PASSING", 1)
    machine.docker(Name="/web")
    for directory in ("a", "b"):
        machine.cgroup(f"/{directory}/docker-{ID}.scope")
    answers = made(machine, [WEB])
    assert (answers.bound(WEB, True), json.dumps(answers.bound(WEB, False))) == (True, "false")
