"""Events as log records of OpenTelemetry's protocol, compressed by gzip."""

import gzip
import time
import zlib
from collections.abc import Sequence
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber

from .._version import __version__
from ..records import Batch
from .formats import Encode, Said, said
from .message import Head
from .target import Target

_MOST_INTEGER = (1 << 63) - 1
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
    return encode


def encode(head: Head, batches: Sequence[Batch]) -> bytes:
    """One request: the machine is the resource, an event is a log record with its fields as attributes."""
    request = ExportLogsServiceRequest()
    logs = request.resource_logs.add()
    resource = {
        "service.name": "onlooker",
        "host.name": head.host,
        "onlooker.boot_id": head.boot_id,
        "onlooker.run": head.run,
    }
    logs.resource.attributes.extend(KeyValue(key=name, value=_value(value)) for name, value in resource.items())
    scope = logs.scope_logs.add()
    scope.scope.name, scope.scope.version = "onlooker", __version__
    observed = time.time_ns()
    scope.log_records.extend(_record(each, observed) for each in said(batches))
    return gzip.compress(request.SerializeToString(), _LEVEL, mtime=0)


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


def _record(each: Said, observed_ns: int) -> LogRecord:
    event = each.fields["event"]
    severity = _ALERTS[each.fields["level"]] if event == "alert" else _WARN if event == "lost" else _INFO
    return LogRecord(
        time_unix_nano=each.wall_ns,
        observed_time_unix_nano=observed_ns,
        severity_number=severity,
        severity_text=SeverityNumber.Name(severity).removeprefix("SEVERITY_NUMBER_"),
        body=AnyValue(string_value=each.text),
        event_name=event,
        attributes=[KeyValue(key=name, value=_value(value)) for name, value in each.fields.items()],
    )


def _value(value: Any) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value) if value <= _MOST_INTEGER else AnyValue(string_value=str(value))
    if isinstance(value, str):
        return AnyValue(string_value=value)
    return AnyValue(array_value=ArrayValue(values=[_value(each) for each in value]))
