"""Which hosts and times of a lake are asked: rows, files and periods of others are left out."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from ..recordings.database import quoted
from .aside import Row
from .coverage import BROKEN_OFF, Period
from .parts import date_of
from .state import DataFile

_DAY_NS = 86_400_000_000_000
LATEST_NS = 9_214_646_400_000_000_000  # 2262, the last year that has nanoseconds


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """`hosts`: these only; () is all. From `since_ns` on, and before `until_ns`, in nanoseconds since 1970."""

    hosts: tuple[str, ...] = ()
    since_ns: int | None = None
    until_ns: int | None = None

    @property
    def has_times(self) -> bool:
        """Whether not all times are asked."""
        return self.since_ns is not None or self.until_ns is not None

    @property
    def first_ns(self) -> int:
        """The first time that is asked."""
        return self.since_ns or 0

    @property
    def last_ns(self) -> int:
        """The last time that is asked."""
        return LATEST_NS if self.until_ns is None else self.until_ns - 1

    @property
    def before(self) -> "Scope":
        """The same, with all that was earlier: what was said then may still hold."""
        return msgspec.structs.replace(self, since_ns=None)

    def has(self, file: DataFile) -> bool:
        """Whether a file may have rows that are asked."""
        if self.hosts and file.host not in self.hosts:
            return False
        first_ns, last_ns = times_of(file)
        return last_ns >= self.first_ns and first_ns <= self.last_ns

    def has_period(self, period: Period) -> bool:
        """Whether a part of a period is asked."""
        if self.hosts and period.host not in self.hosts:
            return False
        if period.began_ns == period.ended_ns:
            return self.first_ns <= period.began_ns <= self.last_ns
        return period.began_ns <= self.last_ns and period.ended_ns > self.first_ns

    def has_row(self, row: Row) -> bool:
        """Whether a message may be of what is asked that was put aside."""
        if self.hosts and row.host not in self.hosts:
            return False
        if row.began_ns is None or row.ended_ns is None:
            return True
        return row.began_ns <= self.last_ns and row.ended_ns >= self.first_ns

    def condition(self) -> str:
        """SQL of the rows that are asked; "" for all."""
        wanted = []
        if self.hosts:
            wanted.append(f"host IN ({', '.join(map(quoted, self.hosts))})")
        if self.since_ns is not None:
            wanted.append(f'"time" >= make_timestamp_ns({self.since_ns})')
        if self.until_ns is not None:
            wanted.append(f'"time" < make_timestamp_ns({self.until_ns})')
        return " AND ".join(wanted)

    def __str__(self) -> str:
        """In words, as behind "nothing is in the lake"; "" for all."""
        of = f" of {', '.join(repr(host)[:80] for host in self.hosts)}" if self.hosts else ""
        since = f" since {_said(self.since_ns)}" if self.since_ns is not None else ""
        until = f" until {_said(self.until_ns)}" if self.until_ns is not None else ""
        return f"{of}{since}{until}"


def times_of(file: DataFile) -> tuple[int, int]:
    """Of its first and last event; where that is not known, of its day. In nanoseconds since 1970."""
    if file.last_ns:
        return file.first_ns, file.last_ns
    first_ns = int(datetime.fromisoformat(f"{file.date}T00:00:00+00:00").timestamp()) * 1_000_000_000
    return first_ns, first_ns + _DAY_NS - 1


def asked_periods(periods: Iterable[Period], scope: Scope) -> Iterator[Period]:
    """Those of the scope, cut to it. A cut one has lost at most so many."""
    for period in periods:
        if scope.has_period(period):
            began_ns = max(period.began_ns, scope.first_ns)
            ended_ns = period.ended_ns if scope.until_ns is None else min(period.ended_ns, scope.until_ns)
            yield period._replace(began_ns=began_ns, ended_ns=max(began_ns, ended_ns))


class Gaps(NamedTuple):
    """What periods lack. `lost` events, or up to `most_lost` more, of which a part was at other times; the same of
    records that are `missing`; `broken_off`: how many senders were killed, or can't be reached.
    """

    lost: int
    most_lost: int
    missing: int
    most_missing: int
    broken_off: int


def gaps(periods: Iterable[Period], scope: Scope) -> Gaps:
    """Of all periods of the lake, those that are asked."""
    lost, missing, broken = [0, 0], [0, 0], 0
    for period in periods:
        if scope.has_period(period):
            is_cut = period.began_ns < scope.first_ns or period.ended_ns > scope.last_ns + 1
            lost[is_cut] += period.lost
            missing[is_cut] += period.missing or 0
            broken += period.why == BROKEN_OFF
    return Gaps(lost[0], lost[1], missing[0], missing[1], broken)


def _said(ns: int) -> str:
    if not ns % _DAY_NS:
        return date_of(ns)
    return f"{datetime.fromtimestamp(ns // 1_000_000_000, UTC):%Y-%m-%d %H:%M:%S}"
