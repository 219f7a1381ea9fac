"""What a monitor adds to what it watches, on a machine that is sometimes faster and sometimes slower.

In short turns: the workload alone, watched, and alone again. Of a few turns of each monitor, between which the others
have theirs, the one counts in which the machine was fast both before and after: it was most likely not disturbed.
"""

from collections.abc import Sequence
from typing import NamedTuple

from .monitors import Monitor
from .results import Table
from .running import CORES, Bench, watched

TURNS = 3  # of each monitor in a round
# real-time priority: nobody else gets the core meanwhile; not on the monitor's own core, or the monitor would get none
UNDISTURBED = ("chrt", "--fifo", "1") if len(CORES) > 1 else ()
WRAPPED = 20  # where the monitor starts the work, it is done so many times less often: it takes much longer there


class Turn(NamedTuple):
    """Nanoseconds for each time."""

    slower: float  # of the two times alone
    bare: float  # their mean
    added: float


def compare(
    bench: Bench, table: Table, monitors: Sequence[Monitor], count: int, *work: object, unit: float = 1
) -> None:
    """Do the work `count` times in each turn; a row for each monitor: alone and added, in `unit` nanoseconds."""
    for _ in range(bench.rounds):
        turns: dict[Monitor, list[Turn]] = {monitor: [] for monitor in monitors}
        for _ in range(1 if bench.quick else TURNS):
            for monitor in monitors:
                turns[monitor].append(beside_bare(bench, monitor, bench.some(count), *work))
        for monitor, each in turns.items():
            best = min(each)
            table.add(monitor.name, bare=best.bare / unit, added=best.added / unit)


def beside_bare(bench: Bench, monitor: Monitor, count: int, *work: object) -> Turn:
    """One turn."""
    before = bench.work(*work, count, before=UNDISTURBED)
    each = _watched_work(bench, monitor, count, *work)
    after = bench.work(*work, count, before=UNDISTURBED)
    bare = (before + after) / 2
    return Turn(max(before, after), bare, each - bare)


def _watched_work(bench: Bench, monitor: Monitor, count: int, *work: object) -> float:
    if monitor.wraps:
        return bench.work(*work, max(1, count // WRAPPED), before=(*UNDISTURBED, *monitor.command))
    with watched(bench, monitor):
        return bench.work(*work, count, before=UNDISTURBED)
