"""Other programs' words for our options: each leads to a command line that is one."""

import pytest

from onlooker.cli import main as cli
from onlooker.cli.meanings import KNOWN, meaning
from onlooker.cli.parser import parser

WATCH = parser(cli.command("watch"), "watch", "x")
OPTIONS = {name: action for action in WATCH._actions for name in action.option_strings}
VALUES = {"FORMAT": "json", "FILE": "events.txt", "N": "5", "TIME": "10s", "SIZE": "1M", "METHOD": "raw"}


@pytest.mark.parametrize("meant", sorted(set(KNOWN.values())))
def test_what_is_meant_can_be_typed(meant):
    option, _, value = meant.partition(" ")
    assert (value == "") == (OPTIONS[option].nargs == 0)
    assert value.islower() or value in ("", OPTIONS[option].metavar, "NAME")
    WATCH.parse_args([option, VALUES.get(value, value)] if value else [option])


@pytest.mark.parametrize("word", KNOWN)
def test_a_word_is_an_option_of_somebody(word):
    assert word.startswith("--") or len(word) in (2, 3)
    assert meaning(word, list(OPTIONS)) == KNOWN[word]
    assert meaning(word, []) == ""
