"""What makes no sense for the chosen events is refused, with the place marked and the nearest match."""

import pytest
from hypothesis import given

from onlooker.errors import ExpressionError
from onlooker.events import DEFAULT_EVENTS, TASK_EVENTS
from onlooker.filters import Filter, fields
from onlooker.filters.check import check, doubts
from onlooker.filters.parse import parse

from .expressions import expressions

TEXT_OPERATORS = "it takes ==, !=, in, exists, startswith, endswith, contains, glob, matches"


@pytest.mark.parametrize(
    ("text", "message", "marked", "hint"),
    [
        ("uid == 0 and erno == 'a'", "unknown field 'erno'", "erno", "did you mean 'errno'?"),
        ("zzzzz == 1", "unknown field 'zzzzz'", "zzzzz", "docs/fields.md lists the fields"),
        ("errno == 'ENOENTT'", "unknown errno 'ENOENTT'", "'ENOENTT'", "did you mean 'ENOENT'?"),
        ("errno in ('EPERM', 'eacces')", "unknown errno 'eacces'", "'eacces'", "did you mean 'EACCES'?"),
        ("flags contains 'O_CREATE'", "unknown flags 'O_CREATE'", "'O_CREATE'", "did you mean 'O_CREAT'?"),
        ("signal == 'KILL'", "unknown signal 'KILL'", "'KILL'", "did you mean 'SIGKILL'?"),
        ("event == 'opne'", "unknown event 'opne'", "'opne'", "did you mean 'open'?"),
        (
            "event in ('open', 'unlink')",
            "unlink is not among the chosen events",
            "'unlink'",
            "choose unlink, too: --events default,unlink",
        ),
        (
            "new_path under '/x'",
            "none of the chosen events has the field new_path",
            "new_path",
            "choose one of rename, link, too: --events default,rename,link",
        ),
        ("uid == '0'", "uid is a number, not '0'", "'0'", "without quotes: 0"),
        ("uid == 'root'", "uid is a number, not 'root'", "'root'", "uid == 0, or --uid root"),
        ("uid in (1, 'root')", "uid is a number, not 'root'", "'root'", "uid in (0), or --uid root"),
        ("parent.uid != 'root'", "uid is a number, not 'root'", "'root'", "parent.uid != 0"),
        ("gid == 'root'", "gid is a number, not 'root'", "'root'", "gid == 0"),
        ("uid == 'zzzzz'", "uid is a number, not 'zzzzz'", "'zzzzz'", "a number, as in 10, 0x1f, 0644"),
        (r"uid == '\xff'", r"uid is a number, not '\xff'", r"'\xff'", "a number, as in 10, 0x1f, 0644"),
        ("pid == 'root'", "pid is a number, not 'root'", "'root'", "a number, as in 10, 0x1f, 0644"),
        ("uid == true", "uid is a number, not true", "true", "a number, as in 10, 0x1f, 0644"),
        ("created == 1", "created is true or false, not 1", "1", "created == true, or false"),
        ("errno == 2", "errno is a name, not 2", "2", "by its name: 'ENOENT'"),
        ("errno == 9999", "errno is a name, not 9999", "9999", "by its name"),
        ("comm == 7", "comm is a text, not 7", "7", "in quotes: '7'"),
        ("errno < 'EPERM'", "errno is a name: it has no <", "errno < 'EPERM'", TEXT_OPERATORS),
        ("comm under '/x'", "comm is a text: it has no under", "comm under '/x'", TEXT_OPERATORS),
        (
            "flags == 'O_CREAT'",
            "flags is a list of names: it has no ==",
            "flags == 'O_CREAT'",
            "flags contains 'O_CREAT'",
        ),
        (
            "argv startswith '-'",
            "argv is a list: it has no startswith",
            "argv startswith '-'",
            "cmdline startswith ..., or argv contains ...",
        ),
        ("time > 'noon'", "not a time: 'noon'", "'noon'", "from 1970 to 2262: 2026-01-31T12:00:00.123456789Z"),
        ("path under ''", "under which directory?", "''", "path under '/'"),
        (r"path == 'a\x00'", r"nothing has a NUL byte in it: 'a\x00'", r"'a\x00'", ""),
        (
            "uid == 0 or ancestor.fd == 3",
            "ancestor.fd: of a process's ancestor that is not known",
            "ancestor.fd",
            "known are pid, ppid, uid, comm, exe, argv, cmdline",
        ),
    ],
)
def test_mistakes_are_marked(text, message, marked, hint):
    with pytest.raises(ExpressionError) as caught:
        check(parse(text), DEFAULT_EVENTS, text)
    error = caught.value
    assert (str(error), text[error.start : error.end], error.hint) == (message, marked, hint)
    with pytest.raises(ExpressionError) as caught:  # without its text
        check(parse(text), DEFAULT_EVENTS)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text",
    [
        "errno == '600' or signal == 'SIG99' or clone_flags contains ('SIGCHLD', '0x20')",
        "event != 'unlink' and event not in ('link')",
        "mode == 0644 and time > '2026-01-31T12:00:00Z'",
        "cut contains 'argv' and flags icontains 'o_creat'",
    ],
)
def test_what_makes_sense(text):
    check(parse(text), DEFAULT_EVENTS, text)


@given(expressions())
def test_all_that_makes_sense_is_taken(expression):
    check(expression, TASK_EVENTS)


def test_a_field_is_the_same_in_each_event():
    """`type_of` looks at one of them."""
    for field in set(fields.known_fields()) - {fields.EVENT, fields.CMDLINE}:
        found = {fields._TYPES[step.op] for event in TASK_EVENTS for step in fields.steps_of(field, event)}
        assert len(found) == 1, field


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("file under 'etc'", "file under 'etc': a file has a path from the root on; '/etc' may be meant"),
        (
            "not file under ('/srv', './x')",
            "file under ('/srv', './x'): a file has a path from the root on; '/x' may be meant",
        ),
        (
            "uid == 0 and (exe == 'make' or parent.exe in ('a', 'b'))",
            "exe == 'make': a program has a path from the root on; exe endswith '/make' compares its end",
        ),
        ("cwd != 'tmp'", "cwd != 'tmp': a directory has a path from the root on; cwd endswith '/tmp' compares its end"),
        ("path under 'etc' or file under ('/', '/a') or real_path == 'pipe:[7]' or file endswith 'x'", ""),
        ("interpreter == 'sh' or file == '@abstract' or comm == 'a'", ""),
        (
            r"exe iendswith ('/a', '\\node')",
            r"exe iendswith '\\node': paths of Linux have slashes between names; '/node' may be meant",
        ),
        (
            r"file iglob 'C:\\\\x'",
            r"file iglob 'C:\\\\x': paths of Linux have slashes between names; 'C:/x' may be meant",
        ),
        (r"file endswith '\\x2duuid' or file contains 'a\\b' or cmdline contains '\\node' or file matches '\\w'", ""),
    ],
)
def test_paths_that_begin_nowhere_are_in_doubt(text, note):
    assert doubts(parse(text))[:1] == ([note] if note else [])
    assert Filter.of(where=text).notes()[:1] == ([note] if note else [])
