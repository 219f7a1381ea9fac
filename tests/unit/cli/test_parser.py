"""Values of options: what they mean, and that every other text is a mistake."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker import UsageError
from onlooker.cli.parser import HIGHEST, duration, listed, number, one_of, size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10", 10),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1),
        ("200ms", 0.2),
        ("10s", 10),
        ("2m", 120),
        ("1.5h", 5400),
        ("0.001", 0.001),
    ],
)
def test_duration(text, seconds):
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [*("", "0", "0s", "-1", "+1", "1e3", "inf", "nan", "1_0", " 1", "1 s", "s", ".", "1.2.3"), "1sm", "1hs", "1S", "²"],
)
def test_no_duration(text):
    with pytest.raises(UsageError, match="not a duration") as raised:
        duration(text)
    assert raised.value.hint == "more than 0: seconds, or with a unit, as in 10, 1.5, 200ms, 2m, 1h"
    assert repr(text) in str(raised.value)


@pytest.mark.parametrize(
    ("text", "found"), [("0", 0), ("1048576", 1 << 20), ("64K", 1 << 16), ("16M", 1 << 24), ("1G", 1 << 30)]
)
def test_size(text, found):
    assert size(text) == found


@pytest.mark.parametrize("text", ["", "M", "16m", "16MB", "1.5M", "-1", "1KK", "1 M", "٣", "9" * 5000])
def test_no_size(text):
    with pytest.raises(UsageError, match="not a size") as raised:
        size(text)
    assert raised.value.hint == "bytes, or with a unit: 16M"


@pytest.mark.parametrize(
    ("text", "least", "found"), [("0", 0, 0), ("007", 0, 7), ("1", 1, 1), (str(HIGHEST), 0, 2**64 - 1)]
)
def test_number(text, least, found):
    assert number("count", text, least=least) == found


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "0x1", "1_0", " 1", "٣", "one", "9" * 5000, str(2**64)])
def test_no_number(text):
    with pytest.raises(UsageError, match="not a count") as raised:
        number("count", text)
    assert raised.value.hint == ("a lower number" if text.isascii() and text.isdigit() else "a whole number, 0 or more")


def test_a_number_that_is_too_small():
    with pytest.raises(UsageError, match="not a count: '22'") as raised:
        number("count", "22", least=23)
    assert raised.value.hint == "a whole number, 23 or more"


@settings(deadline=None, max_examples=200)
@given(text=st.text(st.sampled_from("0123456789.-+ eEmshKMG_²\0\udcff"), max_size=8))
def test_whatever_is_typed_is_a_value_or_a_usage_error(text):
    for parse in (duration, size, lambda text: number("count", text)):
        try:
            found = parse(text)
        except UsageError as error:
            assert error.exit_code == 2
            assert str(error).isprintable()
        else:
            assert found >= 0


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (None, None),
        (["a"], ["a"]),
        (["a,b", "c"], ["a", "b", "c"]),
        ([" a , b "], ["a", "b"]),
        ([",a,,"], ["a"]),
        ([""], []),
        (["a b\tc\nd\r\n"], ["a", "b", "c", "d"]),
        (["a, b,  c"], ["a", "b", "c"]),
        (["'a b' \"c, d\""], ["a b", "c, d"]),
        ([r"a\ b,c\,d,e\'f"], ["a b", "c,d", "e'f"]),
        (["a#b #c (d) e;f|g"], ["a#b", "#c", "(d)", "e;f|g"]),
        (["\udcff \u00a0é"], ["\udcff", "\u00a0é"]),
        (["a", "a"], ["a", "a"]),
    ],
)
def test_listed(values, found):
    assert listed(values) == found


@pytest.mark.parametrize("text", ["it's", '"', "a\\"])
def test_no_list(text):
    with pytest.raises(UsageError) as raised:
        listed([text])
    assert str(raised.value) == f"not a list: {text!r}"
    assert "quote" in raised.value.hint


def test_one_of():
    assert one_of("colour", "red", ("red", "green")) == "red"
    with pytest.raises(UsageError, match="unknown colour 'gren'") as raised:
        one_of("colour", "gren", ("red", "green"))
    assert raised.value.hint == "did you mean 'green'?"
