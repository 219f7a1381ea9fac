"""Two senders, or two sinks, whose messages end in one lake: a note says so, where they tell the same events."""

from pathlib import Path

import msgspec
import pytest

from onlooker.lake import doubles
from onlooker.lake.parts import Held
from onlooker.lake.scope import Scope
from onlooker.lake.tables import LakeTables
from onlooker.testing import make

from .made import BEGAN, SECOND, held, time_of, writer

BOOT_NS = 60 * SECOND


def events(count: int, later_ns: int = 0, path: str = "/srv") -> list:
    """One each tenth of a second."""
    times = [number * SECOND // 10 + later_ns for number in range(count)]
    return [
        make("open", path=f"{path}/{number}", time=time_of(BEGAN + each), boot_ns=BOOT_NS + each, tid=7)
        for number, each in enumerate(times)
    ]


def notes(tmp_path: Path, other: list, **how) -> list[str]:
    """Of a lake with two runs, the second of which began a little later."""
    own = writer(tmp_path)
    own.commit([held(seq, events(20)[10 * seq - 10 : 10 * seq], first=10 * seq - 10, last=seq == 2) for seq in (1, 2)])
    own.commit([held(1, other[:10], **how), held(2, other[10:], first=10, last=True, **how)])
    own.close()
    with LakeTables(str(tmp_path)) as tables:
        return [note for note in tables.notes if "same events" in note]


@pytest.mark.parametrize("later_ns", [0, 3_000])
def test_two_runs_with_the_same_events_are_said(tmp_path: Path, later_ns: int) -> None:
    """Of one process, or of two, each with its own probe."""
    run = BEGAN + 17
    said = f"'web1': the runs {BEGAN} and {run} have the same events; to count them once: WHERE run <> {run}"
    assert notes(tmp_path, events(20, later_ns), run=run) == [said]


def test_two_with_other_filters_are_not(tmp_path: Path) -> None:
    assert notes(tmp_path, events(20, 3_000, "/etc"), run=BEGAN + 17) == []


def test_two_machines_are_not(tmp_path: Path) -> None:
    assert notes(tmp_path, events(20), run=BEGAN + 17, boot="0b650f8e", host="web2") == []


def test_only_files_of_the_machine_and_its_days_are_read(tmp_path: Path) -> None:
    own = writer(tmp_path)
    for number in range(4):
        own.commit([held(1, events(3), host=f"zoo{number}", boot=f"{number}", last=True)])
    notes(tmp_path, events(20), run=BEGAN + 17)
    for file in tmp_path.glob("events/*/host=zoo*/*.parquet"):
        file.write_bytes(b"PAR1")
    with LakeTables(str(tmp_path), names={"events"}) as tables:
        assert [note for note in tables.notes if "same events" in note]


def test_a_run_after_another_is_not(tmp_path: Path) -> None:
    assert notes(tmp_path, events(20), run=BEGAN + 2 * SECOND) == []


def test_what_can_not_be_read_is_no_note(tmp_path: Path) -> None:
    notes(tmp_path, events(20), run=BEGAN + 17)
    with LakeTables(str(tmp_path)) as tables:
        for file in tmp_path.rglob("*.parquet"):
            file.write_bytes(b"PAR1")
        assert [note for note in tables.notes if "same events" in note] == []


def short(number: int, count: int, *, path: str = "/srv", host: str = "web1", later_ns: int = 0) -> Held:
    """A run of 0.4 s, in the minute of that number."""
    run = BEGAN + number * 60 * SECOND + later_ns
    made = [
        make("open", path=f"{path}/{at}", time=time_of(run + at * 1000), boot_ns=BOOT_NS + run - BEGAN + at, tid=7)
        for at in range(count)
    ]
    alone = held(1, made, run=run, host=host, boot=host, last=True)
    return Held(msgspec.structs.replace(alone.head, ended_ns=run + 4 * SECOND // 10), alone.batches)


def test_short_runs_are_said(tmp_path: Path) -> None:
    own = writer(tmp_path)
    own.commit([short(0, 3), short(0, 3, later_ns=17)])
    with LakeTables(str(tmp_path), names={"events"}) as tables:
        assert [note.partition(": the")[0] for note in tables.notes if "same events" in note] == ["'web1'"]


def test_those_that_are_asked_are_looked_at(tmp_path: Path) -> None:
    """Not the last ones of all, which are other machines and other days; of these, those that are alike first."""
    own = writer(tmp_path)
    made = [short(0, 3), short(0, 3, later_ns=17)]
    for number in range(1, 7):
        for host in ("web1", "web2"):
            made += [short(number, 2, host=host), short(number, 9, host=host, path="/etc", later_ns=17)]
    own.commit([*made, short(9, 3, host="web2"), short(9, 3, host="web2", later_ns=17)])

    def said(**scope) -> list[str]:
        with LakeTables(str(tmp_path), names={"events"}, scope=Scope(**scope)) as tables:
            return [note.partition(": the")[0] for note in tables.notes if "same events" in note]

    assert said() == ["'web2'", "'web1'"]
    assert said(hosts=("web1",)) == ["'web1'"]
    assert said(until_ns=BEGAN + SECOND) == ["'web1'"]
    assert said(since_ns=BEGAN + SECOND) == ["'web2'"]
    assert said(hosts=("web1",), since_ns=BEGAN + SECOND) == []


def test_short_runs_beside_a_long_one_are_said(tmp_path: Path) -> None:
    """A service watches something else all the time."""
    own = writer(tmp_path)
    service = [
        held(seq, events(20)[10 * seq - 10 : 10 * seq], boot="web1", run=BEGAN - 1, first=10 * seq - 10)
        for seq in (1, 2)
    ]
    own.commit([*service, short(0, 3, path="/etc"), short(0, 3, path="/etc", later_ns=17)])
    with LakeTables(str(tmp_path), names={"events"}) as tables:
        [note] = [note for note in tables.notes if "same events" in note]
        assert f"the runs {BEGAN} and {BEGAN + 17} have" in note


def test_a_run_that_begins_as_another_ends_is_not_looked_at(tmp_path: Path) -> None:
    own = writer(tmp_path)
    own.commit([short(0, 3), short(0, 3, later_ns=3 * SECOND // 10)])
    with LakeTables(str(tmp_path), names={"events"}) as tables:
        assert [*doubles._pairs(tables.state)] == []
