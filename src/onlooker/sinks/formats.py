"""The payload of a message: raw batches for our collector, or JSON lines, Arrow and the like for other programs."""

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from io import BytesIO
from typing import Any, NamedTuple

import msgspec

from ..errors import ExtraError
from ..records import Batch
from ..records.fold import ContextLines
from .message import Head, compressed, pack
from .target import Target

Encode = Callable[[Head, Sequence[Batch]], bytes]

_NEEDS = {"batch": "zstandard", "arrow": "nanoarrow"}
_ENCODES = {"zstd": "zstandard"}
_EXTRAS = {"nanoarrow": "arrow", "opentelemetry": "otlp", "google": "otlp"}  # else that of the scheme
_OWN = {"otlp": "otlp_logs", "text": "syslog_lines", "journal": "journal_entries"}


class Said(NamedTuple):
    """One event: its fields as in JSON, when it was in nanoseconds since 1970, and its classic line."""

    fields: dict[str, Any]
    wall_ns: int
    text: str


def said(batches: Sequence[Batch]) -> Iterator[Said]:
    """All events of batches. Every text can be printed or is valid UTF-8."""
    decode = msgspec.json.Decoder().decode_lines
    for batch in batches:
        texts = str(batch.to_text(), "utf-8", "replace").split("\n")
        for fields, text in zip(decode(batch.to_json()), texts, strict=False):
            yield Said(fields, fields["boot_ns"] + batch.offset_ns, text)


def encoder_of(target: Target) -> Encode:
    """How payloads are made. Raises ExtraError where a library is missing."""
    needed = [library for library in (_NEEDS.get(target.payload), _ENCODES.get(target.encoding)) if library]
    own = _OWN.get(target.payload)
    try:
        for library in needed:
            import_module(library)
        if own is not None:
            made: Encode = import_module(f"..{own}", __name__).encoder(target)
            return _folding(made)
    except ModuleNotFoundError as error:
        name = str(error.name)
        extra = _EXTRAS.get(name.partition(".")[0], target.scheme)
        raise ExtraError(f"a sink of {target.scheme}", name, extra) from error
    encode = _mapped(target.map) if target.map else {"batch": _batch, "json": _json, "arrow": _arrow}[target.payload]
    if target.payload == "batch":
        return encode
    encode = _folding(encode)
    return encode if target.encoding != "zstd" else lambda head, batches: compressed(encode(head, batches))


def _folding(encode: Encode) -> Encode:
    """With what is known of processes in what is made of their events, and not by itself."""
    context = ContextLines(["all"])

    def folded(head: Head, batches: Sequence[Batch]) -> bytes:
        return encode(head, [context.told(batch) for batch in batches])

    return folded


def _batch(_head: Head, batches: Sequence[Batch]) -> bytes:
    return pack(batches)


def _json(_head: Head, batches: Sequence[Batch]) -> bytes:
    return b"".join(batch.to_json() for batch in batches)


def _arrow(_head: Head, batches: Sequence[Batch]) -> bytes:
    from nanoarrow.ipc import StreamWriter  # type: ignore[import-untyped]

    out = BytesIO()
    with StreamWriter.from_writable(out) as writer:
        for batch in batches or (Batch(b"", 0),):  # the schema, at least
            writer.write_stream(batch)
    return out.getvalue()


def mapped(name: str) -> Callable[[Said, Head], dict[str, Any]]:
    """Makes a document of an event by the map of that name."""
    document: Callable[[Said, Head], dict[str, Any]] = import_module(f"..maps.{name}", __name__).document
    return document


def _mapped(name: str) -> Encode:
    from .maps.lines import Lines

    return Lines(mapped(name)).encode
