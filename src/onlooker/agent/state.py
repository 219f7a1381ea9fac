"""What the agent says of itself: one look at everything, made by the loop."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from ..monitor import Monitor
from ..probe.source import Waiting
from ..sinks.sink import INBOX_BYTES, Sink
from ..stats import Stats


class SinkState(msgspec.Struct, frozen=True):
    """`counts`: messages, bytes and records that were delivered, and failures; `queue`: bytes by where they wait;
    `room`: for how many there is room; `waiting`: messages that wait; `lost`: events by kind and reason; `failure`: why
    it is not connected; `is_alive`: whether its threads live.
    """

    name: str
    is_connected: bool
    failure: str
    counts: dict[str, int]
    queue: dict[str, int]
    room: dict[str, int]
    waiting: int
    lost: dict[tuple[str, str], int]
    is_alive: bool


class State(msgspec.Struct, frozen=True):
    """`events`: the kinds that are watched; `run_seconds`: of the probe in the kernel, where that is measured;
    `reloads`: by their result.
    """

    events: tuple[str, ...]
    stats: Stats
    waiting: Waiting | None
    sinks: tuple[SinkState, ...]
    run_seconds: float | None
    reloads: dict[str, int]

    @property
    def is_healthy(self) -> bool:
        """Whether everything that must live does. A server that is not reached is no reason to start anew."""
        return all(each.is_alive for each in self.sinks)


def names_of(sinks: Sequence[Sink]) -> list[str]:
    """A name for each: two may differ only in what their name does not say."""
    seen: Counter[str] = Counter()
    found = []
    for sink in sinks:
        name = str(sink.target)
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return found


def state_of(monitor: Monitor, sinks: Sequence[Sink], run_seconds: float | None, reloads: Counter[str]) -> State:
    """Now. Only the monitor's thread may call it."""
    named = zip(names_of(sinks), sinks, strict=True)
    found = tuple(_sink_state(name, sink) for name, sink in named)
    return State(monitor.filter.events, monitor.stats(), monitor.waiting(), found, run_seconds, dict(reloads))


def _sink_state(name: str, sink: Sink) -> SinkState:
    (memory, disk), target = sink.outbox.bytes, sink.target
    return SinkState(
        name,
        sink.sender.is_connected,
        sink.sender.failure,
        dict(sink.sender.counts),
        {"inbox": sink.inbox_bytes, "memory": memory, "disk": disk},
        {"inbox": INBOX_BYTES, "memory": target.memory, "disk": target.disk if target.spool is not None else 0},
        len(sink.outbox),
        dict(sink.lost),
        sink.is_alive,
    )
