"""Regular expressions: the automaton finds what Python's re finds, and SQL the same."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onlooker.errors import ExpressionError
from onlooker.events import TASK_EVENTS
from onlooker.filters.automaton import automaton
from onlooker.filters.check import check
from onlooker.filters.compile import matcher
from onlooker.filters.expression import Test as Ask
from onlooker.filters.nodes import RegexError
from onlooker.filters.parse import parse
from onlooker.filters.regex import in_hex, parsed
from onlooker.records import Batch
from onlooker.testing import make

_ONES = st.sampled_from(
    [
        "a",
        "b",
        "A",
        ".",
        "/",
        "[ab]",
        "[^a]",
        "[a-c/]",
        "[^-a]",
        "[]a]",
        r"\d",
        r"\W",
        r"\s",
        r"\.",
        r"\x41",
        "1",
        " ",
        "{",
    ]
)
_EDGES = st.sampled_from(["^", "$"])


def _more(inner):
    times = st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "+?"])
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, times).map(lambda pair: f"({pair[0]}){pair[1]}"),
    )


regexes = st.recursive(st.one_of(_ONES, _EDGES), _more, max_leaves=8)
texts = st.text(st.sampled_from("abcABC/1. \n{-ä"), max_size=10).map(str.encode)


def found(pattern: bytes, text: bytes, *, ignore_case: bool = False) -> bool:
    """By the automaton, as `match.c` goes through it."""
    made = automaton(pattern, ignore_case)
    state = 2
    for byte in text:
        at = 2 * (state * made.class_count + made.classes[byte])
        state = int.from_bytes(made.moves[at : at + 2], "little")
    return bool(made.ends[state])


def by_python(pattern: bytes, text: bytes, flags: int = 0) -> bool:
    """`$` of Python is also before a last newline, `\\Z` is not."""
    return re.search(re.sub(rb"(?<!\\)\$", rb"\\Z", pattern), text, flags) is not None


@settings(max_examples=400, deadline=None)
@given(regexes, texts, st.booleans())
@example("a{2,3}$", b"aaaa", False)
@example("(a|ab)(c|bcd)(d*)$", b"abcd", True)
@example("^|b", b"", False)
@example("(^a|b$)+", b"ab", False)
def test_it_finds_what_python_finds(pattern, text, ignore_case):
    raw = pattern.encode()
    wanted = by_python(raw, text, re.IGNORECASE if ignore_case else 0)
    assert found(raw, text, ignore_case=ignore_case) == wanted
    hexed = "".join(f"{byte:02X} " for byte in text)
    assert (re.search(in_hex(parsed(raw, ignore_case=ignore_case)).replace("$", r"\Z"), hexed) is not None) == wanted


_AROUND = st.sampled_from(
    [
        r"\b{}",
        r"{}\b",
        r"\b{}\b",
        r"a\b{}",
        r" {}\b.*b",
        r"a.*\b{}",
        r"a[ab ]*\b{}",
        r"{}\b\w*",
        "{}(?=a|$)",
        "(?<=[a/]){}",
        "{}(?![ab])",
        "(?<!a){}",
        "(?P<name>{})",
        r"(?:{}|\bb)\b",
    ]
)


@settings(max_examples=150, deadline=None)
@given(_AROUND, regexes, texts)
@example(r"\b{}\b", "[4-7][0-7]{3}", b"chmod 4755 x")
@example(r"\b{}\b", "[4-7][0-7]{3}", b"chmod 47551")
@example("a{}", "[^\\x00-\\xff]", b"ab")
def test_what_is_around_a_place(around, inner, text):
    """It is what Python finds, or refused."""
    raw = around.replace("{}", inner).encode()
    try:
        made = found(raw, text)
    except RegexError:
        return
    assert made == by_python(raw, text)
    hexed = "".join(f"{byte:02X} " for byte in text)
    in_sql = in_hex(parsed(raw)).replace("$", r"\Z").replace(r"[^\x00-\x{10FFFF}]", "(?!)")
    assert (re.search(in_sql, hexed) is not None) == made


@pytest.mark.parametrize("pattern", [r"\bsh\b", r"curl .*\bsh$", r"-x(?=\s|$)", r"(?<=/)id", "(?<name>a)", r"x\b.*y"])
def test_what_rules_ask_is_known(pattern):
    assert automaton(pattern.encode(), False).moves


@settings(max_examples=100, deadline=None)
@given(regexes.filter(lambda text: "\\x41" not in text), st.text("a/ж€😀\n", max_size=6))
def test_characters(pattern, text):
    wanted = re.search(re.sub(r"(?<!\\)\$", r"\\Z", pattern), text, re.ASCII)
    assert found(b"(?u)" + pattern.encode(), text.encode()) == (wanted is not None)


@settings(max_examples=100, deadline=None)
@given(regexes, texts)
def test_natively(pattern, text):
    expression = Ask("path", "matches", (pattern.encode(),))
    [batch] = Batch.of([make("open", path=text.decode("utf-8", "surrogateescape"))])
    assert bool(len(batch.matching(matcher(expression)))) == by_python(pattern.encode(), text)


@settings(max_examples=60, deadline=None)
@given(regexes, st.lists(texts, min_size=1, max_size=5), st.booleans())
def test_in_sql(pattern, given_texts, ignore_case):
    duckdb = pytest.importorskip("duckdb")
    from onlooker.filters.sql import condition

    expression = Ask("path", "matches", (pattern.encode(), b"^c"), ignore_case=ignore_case)
    [batch] = Batch.of([make("open", path=text.decode()) for text in given_texts])
    wanted = [event.path for event in batch.matching(matcher(expression))]
    made = batch.table("opens")  # noqa: F841 - by its name
    rows = duckdb.sql(f"SELECT path FROM made WHERE {condition(expression, 'open')}").fetchall()
    assert [row[0] for row in rows] == wanted


@pytest.mark.parametrize(
    ("text", "argv", "matches"),
    [
        ("cmdline matches 'curl .*\\\\| *(ba)?sh$'", ("curl", "x", "|", "sh"), True),
        ("cmdline matches 'curl .*\\\\| *(ba)?sh$'", ("curl", "x", "|", "sh", "x"), False),
        ("cmdline imatches 'CURL [^ ]+ x'", ("curl", "y", "X"), True),
        ("cmdline not matches 'a|b'", ("c",), True),
        ("cmdline matches ('a{3}', '(?i)B')", ("b",), True),
        ("cmdline matches '(?s)^a.b$'", ("a\nb",), True),
        ("cmdline matches '^a.b$'", ("a\nb",), False),
    ],
)
def test_in_expressions(text, argv, matches):
    check(parse(text), TASK_EVENTS, text)
    assert str(parse(str(parse(text)))) == str(parse(text))
    [batch] = Batch.of([make("exec", argv=argv)])
    assert bool(len(batch.matching(matcher(parse(text))))) == matches


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "a parenthesis is not closed"),
        (")", "a parenthesis is closed that was not opened"),
        ("[a", "a bracket is not closed"),
        ("[b-a]", "a range in brackets goes from a lower byte to a higher one"),
        ("*a", "nothing is before '*' that it could repeat"),
        ("a**", "a repetition is repeated"),
        ("^*", "a begin or an end is repeated"),
        ("(?=a)b", "looking ahead is not known here"),
        ("b(?<=a)c", "looking behind is not known here"),
        ("a(?=b)$", "looking ahead is not known here"),
        ("a(?!bc)", "looking for what is not there is known of one byte"),
        ("(?=a)*", "a begin or an end is repeated"),
        ("(?>a)", "'(?>' is not known"),
        (r"(a)\1", r"'\1' is not known: references to groups"),
        (r"a?\b.?c", r"\b is not known here: it would need backtracking"),
        (r"\b", r"\b is not known here"),
        ("\\", "is not known"),
        (r"\xg", "two hexadecimal digits"),
        ("[[:alpha:]]", "[:names:] of classes are not known"),
        ("a{3,2}", "not a number of times: {3,2}"),
        ("a{9999999999999999}", "not a number of times"),
        ("(" * 60 + ")" * 60, "more than 50 parentheses in each other"),
        ("(a{500}){500}", "it is too long"),
        ("(a|b)*a(a|b){20}", "it has too many ways to match"),
    ],
)
def test_what_is_refused(pattern, message):
    began = time.monotonic()
    with pytest.raises(RegexError) as error:
        automaton(pattern.encode(), False)
    assert message in str(error.value)
    assert time.monotonic() - began < 3
    with pytest.raises(ExpressionError, match="not a regular expression"):
        check(Ask("path", "matches", (pattern.encode(),)), TASK_EVENTS)


def test_a_long_text_takes_no_longer_for_each_byte():
    """What takes others a power of the length."""
    expression = Ask("cmdline", "matches", (b"(a+)+(b+)+(a|aa)+c$",))
    [batch] = Batch.of([make("exec", argv=("a" * 200_000,))])
    began = time.monotonic()
    assert len(batch.matching(matcher(expression))) == 0
    assert time.monotonic() - began < 1
