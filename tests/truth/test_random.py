"""Made-up programs: the events are exactly what the program itself says that it did, in the order of each thread."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, note, settings

from onlooker import Monitor

from .compare import compare_facts
from .executor import Execution, build
from .facts import Fact
from .operations import Operation
from .run import USER
from .sequences import sequences

EXAMPLES = int(os.environ.get("ONLOOKER_EXAMPLES", "50"))

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="observing the kernel needs root")


@pytest.fixture(scope="module")
def program() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="onlooker-") as name:
        Path(name).chmod(0o755)
        yield build(Path(name))


@pytest.fixture(scope="module")
def monitor() -> Iterator[Monitor]:
    with Monitor(uid=[USER], threads=True) as monitor:
        yield monitor


def outcome(fact: Fact) -> str:
    """How it ended, without numbers that differ each time."""
    result = getattr(fact, "result", "")
    state = getattr(fact, "state", None)
    return (f"succeeded, {state}" if state else "succeeded") if result.isdecimal() else result


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(operations=sequences)
def test_the_events_are_the_log(program: Path, monitor: Monitor, operations: Sequence[Operation]) -> None:
    run = Execution(program, operations, monitor)
    result = compare_facts(run.said, run.seen)
    for fact in run.said:  # what was reached: --hypothesis-show-statistics
        event(f"{type(fact).__name__}: {outcome(fact)}")
    for each in run.said:
        note(f"said: {each}")
    for each in run.seen:
        note(f"seen: {each}")
    assert (result.missing, result.extra, result.out_of_order) == ([], [], [])
    assert not result.explained
    assert monitor.stats().complete
