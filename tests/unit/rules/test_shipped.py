"""The rules that come with onlooker: each has examples of what it finds and what not, and is what they say."""

import pytest

from onlooker.filters.necessary import necessary
from onlooker.filters.rules import Rules
from onlooker.rules import load
from onlooker.rules.asked import disjunction
from onlooker.rules.trying import try_rule

RULES = load("shipped", strict=True).rules


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_its_own_examples(rule):
    tried = try_rule(rule)
    assert tried.failed == () and tried.match >= 1 and tried.no_match >= 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_it_says_what_it_is(rule):
    assert rule.description and rule.tags and rule.place.file.endswith(f"/{rule.id}.yml")
    assert all(tag.startswith("attack.t") for tag in rule.tags)
    assert len(rule.events) < 8


def test_there_are_some():
    assert 8 <= len(RULES) <= 20


def test_the_kernel_decides_most():
    """An open for reading of nothing special does not leave the kernel, and all rules have room there."""
    asked = disjunction(RULES)
    events = tuple(dict.fromkeys(event for rule in RULES for event in rule.events))
    assert Rules(asked, events).without_room == []
    assert not any(isinstance(necessary(asked, event), bool) for event in events)
