"""Batches: records as the kernel wrote them, with losses, and their conversions."""

import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Self

from msgspec.structs import replace

from ..errors import UsageError
from ..events import CONTEXT_EVENTS, OWN_EVENTS, UNCOUNTED, Event, Lost
from ._records import Buffer, Finder, Fold, Matcher, Records
from .encode import offset_ns, record
from .planned import NUMBERS, PLAN, bits_of, compiled
from .table import Table, event_in
from .texts import Parts, covered

_LOST = NUMBERS[Lost.event]
_OF_TASKS = tuple((name, number) for name, number in NUMBERS.items() if name not in OWN_EVENTS)
_OWN, _UNCOUNTED = bits_of(OWN_EVENTS), bits_of(UNCOUNTED)
_BILLION = 1_000_000_000
_own = threading.local()  # what is made of records is remembered from one to the next, by one thread


def _records() -> Records:
    found: Records | None = getattr(_own, "records", None)
    if found is None:
        found = _own.records = Records(compiled())
    return found


def prepare_records() -> None:
    """Make now what this thread's first batch needs, in some 2 ms."""
    _records()


class Batch:
    """Some records, in the order of `Monitor.poll`. It is immutable, and lives as long as anybody wants it.

    `data` is what it holds: for each record its length as 8 bytes, and its bytes, padded to 8. `offset_ns` is the wall
    clock minus the boot clock, in nanoseconds.

    >>> from onlooker.testing import make
    >>> [batch] = Batch.of([make("open", path="/etc/hostname")])
    >>> len(batch), batch.counts(), [event.path for event in batch]
    (1, {'open': 1}, ['/etc/hostname'])
    """

    __slots__ = ("_counts", "_cut", "_data", "_offset_ns")

    def __init__(self, data: bytes | memoryview, offset_ns: int) -> None:
        """Raises UsageError where a record makes no sense; `checked` reports it as a loss."""

        def refuse(_number: int) -> bytes:
            raise UsageError("a record makes no sense", "Batch.checked(data, offset_ns, boot_ns)")

        self._take(offset_ns, *_records().check(data, refuse))

    def _take(self, offset_ns: int, data: bytes | Buffer, counts: tuple[list[int], int]) -> None:
        if not -(2**63) <= offset_ns < 2**63:
            raise UsageError(f"not an offset of clocks: {offset_ns}", "nanoseconds, in 64 bits")
        self._data = data
        self._offset_ns = offset_ns
        numbers, self._cut = counts
        self._counts = {name: numbers[number] for name, number in NUMBERS.items() if numbers[number]}

    @classmethod
    def _of_whole(cls, data: bytes | Buffer, offset_ns: int) -> Self:
        """From records that were checked, or made here: the native part would read beyond the end of others."""
        made = cls.__new__(cls)
        made._take(offset_ns, data, _records().counts(data))
        return made

    @classmethod
    def checked(cls, data: bytes | memoryview, offset_ns: int, boot_ns: int) -> Self:
        """Of what the probe sent: a record that makes no sense becomes a loss, at `boot_ns`, and so does an event
        that only onlooker adds, which the probe never sends.
        """

        def corrupt(number: int) -> bytes:
            of = next((name for name, each in _OF_TASKS if each == number), "unknown")
            return record(PLAN, lost(boot_ns, offset_ns, 1, of, "corrupt"))

        made = cls.__new__(cls)
        made._take(offset_ns, *_records().check(data, corrupt, _OWN))
        return made

    @classmethod
    def of_losses(cls, losses: Iterable[tuple[int, str, str]], offset_ns: int, boot_ns: int) -> Self:
        """Reports of losses: how many, of which event, why."""
        made = (record(PLAN, lost(boot_ns, offset_ns, *each)) for each in losses)
        return cls._of_whole(b"".join(map(framed, made)), offset_ns)

    @classmethod
    def of(cls, events: Iterable[Event]) -> list[Self]:
        """The batches of events that were made by hand: one, unless their clocks differ. Raises UsageError for what is
        no event, and for a field that no record can hold.
        """
        return [
            cls._of_whole(b"".join(framed(record(PLAN, event)) for event in some), offset)
            for offset, some in groupby(map(_event, events), offset_ns)
        ]

    def __reduce__(self) -> tuple[type[Self], tuple[bytes, int]]:
        """What was pickled is checked when it is read: another version may have written it."""
        return type(self), (self.data, self._offset_ns)

    @property
    def data(self) -> bytes:
        """The records, a copy."""
        return bytes(self._data)

    @property
    def offset_ns(self) -> int:
        """The wall clock minus the boot clock."""
        return self._offset_ns

    def __len__(self) -> int:
        return sum(self._counts.values())

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events())

    def __repr__(self) -> str:
        return f"<Batch of {len(self)} events>"

    def counts(self) -> dict[str, int]:
        """How many of each kind, by name; reports of losses too."""
        return dict(self._counts)

    @property
    def has_context(self) -> bool:
        """Whether it says what is known of processes."""
        return any(name in self._counts for name in CONTEXT_EVENTS)

    def without_context(self) -> Self:
        """Only what happened, and reports of losses."""
        return self.select(*(name for name in NUMBERS if name not in CONTEXT_EVENTS)) if self.has_context else self

    def context(self) -> list[Event]:
        """What it says of processes."""
        return self.select(*CONTEXT_EVENTS).events() if self.has_context else []

    @property
    def counted(self) -> int:
        """How many are events as a user counts them, and no reports of losses."""
        return sum(count for name, count in self._counts.items() if name not in UNCOUNTED)

    @property
    def cut(self) -> int:
        """How many have a field that is not whole."""
        return self._cut

    def lost(self) -> list[Lost]:
        """The losses that it reports."""
        return _records().events(self._data, self.offset_ns, _LOST) if Lost.event in self._counts else []

    def events(self) -> list[Event]:
        """An object for each."""
        return _records().events(self._data, self.offset_ns)

    def to_json(self) -> bytes:
        """A JSON object for each, a line each: what `Event.to_json` gives."""
        return bytes(self.json_lines())

    def json_lines(self) -> Buffer:
        """The same as a buffer, whose memory serves the next one once nobody has it any more."""
        return _records().json_lines(self._data, self.offset_ns)

    def to_text(self) -> bytes:
        """The classic lines, in local time: what `str(event)` gives."""
        return bytes(self.text_lines())

    def text_lines(self) -> Buffer:
        """The same as a buffer; see `json_lines`."""
        return _records().text_lines(self._data, self.offset_ns)

    def results(self) -> list[str]:
        """How each went, in one word."""
        return _records().results(self._data).decode().split("\n")[:-1]

    def details(self, most: int = 0, fold: Fold | None = None) -> list[str]:
        """What happened, without the process and the time; of each text about the first `most` bytes (0: all)."""
        return _records().details(self._data, most, fold).decode().split("\n")[:-1]

    def local_times(self) -> list[str]:
        """When each was, in local time with microseconds."""
        return _records().times(self._data, self.offset_ns).decode().split("\n")[:-1]

    def table(self, name: str) -> Table:
        """The events of one kind as columns, by the plural of its name: "opens", "execs", "losses". "events" are all.
        Raises UsageError for an unknown name.
        """
        event = event_in(name)
        rows = len(self) if event is None else self._counts.get(event, 0)
        return Table(name, rows, self._data, self._offset_ns)

    def __arrow_c_schema__(self) -> object:
        """That of the table of all events."""
        return self.table("events").__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The table of all events."""
        return self.table("events").__arrow_c_stream__(requested_schema)

    def select(self, *events: str) -> Self:
        """Only the records of these kinds, by name; "lost" is one. Raises UsageError for an unknown name.

        >>> from onlooker.testing import make
        >>> [batch] = Batch.of([make("open"), make("exec"), make("open")])
        >>> batch.select("open").counts()
        {'open': 2}
        """
        for name in events:
            if name not in NUMBERS:
                raise UsageError.unknown("event", name, tuple(NUMBERS))
        return self._of_whole(_records().selected(self._data, bits_of(events)), self.offset_ns)

    def matching(self, matcher: Matcher) -> Self:
        """Only the records that match, and all that onlooker adds, as reports of losses;
        `onlooker.filters.compile` makes the matcher of an expression.
        """
        matching = matcher.matching(self._data, self.offset_ns)
        return self if matching is None else self._of_whole(matching, self.offset_ns)

    def found(self, finder: Finder) -> list[tuple[int, int, list[int]]]:
        """Of each record that one of several expressions asks for: where it begins and ends in `data`, and the numbers
        of these expressions; `onlooker.filters.compile` makes the finder.
        """
        return finder.found(self._data, self.offset_ns)

    def part(self, start: int, end: int) -> Self:
        """The records from one place in `data` to another; both are where a record begins, or the end."""
        return self._part(start, end)

    def with_events(self, added: Iterable[tuple[int, Event]]) -> Self:
        """With events of onlooker's own behind the record that ends at a place in `data`, in the order of the places.
        They are of this batch's clock, whatever their `time` is.
        """
        data, parts, end = memoryview(self._data), [], 0
        for place, event in added:
            parts += [bytes(data[end:place]), framed(record(PLAN, event))]
            end = place
        return self._of_whole(b"".join((*parts, bytes(data[end:]))), self.offset_ns) if parts else self

    @property
    def raw(self) -> bytes | Buffer:
        """The same as `data`, not copied: for the native parts."""
        return self._data

    def left(self, data: bytes, losses: Iterable[tuple[int, str, str]], boot_ns: int) -> Self:
        """A batch of what is left of its records, `data`, and of reports of losses as `of_losses` makes them."""
        reports = self.of_losses(losses, self.offset_ns, boot_ns)
        return self._of_whole(data + reports.data, self.offset_ns)

    def behind(self, own: Iterable[Event]) -> Self:
        """Behind some events that onlooker adds, which get the time of its first record."""
        first = self.first_ns
        made = (record(PLAN, replace(event, boot_ns=first)) for event in own)
        return self._of_whole(b"".join(map(framed, made)) + self.data, self.offset_ns)

    @property
    def first_ns(self) -> int:
        """The time since boot of its first record; 0 where there is none."""
        at = 8 + PLAN.boot_at
        return int.from_bytes(memoryview(self._data)[at : at + 8], "little")

    def split(self, most: int) -> tuple[Self, Self]:
        """Up to the record that makes so many events, not counting losses; and the rest."""
        place, _ = _records().place_after(self._data, most, _UNCOUNTED)
        return self._part(0, place), self._part(place, len(self._data))

    def after(self, most: int) -> Self:
        """Without the first so many records, losses counted."""
        place, _ = _records().place_after(self._data, most, 0)
        return self._part(place, len(self._data))

    def before(self, most: int) -> Self:
        """The first so many records, losses counted."""
        place, _ = _records().place_after(self._data, most, 0)
        return self._part(0, place)

    def with_text(self, event: str, field: str, say: Callable[[Event], bytes | None]) -> Self:
        """Where events of that kind have the text `field`, what `say` gives of the event stands for it; None: it does
        not apply.
        """
        if event not in self._counts:
            return self
        plan = PLAN.events[NUMBERS[event] - 1]
        step = next(place for place, each in enumerate(plan.steps) if each.name == field)
        data, parts, end = self.data, [], 0
        for at in _records().places(self._data, plan.number, step):
            (length,) = struct.unpack_from("=Q", data, at - 8)
            made = bytearray(data[at : at + length])
            (seen,) = _records().events(framed(made), self.offset_ns)
            text = say(seen)
            struct.pack_into("=II", made, plan.steps[step].at, length if text else 0, len(text or b""))
            parts += [data[end : at - 8], framed(made + (text or b""))]
            end = at + length + -length % 8
        return self._of_whole(b"".join((*parts, data[end:])), self.offset_ns) if parts else self

    def with_texts(self, find: Callable[[bytes], Parts], cover: Callable[[bytes, Parts], bytes]) -> Self:
        """Each text without the parts, (start, end), that `find` finds in it: as `cover` makes it of the text and its
        parts, never longer. Paths are looked through as they are shown; of a part of a joined path, each of the two
        texts loses what it has of it. Where a part is of one name of a resolved path, the same name loses it in all
        texts of the event, as in a relative path. Of lists `find` gets all items at once, each ended by a NUL byte, and
        no part has one. Raises UsageError for a text that makes no sense then.
        """
        data = self.data
        made = covered(data, self._counts, _records().places, find, cover)
        return type(self)(made, self._offset_ns) if made != data else self

    def _part(self, start: int, end: int) -> Self:
        return self._of_whole(bytes(memoryview(self._data)[start:end]), self.offset_ns)


def _event(given: Event) -> Event:
    if isinstance(given, Event):
        return given
    raise UsageError(f"not an event: {given!r:.100}", 'Batch.of([make("open")])')


def lines(batch: Batch, form: str, fold: Fold | None) -> Buffer:
    """Those of a batch, with what is known of its processes; `form` is "json" or "text"."""
    write = _records().json_lines if form == "json" else _records().text_lines
    return write(batch.raw, batch.offset_ns, fold)


def framed(made: bytes | bytearray) -> bytes:
    """A record as it is in a batch's data."""
    return struct.pack("=Q", len(made)) + made + bytes(-len(made) % 8)


def lost(boot_ns: int, offset: int, count: int, of: str, reason: str) -> Lost:
    """The report of a loss."""
    seconds, rest = divmod(max(0, boot_ns + offset), _BILLION)
    moment = datetime.fromtimestamp(seconds, UTC)
    return Lost(f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09}Z", boot_ns, count, of, reason)
