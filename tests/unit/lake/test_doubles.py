"""Two senders, or two sinks, whose messages end in one lake: a note says so, where they tell the same events."""

from pathlib import Path

import pytest

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
