"""Shell text is taken apart as a shell does it."""

import re
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker.claims.claim import claims, joined, pattern
from onlooker.claims.shell import Nesting, commands
from onlooker.claims.words import IncompleteError, Wild, Word, split, writes_files


def shown(text):
    """Its claims, as text."""
    return [each.shown for each in claims(text, 1)]


CASES = {
    "make -j4": ["make -j4"],
    "a && b || c; d & e | f |& g": ["a", "b", "c", "d", "e", "f", "g"],
    "(cd x && make) > out 2>&1": ["cd x", "make"],
    "{ a; b; }": ["a", "b"],
    "A=1 B='x y' make": ["make"],
    "A=1": [],
    "echo 'a; b' \"c && d\" e\\;f": ["echo 'a; b' 'c && d' 'e;f'"],
    "echo a # rest": ["echo a"],
    "echo a#b": ["echo 'a#b'"],
    "a >b <c 2>>d &>e >|f <<<g h": ["a h"],
    "a 2 >b": ["a 2"],
    "a\\\n b": ["a b"],
    "echo $'a\\tb'": ["echo $'a\\tb'"],
    "if a; then b; elif c; then d; else e; fi": ["a", "c", "b", "d", "e"],
    "while read -r x; do rm $x; done < list": ["read -r x", "rm …"],
    "for f in a b; do cc -c $f.c; done": ["cc -c ….c"],
    "case $x in a|b) one;; (c) two ;; *) three ;; esac; after": ["one", "two", "three", "after"],
    "f() { a; }; f; g": ["a", "f", "g"],
    "function f { a; }": ["a"],
    "[[ -f x && -d y ]] && a": ["'[['", "a"],
    "((i++)); a": ["let", "a"],
    "[ -f x ] && a": ["'[' -f x ']'", "a"],
    "! a": ["a"],
    "time -p make": ["make"],
    'echo "$(date +%s) `id -u`"': ["date +%s", "id -u", "echo … …"],
    "diff <(sort a) <(sort b)": ["sort a", "sort b", "diff … …"],
    "x=$(git rev-parse HEAD)": ["git rev-parse HEAD"],
    "echo $((1 + 2)) ${x:-y z}": ["echo … …"],
    "rm *.o {a,b}.c ~/x": ["rm ….o ….c …/x"],
    "cat <<EOF | wc -l\n; $(not run)\nEOF\nafter": ["cat", "wc -l", "after"],
    "cat <<-'E'\n\ta\n\tE\nb": ["cat", "b"],
    "sudo -u me A=1 make install": ["make install"],
    "env -u X A=1 timeout -s KILL 5 nice -n 5 make": ["make"],
    "nice -5 make": ["make"],
    "find . | xargs -0 -n 1 rm -f": ["find .", "rm -f …"],
    "bash -lc 'cd x && make'": ["cd x", "make"],
    "sh -c \"sh -c 'a; b'\"": ["a", "b"],
    "sh -c $X": ["sh -c …"],
    "sh x.sh": ["sh x.sh"],
    "eval 'npm test' x": ["npm test x"],
    "exec -a x make": ["make"],
    "command -v git": ["command -v git"],
    "command git x": ["git x"],
    "sudo": ["sudo"],
    "": [],
    "  \n\n ; ": [],
}


@pytest.mark.parametrize(("text", "wanted"), CASES.items())
def test_commands(text, wanted):
    assert sorted(shown(text)) == sorted(wanted)


@pytest.mark.parametrize(
    "text", ["'", 'a "b', "a $(b", "a `b", "cat <<E\nx", "a \\", "${x", "$'a", 'echo "$(a \'b)"', "$(" * 5000]
)
def test_what_has_no_end(text):
    with pytest.raises(IncompleteError):
        list(claims(text, 1))


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("a; b", ["", ""]),
        ("a && b", ["", "&&"]),
        ("a || b | c; d", ["", "||", "||", ""]),
        ("if a; then b; fi; c", ["", "body", ""]),
        ("f() { a; }; b", ["body", ""]),
        ("{ a; }", [""]),
        ("a || sh -c 'b; c'", ["", "||", "||"]),
    ],
)
def test_what_a_command_depends_on(text, after):
    assert [each.after for each in claims(text, 1)] == after


def test_conditions_go_on_in_the_next_line():
    nesting = Nesting()
    found = [each.after for line in ("if a", "then b", "fi", "c") for each in commands(line, nesting)]
    assert found == ["", "body", ""]


@pytest.mark.parametrize(
    ("text", "wanted"), [("a 2>&1 >/dev/null", False), ("a >b", True), ("a <b", False), ("a >&b", True)]
)
def test_what_writes_files(text, wanted):
    assert writes_files(text) == wanted


@pytest.mark.parametrize(
    ("text", "argv", "wanted"),
    [
        ("cc $X -c", ["cc", "-c"], True),
        ("cc $X -c", ["cc", "-O2", "-g", "-c"], True),
        ('cc "$X" -c', ["cc", "-c"], False),
        ('cc "$X" -c', ["cc", "-O2 -g", "-c"], True),
        ('cc "$X" -c', ["cc", "-O2", "-g", "-c"], False),
        ("rm *.o", ["rm", "a.o", "b.o"], True),
        ("rm *.o", ["rm", "a.c"], False),
        ("rm x.*", ["rm", "x.*"], True),
        ("echo a.b", ["echo", "aXb"], False),
        ("echo ''", ["echo", ""], True),
        ("echo ''", ["echo"], False),
        ("xargs rm", ["rm", "a", "b"], True),
    ],
)
def test_patterns(text, argv, wanted):
    [claim] = claims(text, 1)
    assert bool(pattern(claim.words).fullmatch(joined(argv))) == wanted


PARTS = st.lists(st.sampled_from(["a", "b", "ab", Wild.PART, Wild.WORDS]), min_size=1, max_size=4)
ARGUMENTS = st.lists(st.text("ab", max_size=4), max_size=5)


def simple(words):
    """The same pattern, which may take for ever."""
    made = ""
    for word in words:
        if word.parts == (Wild.WORDS,):
            made += "(?:.*\0)?"
            continue
        of = {Wild.PART: "[^\0]*", Wild.WORDS: ".*"}
        made += "".join(of[part] if isinstance(part, Wild) else part for part in word.parts) + "\0"
    return re.compile(made, re.DOTALL)


@given(st.lists(PARTS, max_size=4), ARGUMENTS)
@settings(max_examples=1000, deadline=None)
def test_patterns_are_as_simple_ones(parts, argv):
    words = [Word(tuple(each)) for each in parts]
    assert bool(pattern(words).fullmatch(joined(argv))) == bool(simple(words).fullmatch(joined(argv)))


def test_patterns_take_no_time():
    [claim] = claims("x " + "*a $X " * 50 + '"' + "$X-" * 50 + '"', 1)
    assert not pattern(claim.words).fullmatch(joined(["x", *["aaaa-a"] * 700]))


PIECES = st.sampled_from([*"ab ;&|()<>'\"\\$`{}*#=\n", "if ", "fi", "case ", " in ", "esac", "<<E", "$(", "[[ ", "do "])


@given(st.lists(PIECES, max_size=20).map("".join))
@settings(max_examples=400, deadline=None)
def test_any_text_is_understood_or_refused(text):
    try:
        found = list(claims(text, 1))
    except IncompleteError:
        return
    assert all(each.shown for each in found if each.words[0].parts)


WORDS = st.sampled_from(["a", "b c", "'", '"', "$x", "\\", ";", "é", "", "-n", "*", "#", "\t"])


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@given(st.lists(WORDS, min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_words_are_those_of_bash(words):
    """As bash quotes them, and as it takes them apart."""
    quoted = subprocess.run(
        ["bash", "-c", "printf '%q ' \"$@\"", "x", *words], capture_output=True, text=True, check=True
    ).stdout
    assert [token.text for token in split(quoted)] == words
