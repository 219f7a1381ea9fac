"""Runs of a machine that tell the same events: two senders, or two sinks, whose messages end in one lake."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..counted import counted
from ..events import UNCOUNTED
from ..recordings.database import quoted
from .parts import date_of
from .scope import Scope
from .state import Run, State

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LEAST_NS = 1_000_000_000  # for which two ran at the same time, or half of a shorter run
APART_NS = 1_000_000  # two probes see a call one after the other
SAMPLE = 64  # events of one run that are looked for in the other
LOOKED_AT_NS = 600_000_000_000  # the end of the time of both: a run may have a year, in many files
MOST_PAIRS = 4  # of what is asked, that are looked at
MOST_NOTES = 3


class Pair(NamedTuple):
    """Two runs of a machine at the same time; `other` began later."""

    one: Run
    other: Run
    began_ns: int
    ended_ns: int

    @property
    def are_alike(self) -> bool:
        """Whether they have nearly as many records, as two sinks of one process have."""
        less, more = sorted(sum(span.records for span in run.spans) for run in (self.one, self.other))
        return 10 * less >= 9 * more

    def within(self, scope: Scope) -> "Pair | None":
        """The time of both that is asked."""
        if scope.hosts and not {self.one.host, self.other.host}.issubset(scope.hosts):
            return None
        began_ns, ended_ns = max(self.began_ns, scope.first_ns), min(self.ended_ns, scope.last_ns)
        return self._replace(began_ns=began_ns, ended_ns=ended_ns) if began_ns <= ended_ns else None


def notes(state: State, connection: "DuckDBPyConnection", files: str, scope: Scope) -> list[str]:
    """Of runs that have the same events, as far as a sample tells; `files`: the table of all rows of the scope. What
    can't be read is not said here: the question that is asked fails, too.

    Few pairs are looked at: those that are most alike, of these the last ones.
    """
    asked = filter(None, (pair.within(scope) for pair in _pairs(state)))
    pairs = sorted(asked, key=lambda pair: (pair.are_alike, pair.ended_ns), reverse=True)[:MOST_PAIRS]
    same = [pair for pair in pairs if _are_same(pair, connection, files)]
    found = [
        f"{pair.one.host!r:.80}: the runs {pair.one.run} and {pair.other.run} have the same events; "
        f"to count them once: WHERE run <> {pair.other.run}"
        for pair in same[:MOST_NOTES]
    ]
    if more := len(same) - MOST_NOTES:
        found += [f"{counted(more, 'more pair')} of runs have the same events"] if more > 0 else []
    return found


def _pairs(state: State) -> Iterator[Pair]:
    """Those of one boot that overlap: of each run, the one before that ended last, and the one that began last."""
    boots: dict[str, list[tuple[int, int, Run]]] = {}
    for run in (each.known() for each in state.runs.values()):
        if run.spans:
            boots.setdefault(run.boot_id, []).append((run.spans[0].began_ns, run.spans[-1].ended_ns, run))
    for boot in boots.values():
        longest: tuple[int, Run] | None = None
        latest: tuple[int, Run] | None = None
        for began, ended, run in sorted(boot, key=lambda each: (each[0], each[2].run)):
            for before in (longest,) if latest == longest else (longest, latest):
                if before is not None and _is_long(overlap := min(before[0], ended) - began, ended - began):
                    yield Pair(before[1], run, began, began + overlap)
            latest = ended, run
            if longest is None or ended > longest[0]:
                longest = latest


def _is_long(overlap_ns: int, run_ns: int) -> bool:
    """Whether two ran at the same time for more than one needs to end after the other has begun."""
    return overlap_ns >= 0 and 2 * overlap_ns >= min(2 * LEAST_NS, run_ns)


def _are_same(pair: Pair, connection: "DuckDBPyConnection", files: str) -> bool:
    """Whether most events of the later run, of the time of both, are in the other."""
    began_ns = max(pair.began_ns, pair.ended_ns - LOOKED_AT_NS)
    hosts = ", ".join(map(quoted, {pair.one.host, pair.other.host}))
    dates = f"date BETWEEN {quoted(date_of(began_ns))} AND {quoted(date_of(pair.ended_ns))}"
    boot = f"host IN ({hosts}) AND {dates} AND boot_id = {quoted(pair.one.boot_id)}"
    uncounted = ", ".join(map(quoted, sorted(UNCOUNTED)))
    times = f'"time" BETWEEN make_timestamp_ns({began_ns}) AND make_timestamp_ns({pair.ended_ns})'
    shown = "tid, event, path, boot_ns"
    sample = f"SELECT {shown} FROM {files} WHERE {boot} AND run = {pair.other.run} AND {times}"
    sample += f" AND event NOT IN ({uncounted}) LIMIT {SAMPLE}"
    others = f"SELECT {shown} FROM {files} WHERE {boot} AND run = {pair.one.run} AND {times}"
    near = f"other.boot_ns BETWEEN one.boot_ns - least({APART_NS}, one.boot_ns) AND one.boot_ns + {APART_NS}"
    same = "one.tid = other.tid AND one.event = other.event AND one.path IS NOT DISTINCT FROM other.path"
    found = f"SELECT count(*) FROM looked_for one SEMI JOIN ({others}) other ON {same} AND {near}"
    asked = f"WITH looked_for AS MATERIALIZED ({sample}) SELECT (SELECT count(*) FROM looked_for), ({found})"
    import duckdb

    try:
        row = connection.execute(asked).fetchone()
    except (duckdb.Error, OSError):
        return False
    return row is not None and row[0] > 0 and 2 * row[1] > row[0]
