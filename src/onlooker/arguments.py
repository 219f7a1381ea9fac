"""What a monitor takes as arguments, besides its filter: each check names what is wrong, and what to type."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from .errors import UsageError
from .events.alert import Alert
from .filters import Filter, check_bool
from .probe.attach import METHODS
from .probe.command import Command
from .probe.live import LiveSource
from .probe.setup import LARGEST_RING_BYTES, MOST_ARGS_BYTES, SMALLEST_RING_BYTES
from .probe.source import Source

if TYPE_CHECKING:
    from .rules import Rule, RuleSet

LONGEST_SECONDS = 1e9  # a longer wait, 30 years, is one for ever; a float can't hold each int
_SOURCE = ("start", "poll", "stop", "exhausted", "attached", "close")


def check_buffer_bytes(size: int, typed: str | None = None) -> None:
    """Raises UsageError, which names it as it was `typed`, where no ring can have that size."""
    whole = isinstance(size, int) and not isinstance(size, bool)
    if not whole or size & (size - 1) or not SMALLEST_RING_BYTES <= size <= LARGEST_RING_BYTES:
        hint = "a power of two from 1 << 20 to 1 << 30: buffer_bytes=16 << 20"
        command_hint = "a power of two from 1M to 1G: --buffer-size 16M"
        raise UsageError(f"not a buffer size: {typed or size!r}", hint, command_hint)


def check_max_args_bytes(size: int, typed: str | None = None) -> None:
    """Raises UsageError, which names it as it was `typed`, where so much can't be kept of the arguments of an exec."""
    whole = isinstance(size, int) and not isinstance(size, bool)
    if not whole or not 0 <= size <= MOST_ARGS_BYTES:
        hint = f"a number of bytes from 0 to {MOST_ARGS_BYTES}: max_args_bytes=16 << 10"
        command_hint = "0 to 256K: --max-args-bytes 16K"
        raise UsageError(f"not a size of arguments: {typed or size!r}", hint, command_hint)


def live_source(
    *,
    ring_bytes: int,
    method: str | None,
    resolve: bool,
    max_args_bytes: int,
    least_rights: bool,
    command: Command | None,
    detach: bool,
) -> LiveSource:
    """The running kernel. Raises UsageError where one of the arguments is wrong."""
    check_bool("resolve", resolve)
    check_bool("least_rights", least_rights)
    check_buffer_bytes(ring_bytes)
    check_max_args_bytes(max_args_bytes)
    if method is not None and method not in list(METHODS):
        raise UsageError.unknown("attach method", method, tuple(METHODS))
    return LiveSource(
        ring_bytes=ring_bytes,
        method=method,
        resolve=resolve,
        max_args_bytes=max_args_bytes,
        least_rights=least_rights,
        command=command,
        detach=detach,
    )


def check_source(source: Source, wanted: Filter, command: Command | None = None) -> None:
    """Raises UsageError for an object that lacks what a source of events has, or can't do what is wanted."""
    if command:
        raise UsageError("only the kernel can follow a command", "leave out source")
    if wanted.exe:
        raise UsageError("only the kernel knows what a process has executed", "leave out source")
    if wanted.cgroup:
        raise UsageError("only the kernel knows which cgroups are below another", "leave out source")
    missing = [name for name in _SOURCE if not hasattr(type(source), name)]
    if missing:
        hint = 'onlooker.testing.FakeSource([onlooker.testing.make("open")])'
        raise UsageError(f"not a source of events: {source!r} has no {', '.join(missing)}", hint)


def time_to_wait(timeout: float | None) -> float | None:
    """A time to wait, None for ever. Raises UsageError for what is none."""
    if timeout is None:
        return None
    if isinstance(timeout, int | float) and not isinstance(timeout, bool) and timeout >= 0:
        return min(timeout, LONGEST_SECONDS)
    raise UsageError(f"not a time to wait: {timeout!r}", "seconds, 0 or more, or None to wait for ever")


def check_rate(rate: int) -> None:
    """Raises UsageError for what is no rate."""
    if not isinstance(rate, int) or isinstance(rate, bool) or not 0 <= rate < 2**32:
        hint = f"events of a process in a second, up to {2**32 - 1}, or 0 for all: "
        raise UsageError(f"not a rate: {rate!r}", hint + "rate=100", hint + "--rate 100")


def rules_of(given: "RuleSet | str | Iterable[str]") -> "tuple[Rule, ...]":
    """The rules that were loaded, or those of files and directories. Raises UsageError and ExtraError."""
    if given in ((), []):
        return ()
    from .rules import RuleSet, load  # rarely needed

    if isinstance(given, RuleSet):
        return given.rules
    if isinstance(given, bytes) or not isinstance(given, Iterable):
        raise UsageError(f"rules are files or directories, not {given!r:.100}", 'rules=["/etc/onlooker/rules"]')
    return load(given).rules


def watching_for(rules: "Sequence[Rule]", wanted: Filter, *, only_alerts: bool, is_live: bool) -> Filter:
    """The filter, with only the events that the rules look for where only their alerts are reported.

    Raises UsageError where alerts are asked for that nothing can find.
    """
    if only_alerts:
        watched = (event for rule in rules for event in rule.events)
        wanted = replace(wanted, events=tuple(dict.fromkeys(watched)))
    if Alert.event in wanted.events and not rules and is_live:
        raise UsageError("alerts are what rules find, and there are none", 'rules="shipped"', "--rules shipped")
    return wanted
