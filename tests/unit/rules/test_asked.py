"""What the kernel is asked for, so that the rules get what they need and little else."""

from onlooker.filters import Filter
from onlooker.filters.necessary import necessary
from onlooker.filters.parse import parse
from onlooker.filters.rules import Rules
from onlooker.rules import Rule
from onlooker.rules.asked import disjunction, with_rules
from onlooker.rules.rule import Place


def rules(*wheres):
    made = {"title": "x", "level": "low", "place": Place("x"), "language": "onlooker"}
    return tuple(Rule(id=str(number), expression=parse(where), **made) for number, where in enumerate(wheres))


def test_what_many_ask_first_is_asked_once():
    prefix = "event == 'open' and created == true and file under"
    asked = disjunction(rules(f"{prefix} '/a'", f"{prefix} '/b'", "event == 'exec' and uid == 0"))
    assert str(asked) == (
        "event == 'open' and created == true and (file under '/a' or file under '/b') or event == 'exec' and uid == 0"
    )
    assert str(necessary(asked, "open")) == "created == true and (file under '/a' or file under '/b')"


def test_ways_within_a_rule_are_told_apart():
    where = "not errno exists and (event == 'open' and path == 'a' or event == 'rename' and new_path == 'b')"
    assert str(disjunction(rules(where))) == (
        "not errno exists and event == 'open' and path == 'a'"
        " or not errno exists and event == 'rename' and new_path == 'b'"
    )


def test_more_rules_than_the_kernel_has_room_for():
    """An open for reading stays out all the same."""
    where = "event == 'open' and flags contains 'O_WRONLY' and file under '/srv/{}'"
    many = rules(*(where.format(number) for number in range(700)))
    assert Rules(disjunction(many), ("open",)).without_room == ["open"]
    asked = with_rules(Filter.of(), many, only_alerts=True, has_proc=False)
    assert str(necessary(asked.coarse, "open")) == "flags contains 'O_WRONLY'"
    assert asked.rules() == Rules(asked.coarse, asked.events).to_bytes()
    assert asked.events == ("fork", "exec", "exit", "open")


def test_processes_are_chosen_by_the_source_unless_their_kin_matters():
    given = Filter.of(comm=["x"], uid=[0])
    asked = with_rules(given, rules("event == 'open'"), only_alerts=True, has_proc=False)
    assert (asked.comm, asked.uid) == (given.comm, given.uid)
    asked = with_rules(given, rules("event == 'open' and parent.comm == 'y'"), only_alerts=True, has_proc=False)
    assert (asked.comm, asked.uid, asked.named_pids) == ((), (), ())
