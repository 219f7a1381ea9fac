"""For which hosts and times a lake has everything that happened."""

import time
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from ..sinks.message import EARLIEST_NS, MOST_AHEAD_NS
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
BROKEN_OFF = "the sender broke off"  # it was killed, or can't be reached
NO_RUN = "nothing was running"
DAMAGED = "a file can't be read"
SILENCE_NS = 300_000_000_000  # of ten beats: then a sender that has not said its end is gone
OVERLAP_NS = 60_000_000_000  # a clock that is set while a machine starts is no second machine
_MOST_NS = 7_258_118_400_000_000_000  # 2200: what DuckDB can still say


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


def periods(state: State, now_ns: int | None = None, asked_ns: int = 0) -> Iterator[Period]:
    """By host, machine and time. What a clock says that is far ahead counts as `now_ns`. `asked_ns`: until then it is
    asked, so a sender that has told no end should have been heard until then, if that is not later than now.
    """
    now_ns = time.time_ns() if now_ns is None else now_ns
    latest_ns = min(now_ns + MOST_AHEAD_NS, _MOST_NS)
    runs = [_clamped(run, latest_ns) for each in state.runs.values() if (run := each.known()).spans]
    newest_ns = min(max((_end(run) for run in runs), default=0), latest_ns - MOST_AHEAD_NS)
    newest_ns = max(newest_ns, min(asked_ns, now_ns))
    hosts: dict[str, list[Run]] = {}
    for run in runs:
        hosts.setdefault(run.host, []).append(run)
    for host in sorted(hosts):
        for machine in machines(hosts[host]):
            yield from sorted(_of_machine(machine, newest_ns), key=lambda period: period.began_ns)


def machines(runs: list[Run]) -> list[list[Run]]:
    """Runs of hosts of one name, by machine: a machine was not started again before it ended."""
    boots: dict[str, list[Run]] = {}
    for run in runs:
        boots.setdefault(run.boot_id, []).append(run)
    found: list[list[Run]] = []
    ends: list[int] = []
    for boot in sorted(boots.values(), key=lambda boot: (min(map(_begin, boot)), boot[0].boot_id)):
        began, ended = min(map(_begin, boot)), max(map(_end, boot))
        before = [(end, place) for place, end in enumerate(ends) if end <= began + OVERLAP_NS]
        if before:
            _, place = max(before)
            found[place] += boot
            ends[place] = max(ends[place], ended)
        else:
            found.append(list(boot))
            ends.append(ended)
    return found


def shared_names(state: State) -> list[tuple[str, int]]:
    """Names that several machines have, and how many have them."""
    hosts: dict[str, list[Run]] = {}
    for run in (each.known() for each in state.runs.values()):
        if run.spans:
            hosts.setdefault(run.host, []).append(run)
    found = [(host, len(machines(runs))) for host, runs in sorted(hosts.items())]
    return [(host, count) for host, count in found if count > 1]


def _of_machine(runs: list[Run], newest_ns: int) -> Iterator[Period]:
    """Of each run, then until when nobody heard of those that stopped without an end, and when nothing ran."""
    runs = sorted(runs, key=lambda run: (_begin(run), run.run, run.boot_id))
    begins = [_begin(run) for run in runs]
    covered: list[tuple[int, int, str]] = []
    for run in runs:
        yield from _of_run(run)
        ended = _end(run)
        covered.append((_begin(run), ended, run.boot_id))
        if run.spans[-1].is_end:
            continue
        later = bisect_left(begins, ended)
        while later < len(runs) and runs[later] is run:
            later += 1
        until = begins[later] if later < len(runs) else newest_ns if newest_ns > ended + SILENCE_NS else ended
        if later < len(runs) or until > ended:
            yield Period(run.host, run.boot_id, run.run, ended, until, False, 0, None, BROKEN_OFF)
            covered.append((ended, until, run.boot_id))
    covered.sort()
    _, known, boot_id = covered[0]
    for began, ended, boot in covered:
        if began > known:
            yield Period(runs[0].host, boot_id, None, known, began, False, 0, 0, NO_RUN)
        if ended >= known:
            known, boot_id = ended, boot


def _of_run(run: Run) -> Iterator[Period]:
    first = run.spans[0]
    if first.seq > 1:  # where it began, only its name says
        yield _hole(run, _begin(run), first.began_ns, first.first)
    parts_missing = {each.seq: each.missing for each in run.split}
    for at, span in enumerate(run.spans):
        missing = parts_missing.get(span.seq, 0)
        why = MISSING if missing else LOST if span.lost else None
        yield Period(
            run.host, run.boot_id, run.run, span.began_ns, span.ended_ns, why is None, span.lost, missing, why
        )  # fmt: skip
        if at + 1 < len(run.spans):
            after = run.spans[at + 1]
            if after.seq > span.last_seq + 1:
                yield _hole(run, span.ended_ns, after.began_ns, after.first - span.first - span.records)


def _hole(run: Run, began_ns: int, ended_ns: int, missing: int) -> Period:
    """Messages that are not here. Those that had no records only said that nothing happened."""
    missing = max(missing, 0)
    why = MISSING if missing else None
    return Period(run.host, run.boot_id, run.run, began_ns, ended_ns, not missing, 0, missing, why)


def _begin(run: Run) -> int:
    first = run.spans[0]
    return min(run.run, first.began_ns) if first.seq > 1 and run.run >= EARLIEST_NS else first.began_ns


def _end(run: Run) -> int:
    return run.spans[-1].ended_ns


def _clamped(run: Run, latest_ns: int) -> Run:
    """A lake of an older version may have times that are no times."""
    if all(span.ended_ns <= latest_ns and span.began_ns <= latest_ns for span in run.spans):
        return run
    spans = [
        msgspec.structs.replace(
            span, began_ns=min(span.began_ns, latest_ns), ended_ns=min(span.ended_ns, latest_ns)
        )
        for span in run.spans
    ]  # fmt: skip
    return Run(run.host, run.boot_id, run.run, spans, run.split)


def broke_off(count: int) -> str:
    """In words."""
    return f"{count} sender{'' if count == 1 else 's'} broke off"
