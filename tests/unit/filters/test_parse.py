"""Expressions are read as they are meant, printed so that they read the same, and refused with the place marked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from onlooker.errors import ExpressionError, UsageError
from onlooker.filters.expression import And, Not, Or, literal, without_places
from onlooker.filters.expression import Test as Ask
from onlooker.filters.parse import DEEPEST, LONGEST, parse

from .expressions import expressions

A, B, C = (Ask(name, "==", (1,)) for name in ("pid", "uid", "gid"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("comm == 'cat'", Ask("comm", "==", (b"cat",))),
        ('comm="cat"', Ask("comm", "==", (b"cat",))),
        ("fd exists", Ask("fd", "exists")),
        ("fd not exists", Not(Ask("fd", "exists"))),
        ("errno in ('EACCES', 'EPERM')", Ask("errno", "in", (b"EACCES", b"EPERM"))),
        ("errno not in('EPERM')", Ask("errno", "in", (b"EPERM",), True)),
        ("file iendswith '.PY'", Ask("file", "endswith", (b".PY",), False, True)),
        ("file not iglob ('*.PY', 'b')", Ask("file", "glob", (b"*.PY", b"b"), True, True)),
        ("file not under '/etc'", Ask("file", "under", (b"/etc",), True)),
        ("ancestor.comm == 'sshd'", Ask("ancestor.comm", "==", (b"sshd",))),
        ("created == true", Ask("created", "==", (True,))),
        ("created != False", Ask("created", "!=", (False,))),
        ("pid==1 and uid==1 or gid==1", Or((And((A, B)), C))),
        ("pid==1&&(uid==1||gid==1)", And((A, Or((B, C))))),
        ("not pid==1 and uid==1", And((Not(A), B))),
        ("!!(pid==1 OR uid==1)", Not(Not(Or((A, B))))),
        ("pid==1 and uid==1 and gid==1", And((A, B, C))),
        (" pid\n==\t1 ", A),
    ],
)
def test_it_is_read_as_it_is_meant(text, meant):
    assert without_places(parse(text)) == meant


@pytest.mark.parametrize(
    ("text", "number"),
    [("10", 10), ("0x1F", 31), ("0644", 420), ("0o644", 420), ("0", 0), ("-1", -1), ("+7", 7), ("00", 0)],
)
def test_numbers(text, number):
    assert parse(f"mode == {text}").values == (number,)


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        (r"'\x41\xff'", b"A\xff"),
        (r"'it\'s'", b"it's"),
        ('"it\'s"', b"it's"),
        (r"'\\n\n\t\r\"'", b'\\n\n\t\r"'),
        (r"'\u00e9\U0001f600'", "é😀".encode()),
        ("'é'", "é".encode()),
        ("'\udcff'", b"\xff"),
        ("''", b""),
        ("'a\nb'", b"a\nb"),
    ],
)
def test_texts_are_bytes(text, raw):
    assert parse(f"comm == {text}").values == (raw,)


@given(expressions())
def test_what_is_printed_reads_the_same(expression):
    assert without_places(parse(str(expression))) == expression


@given(st.one_of(st.binary(), st.integers(-(2**63), 2**64 - 1), st.booleans()))
def test_values_are_printed_as_they_are_read(value):
    text = literal(value)
    assert text.isprintable()
    assert parse(f"pid == {text}").values == (value,)


def test_places():
    found = parse("not comm in ( 'a',  \"b\" ) or uid exists ").terms
    assert [(each.start, each.end) for each in (found[0].term, found[1])] == [(4, 25), (29, 39)]
    assert found[0].term.places == ((14, 17), (20, 23))


@pytest.mark.parametrize(
    ("text", "message", "marked", "hint"),
    [
        ("", "the expression is empty", "", "file under '/etc'"),
        ("comm == nginx", "a text is quoted: 'nginx'", "nginx", "in quotes: 'nginx'"),
        ("file under /etc", "a text is quoted: '/etc'", "/etc", "in quotes: '/etc'"),
        ("(file under ~/a-b)", "a text is quoted: '~/a-b'", "~/a-b", "in quotes: '~/a-b'"),
        ("file in ('/a', /b, /c)", "a text is quoted: '/b'", "/b", "in quotes: '/b'"),
        ("comm = my-app and pid == 1", "a text is quoted: 'my-app'", "my-app", "in quotes: 'my-app'"),
        ("/etc", "a text is quoted: '/etc'", "/etc", "in quotes: '/etc'"),
        ("comm ~ 'a'", "unexpected '~'", "~", "write glob"),
        ("pid == 1; uid == 2", "unexpected ';'", ";", ""),
        ("comm == 'x", "a quote is not closed", "'x", "end the text with '"),
        ("comm in 'a'", "'in' takes several values", "'a'", "in parentheses: in ('EACCES', 'EPERM')"),
        ("comm == ('a')", "== takes one value", "(", "'in' takes several: errno in ('EACCES', 'EPERM')"),
        ("(pid == 1", "a parenthesis is not closed", "(", ""),
        ("uid in (1, 2", "a parenthesis is not closed", "(", ""),
        ("uid in (1 2)", "unexpected '2': expected ',' or ')'", "2", ""),
        ("uid in ()", "expected a value, not ')'", ")", "'a text', a number, true or false"),
        ("(pid == 1 uid == 2)", "unexpected 'uid': expected 'and', 'or' or ')'", "uid", ""),
        ("pid == 1)", "nothing is open that this closes", ")", ""),
        ("pid == 1 uid == 2", "unexpected 'uid': another test comes after 'and' or 'or'", "uid", ""),
        ("pid == 1 and", "expected a field, not the end", "", ""),
        ("'a' == comm", "expected a field, not \"'a'\"", "'a'", "a field, then what it is: comm == 'nginx'"),
        ("comm endwith 'a'", "unknown operator 'endwith'", "endwith", "did you mean 'endswith'?"),
        ("comm not == 'a'", "'not' stands before the field where == follows", "==", "not comm == ..."),
        ("pid == 09", "not a whole number: '09'", "09", "as in 10, 0x1f, 0644, -1"),
        ("pid == 1.5", "not a whole number: '1.5'", "1.5", "as in 10, 0x1f, 0644, -1"),
        (r"comm == 'a\qb'", r"unknown escape '\\q'", r"\q", r"a backslash itself is \\, a byte \xNN"),
        (r"comm == '\ud800'", r"unknown escape '\\ud800'", r"\ud800", r"a backslash itself is \\, a byte \xNN"),
        (
            "a.b == 1",
            "unknown prefix of a field: 'a.b'",
            "a.b",
            "parent.NAME, ancestor.NAME, process.NAME, or NAME alone",
        ),
        ("pid == 1 & uid == 2", "unexpected '&'", "&", "write and"),
    ],
)
def test_mistakes_are_marked(text, message, marked, hint):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    error = caught.value
    assert (str(error), error.text[error.start : error.end], error.hint) == (message, marked, hint)
    assert (error.text, error.exit_code) == (text, 2)


def test_a_number_that_nothing_holds():
    with pytest.raises(ExpressionError, match=r"^no field holds such a number: 18446744073709551616$"):
        parse("inode == 18446744073709551616")
    with pytest.raises(ExpressionError, match=r"^not a whole number: '99999"):
        parse("inode == " + "9" * 5000)


@pytest.mark.parametrize("opening", ["(", "not ", "!", "!(", "not (not "])
def test_hostile_depth_and_length_are_refused(opening):
    deep = opening * LONGEST
    with pytest.raises(ExpressionError, match=f"^more than {DEEPEST} parentheses and negations in each other$"):
        parse(deep[: LONGEST - 10] + "pid == 1")
    with pytest.raises(ExpressionError, match=f"^an expression has at most {LONGEST} characters$"):
        parse(deep + "x")
    assert parse("(" * DEEPEST + "pid == 1" + ")" * DEEPEST).values == (1,)
    assert len(parse(" or ".join(["pid == 1"] * 5000)).terms) == 5000


def test_the_place_is_shown_on_one_line_below_each_other():
    error = ExpressionError("", "comm == '漢\n\x1b' and fil == 'x'", 18, 21)
    assert error.place == "comm == '漢\\n\\x1b' and fil == 'x'\n" + " " * 23 + "^^^"
    long = ExpressionError("", "a" * 200 + "bad" + "c" * 200, 200, 203)
    lines = long.place.split("\n")
    assert lines[0] == "..." + "a" * 47 + "bad" + "c" * 20 + "..."
    assert lines[1] == " " * 50 + "^^^"
    assert ExpressionError("", "a" * 300, 0, 300).place == "a" * 73 + "...\n" + "^" * 73


@pytest.mark.parametrize("given", [b"pid == 1", 7, None])
def test_what_is_no_text(given):
    with pytest.raises(UsageError, match=r"^not an expression: "):
        parse(given)


SOME = st.text(st.sampled_from("ab '漢\u0301\n\x1b\udcff"), max_size=150)


@given(before=SOME, marked=st.integers(1, 150), after=SOME)
def test_a_place_fits_80_columns_and_its_mark_is_below_it(before, marked, after):
    """With 4 columns before it."""
    start = len(before)
    shown, mark = ExpressionError("", f"{before}{'M' * marked}{after}", start, start + marked).place.split("\n")
    assert max(cell_len(shown), len(mark)) <= 76
    assert cell_len(shown[: shown.index("M")]) == len(mark) - len(mark.lstrip())
    assert shown.count("M") == mark.count("^") and mark.strip(" ^") == ""


def test_a_name_of_the_context_with_a_mistake_is_known():
    with pytest.raises(UsageError, match="unknown prefix") as found:
        parse("container.nam == 'web'")
    assert found.value.hint == "did you mean 'container.name'?"
