"""The processes of a recording as a tree."""

import pytest
from rich.cells import cell_len

from onlooker.answers.formatter import AnswerFormatter
from onlooker.answers.page import Page
from onlooker.answers.tree import TIMES, Tree
from onlooker.errors import UsageError
from onlooker.recordings.processes import Processes

from ..recordings.lives import at, batches, build, end, event, execute, fork, life
from .asking import SCREEN, WIDE, ask, rows


def tree(events, page=WIDE, **how):
    return ask(Tree(**how), sorted(events, key=lambda each: each.boot_ns), page)


def row(line):
    """Its columns, without spaces between them."""
    return line.split(maxsplit=3)


def test_siblings_that_are_alike_are_one_row():
    lines = tree(build(), is_command=True)
    assert lines == [
        "START    TIME  PID  END     PROCESS",
        "0.000  10.000  100  exit 2  sh build.sh",
        f"1.000   3.600               ├─ {TIMES}4 gcc -c ….c [longest 0.900]",
        f"1.100   2.000               │  └─ {TIMES}4 cc1 ….c [longest 0.500]",
        "4.000   0.900  203  exit 1  └─ gcc -c src/f3.c",
        "4.100   0.500  303             └─ cc1 src/f3.c",
        "11 processes, 2 failed, in 10.000 s",
    ]


def test_all_folds_nothing():
    lines = tree(build(), folds=False)
    assert len(lines) == 13 and TIMES not in "".join(lines)
    assert lines[2].endswith("├─ gcc -c src/f0.c") and lines[3].endswith("│  └─ cc1 src/f0.c")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("rm", "a.o"), ("rm", "b.txt")),
        (("cc", "-I/a/b", "x.c"), ("cc", "-I/c", "y.c")),
        (("cc", "--out=/a/x"), ("cc", "--out=/b/y")),
        (("sh", "-c", "cc a.c -o a.o"), ("sh", "-c", "cc b.c -o b.o")),
    ],
)
def test_arguments_that_differ_in_names_of_files(one, other):
    lines = tree([execute(1, 1, 0.5, "make"), *life(1, 0.5, 7, 2, *one), *life(1, 0.5, 8, 3, *other)])
    assert len(lines) == 4 and f"{TIMES}2 {one[0]}" in lines[2]


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        (("sleep", "1"), ("sleep", "2"), {}),
        (("cc", "-I/a"), ("cc", "-L/a"), {}),
        (("cat", "a.c"), ("tac", "a.c"), {}),
        (("cat", "a.c"), ("cat", "a.c", "b.c"), {}),
        (("cat", "a.c"), ("cat", "b.c"), {"exit_code": 1}),
        (("cat", "a.c"), ("cat", "b.c"), {"uid": 7}),
        (("sh",), (), {}),
    ],
)
def test_what_is_not_alike(one, other, how):
    lines = tree([execute(1, 1, 0.5, "make"), *life(1, 0.5, 7, 2, *one), *life(1, 0.5, 8, 3, *other, **how)])
    assert len(lines) == 5 and TIMES not in "".join(lines)


def test_one_whose_child_failed_is_not_alike():
    events = [execute(1, 1, 0.5, "make"), *life(1, 0.5, 7, 2, "sh", "a.sh"), *life(1, 0.5, 8, 3, "sh", "b.sh")]
    assert any(f"{TIMES}2 sh" in line for line in tree(events))
    failing = life(8, 3, 9, 3.1, "false", exit_code=1, until=3.2)
    assert not any(f"{TIMES}2" in line for line in tree([*events, *failing]))


def test_a_process_shows_all_that_it_executed():
    lines = tree([execute(1, 7, 0.5, "sh"), execute(2, 7, 0.5, "env", "x"), execute(3, 7, 0.5, "cat", "a b")])
    assert lines[1].endswith("sh → env → cat 'a b'")


def test_who_only_forked_and_who_began_before():
    lines = tree([fork(5, 7, 1, 8, comm="bash"), end(6, 8, 5, comm="bash")])
    assert row(lines[1]) == ["before", "5.000", "7", "running  bash (program not seen)"]
    assert row(lines[2]) == ["0.000", "1.000", "8", "└─ bash (only forked)"]


def test_another_user_than_the_parent():
    events = [execute(1, 1, 0.5, "sudo"), *life(1, 0.5, 7, 2, "id", uid=33)]
    assert tree(events, user={33: "www\x1b"}.get)[2].endswith(r"└─ id [user: www\x1b]")


def test_signals_and_ends_that_nobody_saw():
    events = [execute(1, 1, 0.5, "sh"), *life(1, 0.5, 7, 2, "a", signal="SIGKILL"), fork(3, 1, 0.5, 8)]
    lines = tree([*events, fork(4, 1, 0.5, 8)])
    assert [row(line)[3].split()[0] for line in lines[2:5]] == ["SIGKILL", "?", "running"]
    assert lines[-1] == "4 processes, 1 failed, ends of 1 not known, in 3.000 s"


def test_a_subtree():
    lines = tree(build(), pids=[203, 303])
    assert len(lines) == 4 and lines[1].endswith("gcc -c src/f3.c") and lines[2].endswith("└─ cc1 src/f3.c")
    assert lines[-1].startswith("2 processes of 11, 1 failed")
    with pytest.raises(UsageError, match=r"no process 5$"):
        tree(build(), pids=[203, 5])


def test_an_id_that_was_used_twice_is_two_subtrees():
    events = [execute(1, 1, 0.5, "sh"), *life(1, 0.5, 7, 2, "a"), *life(1, 0.5, 7, 3, "b")]
    assert [line.split()[-1] for line in tree(events, pids=[7])[1:-1]] == ["a", "b"]


def test_so_many_levels():
    lines = tree(build(), depth=2)
    assert len(lines) == 5 and lines[2].endswith(f"{TIMES}4 gcc -c ….c [longest 0.900; 4 more below]")
    assert lines[-1].startswith("6 processes of 11")


def test_only_the_way_to_what_failed():
    lines = tree(build(), failed=True)
    assert [line.split("  ")[-1] for line in lines[1:-1]] == ["sh build.sh", "└─ gcc -c src/f3.c"]


def test_only_what_took_so_long():
    assert len(tree(build(), least_ns=at(0.9))) == 5
    assert len(tree(build(), least_ns=at(5))) == 3
    assert tree(build(), least_ns=at(50)) == ["0 processes of 11, 0 failed, in 9.999 s"]
    lines = tree([*build(), *life(304, 15.1, 400, 15.2, "ld", until=19)], least_ns=at(3), folds=False)
    assert [line.split()[-1] for line in lines[1:-1]] == ["build.sh", "src/f4.c", "src/f4.c", "ld"]


def test_it_fits_the_terminal():
    long = life(100, 10, 500, 12, "cat", *(f"/a/very/long/path/{n}" for n in range(30)), uid=0)
    deep = [execute(1, 1000, 0.5, "sh")]
    for pid in range(1001, 1100):
        deep += life(
            pid - 1,
            pid - 1000 if pid > 1001 else 0.5,
            pid,
            pid - 999,
            "sh",
            "漢字" * 8,
            "\x1b[31m",
        )
    for events in (build(), [*build(), *long], deep):
        lines = tree(events, SCREEN)
        assert max(map(cell_len, lines)) <= 80 and "\x1b" not in "".join(lines)
    assert any(line.endswith("… [user: 0]") for line in tree([*build(), *long], SCREEN))


def test_a_narrow_terminal_has_the_programs():
    page = Page(40, 24)
    assert tree(build(), page, is_command=True) == [
        "  TIME  END     PROCESS",
        "10.000  exit 2  sh build.sh",
        f" 3.600          ├─ {TIMES}4 gcc -c ….c",
        f" 2.000          │  └─ {TIMES}4 cc1 ….c",
        " 0.900  exit 1  └─ gcc -c src/f3.c",
        " 0.500             └─ cc1 src/f3.c",
        "11 processes, 2 failed, in 10.000 s",
    ]


def test_deep_trees_take_no_more_than_their_rows():
    events, start = [execute(1, 11, 0.5, "sh")], 0.5
    for number in range(3000):
        events += [fork(2 + number, 11 + number, start, 12 + number)]
        start = 2 + number
    lines = tree(events)
    assert len(lines) == 3003 and max(map(len, lines)) < 250


def test_json_has_every_process():
    found = rows(Tree(), sorted(build(), key=lambda each: each.boot_ns))
    assert len(found) == 11 and [each["depth"] for each in found] == [0, *(1, 2) * 5]
    assert found[7] == {
        "pid": 203,
        "start_ns": at(14),
        "ppid": 100,
        "parent_start_ns": at(10),
        "depth": 1,
        "time": "2026-01-31T12:00:14.000000000Z",
        "comm": "gcc",
        "program": "/usr/bin/gcc",
        "argv": ["gcc", "-c", "src/f3.c"],
        "executed": 1,
        "uid": 1000,
        "duration_ns": at(0.9),
        "cpu_user_ns": 3_000_000,
        "cpu_system_ns": 1_000_000,
        "exit_code": 1,
    }
    [found] = rows(Tree(pids=[203], depth=1), sorted(build(), key=lambda each: each.boot_ns))
    assert (found["pid"], found["depth"]) == (203, 0)
    [first] = rows(Tree(), [execute(1, 7, 0.5, "sh"), execute(2, 7, 0.5, "cat"), event("open", 4, 7, 0.5)])
    assert (first["earlier"], first["executed"], first["running"]) == (["/usr/bin/sh"], 2, True)


def test_what_there_was_no_room_for_is_said():
    events = [execute(1, 1, 0.5, "sh")]
    for number in range(9):
        events += life(1, 0.5, 7 + number, 2 + number, "a")
    lines = tree(events, table=Processes(most=4))
    assert lines[1].endswith("sh [6 more below]") and "not listed: 6 others, for which there was no room" in lines
    assert rows(Tree(table=Processes(most=4)), sorted(events, key=lambda e: e.boot_ns))[-1] == {"not_listed": 6}


def test_nothing_at_all():
    made = AnswerFormatter(Tree(), "text", Page)
    assert [made.format(batch) for batch in batches()] == []
    assert made.end() == b"0 processes, 0 failed, in 0.000 s\n"
