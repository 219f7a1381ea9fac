"""Messages that were put aside, as they are kept in a lake: objects that have all of a commit."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from ..sinks.message import PREFIX

POISON = "_onlooker/poison"
TABLE = "aside"
COLUMNS = (
    "name VARCHAR",  # where the message was: of the stream or topic, and its number there
    "why VARCHAR",  # it was put aside
    "host VARCHAR",  # of the sender, as the message says; NULL where it does not, as in what follows
    "boot_id VARCHAR",
    "run BIGINT",
    "message BIGINT",  # its number in the run
    "records BIGINT",
    "began TIMESTAMP_NS",  # the period that it covers, in UTC
    "ended TIMESTAMP_NS",
    "bytes BIGINT",  # of its payload
    "object VARCHAR",  # of the lake, which has it
)
MOST_ROWS = 10_000
_NAMED = re.compile(r"[0-9a-f]{32}-([0-9]{1,9})\.msgpack$")
_LONGEST = 1000  # characters of a text
_MOST_NUMBER = (1 << 63) - 1


class Aside(NamedTuple):
    """A message that makes no sense: where it was, how it came, and what is wrong."""

    name: str
    headers: dict[str, str]
    payload: bytes
    why: str


class _Kept(msgspec.Struct):
    name: str
    headers: dict[str, str]
    payload: bytes
    why: str = ""


class Row(NamedTuple):
    """Of the table, in the order of its columns."""

    name: str
    why: str
    host: str | None = None
    boot_id: str | None = None
    run: int | None = None
    message: int | None = None
    records: int | None = None
    began_ns: int | None = None
    ended_ns: int | None = None
    bytes: int = 0
    object: str = ""


def packed(aside: Sequence[Aside]) -> tuple[str, bytes]:
    """An object's name, which is of its content, and the content: a stream that is made anew numbers from 1 again."""
    data = msgspec.msgpack.encode([each._asdict() for each in aside])
    return f"{POISON}/{hashlib.sha256(data).hexdigest()[:32]}-{len(aside)}.msgpack", data


def unpacked(data: bytes) -> list[Aside] | None:
    """What an object has; None where it makes no sense itself."""
    try:
        found = msgspec.msgpack.decode(data, type=list[_Kept])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return [Aside(each.name, each.headers, each.payload, each.why) for each in found]


def aside_in(name: str) -> int:
    """How many messages were put aside in the object of that name."""
    found = _NAMED.search(name)
    return int(found[1]) if found else 1


def rows_of(name: str, data: bytes) -> Iterator[Row]:
    """The rows of an object of the lake."""
    kept = unpacked(data)
    if kept is None:
        yield Row(name, "it is kept in a way that is not known here", bytes=len(data), object=name)
        return
    for each in kept:
        said = _said(each.headers)
        yield Row(
            each.name[:_LONGEST],
            each.why[:_LONGEST],
            said.get("host"),
            said.get("boot-id"),
            _number(said.get("run")),
            _number(said.get("seq")),
            _number(said.get("records")),
            _number(said.get("began-ns")),
            _number(said.get("ended-ns")),
            len(each.payload),
            name,
        )


def first_rows(
    objects: Iterable[tuple[str, bytes]], is_asked: Callable[[Row], bool] = lambda row: True, most: int = MOST_ROWS
) -> Iterator[Row]:
    """Of objects by their names those that are asked, no more than so many."""
    return islice((row for name, data in objects for row in rows_of(name, data) if is_asked(row)), most)


def _said(headers: Mapping[str, str]) -> dict[str, str]:
    """What the headers tell of the message, whatever they are."""
    prefix = PREFIX.lower()
    return {
        name.lower().removeprefix(prefix): unquote(value[:_LONGEST])
        for name, value in headers.items()
        if name.lower().startswith(prefix)
    }


def _number(text: str | None) -> int | None:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 19:
        return None
    return found if (found := int(text)) <= _MOST_NUMBER else None
