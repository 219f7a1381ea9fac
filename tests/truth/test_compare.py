"""The comparison itself: it finds what is wrong, and explains nothing that it should not."""

from dataclasses import replace

import pytest

from .compare import Comparison, compare_facts
from .facts import UNKNOWN, Exec, Exit, Fact, Fork, Open
from .table import table

NONE: frozenset[str] = frozenset()
FORK = Fork(7, 7, "clone", 8, 8, frozenset({"SIGCHLD"}))
EXEC = Exec(8, 8, b"./s", (b"s", b"x"), "0", NONE)
OPEN = Open(8, 8, "openat", -100, b"a", frozenset({"O_RDONLY"}), None, NONE, "3", NONE)
EXIT = Exit(8, "0", False)
STORY: list[Fact] = [FORK, EXEC, OPEN, replace(OPEN, path=b"b"), EXIT]
SCRIPT = replace(EXEC, argv=(b"/bin/sh", b"-e", b"./s", b"x"), interpreter=b"/bin/sh")


def difference(expected: list[Fact], seen: list[Fact]) -> tuple[list[Fact], list[Fact], int]:
    result = compare_facts(expected, seen)
    assert not result.is_true or not (result.missing or result.extra or result.out_of_order)
    return result.missing, result.extra, result.explained.total()


def test_equal() -> None:
    result = compare_facts(STORY, list(STORY))
    assert result.is_true
    assert (result.equal, result.expected) == (5, {"fork": 1, "exec": 1, "exit": 1, "open": 2, "other": 0})


@pytest.mark.parametrize("at", range(len(STORY)))
def test_each_event_counts(at: int) -> None:
    less = STORY[:at] + STORY[at + 1 :]
    assert difference(STORY, less) == ([STORY[at]], [], 0)
    assert difference(less, STORY) == ([], [STORY[at]], 0)
    assert difference(STORY, [*STORY, STORY[at]]) == ([], [STORY[at]], 0)  # how often, too
    assert not compare_facts(STORY, less).is_true


@pytest.mark.parametrize(
    ("fact", "change"),
    [
        (FORK, {"tid": 9}),
        (FORK, {"flags": NONE}),
        (EXEC, {"argv": (b"s",)}),
        (EXEC, {"result": "ENOENT"}),
        (EXIT, {"result": "1"}),
        (EXIT, {"result": "SIGKILL"}),
        (EXIT, {"core_dumped": True}),
        (OPEN, {"path": b"A"}),
        (OPEN, {"result": "4"}),
        (OPEN, {"result": "ENOENT"}),
        (OPEN, {"mode": 0}),
        (OPEN, {"cut": frozenset({"path"})}),
        (OPEN, {"syscall": "open"}),
    ],
)
def test_each_value_counts(fact: Fact, change: dict[str, object]) -> None:
    other = replace(fact, **change)
    assert difference([fact], [other]) == ([fact], [other], 0)


def test_the_order_of_a_task_counts() -> None:
    result = compare_facts(STORY, [FORK, EXEC, STORY[3], OPEN, EXIT])
    assert (result.out_of_order, result.missing, result.extra, result.is_true) == ([8], [], [], False)
    assert compare_facts(STORY, [EXIT, EXEC, OPEN, STORY[3], FORK]).is_true  # that between tasks does not


def test_what_is_explained_has_no_order() -> None:
    unread, cut = replace(OPEN, path=b"", cut=frozenset({"path"})), frozenset({"path"})
    told, shown = [OPEN, unread, unread, EXIT], [OPEN, replace(OPEN, path=b"a", cut=cut), unread, EXIT]
    result = compare_facts(told, shown)
    assert (result.is_true, result.equal, result.explained.total()) == (True, 3, 1)


def test_scripts() -> None:
    assert difference([EXEC], [SCRIPT]) == ([], [], 1)
    for other in (
        replace(SCRIPT, interpreter=None),
        replace(SCRIPT, argv=(b"/bin/sh", b"./s", b"y")),
        replace(SCRIPT, argv=(b"/bin/bash", b"./s", b"x")),
        replace(SCRIPT, pid=9),
    ):
        assert difference([EXEC], [other]) == ([EXEC], [other], 0)


def test_killed() -> None:
    unknown = replace(OPEN, result=UNKNOWN)
    assert difference([unknown], [OPEN]) == ([], [], 1)
    assert difference([unknown], []) == ([], [], 1)
    assert difference([unknown], [STORY[3]]) == ([], [STORY[3]], 1)
    assert difference([], [unknown]) == ([], [unknown], 0)


def test_marked_as_cut() -> None:
    expected = replace(EXEC, argv=(b"long", b"longer", b"longest"), result="ENOENT")
    seen = replace(expected, argv=(b"long", b"lon"), cut=frozenset({"argv"}))
    assert difference([expected], [seen]) == ([], [], 1)
    for other in (replace(seen, cut=NONE), replace(seen, argv=(b"lang",)), replace(seen, result="EACCES")):
        assert difference([expected], [other]) == ([expected], [other], 0)


def test_the_table() -> None:
    good, bad = compare_facts(STORY, STORY), compare_facts([EXEC, OPEN], [SCRIPT])
    lines = table({"good": good, "bad": bad}).splitlines()
    assert lines[2] == "| good | 1 | 1 | 1 | 2 | 0 | 5 | 0 | 0 | 0 | same | complete |"
    assert lines[3] == "| bad | 0 | 1 | 0 | 1 | 0 | 0 | 1 | 0 | 1 | same | complete |"
    assert lines[4] == "| **all** | 1 | 2 | 1 | 3 | 0 | 5 | 1 | 0 | 1 | same | complete |"
    assert lines[-1].startswith("- 1 x a script's arguments: ")
    incomplete = Comparison(complete=False)
    assert not incomplete.is_true
    assert table({"x": incomplete}).endswith("| same | incomplete |")
