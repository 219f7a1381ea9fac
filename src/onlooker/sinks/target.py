"""Where a sink sends to: the URL of `--to`, or a table of the agent's configuration."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from ..errors import PROGRAM, UsageError
from .options import SINKS_WITH, check_options, check_query

SCHEMES = ("file", "nats", "kafka", "otlp+http", "otlp+https", "syslog", "journald")
FORMATS = ("batch", "json", "arrow")
MAPS = ("ecs", "ocsf")
EXAMPLES = {
    "file": "file:///var/log/onlooker.jsonl",
    "nats": "nats://localhost:4222/onlooker",
    "kafka": "kafka://localhost:9092/onlooker",
    "otlp+http": "otlp+http://localhost:4318/v1/logs",
    "otlp+https": "otlp+https://collector.example.com:4318/v1/logs",
    "syslog": "syslog://localhost:514",
    "journald": "journald:",
}
_SUBJECT = re.compile(r"[^\s.*>]+(\.[^\s.*>]+)*")
_STREAM = re.compile(r"[A-Za-z0-9_-]+")
_VALUES = {  # for hints
    "memory": "16M",
    "disk": "1G",
    "most": "1M",
    "spool": "/var/lib/onlooker/spool",
    "tls": "true",
    "ca": "/etc/onlooker/ca.pem",
    "cert": "/etc/onlooker/cert.pem",
    "key": "/etc/onlooker/key.pem",
    "credentials": "/etc/onlooker/nats.creds",
    "password": "/etc/onlooker/password",
    "token": "/etc/onlooker/token",
    "servers": '["nats.example.com:4222"]',
    "stream": "EVENTS",
    "group": "onlooker",
}
_GROUP = re.compile(r"[^\s.*>/\\]+")  # of NATS
_SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_SIZE_OPTIONS = ("memory", "disk", "most")
SASL = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
ENCODINGS = ("zstd", "none")
_CHOICES = {"format": (*FORMATS, "text"), "map": MAPS, "sasl": SASL, "compress": ENCODINGS}
# which formats a sink sends, first the one without a choice
_SENDS = {"nats": FORMATS, "kafka": FORMATS, "file": ("json",), "syslog": ("text", "json")}
_ONLY = {"otlp+http": "otlp", "otlp+https": "otlp", "journald": "journal"}
_HAS_TOPIC = ("nats", "kafka")
_PORTS = {"nats": 4222, "kafka": 9092, "otlp+http": 4318, "otlp+https": 4318, "syslog": 514}
_TLS_PORT = 6514  # of syslog


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`servers`: HOST:PORT of one or more; `topic`: the subject, topic, or path; `format`, `map`: what is sent;
    `compress`: "zstd" or "none"; `memory`, `disk`: bytes that wait at the most; `most`: bytes of a message, where the
    server takes less than usual; `spool`: the directory for those on disk; `ca`, `cert`, `key`, `credentials`,
    `password`, `token`, `headers`: files, of TLS and of the user; `sasl`: how Kafka's servers know the user; `stream`:
    of JetStream; `group`: of consumers.
    """

    scheme: str
    servers: tuple[str, ...] = ()
    topic: str = ""
    user: str | None = None
    format: str | None = None
    map: str | None = None
    compress: str | None = None
    memory: Annotated[int, msgspec.Meta(ge=1 << 20)] = 16 << 20
    disk: Annotated[int, msgspec.Meta(ge=1 << 20)] = 1 << 30
    most: Annotated[int, msgspec.Meta(ge=64 << 10)] | None = None
    spool: str | None = None
    tls: bool = False
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    credentials: str | None = None
    password: str | None = None
    token: str | None = None
    headers: str | None = None
    sasl: str | None = None
    stream: str | None = None
    group: str | None = None

    def __str__(self) -> str:
        """As it is named in messages: nothing of it is secret."""
        servers = ",".join(self.servers)
        where = f"{f'//{servers}' if servers else ''}{'/' if servers and self.topic else ''}{self.topic}"
        return f"{self.scheme}:{where}" if where else self.scheme

    @property
    def files(self) -> dict[str, str]:
        """The files that must be there."""
        names = ("ca", "cert", "key", "credentials", "password", "token", "headers")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    @property
    def has_topic(self) -> bool:
        """Whether it sends messages that have heads."""
        return self.scheme in _HAS_TOPIC

    @property
    def payload(self) -> str:
        """The format that is sent."""
        if self.scheme in _ONLY:
            return _ONLY[self.scheme]
        if self.scheme == "syslog":
            return "text"  # its messages hold text or JSON
        return self.format or ("json" if self.map else _SENDS[self.scheme][0])

    @property
    def encoding(self) -> str:
        """How payloads are compressed: "zstd", "gzip" or "none"."""
        if self.payload in ("otlp", "text", "journal"):
            return "gzip" if self.payload == "otlp" else "none"
        return self.compress or ("zstd" if self.payload == "batch" else "none")

    @property
    def uses_tls(self) -> bool:
        """Asked for, or told by a file of it."""
        return self.tls or self.scheme.endswith("https") or any((self.ca, self.cert, self.key))

    def secret(self, name: str) -> str | None:
        """The text of the file of `password` or `token`. Raises UsageError."""
        path: str | None = getattr(self, name)
        if path is None:
            return None
        try:
            return Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise UsageError(f"can't read the {name} of {self}: {error}", f"make {path!r} readable") from error


def target_of(
    url: str,
    *,
    schemes: tuple[str, ...] = SCHEMES,
    usual: Mapping[str, str] | None = None,
    collects: bool = False,
) -> Target:
    """Of a URL; `usual`: its options, where it does not say otherwise; `collects`: it is where messages come from.
    Raises UsageError.

    >>> made = target_of("nats://a:4222,b:4222/onlooker?stream=EVENTS&memory=64M")
    >>> made.servers, made.topic, made.stream, made.memory
    (('a:4222', 'b:4222'), 'onlooker', 'EVENTS', 67108864)
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"not a URL: {url!r}: {error}", _example("nats")) from error
    scheme = parts.scheme or "(none)"
    if parts.scheme not in schemes:
        hint = UsageError.unknown("scheme", scheme, schemes).hint
        if f"otlp+{parts.scheme}" in schemes:
            hint = f"{PROGRAM} watch --to otlp+{url}, if that is an OpenTelemetry collector"
        else:
            meant = next((each for each in schemes if hint == f"did you mean {each!r}?"), "")
            hint = f"{hint}{'' if meant else ';'} {_example(meant or schemes[0])}"
        raise UsageError(f"no sink is known for the URL {url!r:.100}", hint)
    user, _, servers = parts.netloc.rpartition("@")
    if ":" in user:
        raise UsageError(
            f"a password in a URL can be seen by everybody: {scheme}://...@{servers}",
            f"write it to a file that only you can read: "
            f"{scheme}://{user.partition(':')[0]}@{servers}{parts.path}?password=FILE",
        )
    given = _options(url, parts.query)
    topic = unquote(parts.path)
    return checked(
        {
            **(usual or {}),
            **given,
            "scheme": scheme,
            "servers": [each for each in servers.split(",") if each],
            "topic": topic.removeprefix("/") if servers or scheme in _HAS_TOPIC else topic,
            **({"user": unquote(user)} if user else {}),
        },
        url,
        collects=collects,
    )


def same_end(targets: Sequence[Target]) -> tuple[Target, Target] | None:
    """Two that end in one place, where each event would be twice, as far as names tell: with a server in common, and
    the same subject, topic or path, in the same form.
    """
    for place, one in enumerate(targets):
        for other in targets[:place]:
            if _form_of(one) == _form_of(other) and (_places_of(one) & _places_of(other) or not one.servers):
                return other, one
    return None


def _form_of(target: Target) -> tuple[object, ...]:
    topic = target.topic or ("v1/logs" if target.scheme in _ONLY and target.servers else "")
    is_plain = target.scheme == "syslog" and target.format in (None, "text")
    return target.scheme, bool(target.servers), topic, target.payload, target.map, is_plain


def _places_of(target: Target) -> set[tuple[str, int]]:
    """Its servers, with the port that is usual."""
    usual = _PORTS.get(target.scheme, 0) if not (target.scheme == "syslog" and target.uses_tls) else _TLS_PORT
    parts = [urlsplit(f"//{server}") for server in target.servers]
    return {(each.hostname or "", each.port or usual) for each in parts}


def _options(url: str, query: str) -> dict[str, Any]:
    """Behind the question mark. Raises UsageError."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in found:
            raise UsageError(f"{url}: {name} is given twice", "leave one out")
        if not value and name != "tls":
            raise UsageError(f"{url}: {name} has no value", f"{name}={_VALUES.get(name, 'VALUE')}, or leave it out")
        found[name] = value or "1"  # ?tls
    check_query(found, url)
    return found


def checked(given: Mapping[str, Any], where: str, *, collects: bool = False) -> Target:
    """From texts and numbers by name. Raises UsageError."""
    said = {
        name: bytes_of(value, name, where) if name in _SIZE_OPTIONS and isinstance(value, str) else value
        for name, value in given.items()
    }
    unknown = [name for name in said if name not in Target.__struct_fields__]
    if unknown:
        mine = [name for name, sinks in SINKS_WITH.items() if given.get("scheme") in sinks]
        error = UsageError.unknown("option", unknown[0], mine or tuple(SINKS_WITH))
        raise UsageError(f"{where}: {error}", error.hint)
    if given.get("scheme") in SCHEMES:
        check_options(said, str(given["scheme"]), where, collects=collects)
    try:
        made = msgspec.convert(said, Target, strict=False)
    except msgspec.ValidationError as error:
        raise _refused(str(error), given, where) from error
    if "disk" in given and made.spool is None:
        hint = f"spool={_VALUES['spool']}&disk={given['disk']}"
        raise UsageError(f"{where}: disk is for a spool, and none is named", hint)
    return _sound(made, where)


def _refused(why: str, given: Mapping[str, Any], where: str) -> UsageError:
    """What the library says of a value, in words."""
    place = re.search(r"`\$\.(\w+)", why)
    name = place[1] if place else ""
    example = f"{name}={_VALUES[name]}" if name in _VALUES else _example(str(given.get("scheme", "nats")))
    if least := re.search(r">= (\d+)", why):
        hint = f"at least {_size(int(least[1]))}: {example}"
        return UsageError(f"{where}: {name} is too small: {given.get(name)}", hint)
    if name:
        return UsageError(f"{where}: not a value for {name}: {given.get(name)!r:.60}", example)
    return UsageError(f"{where}: {why}", example)


def _size(number: int) -> str:
    unit = next((unit for unit in "GMK" if number and number % _SIZES[unit] == 0), "")
    return f"{number // _SIZES[unit]}{unit}"


def _sound(made: Target, where: str) -> Target:
    example = _example(made.scheme)
    if not made.servers and (made.scheme in _HAS_TOPIC or made.scheme.startswith("otlp")):
        raise UsageError(f"{where}: no server is named", example)
    if made.scheme in _HAS_TOPIC and not made.topic:
        raise UsageError(f"{where}: no {'subject' if made.scheme == 'nats' else 'topic'} is named", example)
    _check_names(made, where, example)
    if made.scheme == "file" and not made.topic:
        raise UsageError(f"{where}: no file is named", example)
    for server in made.servers:
        _check_server(server, where, example)
    for name, choices in _CHOICES.items():
        value = getattr(made, name)
        if value is not None and value not in choices:
            error = UsageError.unknown(name, value, choices)
            raise UsageError(f"{where}: {error}", error.hint)
    _check_form(made, where)
    _check_login(made, where, example)
    return made


def _check_login(made: Target, where: str, example: str) -> None:
    for name, path in made.files.items():
        if not Path(path).is_file():
            raise UsageError(f"{where}: {name} is no file: {path!r}", f"make it, or name another: {name}=FILE")
    if made.scheme == "syslog" and made.uses_tls and not made.servers:
        name = "tls" if made.tls else next(iter(made.files))
        raise UsageError(f"{where}: {name} is for a server, and none is named", example)
    if made.user is None and (name := "sasl" if made.sasl else "password" if made.password else ""):
        hint = f"{made.scheme}://USER@HOST, or user = 'USER' in a file of the agent"
        raise UsageError(f"{where}: {name} is for a user, and none is named", hint)
    if (made.cert is None) is not (made.key is None):
        raise UsageError(f"{where}: cert and key belong together", "cert=FILE&key=FILE")


def _check_form(made: Target, where: str) -> None:
    sends = _SENDS.get(made.scheme, ())
    if made.format is not None and made.format not in sends:
        hint = f"one of {', '.join(sends)}" if sends else "leave it out"
        raise UsageError(f"{where}: {made.scheme} does not send format={made.format}", hint)
    if made.map is not None and not sends:
        raise UsageError(f"{where}: {made.scheme} sends events in a form of its own", f"leave out map={made.map}")
    if made.map is not None and made.format not in (None, "json"):
        raise UsageError(f"{where}: only JSON can be mapped to {made.map}", f"leave out format={made.format}")
    if made.compress is not None and made.scheme not in _HAS_TOPIC:
        raise UsageError(f"{where}: {made.scheme} has no choice of compression", f"leave out compress={made.compress}")
    if made.compress == "none" and made.payload == "batch":
        raise UsageError(f"{where}: raw batches are always compressed", "leave out compress=none")


def _check_names(made: Target, where: str, example: str) -> None:
    """Those that NATS takes."""
    if made.scheme == "nats" and not _SUBJECT.fullmatch(made.topic):
        why = "it has an empty part, a space, or * or >, which stand for many subjects"
        raise UsageError(f"can't send to the subject {made.topic!r:.100}: {why}", example)
    if made.stream is not None and not _STREAM.fullmatch(made.stream):
        hint = f"letters, digits, _ and -: stream={_VALUES['stream']}"
        raise UsageError(f"{where}: not a name for a stream: {made.stream!r:.60}", hint)
    if made.scheme == "nats" and made.group is not None and not _GROUP.fullmatch(made.group):
        hint = f"without spaces, dots, slashes, * and >: group={_VALUES['group']}"
        raise UsageError(f"{where}: not a name for a group: {made.group!r:.60}", hint)


def _check_server(server: str, where: str, example: str) -> None:
    try:
        parts = urlsplit(f"//{server}")
        is_one = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_one = False
    if not is_one:
        raise UsageError(f"not a server in {where!r:.100}: {server!r:.60}", example)


def bytes_of(text: str, name: str, where: str) -> int:
    """Of a size such as 64M. Raises UsageError."""
    number, unit = (text[:-1], text[-1:].upper()) if text[-1:].isalpha() else (text, "")
    if not (number.isascii() and number.isdigit() and unit in _SIZES):
        raise UsageError(f"{where}: not a size for {name}: {text!r:.40}", f"{name}=64M")
    return int(number) * _SIZES[unit]


def _example(scheme: str) -> str:
    """Without a command: `watch --to`, `collect` and the agent's file take URLs."""
    return f"for example {EXAMPLES.get(scheme, EXAMPLES['nats'])}"
