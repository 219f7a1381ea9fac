"""Where the time went."""

from onlooker.report.spent import OTHERS, Frame, by_program, frames, own_times, shown

from ..recordings.lives import build, execute, life
from .surveyed import survey


def test_own_time_is_without_that_of_children():
    assert own_times([0, 2, 3], [10, 5, 6], [-1, 0, 0]) == [6, 3, 3]


def test_a_child_counts_only_while_its_parent_lives():
    assert own_times([0, 5], [10, 30], [-1, 0]) == [5, 25]
    assert own_times([0, 1, 20], [10, 2, 30], [-1, 0, 0]) == [9, 1, 10]


def learnt(*events):
    records = survey(*events).processes.records()
    places = {each.key: place for place, each in enumerate(records)}
    parents = [places[each.parent.key] if each.parent else -1 for each in records]
    walls = [each.duration_ns for each in records]
    starts = [each.start_ns for each in records]
    owns = own_times(starts, [start + wall for start, wall in zip(starts, walls, strict=True)], parents)
    return records, walls, owns, parents


def test_programs():
    records, walls, owns, _ = learnt(*build())
    found = {each.name: each for each in by_program(records, walls, owns)}
    assert [*found] == ["sh", "cc1", "gcc"]
    assert (found["gcc"].runs, found["gcc"].failed, found["cc1"].runs) == (5, 1, 5)
    assert round(found["gcc"].wall / 1e9, 3) == 4.5 and round(found["gcc"].own / 1e9, 3) == 2.0
    assert sum(each.own for each in found.values()) == 10_000_000_000


def test_programs_below_programs():
    records, _, owns, parents = learnt(*build())
    root = frames(records, owns, parents)
    found = [(frame.name, row, frame.runs, round(start / 1e9, 2)) for frame, row, start in shown(root)]
    assert found == [("sh", 0, 1, 0.0), ("gcc", 1, 5, 0.0), ("cc1", 2, 5, 0.0)]
    assert root.total == 10_000_000_000


def test_what_is_too_small_to_be_seen_is_one():
    some = life(100, 10, 200, 11, "long", until=19)
    some += [
        each for n in range(3) for each in life(100, 10, 300 + n, 19.1 + n / 100, f"s{n}", until=19.1001 + n / 100)
    ]
    records, _, owns, parents = learnt(execute(10.001, 100, 10, "sh"), *some)
    found = [(frame.name, row, frame.runs) for frame, row, _ in shown(frames(records, owns, parents))]
    assert found == [("sh", 0, 1), ("long", 1, 1), (OTHERS, 1, 3)]


def test_there_may_be_nothing():
    assert by_program([], [], []) == [] and [*shown(Frame(""))] == []
