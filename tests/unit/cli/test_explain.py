"""`onlooker watch --explain`: who decides, without rights and without watching anything."""

from onlooker.filters.explain import explain
from onlooker.filters.parse import parse


def test_each_test_and_each_kind_of_event(watch):
    where = "uid == 0 and (not file glob ('**/*.so', '**/*.so.*') or path contains 'x' and event == 'open')"
    code, out, err = watch("--events", "open,unlink,exit", "--where", where, "--explain")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    expression, _, rest = out.partition("\n\n")
    assert expression.split() == where.split()
    assert (
        rest
        == """\
decided
  in the kernel  uid == 0
  in part        file glob ('**/*.so', '**/*.so.*')
  by onlooker    path contains 'x'
  in the kernel  event == 'open'

the kernel lets through
  open,
  exit           uid == 0
  unlink         uid == 0 and not file endswith '.so'
"""
    )


def test_what_lets_all_of_a_kind_through_is_named(watch):
    _, out, _ = watch("--events", "open", "--where", "uid == 0 or path contains 'x'", "--explain")
    assert out.endswith("  open           all, because of: path contains 'x'\n")


def test_no_expression(watch):
    assert watch("--filter", "nginx", "--explain")[:2] == (
        0,
        "no expression: everything that you ask for is decided in the kernel\n",
    )


def test_a_wrong_expression(watch):
    code, _, err = watch("--where", "uid ==", "--explain")
    assert code == 2 and err.startswith("onlooker: expected a value")


def test_a_value_is_in_one_line():
    """A space in it counts, so it does not become the end of a line; a very long one may be broken."""
    words = [f" -{letter} x " for letter in "abcdefghijklmnop"]
    long = " ".join("abcdefgh" * 6)
    lines = list(explain(parse(f"cmdline icontains ({', '.join(map(repr, [*words, long]))})"), ("exec",), 60))
    assert all(any(repr(word) in line for line in lines) for word in words)
    assert max(len(line) for text in lines for line in text.splitlines()) <= 60
