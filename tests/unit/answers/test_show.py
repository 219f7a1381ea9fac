"""The life of one process."""

import pytest

from onlooker.answers.formatter import AnswerFormatter
from onlooker.answers.page import Page
from onlooker.answers.show import Candidates, Show
from onlooker.answers.uses import MISSING, SECTIONS
from onlooker.records import Batch

from ..recordings.lives import batches, build, event, execute, fork, life
from .asking import WIDE


def called(wanted, events):
    made = Candidates(wanted)
    for batch in batches(*events):
        made.take(batch)
    return made


def show(wanted, events, page=WIDE, format_="text", **how):
    candidates = called(wanted, events)
    made = AnswerFormatter(Show(candidates, candidates.found(), **how), format_, lambda: page)
    shown = b"".join(made.format(batch) for batch in Batch.of(sorted(events, key=lambda each: each.boot_ns)))
    return (shown + made.end()).decode().splitlines()


def opened(second, path, *flags, pid=100, start=10, **fields):
    fields = {"comm": "sh", **fields}
    name = "joined_path" if "errno" in fields else "real_path"
    return event("open", second, pid, start, path=path, flags=flags or ("O_RDONLY",), **{name: path}, **fields)


WORKS = [
    *build(),
    *(opened(11 + number / 10, "/src/a") for number in range(3)),
    opened(12, "/out/a", "O_WRONLY", "O_CREAT", created=True),
    opened(13, "/out/a", "O_RDWR"),
    opened(14, "/none", errno="ENOENT"),
    opened(14.1, "/secret", errno="EACCES"),
    opened(14.2, "/secret", errno="EACCES"),
    event("unlink", 15, 100, 10, comm="sh", path="/out/b", joined_path="/out/b"),
    event("unlink", 15.1, 100, 10, comm="sh", path="/out/c", joined_path="/out/c", errno="EROFS"),
    event("readlink", 15.2, 100, 10, comm="sh", syscall="readlink", path="/out", joined_path="/out", errno="EINVAL"),
    event("chdir", 16, 100, 10, syscall="chdir", comm="sh", path="/out", cwd="/out"),
    opened(17, "/src/a", pid=200, start=11),
]


def test_all_of_it():
    assert show("100", WORKS, user={1000: "ann"}.get, is_command=True) == [
        "sh (100)  sh build.sh",
        "  started 2026-01-31 12:00:10.000 UTC, 0.000 s after the beginning",
        "  took    10.000 s; processor 0.003 s, system 0.001 s",
        "  ended   exit 2",
        "  by      ? (99)",
        "  user    ann, cgroup 1",
        "  in      /out",
        "children: 5 processes, 1 failed",
        "START   TIME  PID  END     PROCESS",
        "1.000  3.600               \N{MULTIPLICATION SIGN}4 gcc -c ….c [longest 0.900; 4 more below]",
        "4.000  0.900  203  exit 1  gcc -c src/f3.c [1 more below]",
        "read: 3 files, 5 times",
        "TIMES  HOW       FILE",
        "    1  executed  /usr/bin/sh",
        "    3  read      /src/a",
        "    1  read      /out/a",
        "written: 1 file, 2 times",
        "TIMES  HOW      FILE",
        "    2  written  /out/a",
        "created: 1 file, 1 time",
        "TIMES  HOW      FILE",
        "    1  created  /out/a",
        "removed: 1 file, 1 time",
        "TIMES  HOW      FILE",
        "    1  removed  /out/b",
        "missing: 1 file, 1 time",
        "TIMES  HOW   FILE",
        "    1  read  /none",
        "failed: 3 calls",
        "TIMES  WANTED  ERROR   FILE",
        "    2  read    EACCES  /secret",
        "    1  remove  EROFS   /out/c",
    ]


def test_its_ancestors_and_all_that_it_executed():
    events = [
        execute(1, 7, 0.5, "sh", uid=0),
        fork(2, 7, 0.5, 8, comm="sh"),
        execute(2.1, 8, 2, "env", "a"),
        execute(3, 8, 2, "a", "b c"),
    ]
    lines = show("8", [*events, fork(4, 8, 2, 9, comm="a")])
    assert lines[0] == "a (8)  env → a 'b c'"
    assert "  by      sh (7) < ? (1000)" in lines and "  ended   still running" in lines
    assert lines[7:10] == ["executed: 2 programs", "  1.100  /usr/bin/env: env a", "  2.000  /usr/bin/a: a 'b c'"]


def test_a_signal():
    lines = show("7", [execute(1, 1, 0.5, "sh"), *life(1, 0.5, 7, 2, "a", signal="SIGSEGV", core_dumped=True)])
    assert "  ended   SIGSEGV (core dumped)" in lines


def test_a_name():
    for wanted, pids in (
        ("gcc", range(200, 205)),
        ("cc1", range(300, 305)),
        ("sh", [100]),
        ("build.sh", []),
        ("10", []),
    ):
        assert [each.pid for each in called(wanted, build()).found()] == [*pids]
    events = [execute(1, 7, 0.5, "env"), execute(2, 7, 0.5, "a-very-long-name-of-a-program"), execute(3, 7, 0.5, "sh")]
    for wanted in ("env", "a-very-long-name-of-a-program", "sh"):
        assert [each.pid for each in called(wanted, events).found()] == [7]


def test_a_path_of_a_program():
    events = [
        execute(1, 7, 0.5, "make", exe="/usr/bin/gmake"),
        execute(2, 8, 1.5, "run", path="./run", exe="/srv/run", cwd="/srv"),
        execute(3, 9, 2.5, "run", path="bin/../run", exe="/else/run.sh", cwd="/srv"),
    ]
    for wanted, pids in {
        "/usr/bin/make": [7],
        "/usr/bin/gmake": [7],
        "./run": [8],
        "/srv/run": [8],
        "/bin/make": [],
        "make/": [],
    }.items():
        assert [each.pid for each in called(wanted, events).found()] == pids


def test_the_names_that_there_are():
    assert called("cg", build()).names() == ["gcc", "cc1", "sh"]
    assert called("shh", build()).names()[0] == "sh"
    assert called("/opt/bin/cc1", build()).names() == ["/usr/bin/cc1", "/usr/bin/gcc", "/usr/bin/sh"]


def test_one_that_only_opened_files():
    events = [opened(1, "/a", pid=7, start=0.5, comm="old"), opened(2, "/b", pid=8, start=0.6)]
    for wanted in ("7", "old"):
        lines = show(wanted, events)
        assert lines[0] == "old (7)  old (program not seen)"
        assert "    1  read  /a" in lines and "/b" not in "".join(lines)


def test_an_id_that_was_used_again():
    events = [
        execute(1, 1, 0.5, "sh"),
        *life(1, 0.5, 7, 2, "a"),
        *life(1, 0.5, 7, 3, "b"),
        opened(3.1, "/b", pid=7, start=3, comm="b"),
    ]
    lines = show("7", events)
    heads = [line for line in lines if " (7)  " in line]
    assert lines[0] == "1 of 2 that had this id (--index 1 shows only this one):"
    assert heads == ["a (7)  a", "b (7)  b"] and lines.index("    1  read      /b") > lines.index("b (7)  b")


def test_json_lines():
    from msgspec import json

    found = [json.decode(line) for line in show("100", WORKS, format_="json")]
    assert {(each["pid"], each["start_ns"]) for each in found} == {(100, 10_000_000_000)}
    kinds = [each["what"] for each in found]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "process": 1,
        "execution": 1,
        "child": 5,
        "events": 7,
        "file": 5,
        "failure": 2,
    }
    assert found[0]["cwd"] == "/out" and found[0]["end"] == "exit 2"
    files = {each["file"]: each for each in found if each["what"] == "file"}
    assert files["/out/a"]["kind"] == "file" and files["/none"]["kind"] == MISSING
    assert {name: files["/out/a"].get(name) for name in SECTIONS} == {
        "read": 1,
        "written": 2,
        "created": 1,
        "removed": None,
        "missing": None,
    }


@pytest.mark.parametrize("page", [Page(80, 24), Page(40, 10)])
def test_it_fits_the_terminal(page):
    long = [opened(11 + n / 100, f"/a/long/path/\x1b[31m/{'漢' * 50}/{n}") for n in range(50)]
    denied = [opened(12 + n / 100, f"/b/{'漢' * 50}/{n}", errno="EPERM") for n in range(50)]
    lines = show("100", [*WORKS, *long, *denied], page)
    assert all(page.fit(line) == line for line in lines) and "\x1b" not in "".join(lines)
    assert len(lines) < 60 and "and 42 rows more; -o FILE has all" in lines
