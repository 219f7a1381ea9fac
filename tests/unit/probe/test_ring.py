"""The reader of the BPF ring (src/onlooker/probe/ring.h), the backlog after it (backlog.h) and the thread between them
(reader.h), with rings made up in memory by ring_test.c, backlog_test.c and reader_test.c.
"""

from pathlib import Path

import pytest

from ..compiler import build, run

HERE = Path(__file__).parent

CASES = {
    "ring_test": (
        "nothing",
        "whole_records_in_order",
        "records_that_wrap",
        "a_full_ring",
        "a_busy_record",
        "discarded_records",
        "more_than_the_room",
        "enough_at_once",
        "a_length_that_can_not_be",
        "positions_that_can_not_be",
        "a_record_that_ends_behind_the_producer",
        "a_record_that_never_fits",
        "a_long_batch",
    ),
    "backlog_test": ("nothing", "in_order", "bounded", "busy", "corrupt", "steady", "few_at_a_time"),
    "reader_test": ("now", "later", "told"),
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    return {name: build(HERE / f"{name}.c", tmp_path_factory.mktemp(name)) for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_every_case_is_run(programs, name):
    assert run(programs[name]).stdout.split() == list(CASES[name])


@pytest.mark.parametrize(("name", "case"), [(name, case) for name, cases in CASES.items() for case in cases])
def test_ring(programs, name, case):
    done = run(programs[name], case)
    assert (done.returncode, done.stderr) == (0, "")
