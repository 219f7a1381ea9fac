"""The language of phrases."""

import pytest

from onlooker.schema.phrase import Choose, Text, Value, Words, parse


def test_a_list():
    assert parse("{list:a;{b?c;d}}") == (Words(((Text("a"),), (Choose("set", "b", "", (Text("c;d"),), ()),))),)


@pytest.mark.parametrize(
    "text", ["{list:a;{list:b}}", "{list:{list:b}}", "{list:{a?{list:b}}}", "{list:a;{b?c|{list:d}}}"]
)
def test_a_list_in_a_list_is_refused(text):
    with pytest.raises(ValueError, match="a list in a list"):
        parse(text)


def test_a_list_behind_a_list():
    assert parse("{list:a}{b?{list:c}}") == (
        Words(((Text("a"),),)),
        Choose("set", "b", "", (Words(((Text("c"),),)),), ()),
    )


def test_what_is_escaped():
    assert parse(r"a\{b\|\}\;\\{c}") == (Text(r"a{b|};\\"[:-1]), Value("c"))


@pytest.mark.parametrize("text", ["{a", "{a?b", "a}", "{list:a", "{a:b}", "\\"])
def test_what_is_none(text):
    with pytest.raises(ValueError, match=r"is missing at|a brace too many|no format|nothing after"):
        parse(text)
