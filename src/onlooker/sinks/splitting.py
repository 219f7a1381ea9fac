"""A message that was made before it was known that it is larger than the server takes, as several.

Its number is given, and others behind it have theirs: so the parts share it, and each says which of the records it has.
"""

from collections.abc import Sequence
from io import BytesIO
from itertools import accumulate
from typing import Any, Protocol, Self

import msgspec
from msgspec.structs import replace

from ..errors import OnlookerError
from ..records import Batch
from .message import Head, Message, Unpacker, compressed, counts_of, decompressed, own_plan, pack

LEAST_BYTES = 1 << 10  # what is smaller than that, and refused as too large, would be if it had one event, too

# a spool may have anything; a RuntimeError is nanoarrow's
_UNREADABLE = (OnlookerError, msgspec.MsgspecError, RuntimeError, ValueError, LookupError, TypeError)


class Content(Protocol):
    """What is in a payload. `records`: how many, as far as the payload tells."""

    records: int

    def halves(self) -> tuple[Self, Self] | None:
        """By the number of records; None where there is one."""

    def counts(self) -> dict[str, int]:
        """`events`, `reports` and `lost`, as a head has them."""

    def payload(self) -> bytes:
        """As it is sent."""


def parts_of(message: Message, most_bytes: int) -> list[Message]:
    """The same in several messages, none of them larger but what is one record; or in one that is smaller. [] where
    that can't be: it has one record, or is of a format without parts.
    """
    if message.head.refused:  # it only reports
        return []
    try:
        made = _made(message, min(most_bytes, len(message) - 1))
    except _UNREADABLE:
        return []
    if len(made) == 1:
        [one] = made
        return [Message(message.head, one.payload)] if len(one) < len(message) else []
    head = message.head
    whole = {"whole_first": head.first, "whole_records": head.records} if not head.is_part else {}
    parts = [Message(replace(each.head, is_last=False, **whole), each.payload) for each in made]
    parts[-1] = Message(replace(parts[-1].head, is_last=head.is_last), parts[-1].payload)
    return parts


def _made(message: Message, most_bytes: int) -> list[Message]:
    head, content = message.head, _content_of(message)
    if content is None or content.records > head.records:
        return []
    return _split(replace(head, plan=own_plan()[0]) if head.format == "batch" else head, content, most_bytes)


def _split(head: Head, content: Content, most_bytes: int) -> list[Message]:
    payload = content.payload()
    pair = content.halves() if len(payload) > most_bytes else None
    if pair is None:
        return [Message(replace(head, **content.counts()), payload)]
    one, other = pair
    return [
        *_split(replace(head, records=one.records), one, most_bytes),
        *_split(replace(head, first=head.first + one.records, records=head.records - one.records), other, most_bytes),
    ]


def _content_of(message: Message) -> Content | None:
    head = message.head
    if head.format == "batch":
        batches = _Batches(Unpacker().batches(message))
        # what this version can't say is one report: then nobody knows which part the records are of
        return batches if batches.records == head.records else None
    if head.format == "json":
        return _Lines.of(message)
    if head.format == "otlp":
        from .otlp_logs import Logs

        return Logs.of(message.payload)
    if head.format == "arrow":
        return _Tables.of(message)
    return None  # no limit is known of syslog and the journal


class _Batches:
    def __init__(self, batches: list[Batch]) -> None:
        self._batches = batches
        self.records = sum(map(len, batches))

    def halves(self) -> "tuple[_Batches, _Batches] | None":
        one, other = halves(self._batches)
        return (_Batches(one), _Batches(other)) if other else None

    def counts(self) -> dict[str, int]:
        counted = counts_of(self._batches)
        return {name: counted[name] for name in ("events", "reports", "lost")}

    def payload(self) -> bytes:
        return pack(self._batches)


class _Lines:
    """Each is an event; what is known of processes has records, and is in the lines of others."""

    def __init__(self, lines: Sequence[bytes], head: Head) -> None:
        self._lines = lines
        self._head = head
        self.records = len(lines)

    @classmethod
    def of(cls, message: Message) -> "_Lines":
        is_packed = message.head.encoding == "zstd"
        data = decompressed(message.payload) if is_packed else message.payload
        return cls(data.splitlines(keepends=True), message.head)

    def halves(self) -> "tuple[_Lines, _Lines] | None":
        middle = (len(self._lines) + 1) // 2
        if middle >= len(self._lines):
            return None
        return _Lines(self._lines[:middle], self._head), _Lines(self._lines[middle:], self._head)

    def counts(self) -> dict[str, int]:
        losses = [count for line in self._lines if (count := self._loss(line)) is not None]
        return {"events": len(self._lines) - len(losses), "reports": len(losses), "lost": sum(losses)}

    def payload(self) -> bytes:
        data = b"".join(self._lines)
        return compressed(data) if self._head.encoding == "zstd" else data

    def _loss(self, line: bytes) -> int | None:
        """How many events it reports as lost; None where it reports none."""
        if not self._head.reports:
            return None
        said: dict[str, Any] = msgspec.json.decode(line)
        event, counted = said.get("event"), said
        if self._head.map == "ecs":
            event, counted = said["event"]["action"], said["onlooker"]
        elif self._head.map == "ocsf":
            event = said["unmapped"]["event"]
        return int(counted["count"]) if event == "lost" else None


class _Tables:
    """Of an Arrow stream. It is cut between tables only, since nanoarrow writes none that begins in the middle."""

    def __init__(self, tables: list[Any], head: Head) -> None:
        self._tables = tables
        self._head = head
        self.records = sum(map(len, tables))

    @classmethod
    def of(cls, message: Message) -> "_Tables":
        from nanoarrow import ArrayStream  # type: ignore[import-untyped]

        data = decompressed(message.payload) if message.head.encoding == "zstd" else message.payload
        return cls(list(ArrayStream.from_readable(data).iter_chunks()), message.head)

    def halves(self) -> "tuple[_Tables, _Tables] | None":
        rows = list(accumulate(map(len, self._tables)))
        cuts = range(1, len(self._tables))
        middle = min(cuts, key=lambda place: abs(2 * rows[place - 1] - self.records), default=0)
        parts = self._tables[:middle], self._tables[middle:]
        if not all(sum(map(len, part)) for part in parts):
            return None
        return _Tables(parts[0], self._head), _Tables(parts[1], self._head)

    def counts(self) -> dict[str, int]:
        losses = [count for table in self._tables for count in self._losses(table)] if self._head.reports else []
        return {"events": self.records - len(losses), "reports": len(losses), "lost": sum(losses)}

    def payload(self) -> bytes:
        from nanoarrow.ipc import StreamWriter  # type: ignore[import-untyped]

        out = BytesIO()
        with StreamWriter.from_writable(out) as writer:
            for table in self._tables:
                writer.write_stream(table)
        return compressed(out.getvalue()) if self._head.encoding == "zstd" else out.getvalue()

    def _losses(self, table: Any) -> list[int]:
        names = [each.name for each in table.schema.fields]
        events, counts = (table.child(names.index(name)).iter_py() for name in ("event", "count"))
        return [count for event, count in zip(events, counts, strict=True) if event == "lost"]


def halves(batches: list[Batch]) -> tuple[list[Batch], list[Batch]]:
    """By the number of records; the second is empty where there is one."""
    records = sum(map(len, batches))
    first: list[Batch] = []
    left = (records + 1) // 2
    for number, batch in enumerate(batches):
        if len(batch) > left:
            cut = [part for part in (batch.before(left), batch.after(left)) if len(part)]
            whole = first + (cut[:1] if left else [])
            rest = cut[1:] if left else cut
            return whole, [*rest, *batches[number + 1 :]]
        first.append(batch)
        left -= len(batch)
    return first, []
