"""From the lines that come out of the virtual machine to the table."""

import json

import pytest
from kernels.machine import Outcome, outcome_of
from kernels.report import details, succeeded, table

RELEASE = {"release": "6.1.0-50-cloud-amd64"}
END = {"end": 0}


def test(name: str, outcome: str = "passed", message: str = "") -> dict[str, object]:
    return {"test": f"tests/kernel/test_{name}", "outcome": outcome, "seconds": 0.1, "message": message}


test.__test__ = False  # type: ignore[attr-defined]


def lines(*parts: dict[str, object]) -> str:
    return "".join(f"{json.dumps(line)}\n" for line in parts)


def test_all_went_well() -> None:
    outcome = outcome_of("6.1", lines(RELEASE, test("open.py::a"), test("open.py::b[x]"), END))
    assert (outcome.release, outcome.failure, len(outcome.tests)) == (RELEASE["release"], "", 2)
    assert succeeded(outcome)
    assert details(outcome) == ""


@pytest.mark.parametrize(
    ("report", "failure"),
    [
        ("", "the machine ended before the tests did"),
        (lines(RELEASE, test("open.py::a")), "the machine ended before the tests did"),
        (lines(RELEASE, test("open.py::a")) + '{"test": "tests/ke', "the machine ended before the tests did"),
        (lines(RELEASE, {"end": 4}), "pytest ended with exit code 4"),
        (lines(RELEASE, {"end": -9}), "pytest ended with exit code -9"),
    ],
)
def test_what_did_not_come_to_its_end_did_not_succeed(report: str, failure: str) -> None:
    outcome = outcome_of("6.1", report)
    assert outcome.failure == failure
    assert not succeeded(outcome)
    assert failure in details(outcome)


def test_no_tests_are_no_success() -> None:
    assert not succeeded(outcome_of("6.1", lines(RELEASE, END)))


def test_the_table() -> None:
    broken = "test_open.py:23: assert 1 == 2\nsecond line"
    old = outcome_of("5.10", lines({"release": "5.10.0"}, test("exec.py::a", "failed", "too old")))
    new = outcome_of(
        "sid",
        lines(
            {"release": "7.2"},
            test("open.py::a"),
            test("open.py::a", "failed", "in its teardown"),
            test("open.py::b", "failed", broken),
            test("exec.py::a", "skipped", "no such call"),
            test("exec.py::b", "skipped", "no such call"),
            {"end": 1},
        ),
    )
    old.seconds, new.seconds = 12.3, 45.6
    assert table([old, new]).splitlines() == [
        "      5.10.0        7.2",
        "exec  1 FAILED      2 skipped",
        "open  -             2 FAILED",
        "all   1 FAILED      2 FAILED, 2 skipped",
        "      in 12 s       in 46 s",
        "      NOT FINISHED",
    ]
    assert not succeeded(new)
    assert details(new).splitlines() == [
        "sid (7.2):",
        "  FAILED tests/kernel/test_open.py::a",
        "      in its teardown",
        "  FAILED tests/kernel/test_open.py::b",
        "      test_open.py:23: assert 1 == 2",
        "      second line",
        "  skipped 2 of exec: no such call",
    ]


def test_a_machine_that_did_not_come_up() -> None:
    outcome = Outcome("6.12", failure="it did not end within 900 s")
    assert details(outcome) == "6.12 (it did not come up):\n  it did not end within 900 s"
    assert table([outcome]).splitlines()[0].split() == ["6.12"]
