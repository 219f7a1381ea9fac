"""For which hosts and times a lake has everything that happened."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from .state import Run, State

TABLE = "coverage"
COLUMNS = (
    "host VARCHAR",  # the machine's name
    "boot_id VARCHAR",  # since it was started
    "run BIGINT",  # the sender's: when it began, in nanoseconds since 1970
    "began TIMESTAMP_NS",  # the period, in UTC
    "ended TIMESTAMP_NS",
    "whole BOOLEAN",  # whether everything that happened then, and that was asked for, is in the lake
    "lost UBIGINT",  # events that were lost on the machine or on the way, as it has told
    "missing UBIGINT",  # records of messages that are not here; NULL where nobody knows
    "why VARCHAR",  # what is not as it should be
)
LOST = "events were lost"
MISSING = "messages are missing"
BROKEN_OFF = "the sender was killed, or can't be reached"
NO_RUN = "nothing was running"


class Period(NamedTuple):
    """A row of the table."""

    host: str
    boot_id: str
    run: int | None
    began_ns: int
    ended_ns: int
    whole: bool
    lost: int
    missing: int | None
    why: str | None


def periods(state: State) -> Iterator[Period]:
    """By host and time."""
    hosts: dict[str, list[Run]] = {}
    for run in state.runs.values():
        hosts.setdefault(run.host, []).append(run)
    for host in sorted(hosts):
        runs = sorted(hosts[host], key=lambda run: (run.run, run.boot_id))
        for run in runs:
            yield from _of_run(run)
        for one, other in pairwise(runs):
            ended, began = one.spans[-1], other.spans[0]
            if began.began_ns > ended.ended_ns:
                missing, why = (0, NO_RUN) if ended.is_end else (None, BROKEN_OFF)
                yield Period(host, one.boot_id, None, ended.ended_ns, began.began_ns, False, 0, missing, why)


def _of_run(run: Run) -> Iterator[Period]:
    first = run.spans[0]
    if first.seq > 1:  # where it began, only its name says
        yield Period(run.host, run.boot_id, run.run, run.run, first.began_ns, False, 0, first.first, MISSING)
    for at, span in enumerate(run.spans):
        why = LOST if span.lost else None
        yield Period(
            run.host, run.boot_id, run.run, span.began_ns, span.ended_ns, not span.lost, span.lost, 0, why
        )  # fmt: skip
        if at + 1 < len(run.spans):
            after = run.spans[at + 1]
            if after.seq > span.last_seq + 1:
                missing = max(0, after.first - span.first - span.records)
                yield Period(
                    run.host, run.boot_id, run.run, span.ended_ns, after.began_ns, False, 0, missing, MISSING
                )  # fmt: skip


def gaps(state: State) -> tuple[int, int]:
    """How many records are missing of messages that never came, and how many runs have broken off."""
    missing = broken = 0
    for period in periods(state):
        missing += period.missing or 0
        broken += period.why == BROKEN_OFF
    return missing, broken
