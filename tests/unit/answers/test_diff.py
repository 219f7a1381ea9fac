"""What differs between two recordings."""

from itertools import chain, permutations

import pytest
from msgspec import json

from onlooker.answers.diff import Diff
from onlooker.answers.formatter import AnswerFormatter
from onlooker.answers.page import Page
from onlooker.answers.sameness import form, in_directory
from onlooker.records import Batch
from onlooker.testing import make

from ..recordings.lives import batches, build, execute, fork, life
from .asking import SCREEN, WIDE, miss, opened

NEW = ("O_WRONLY", "O_CREAT")


def removed(path, **fields):
    return make("unlink", path=path, joined_path=path, **fields)


def diff(first, second, *, directories=("/one", "/two"), page=WIDE, format_="text", **how):
    asked = Diff(directories, **how)
    made = AnswerFormatter(asked, format_, lambda: page)
    for side, events in zip(asked.sides, (first, second), strict=True):
        asked.now = side
        for batch in Batch.of(events):
            assert made.format(batch) == b""
    return made.end().decode().splitlines()


def found(*both, **how):
    """(kind, first, second, what) of each."""
    rows = [json.decode(line) for line in diff(*both, format_="json", **how)]
    return [(row["kind"], row["first"], row["second"], row.get("file") or row["program"]) for row in rows]


def test_the_same():
    events = list(chain.from_iterable(batches(*build())))
    assert diff(events, events) == ["the same: 11 programs, 3 files, 2 failures"]
    assert diff(events, sorted(events, key=lambda each: each.pid)) == diff(events, events)
    assert diff(events, events, kinds=["programs"]) == ["the same: 11 programs"]
    assert diff([], []) == ["the same: 0 programs, 0 files, 0 failures"]


def test_all_kinds_of_differences():
    first = [
        make("exec", path="/bin/a", exe="/bin/a", argv=("a", "x")),
        make("exec", path="/bin/b", exe="/bin/b", argv=("b",), pid=5),
        make("exit", pid=5, exit_code=3),
        opened("/etc/a"),
        opened("/etc/both"),
        opened("/etc/no", errno="EACCES"),
    ]
    second = [
        make("exec", path="/bin/a", exe="/bin/a", argv=("a", "y")),
        *[make("exec", path="/bin/b", exe="/bin/b", argv=("b",), pid=5)] * 2,
        make("exit", pid=5, signal="SIGTERM"),
        opened("/etc/both"),
        opened("/etc/both", "O_WRONLY"),
        miss("/etc/a"),
        removed("/etc/c"),
    ]
    assert diff(first, second) == [
        "programs: 1 only in the first, 1 only in the second",
        "FIRST  SECOND  PROGRAM",
        "    1       -  a x",
        "    -       1  a y",
        "files: 1 only in the first, 3 only in the second",
        "FIRST  SECOND  HOW      FILE",
        "    1       -  read     /etc/a",
        "    -       1  written  /etc/both",
        "    -       1  removed  /etc/c",
        "    -       1  missing  /etc/a",
        "failures: 2 only in the first, 1 only in the second",
        "FIRST  SECOND  HOW           WHAT",
        "    1       -  exit 3        b",
        "    1       -  read: EACCES  /etc/no",
        "    -       1  SIGTERM       b",
        "9 differences",
    ]


def test_json():
    [program, file, failure, exited] = [
        json.decode(line)
        for line in diff(
            [make("exec", path="/one/a", exe="/one/a", argv=("a", "/one/b"))],
            [make("exit", comm="x", exit_code=1), miss("/two/c"), opened("/d", errno="EPERM")],
            format_="json",
        )
        if json.decode(line).get("how") != "read" or json.decode(line)["kind"] == "failure"
    ]
    assert program == {"kind": "program", "program": "./a", "argv": ["a", "./b"], "first": 1, "second": 0}
    assert file == {"kind": "file", "how": "missing", "file": "./c", "first": 0, "second": 1}
    assert failure == {"kind": "failure", "how": "exit 1", "program": "x", "first": 0, "second": 1}
    assert exited == {"kind": "failure", "how": "read", "errno": "EPERM", "file": "/d", "first": 0, "second": 1}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/one/a.c", "/two/a.c"),
        ("/tmp/ccAbCdEf.s", "/tmp/ccO7CT8P.s"),
        ("/tmp/ccabcdef.s", "/tmp/cczyxwvu.s"),
        ("/var/tmp/build-abcdefgh/x/y", "/var/tmp/build-hgfedcba/x/y"),
        ("/proc/123/maps", "/proc/4567/maps"),
        ("/proc/1/task/12/stat", "/proc/1/task/13/stat"),
        ("/srv/run.4711", "/srv/run.815123"),
        ("/srv/log-20260131", "/srv/log-20260201"),
        ("/srv/0b5c3f1a-9a7e-4b43-8d36-0d2b1a6f6a10", "/srv/aaaaaaaa-0000-4b43-8d36-0d2b1a6f6a10"),
        ("/srv/.git/objects/ab/" + "0123456789abcdef" * 2 + "012345", "/srv/.git/objects/cd/" + "f" * 30 + "00000000"),
        ("/cache/deadbeef01", "/cache/0123456789"),
        ("/srv/sedOBzRab", "/srv/sedqRsTuV"),
        ("/srv/tmp.aB3dE9xYz0", "/srv/tmp.Zz9yY8xX7w"),
    ],
)
def test_what_is_the_same(one, other):
    assert found([opened(one)], [opened(other)]) == []
    programs = [[make("exec", path="/bin/a", exe="/bin/a", argv=("a", f"-o{path}", path))] for path in (one, other)]
    assert found(*programs) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/srv/a.c", "/srv/b.c"),
        ("/srv/test_1.c", "/srv/test_22.c"),
        ("/usr/lib/python3.11/a", "/usr/lib/python3.12/a"),
        ("/usr/lib/libssl.so.1", "/usr/lib/libssl.so.3"),
        ("/srv/tmp/abcdefgh", "/srv/tmp/hgfedcba"),
        ("/tmp/ccAbCdEf.s", "/tmp/ccAbCdEf.o"),
        ("/srv/CMakeLists", "/srv/CMakeListz"),
        ("/one/a.c", "/one/a.c/"[:-3] + "h"),
        ("/oneself/a", "/twoself/a"),
        ("/srv/README", "/srv/LICENSE"),
    ],
)
def test_what_is_not_the_same(one, other):
    assert len(found([opened(one)], [opened(other)])) == 2


def test_what_is_there_by_its_own_name_stays_itself():
    """Names that look random and are not."""
    some = [opened(f"/srv/{number}") for number in (1000, 2000, 3000)]
    assert found(some, some[:2]) == [("file", 1, 0, "/srv/3000")]
    assert found(some[:2], some[1:]) == []


def test_a_temporary_file_has_any_name():
    def temporary(name):
        return [opened(name, *NEW, created=True), removed(name)]

    assert found(temporary("/srv/abcdefgh"), temporary("/srv/hgfedcba")) == []
    assert len(found(temporary("/srv/abcdefgh"), [opened("/srv/hgfedcba", *NEW, created=True)])) == 3


def test_counts_only_where_they_are_asked_for():
    events = [opened("/a")] * 3
    assert found(events, events * 10) == []
    assert found(events, events * 10, counts=True) == [("file", 3, 30, "/a")]
    assert found(events, events * 2, counts=True) == []
    lines = diff(events, events * 10, counts=True)
    assert lines[0] == "files: 0 only in the first, 0 only in the second, 1 much more often in one"


def test_what_is_alike_is_one_row():
    lines = diff([], [opened(f"/tmp/cc{number}AbCd.s") for number in range(10, 30)])
    assert lines[2] == "    -      20  read  /tmp/cc10AbCd.s (and 19 alike)"
    assert lines[3] == "1 difference"


def test_who_failed_is_known_by_its_program():
    made = [execute(1, 7, 0.5, "sh", "run"), fork(2, 7, 0.5, 8), *life(7, 0.5, 9, 3, "cat", "x", exit_code=1)]
    exits = [make("exit", pid=8, start_ns=2_000_000_000, exit_code=4), make("exit", pid=99, comm="old", exit_code=5)]
    rows = [json.decode(line) for line in diff([*made, *exits], [], kinds=["failures"], format_="json")]
    assert [(row["how"], row["program"], row.get("argv")) for row in rows] == [
        ("exit 1", "/usr/bin/cat", ["cat", "x"]),
        ("exit 4", "/usr/bin/sh", ["sh", "run"]),
        ("exit 5", "old", None),
    ]


def test_a_file_that_is_no_link_is_no_failure():
    event = make("readlink", path="/a", joined_path="/a", syscall="readlink", errno="EINVAL")
    assert found([event], []) == []


@pytest.mark.parametrize(
    "kinds", [list(some) for n in (1, 2, 3) for some in permutations(("programs", "files", "failures"), n)]
)
def test_some_kinds(kinds):
    events = [
        make("exec", path="/bin/a", exe="/bin/a", argv=("a",)),
        opened("/b", errno="EPERM"),
        miss("/c"),
        make("exit", exit_code=1),
    ]
    expected = {"programs": 1, "files": 2, "failures": 2}
    assert len(found(events, [], kinds=kinds)) == sum(expected[kind] for kind in kinds)


def test_it_fits_the_terminal():
    events = [opened(f"/src/{n}/\x1b[31m{'漢' * 60}/{n}") for n in range(300)]
    events += [make("exec", path="/bin/a", exe="/bin/a", argv=("a", "\n" * 9, "x" * 300, str(n))) for n in range(300)]
    lines = diff(events, [], page=SCREEN)
    assert all(SCREEN.fit(line) == line for line in lines) and "\x1b" not in "".join(lines)
    assert "and 260 rows more; -o FILE has all" in lines


def test_no_room(monkeypatch):
    monkeypatch.setattr("onlooker.answers.diff.MOST_THINGS", 2)
    asked = Diff((None, None))
    for batch in Batch.of([opened(f"/{n}") for n in range(5)]):
        asked.take(batch)
    assert not asked.is_whole


def test_what_is_missing_leaves_room_for_what_is_there(monkeypatch):
    monkeypatch.setattr("onlooker.answers.diff.MOST_THINGS", 2)
    asked = Diff((None, None))
    for batch in Batch.of([*(miss(f"/none/{n}") for n in range(5)), opened("/out", *NEW, created=True)]):
        asked.take(batch)
    assert not asked.is_whole and ("written", "/out") in asked.sides[0].found["files"]


def test_the_heads_of_a_narrow_terminal():
    page = Page(40, 24)
    lines = diff([opened("/etc/a"), opened("/etc/no", errno="EACCES")], [], page=page)
    assert all(page.fit(line) == line for line in lines)
    assert [line for line in lines if ":" in line[:9]] == [
        "files: 1 in first, 0 in second",
        "failures: 1 in first, 0 in second",
    ]


@pytest.mark.parametrize(
    "text", ["", "/", "-", "#", "/tmp/", "\udcff/tmp/\udcff12345", "x" * 5000, "1" * 5000, "a1" * 3000]
)
def test_any_text_has_a_form(text):
    assert form(form(text)) == form(text)
    assert in_directory(text, "/") == text and in_directory(text, "") == text
