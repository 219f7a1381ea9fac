"""Which sinks have which options of a URL: what a sink does not have is refused, since nobody would heed it."""

from collections.abc import Iterable

from ..errors import PROGRAM, UsageError

_OTLP = ("otlp+http", "otlp+https")
_WITH_SERVERS = ("nats", "kafka", *_OTLP, "syslog")
_ALL = (*_WITH_SERVERS, "journald", "file")
SINKS_WITH = {
    "format": ("nats", "kafka", "syslog", "file"),
    "map": ("nats", "kafka", "syslog", "file"),
    "compress": ("nats", "kafka"),
    **dict.fromkeys(("memory", "spool", "disk", "most"), _ALL),
    **dict.fromkeys(("tls", "ca", "cert", "key"), _WITH_SERVERS),
    **dict.fromkeys(("user", "password"), ("nats", "kafka", *_OTLP)),
    "token": ("nats", *_OTLP),
    "credentials": ("nats",),
    "headers": _OTLP,
    "sasl": ("kafka",),
    "stream": ("nats",),
    "group": ("nats", "kafka"),
}
_IN_THE_URL = ("scheme", "servers", "topic")
_SAID_BETTER = ("format", "map", "compress")  # by what a sink sends instead
_OF_COLLECTING = ("group",)
_OF_SENDING = ("format", "map", "compress", "memory", "spool", "disk", "most")


def check_query(names: Iterable[str], where: str) -> None:
    """Those behind the question mark of a URL. Raises UsageError for one that the URL itself says."""
    for name in names:
        if name in _IN_THE_URL:
            raise UsageError(f"{where}: {name} is no option: it stands in the URL itself", f"leave out {name}")


def check_options(names: Iterable[str], scheme: str, where: str, *, collects: bool) -> None:
    """Raises UsageError for an option that the sink, or collecting from there, does not have."""
    for name in names:
        sinks = SINKS_WITH.get(name, (scheme,))
        if scheme not in sinks and name not in _SAID_BETTER:
            raise UsageError(
                f"{where}: {name} is an option of {' and '.join(sinks)}, not of {scheme}", f"leave out {name}"
            )
        if name in _OF_COLLECTING and not collects:
            raise UsageError(f"{where}: {name} is an option of {PROGRAM} collect, not of a sink", f"leave out {name}")
        if name in _OF_SENDING and collects:
            raise UsageError(
                f"{where}: {name} is an option of {PROGRAM} watch --to, not of collect", f"leave out {name}"
            )
