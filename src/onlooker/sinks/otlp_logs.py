"""Events as log records of OpenTelemetry's protocol, compressed by gzip."""

import gzip
import time
import zlib
from collections.abc import Sequence
from functools import cache
from struct import Struct
from typing import Any

import msgspec
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from .._version import __version__
from ..records import Batch, values_of
from .formats import Encode
from .message import Head
from .target import Target

_MOST_INTEGER = (1 << 63) - 1
_SURELY_FITS = 19  # so many digits are a number of 64 bits
_MOST_KNOWN = 4096  # values of each name that are remembered
_MOST_KNOWN_BYTES = 128  # of one
_MOST_FORMS = 4096
_ONE_BYTE = 128  # a length that is less takes one
# tags of protobuf, of fields that have a length unless said: the first and second of a message, then those of a record
_FIRST, _SECOND = b"\x0a", b"\x12"
_SEVERITY_TEXT, _BODY, _ATTRIBUTE, _EVENT_NAME = b"\x1a", b"\x2a", b"\x32", b"\x62"
_SEVERITY = 0x10  # a number
_TIME, _OBSERVED_AT = 0x09, 0x59  # 64 bits
_FIXED_64 = Struct("<BQ")
_INTEGER = b"\x18"  # of a value
_LEVEL = 3  # of gzip: a third of the time of 6, for a tenth more
_INFO = SeverityNumber.SEVERITY_NUMBER_INFO
_WARN = SeverityNumber.SEVERITY_NUMBER_WARN
_ALERTS = {
    "informational": _INFO,
    "low": SeverityNumber.SEVERITY_NUMBER_INFO2,
    "medium": _WARN,
    "high": SeverityNumber.SEVERITY_NUMBER_ERROR,
    "critical": SeverityNumber.SEVERITY_NUMBER_FATAL,
}


def encoder(_target: Target) -> Encode:
    """Of requests."""
    return Requests().encode


class Requests:
    """One request: the machine is the resource, an event is a log record with its fields as attributes. What is the
    same in many events is encoded once. One thread uses it.
    """

    def __init__(self) -> None:
        self._forms: dict[bytes, _Form] = {}
        self._attributes: dict[str, _Known] = {}  # by name and JSON

    def encode(self, head: Head, batches: Sequence[Batch]) -> bytes:
        """Compressed."""
        observed = _FIXED_64.pack(_OBSERVED_AT, time.time_ns())
        records = [record for batch in batches for record in self._records(batch, observed)]
        scope = InstrumentationScope(name="onlooker", version=__version__).SerializeToString()
        scope_logs = _field(_FIRST, scope) + b"".join([_field(_SECOND, each) for each in records])
        resource_logs = _field(_FIRST, _resource(head)) + _field(_SECOND, scope_logs)
        return gzip.compress(_field(_FIRST, resource_logs), _LEVEL, mtime=0)

    def _records(self, batch: Batch, observed: bytes) -> list[bytes]:
        texts = str(batch.to_text(), "utf-8", "replace").encode().split(b"\n")
        found = []
        for (kind, values), text in zip(values_of(batch.to_json()), texts, strict=False):
            form = self._forms.get(kind) or self._form(kind)
            pairs = zip(form.known, values, strict=True)
            attributes = [known.get(raw) or _attribute(known, raw) for known, raw in pairs]
            record = [
                _FIXED_64.pack(_TIME, int(values[form.boot_at]) + batch.offset_ns),
                form.severity(values),
                _field(_BODY, _field(_FIRST, text)),
                *attributes,
                observed,
                form.event_name,
            ]
            found.append(b"".join(record))
        return found

    def _form(self, kind: bytes) -> "_Form":
        if len(self._forms) >= _MOST_FORMS:
            self._forms.clear()
        return self._forms.setdefault(kind, _Form(kind, self._attributes))


class _Known(dict[bytes, bytes]):
    """Attributes of one name by the JSON of their values."""

    def __init__(self, name: str) -> None:
        self.key = _field(_FIRST, name.encode())


class _Form:
    """A kind of event with certain fields."""

    def __init__(self, kind: bytes, attributes: "dict[str, _Known]") -> None:
        first, event, *others = kind.decode().rstrip(",").split(",")
        names = (first, *others)
        self.known = [attributes.setdefault(name, _Known(name)) for name in names]
        self.boot_at = names.index("boot_ns")
        self.event_name = _field(_EVENT_NAME, event.strip('"').encode())
        self._severity = _severity(_WARN if event == '"lost"' else _INFO)
        self._level_at = names.index("level") if event == '"alert"' else None

    def severity(self, values: list[bytes]) -> bytes:
        """Its number and name."""
        if self._level_at is None:
            return self._severity
        return _severity(_ALERTS[msgspec.json.decode(values[self._level_at])])


def _resource(head: Head) -> bytes:
    said = {
        "service.name": "onlooker",
        "host.name": head.host,
        "onlooker.boot_id": head.boot_id,
        "onlooker.run": head.run,
    }
    attributes = [KeyValue(key=name, value=_value(value)) for name, value in said.items()]
    return Resource(attributes=attributes).SerializeToString()


@cache
def _severity(number: "SeverityNumber.ValueType") -> bytes:
    text = SeverityNumber.Name(number).removeprefix("SEVERITY_NUMBER_")
    return bytes((_SEVERITY, number)) + _field(_SEVERITY_TEXT, text.encode())


def _attribute(known: _Known, raw: bytes) -> bytes:
    """Of that value as JSON; remembered for a while."""
    if raw[:1] == b'"':
        text = raw[1:-1] if b"\\" not in raw else msgspec.json.decode(raw).encode()
        value = _field(_FIRST, text)
    elif raw.isdigit() and len(raw) < _SURELY_FITS:
        value = _INTEGER + _varint(int(raw))
    else:
        value = _value(msgspec.json.decode(raw)).SerializeToString()
    made = _field(_ATTRIBUTE, known.key + _field(_SECOND, value))
    if len(raw) <= _MOST_KNOWN_BYTES:
        if len(known) >= _MOST_KNOWN:
            known.clear()
        known[raw] = made
    return made


def _field(tag: bytes, data: bytes) -> bytes:
    """With its length."""
    size = len(data)
    return b"%b%c%b" % (tag, size, data) if size < _ONE_BYTE else tag + _varint(size) + data


def _varint(number: int) -> bytes:
    found = bytearray()
    while number >= _ONE_BYTE:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


class Logs:
    """The records of a request, to be sent in several."""

    def __init__(self, request: ExportLogsServiceRequest, records: Sequence[LogRecord]) -> None:
        self._request = request  # without records
        self._logs = records
        self.records = len(records)

    @classmethod
    def of(cls, payload: bytes) -> "Logs":
        """Raises ValueError."""
        request = ExportLogsServiceRequest()
        try:
            request.ParseFromString(gzip.decompress(payload))
        except (DecodeError, OSError, EOFError, zlib.error) as error:
            raise ValueError(f"it is no request: {error}") from error
        [resource] = request.resource_logs
        [scope] = resource.scope_logs
        logs = list(scope.log_records)
        del scope.log_records[:]
        return cls(request, logs)

    def halves(self) -> "tuple[Logs, Logs] | None":
        """None where there is one record."""
        middle = (len(self._logs) + 1) // 2
        if middle >= len(self._logs):
            return None
        return Logs(self._request, self._logs[:middle]), Logs(self._request, self._logs[middle:])

    def counts(self) -> dict[str, int]:
        """As a head has them."""
        losses = [
            attribute.value.int_value
            for each in self._logs
            if each.event_name == "lost"
            for attribute in each.attributes
            if attribute.key == "count"
        ]
        return {"events": len(self._logs) - len(losses), "reports": len(losses), "lost": sum(losses)}

    def payload(self) -> bytes:
        """As it is sent."""
        request = ExportLogsServiceRequest()
        request.CopyFrom(self._request)
        request.resource_logs[0].scope_logs[0].log_records.extend(self._logs)
        return gzip.compress(request.SerializeToString(), _LEVEL, mtime=0)


def _value(value: Any) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value) if value <= _MOST_INTEGER else AnyValue(string_value=str(value))
    if isinstance(value, str):
        return AnyValue(string_value=value)
    return AnyValue(array_value=ArrayValue(values=[_value(each) for each in value]))
