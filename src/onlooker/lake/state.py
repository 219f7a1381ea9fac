"""What the commits of a lake come to: its files, and which messages of which runs are in them."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import attrgetter
from typing import Annotated

import msgspec

from ..sinks.message import Head
from .parts import Held

VERSION = 1
MOST_NUMBER = (1 << 63) - 1
Number = Annotated[int, msgspec.Meta(ge=0, le=MOST_NUMBER)]
MOST_SPANS = 256  # of a run, not counting holes between them: 20 KB in JSON
_SEQ = attrgetter("seq")
_FIRST = attrgetter("first")


class DataFile(msgspec.Struct, frozen=True, array_like=True):
    """`first_ns` and `last_ns`: the times of its first and last event; `schema`: a digest of its columns."""

    name: str
    date: str
    host: str
    rows: Number
    bytes: Number
    first_ns: int = 0
    last_ns: int = 0
    schema: str = ""


class Span(msgspec.Struct, array_like=True):
    """Messages of a run without a gap, from `seq` to `last_seq`: `began_ns` to `ended_ns`, with so many records, some
    of them reports of losses, which speak of `lost` events. `is_end`: nothing follows. `first`: the number of its first
    record in the run.
    """

    seq: Number
    last_seq: Number
    began_ns: Number
    ended_ns: Number
    records: Number
    lost: Number
    is_end: bool = False
    first: Number = 0

    @classmethod
    def of(cls, head: Head) -> "Span":
        """Of one message."""
        return cls(head.seq, head.seq, head.began_ns, head.ended_ns, head.records, head.lost, head.is_last, head.first)


class Split(msgspec.Struct, array_like=True):
    """A message that came in parts, not all of which are here: its number, its records, the parts in their order."""

    seq: Number
    first: Number
    records: Number
    parts: list[Span] = []

    def has_some_of(self, head: Head) -> bool:
        """Whether records of that message, or part, are here."""
        end = head.first + max(head.records, 1)
        return any(each.first < end and head.first < each.first + each.records for each in self.parts)

    @property
    def missing(self) -> int:
        """Records that are not here."""
        return self.records - sum(each.records for each in self.parts)

    def joined(self) -> Span:
        """As if all were here."""
        return Span(
            self.seq,
            self.seq,
            min(each.began_ns for each in self.parts),
            max(each.ended_ns for each in self.parts),
            self.records,
            min(sum(each.lost for each in self.parts), MOST_NUMBER),
            any(each.is_end for each in self.parts),
            self.first,
        )


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """Messages of a run in a commit; or a part of one, which has the records `whole`: the first, and how many."""

    host: str
    boot_id: str
    run: Number
    span: Span
    whole: tuple[Number, Number] | None = None


class Commit(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One step: files that come and go, and the messages whose events are in those that come. `forgets`: files that
    had gone, and are deleted now. `time`: RFC 3339.
    `id`: of the try, by which a writer knows its own.
    """

    version: int = VERSION
    id: str = ""
    time: str = ""
    onlooker: str = ""
    adds: list[DataFile] = []
    removes: list[str] = []
    forgets: list[str] = []
    batches: list[Batch] = []


class Run(msgspec.Struct, omit_defaults=True):
    """A sender's run, and which of its messages are here: spans in the order of their numbers; and those of which only
    parts are.
    """

    host: str
    boot_id: str
    run: Number
    spans: list[Span] = []
    split: list[Split] = []

    def has(self, seq: int) -> bool:
        """Whether the message of that number is here, with all its parts."""
        place = bisect_right(self.spans, seq, key=_SEQ)
        return place > 0 and seq <= self.spans[place - 1].last_seq

    def has_some_of(self, head: Head) -> bool:
        """Whether that message is here, or some of its records: a sender that got no answer may have sent it whole, and
        then in parts.
        """
        if self.has(head.seq):
            return True
        return any(each.seq == head.seq and each.has_some_of(head) for each in self.split)

    def take(self, head: Head) -> None:
        """A message, or part, that is not here yet."""
        span = Span.of(head)
        if head.is_part:
            self.add_part(span, head.whole_first, head.whole_records)
        else:
            self.add(span)

    def add_part(self, span: Span, first: int, records: int) -> None:
        """Of the message with these records. When all of it is here, it is as others."""
        split = next((each for each in self.split if each.seq == span.seq), None)
        if split is None:
            split = Split(span.seq, first, records, [])
            self.split.append(split)
        split.parts.append(span)
        split.parts.sort(key=_FIRST)
        if split.missing <= 0:
            self.split.remove(split)
            self.add(split.joined())

    def known(self) -> "Run":
        """The same, where a message counts as here if a part is."""
        if not self.split:
            return self
        spans = sorted([*self.spans, *(each.joined() for each in self.split)], key=_SEQ)
        return Run(self.host, self.boot_id, self.run, spans, self.split)

    def add(self, span: Span) -> None:
        """Messages that are not here yet."""
        place = bisect_left(self.spans, span.seq, key=_SEQ)
        self.spans.insert(place, span)
        for at in (place, place - 1):
            if 0 <= at < len(self.spans) - 1 and _go_together(self.spans[at], self.spans[at + 1]):
                self.spans[at : at + 2] = [_joined(self.spans[at], self.spans[at + 1])]
        if len(self.spans) > MOST_SPANS:
            self._coarsen()

    def _coarsen(self) -> None:
        """Where losses come and go, the older half becomes pairs of neighbours: the longer ago, the longer are periods.
        Holes stay.
        """
        half = len(self.spans) // 2
        made: list[Span] = []
        is_single = False  # whether the last one was not joined with another yet
        for span in self.spans[:half]:
            if is_single and _follows(made[-1], span):
                made[-1], is_single = _joined(made[-1], span), False
            else:
                made.append(span)
                is_single = True
        self.spans[:half] = made


class State(msgspec.Struct, kw_only=True):
    """After the commit of that number."""

    version: int = VERSION
    number: Number = 0
    files: dict[str, DataFile] = {}
    runs: dict[str, Run] = {}
    removed: dict[str, str] = {}  # files that are in others now, and when that was

    def has(self, head: Head) -> bool:
        """Whether that message is here."""
        run = self.runs.get(run_key(head.boot_id, head.run))
        return run is not None and run.has_some_of(head)

    def fresh(self, held: Sequence[Held]) -> list[Held]:
        """Messages that are not here, without repetitions."""
        seen: dict[str, Run] = {}
        found = []
        for each in held:
            run = _run_in(seen, each.head.host, each.head.boot_id, each.head.run)
            if not run.has_some_of(each.head) and not self.has(each.head):
                run.take(each.head)
                found.append(each)
        return found

    def apply(self, commit: Commit, number: int) -> None:
        """The commit of the next number."""
        for name in commit.removes:
            self.files.pop(name, None)
            self.removed[name] = commit.time
        for name in commit.forgets:
            self.removed.pop(name, None)
        self.files |= {each.name: each for each in commit.adds}
        for batch in commit.batches:
            run = _run_in(self.runs, batch.host, batch.boot_id, batch.run)
            span = msgspec.structs.replace(batch.span)
            if batch.whole:
                run.add_part(span, *batch.whole)
            else:
                run.add(span)
        self.number = number

    def parts(self) -> list[list[DataFile]]:
        """The files of each date, host and schema."""
        found: dict[tuple[str, str, str], list[DataFile]] = {}
        for file in self.files.values():
            found.setdefault((file.date, file.host, file.schema), []).append(file)
        return list(found.values())


def batches_of(held: Sequence[Held]) -> list[Batch]:
    """Messages: those of a run that follow each other, as one."""
    runs: dict[str, Run] = {}
    for head, _ in held:
        _run_in(runs, head.host, head.boot_id, head.run).take(head)
    found = [Batch(run.host, run.boot_id, run.run, span) for run in runs.values() for span in run.spans]
    return found + [
        Batch(run.host, run.boot_id, run.run, part, (split.first, split.records))
        for run in runs.values()
        for split in run.split
        for part in split.parts
    ]


def _run_in(runs: dict[str, Run], host: str, boot_id: str, run: int) -> Run:
    return runs.setdefault(run_key(boot_id, run), Run(host, boot_id, run, []))


def run_key(boot_id: str, run: int) -> str:
    """Of a run, in JSON."""
    return f"{boot_id}.{run}"


def _follows(one: Span, other: Span) -> bool:
    return one.last_seq + 1 == other.seq and not one.is_end


def _go_together(one: Span, other: Span) -> bool:
    return _follows(one, other) and bool(one.lost) == bool(other.lost)


def _joined(one: Span, other: Span) -> Span:
    return Span(
        one.seq,
        other.last_seq,
        min(one.began_ns, other.began_ns),
        max(one.ended_ns, other.ended_ns),
        min(one.records + other.records, MOST_NUMBER),
        min(one.lost + other.lost, MOST_NUMBER),
        other.is_end,
        one.first,
    )
