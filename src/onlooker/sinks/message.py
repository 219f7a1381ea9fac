"""What a sink sends and a collector receives: a few batches at once, with a head that says whose they are.

The head travels as the headers of NATS and Kafka, each a short text. Within a run of one sender, messages have numbers
from 1 without a gap, so that a receiver sees what is missing; the period that each covers begins where that of the
message before ends.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any

import msgspec

from ..errors import OnlookerError, UsageError
from ..records import PLAN, Batch
from ..records.translate import Translator
from ..schema.plan import Plan

VERSION = 1
PREFIX = "Onlooker-"
MOST_RAW_BYTES = 64 << 20  # of a payload without compression: a small message may claim to be a huge one
MOST_BATCHES = 10_000  # of a message; senders put at most some 4 000 into one
MOST_PLAN_BYTES = 4 << 20  # one has 200 KB
MOST_COUNT = 1 << 53  # of records and messages of a run, and of what one message reports as lost
EARLIEST_NS = 946_684_800_000_000_000  # 2000: no clock that is right is before
MOST_AHEAD_NS = 86_400_000_000_000  # a clock that is further ahead is wrong, and what it says covers nothing
CONTENT_TYPES = {
    "batch": "application/msgpack",
    "json": "application/x-ndjson",
    "arrow": "application/vnd.apache.arrow.stream",
}
LEVEL = 3  # of zstd; 9 takes five times as long, and saves a tenth

Number = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f-]{1,64}$")]


class MessageError(OnlookerError):
    """What was received is no message of a version that is known here."""


class UnknownPlanError(MessageError):
    """The records are of another version, whose plan is not known yet: a message that has it comes, or has come."""

    def __init__(self, plan: str) -> None:
        super().__init__(f"the records have a plan that is not known here: {plan}")
        self.plan = plan


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """`host`: the machine's name; `boot_id`: since it was started; `run`: of the sender, when it began, in nanoseconds
    since 1970, but for less than a microsecond, which makes it another one than that of other senders; `seq`: of the
    message within the run; `first`: how many records the run had sent before; `records`: how many this one has;
    `events`: how many of these happened, as a user counts them; `reports`: how many report losses, of `lost` events in
    all; `refused`: how many are not in it, since the server has refused them: reports stand for them; `began_ns` and
    `ended_ns`: the period that it covers, wall-clock time in nanoseconds since 1970; `is_last`: nothing follows in this
    run; `whole_first` and `whole_records`: it is a part of the message of that number, which had these records, and was
    larger than the server takes: other parts have the rest, and all have its period; `plan`: a digest of how raw
    records are read; `format`, `map`, `encoding`: of the payload; `schema`: the version of the JSON Schema of lines.
    """

    version: int = VERSION
    host: Name
    boot_id: Hex
    run: Number
    seq: Number
    first: Number = 0
    records: Number = 0
    events: Number = 0
    reports: Number = 0
    lost: Number = 0
    refused: Number = 0
    began_ns: Number = 0
    ended_ns: Number = 0
    is_last: bool = False
    whole_first: Number = 0
    whole_records: Number = 0  # 0: it is no part
    format: Name = "batch"
    map: str = ""
    encoding: str = "zstd"
    schema: Number = 1
    plan: Hex = "0"

    @property
    def id(self) -> str:
        """Of the message; never used twice."""
        part = f".{self.first}-{self.records}" if self.is_part else ""
        return f"{self.key}.{self.seq}{part}"

    @property
    def is_part(self) -> bool:
        """Whether others have the same number."""
        return self.whole_records > 0

    @property
    def key(self) -> str:
        """Of the run: what has it stays in order."""
        return f"{self.boot_id}.{self.run}"

    def headers(self) -> dict[str, str]:
        """As they travel. A name that is not ASCII is written as in a URL."""
        from urllib.parse import quote

        said = msgspec.to_builtins(self)
        made = {
            _header(name): quote(str(int(value) if isinstance(value, bool) else value), safe=" /:")
            for name, value in said.items()
            if value != "" and (self.is_part or not name.startswith("whole_"))
        }
        made["Content-Type"] = CONTENT_TYPES.get(self.format, "application/octet-stream")
        if self.encoding != "none":
            made["Content-Encoding"] = self.encoding
        return made

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Head":
        """Raises MessageError."""
        from urllib.parse import unquote

        known = {name.lower(): value for name, value in headers.items()}
        said = {name: unquote(known[key]) for name in cls.__struct_fields__ if (key := _header(name).lower()) in known}
        if not said:
            raise MessageError("it has no header of onlooker")
        if said.get("version") != str(VERSION):
            raise MessageError(f"it has version {said.get('version')!r:.20} of the format, not {VERSION}")
        try:
            made = msgspec.convert(said, cls, strict=False)
        except msgspec.ValidationError as error:
            raise MessageError(f"its headers make no sense: {error}") from error
        if wrong := made._wrong():
            raise MessageError(f"its headers make no sense: {wrong}")
        return made

    def _wrong(self) -> str:
        """What can't be true of a message that has come. The counts are looked at when it is unpacked."""
        latest_ns = time.time_ns() + MOST_AHEAD_NS
        if max(self.seq, self.first, self.records, self.lost) >= MOST_COUNT:
            return f"a number is {MOST_COUNT} or more"
        if self.began_ns < EARLIEST_NS:
            return "its period began before 2000: the sender's clock is wrong"
        if max(self.ended_ns, self.run) > latest_ns:
            return "its period ends in more than a day: the sender's clock is wrong"
        if self.began_ns > self.ended_ns:
            return "its period ended before it began"
        if self.is_part and not self._is_in_whole():
            return "it is no part of what it says"
        return ""

    def _is_in_whole(self) -> bool:
        end, whole_end = self.first + self.records, self.whole_first + self.whole_records
        return self.records > 0 and self.whole_first <= self.first and end <= whole_end < MOST_COUNT


class Message(msgspec.Struct, frozen=True):
    """A head, and what it is the head of: compressed where that helps."""

    head: Head
    payload: bytes

    def __len__(self) -> int:
        return len(self.payload)


class Records(msgspec.Struct, frozen=True, array_like=True):
    """The payload of a message for our collector: batches as (offset of the clocks, records); now and then the plan."""

    batches: Annotated[list[tuple[int, bytes]], msgspec.Meta(max_length=MOST_BATCHES)]
    plan: Annotated[bytes, msgspec.Meta(max_length=MOST_PLAN_BYTES)] = b""


@cache
def own_plan() -> tuple[str, bytes]:
    """The digest of this version's plan, and the plan as JSON."""
    text = PLAN.to_json()
    return digest_of(text), text


def digest_of(plan: bytes) -> str:
    """Of a plan as JSON."""
    return hashlib.sha256(plan).hexdigest()[:16]


def pack(batches: Sequence[Batch], *, with_plan: bool = False) -> bytes:
    """The payload of a message in the format "batch"."""
    plan = own_plan()[1] if with_plan else b""
    return compressed(msgspec.msgpack.encode(Records([(each.offset_ns, each.data) for each in batches], plan)))


def counts_of(batches: Sequence[Batch]) -> dict[str, Any]:
    """Of the head of a message with these batches."""
    reports = [each for batch in batches for each in batch.lost()]
    return {
        "records": sum(map(len, batches)),
        "events": sum(batch.counted for batch in batches),
        "reports": len(reports),
        "lost": sum(each.count for each in reports),
    }


def compressed(data: bytes) -> bytes:
    """By zstd."""
    import zstandard

    made = zstandard.ZstdCompressor(level=LEVEL).compress(data)
    # it was made in a buffer of the size of what is compressed, and cut; the rest can't be used for another such buffer
    # as long as the message waits: a queue of 12 MB took 600 MB
    return bytes(memoryview(made))


def decompressed(data: bytes) -> bytes:
    """Raises MessageError, also for what becomes too large."""
    import zstandard

    try:
        if zstandard.frame_content_size(data) > MOST_RAW_BYTES:
            raise MessageError(f"it is larger than {MOST_RAW_BYTES} bytes")
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=MOST_RAW_BYTES)
    except zstandard.ZstdError as error:
        raise MessageError(f"it can't be decompressed: {error}") from error


class Unpacker:
    """Reads payloads of the format "batch", also those of other versions. `plans` are known, by digest."""

    def __init__(self) -> None:
        self.plans: dict[str, bytes] = {own_plan()[0]: own_plan()[1]}
        self._translators: dict[str, Translator | None] = {own_plan()[0]: None}

    def batches(self, message: Message) -> list[Batch]:
        """What `unpack` gives, without the head."""
        return self.unpack(message)[1]

    def unpack(self, message: Message) -> tuple[Head, list[Batch]]:
        """The batches, and the head, where `lost` also counts what this version can't say. Raises MessageError, also
        where the head tells other counts than the records do, and UnknownPlanError where the plan must be learned
        first.
        """
        try:
            made = msgspec.msgpack.decode(decompressed(message.payload), type=Records)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise MessageError(f"its payload makes no sense: {error}") from error
        digest = message.head.plan
        if made.plan and digest_of(made.plan) == digest:
            self.learn(made.plan)
        if digest not in self.plans:
            raise UnknownPlanError(digest)
        translator = self._translator(digest)
        found: list[Batch] = []
        unsaid = records = 0
        try:
            for offset_ns, data in made.batches:
                some, untold = _batches(translator, data, offset_ns)
                found += some
                unsaid += untold
                records += sum(map(len, some)) + (untold - 1 if untold else 0)  # one report stands for all these
        except UsageError as error:
            raise MessageError(str(error)) from error
        return _counted(message.head, found, records, unsaid), found

    def learn(self, plan: bytes) -> None:
        """A plan as JSON, by which messages that follow may be read."""
        self.plans.setdefault(digest_of(plan), plan)

    def _translator(self, digest: str) -> Translator | None:
        if digest not in self._translators:
            try:
                self._translators[digest] = Translator(Plan.from_json(self.plans[digest]))
            except (msgspec.MsgspecError, ValueError, LookupError, RecursionError) as error:
                raise MessageError("its plan makes no sense") from error
        return self._translators[digest]


def _batches(translator: Translator | None, data: bytes, offset_ns: int) -> tuple[list[Batch], int]:
    """And how many records can't be said here."""
    if translator is None:
        return [Batch(data, offset_ns)], 0
    made = translator.batches(data, offset_ns)
    return made, translator.unsaid


def _counted(head: Head, batches: Sequence[Batch], records: int, unsaid: int) -> Head:
    """With what is lost. Raises MessageError where the head tells something else than the records."""
    losses = [loss.count for batch in batches for loss in batch.lost()]
    lost = sum(losses)
    if head.records != records + head.refused:
        raise MessageError(f"its headers make no sense: it has {records} records, not {head.records - head.refused}")
    if lost >= MOST_COUNT:
        raise MessageError(f"it reports {lost} lost events, which nobody has seen")
    if not unsaid and (head.lost, head.reports) != (lost, len(losses)):
        raise MessageError(
            f"its headers make no sense: {len(losses)} of its records report {lost} lost events, "
            f"not {head.reports} and {head.lost}"
        )
    return msgspec.structs.replace(head, lost=lost) if unsaid else head


def _header(name: str) -> str:
    return PREFIX + "-".join(part.capitalize() for part in name.split("_"))


def to_bytes(message: Message) -> bytes:
    """As it is kept on a disk."""
    return msgspec.msgpack.encode(message)


def from_bytes(data: bytes) -> Message:
    """Raises MessageError."""
    try:
        return msgspec.msgpack.decode(data, type=Message)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise MessageError(f"it is no message: {error}") from error
