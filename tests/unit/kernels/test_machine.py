"""What a virtual machine tells, and whose fault its end was."""

from pathlib import Path

import pytest
from kernels import machine
from kernels.machine import Outcome, boot, may_be_the_emulators_fault, outcome_of

TOLD = '{"release": "6.1"}\n{"test": "a", "outcome": "passed", "seconds": 1}\n'


def test_an_end() -> None:
    outcome = outcome_of("6.1", TOLD + '{"end": 0}\n')
    assert (outcome.release, outcome.failure, [test["test"] for test in outcome.tests]) == ("6.1", "", ["a"])


@pytest.mark.parametrize("rest", ["", '{"test": "b", "outc'])
def test_a_sudden_end(rest: str) -> None:
    """What is known is known."""
    outcome = outcome_of("6.1", TOLD + rest)
    assert (outcome.failure, len(outcome.tests)) == ("the machine ended before the tests did", 1)


def test_what_was_running() -> None:
    """Of two processes of pytest, one hung; `d` was cut off by the end."""
    events = [("begun", "a"), ("begun", "b"), ("over", "a"), ("begun", "c"), ("over", "c"), ("begun", "d")]
    outcome = outcome_of("6.1", "".join(f'{{"{what}": "{test}"}}\n' for what, test in events))
    assert outcome.running == ["b", "d"]


@pytest.mark.parametrize(
    ("failure", "log", "expected"),
    [
        ("it ended", "[  263.829657] Oops: int3: 0000 [#1] PREEMPT SMP NOPTI\n", True),
        ("it ended", "[  263.829657] int3: 0000 [#1] SMP\n", True),
        ("", "[  263.829657] int3: 0000 [#1] SMP\n", False),
        ("it ended", "[  444.633278] watchdog: BUG: soft lockup - CPU#0 stuck for 64s! [python:134]\n", True),
        ("it ended", "[  263.829657] Oops: general protection fault\n", False),
    ],
)
def test_whose_fault_it_was(tmp_path: Path, failure: str, log: str, expected: bool) -> None:
    (tmp_path / "log").write_text(log)
    assert may_be_the_emulators_fault(Outcome("6.1", failure=failure), tmp_path / "log") == expected


@pytest.mark.parametrize(("silent", "limit", "failure"), [(1, 60, "nothing was heard"), (60, 1, "did not end in time")])
def test_a_machine_that_hangs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, silent: int, limit: int, failure: str
) -> None:
    script = f'echo \'{{"release": "6.1"}}\' > {tmp_path}/log.jsonl; exec sleep 60'
    monkeypatch.setattr(machine, "SILENT_SECONDS", silent)
    monkeypatch.setattr(machine, "_command", lambda *_: ["sh", "-c", script])
    log = tmp_path / "log.log"
    log.touch()
    outcome = boot("6.1", log, log, log, limit)
    assert (outcome.release, outcome.hung) == ("6.1", silent == 1)
    assert failure in outcome.failure
    assert may_be_the_emulators_fault(outcome, log) == outcome.hung
