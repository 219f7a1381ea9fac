"""The agent's configuration: a TOML file, checked before anything is attached."""

import os
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import asdict, replace

from ..arguments import check_buffer_bytes, check_max_args_bytes, check_rate
from ..errors import ExpressionError, UsageError
from ..filters import Filter
from ..monitor import Monitor
from ..probe.attach import METHODS
from ..probe.setup import DEFAULT_RING_BYTES, MOST_ARGS_BYTES
from ..records.fold import check_context
from ..sinks.target import Target, bytes_of, checked, same_end, target_of

DEFAULT_FILE = "/etc/onlooker/agent.toml"
EXAMPLE = "/usr/share/doc/onlooker/agent.toml"  # where a package puts it
DEFAULT_LISTEN = "127.0.0.1:9464"
MOST_BYTES = 1 << 20
ASKED = ("where", "exclude", "path", "writes", "success", "arg", "hide")  # what `Monitor.refine` takes
_WORDS = {
    "array": "a list",
    "object": "a table",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}
_EXPECTED = re.compile(r"Expected `(.+?)`(?:, got `(.+?)`)?(.*?)(?: - at `\$\.?(.*)`)?$")


class Watch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is watched: the arguments of `Monitor`, which says what they mean."""

    events: list[str] | None = None
    comm: list[str] = []
    pid: list[int] = []
    uid: list[int | str] = []
    exe: list[str] = []
    cgroup: list[str] = []
    failed: bool = False
    threads: bool = False
    where: str | list[str] = ()  # type: ignore[assignment]
    exclude: str | list[str] = ()  # type: ignore[assignment]
    path: list[str] = []
    writes: bool = False
    success: bool = False
    arg: list[str] = []
    hide: list[str] = []
    context: list[str] = []
    rules: list[str] = []
    strict_rules: bool = False
    first: bool = False
    rate: int = 0
    resolve: bool = True
    attach: str | None = None
    buffer_bytes: int | str = DEFAULT_RING_BYTES
    max_args_bytes: int | str = MOST_ARGS_BYTES

    @property
    def asked(self) -> dict[str, Any]:
        """What can be changed while it runs."""
        return {name: getattr(self, name) for name in ASKED}

    @property
    def filter(self) -> Filter:
        """Without the rules. Raises UsageError."""
        return Filter.of(**{name: value for name, value in asdict(self).items() if name not in _NOT_OF_FILTER})

    def monitor(self, note: Callable[[str], None]) -> Monitor:
        """One that has not begun; `note` gets what is to be known of the rules. Raises UsageError and ExtraError."""
        given = asdict(self)
        del given["strict_rules"]
        if self.rules:
            from ..rules import load as load_rules

            try:
                given["rules"] = found = load_rules(self.rules, strict=self.strict_rules)
            except UsageError as error:
                raise UsageError(f"watch.rules: {error}", error.hint) from error
            for text in found.notes:
                note(text)
        made = Monitor(**given, least_rights=True)
        if not made.rules and not made.filter.asks_for_kin:
            made.filter = replace(made.filter, refinable=True)
        return made


_NOT_OF_FILTER = (
    "context",
    "rules",
    "strict_rules",
    "first",
    "rate",
    "resolve",
    "attach",
    "buffer_bytes",
    "max_args_bytes",
)


class Host(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`name`: how this machine is called in what is sent; `name_env`: a variable of the environment that has it;
    without one, as uname(2) says.
    """

    name: str | None = None
    name_env: str | None = None


class Metrics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`listen`: HOST:PORT for Prometheus; `public`: whether it may be an address that other machines reach;
    `bpf_run_time`: whether to measure how long the probe runs, which takes some 20 ns for each run of it.
    """

    listen: str = DEFAULT_LISTEN
    public: bool = False
    bpf_run_time: bool = False

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        host, _ = self.address
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def address(self) -> tuple[str, int]:
        """The host and the port."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def local(self) -> str:
        """HOST:PORT by which this machine reaches it."""
        host, port = self.address
        if host in ("0.0.0.0", "::"):  # noqa: S104 - every address of this machine
            return f"{'[::1]' if ':' in host else '127.0.0.1'}:{port}"
        return self.listen


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it. `metrics` is None where the file has no such table: then nothing listens."""

    watch: Watch = Watch()
    host: Host = Host()
    sinks: tuple[Target, ...] = ()
    metrics: Metrics | None = None


class _Raw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    watch: Watch = Watch()
    host: Host = Host()
    sinks: list[dict[str, Any]] = []
    metrics: Metrics | None = None


_TABLES: dict[str, type[msgspec.Struct]] = {"watch": Watch, "host": Host, "metrics": Metrics}


def load(file: str) -> Config:
    """Read and check it. Raises UsageError, which names the file and the key."""
    text = _read(file)
    try:
        said = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{file}: no TOML: {error}", _see_example()) from error
    _check_keys(said, file)
    try:
        raw = msgspec.convert(said, _Raw)
    except msgspec.ValidationError as error:
        raise _wrong_type(error, file) from error
    watch = _checked_watch(raw.watch, file)
    host = _checked_host(raw.host, file)
    if raw.metrics is not None:
        _check_metrics(raw.metrics, file)
    return Config(watch=watch, host=host, sinks=tuple(_sinks(raw.sinks, file)), metrics=raw.metrics)


def _read(file: str) -> str:
    try:
        with Path(file).open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise UsageError(f"{file}: larger than {MOST_BYTES} bytes", _see_example())
        return data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: not UTF-8, from byte {error.start} on", "write it as UTF-8") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = _see_example() if isinstance(error, FileNotFoundError) else "make it readable for who runs the agent"
        raise UsageError(f"can't read the configuration {file!r}: {reason}", hint) from error


def _see_example() -> str:
    where = EXAMPLE if Path(EXAMPLE).exists() else "packaging/agent.toml of onlooker's sources"
    return f"{where} is an example, with every key"


def _check_keys(said: Mapping[str, Any], file: str) -> None:
    _check_names(said, _Raw.__struct_fields__, "", file)
    for name, table in _TABLES.items():
        if isinstance(said.get(name), dict):
            _check_names(said[name], table.__struct_fields__, f"{name}.", file)


def _check_names(said: Mapping[str, Any], known: tuple[str, ...], where: str, file: str) -> None:
    for name in said:
        if name not in known:
            raise UsageError(f"{file}: unknown key {f'{where}{name}'!r:.100}", UsageError.unknown("", name, known).hint)


def _wrong_type(error: msgspec.ValidationError, file: str) -> UsageError:
    found = _EXPECTED.match(str(error))
    if not found:
        return UsageError(f"{file}: {error}", _see_example())
    expected, got, more, key = found.groups()
    key = re.sub(r"\[.*?\]", "", key or "")
    wanted = " or ".join(_in_words(each, key) for each in expected.split(" | ") if each != "null")
    instead = f", not {_in_words(got)}" if got else ""
    return UsageError(f"{file}: {key}: {wanted} is expected{more}{instead}", _example(key))


def _in_words(kind: str, key: str = "") -> str:
    """A type of values, as the library calls it."""
    if kind == "array" and key:
        return f"a list of {'numbers' if key == 'watch.pid' else 'tables' if key == 'sinks' else 'names'}"
    return _WORDS.get(kind, kind)


def _example(key: str) -> str:
    table, _, name = key.partition(".")
    types: dict[str, str] = {
        "where": "\"path under '/etc'\"",
        "exclude": "\"comm == 'cron'\"",
        "uid": '[1000, "www-data"]',
    }
    types |= {"events": '["exec", "open"]', "pid": "[1234]", "rate": "100", "listen": f'"{DEFAULT_LISTEN}"'}
    types |= dict.fromkeys(("failed", "threads", "writes", "success", "first", "resolve", "public"), "true")
    types |= {"comm": '["nginx"]', "path": '["/etc"]', "hide": '["noise"]', "exe": '["nginx"]', "name": '"web-1"'}
    types |= {"cgroup": '["/system.slice"]', "arg": '["-c"]', "buffer_bytes": '"16M"', "max_args_bytes": '"16K"'}
    if not name:
        return f"[[{table}]]" if table == "sinks" else f"[{table}]"
    return f"{name} = {types[name]}" if name in types else _see_example()


def _checked_watch(watch: Watch, file: str) -> Watch:
    sizes = {
        name: bytes_of(value, name, f"{file}: watch") if isinstance(value := getattr(watch, name), str) else value
        for name in ("buffer_bytes", "max_args_bytes")
    }
    made = replace(watch, **sizes)
    try:
        check_buffer_bytes(sizes["buffer_bytes"])
        check_max_args_bytes(sizes["max_args_bytes"])
        check_rate(made.rate)
        check_context(made.context)
        if made.attach is not None and made.attach not in METHODS:
            raise UsageError.unknown("attach method", made.attach, tuple(METHODS))
        _ = made.filter
    except UsageError as error:
        raise _located(error, made, file) from error
    return made


def _located(error: UsageError, watch: Watch, file: str) -> UsageError:
    """The same error, with the file and the key: the first that is wrong by itself."""
    key = next(_wrong_alone(watch, str(error)), "watch")
    text = f"{file}: {key}: {error}"
    if isinstance(error, ExpressionError):
        return ExpressionError(text, error.text, error.start, error.end, error.hint)
    return UsageError(text, error.hint)


def _wrong_alone(watch: Watch, wrong: str) -> Iterator[str]:
    for name in Watch.__struct_fields__:
        if name in _NOT_OF_FILTER:
            continue
        try:
            _ = Watch(**{name: getattr(watch, name)}).filter
        except UsageError as error:
            if str(error) == wrong:
                yield f"watch.{name}"


def _checked_host(host: Host, file: str) -> Host:
    """With its name, wherever that is."""
    if host.name_env is not None:
        if host.name is not None:
            raise UsageError(f"{file}: host.name and host.name_env are both given", "leave one out")
        if host.name_env not in os.environ:
            raise UsageError(
                f"{file}: host.name_env: {host.name_env!r:.60} is not in the environment", 'name = "web-1"'
            )
        host = replace(host, name=os.environ[host.name_env])
    if host.name is not None and not 1 <= len(host.name) <= 255:
        raise UsageError(f"{file}: host.name: not a name: {host.name!r:.60}", "1 to 255 characters, or leave it out")
    return host


def _check_metrics(metrics: Metrics, file: str) -> None:
    host, colon, port = metrics.listen.rpartition(":")
    is_port = port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65536
    if not (host and colon and is_port) or (":" in host and host[0] != "["):
        raise UsageError(
            f"{file}: metrics.listen: not an address: {metrics.listen!r:.60}", f'listen = "{DEFAULT_LISTEN}"'
        )
    if not metrics.is_local and not metrics.public:
        raise UsageError(
            f"{file}: metrics.listen: {metrics.listen} can be reached by other machines, and nothing is encrypted",
            f'listen = "{DEFAULT_LISTEN}", or add public = true',
        )


def _sinks(tables: list[dict[str, Any]], file: str) -> Iterator[Target]:
    if not tables:
        raise UsageError(
            f"{file}: no sink is named: nobody would see the events", '[[sinks]] url = "nats://localhost/onlooker"'
        )
    found: Counter[str | Target] = Counter()
    before: list[Target] = []
    for number, table in enumerate(tables, 1):
        where = f"{file}: sinks, the {_nth(number)}"
        target = _sink(table, where)
        found[target] += 1
        if target.spool is not None:
            found[target.spool] += 1
            if found[target.spool] > 1:
                raise UsageError(f"{where}: another sink has the spool {target.spool!r}", "give each its own directory")
        if found[target] > 1:
            raise UsageError(f"{where}: {target} is there twice", "leave one out")
        if pair := same_end([*before, target]):
            hint = "leave one out, or give it a subject, topic or file of its own"
            raise UsageError(f"{where}: {pair[0]} is the end of another, which would have every event twice", hint)
        before.append(target)
        yield target


def _sink(table: dict[str, Any], where: str) -> Target:
    if "url" not in table:
        if "scheme" not in table:
            raise UsageError(f"{where}: neither url nor scheme is given", 'url = "nats://localhost/onlooker"')
        return checked(table, where)
    rest = {name: value for name, value in table.items() if name != "url"}
    try:
        target = target_of(str(table["url"]))
    except UsageError as error:
        raise UsageError(f"{where}: {error}", error.hint) from error
    if not rest:
        return target
    of_url = {name: value for name, value in asdict(target).items() if value != _DEFAULTS.get(name)}
    if twice := [name for name in rest if name in of_url]:
        raise UsageError(f"{where}: {twice[0]} is also in the URL", f"leave one of them out: {twice[0]}")
    return checked({**of_url, **rest}, where)


_DEFAULTS = asdict(Target(scheme=""))


def _nth(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")
