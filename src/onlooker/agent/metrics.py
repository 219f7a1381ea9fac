"""What Prometheus is told, by its own client library."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .. import __version__
from ..events import PROBE_REASONS, UNCOUNTED
from ..sinks.packer import UNSENT
from .state import SinkState, State

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SINK = ("sink",)


class _Now(Collector):
    """The metrics of one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        yield from of_the_monitor(self._state)
        yield from of_the_sinks(self._state.sinks, self._state.events)
        yield from of_the_agent(self._state)


def of_the_monitor(state: State) -> Iterator[Metric]:
    """Events and losses; what waits."""
    events = CounterMetricFamily("onlooker_events", "Events that were reported, by kind.", labels=("event",))
    for name, count in (dict.fromkeys(state.events, 0) | state.stats.events).items():
        if name not in UNCOUNTED:
            events.add_metric((name,), count)
    yield events
    lost = CounterMetricFamily(
        "onlooker_lost", "Events that were lost before the sinks, by kind and reason.", labels=("event", "reason")
    )
    for (name, reason), count in (_nothing(state.events, (*PROBE_REASONS, "recursion")) | state.stats.lost).items():
        lost.add_metric((name, reason), count)
    yield lost
    yield CounterMetricFamily(
        "onlooker_cut_events", "Events with a field that is not whole, among those reported.", value=state.stats.cut
    )
    if waiting := state.waiting:
        yield GaugeMetricFamily("onlooker_ring_bytes", "Bytes in the kernel's ring.", value=waiting.ring)
        yield GaugeMetricFamily("onlooker_ring_size_bytes", "Size of the kernel's ring.", value=waiting.ring_size)
        yield GaugeMetricFamily("onlooker_backlog_bytes", "Bytes out of the ring, not handled.", value=waiting.backlog)
        yield GaugeMetricFamily("onlooker_backlog_size_bytes", "Room of the backlog.", value=waiting.backlog_size)


def _nothing(events: tuple[str, ...], reasons: tuple[str, ...]) -> dict[tuple[str, str], int]:
    """So that a first loss is an increase, and not the beginning of a series, of which Prometheus sees none."""
    return {(event, reason): 0 for event in events for reason in reasons}


def of_the_sinks(sinks: tuple[SinkState, ...], events: tuple[str, ...]) -> Iterator[Metric]:
    """What was delivered, waits and is lost."""
    for name, what in (
        ("messages", "Messages that were delivered."),
        ("bytes", "Bytes that were delivered, compressed."),
        ("records", "Records that were delivered, reports of losses too."),
        ("failures", "How often the server was not reached, or refused."),
    ):
        delivered = CounterMetricFamily(f"onlooker_sink_{name}", what, labels=SINK)
        for sink in sinks:
            delivered.add_metric((sink.name,), sink.counts.get(name, 0))
        yield delivered
    lost = CounterMetricFamily(
        "onlooker_sink_lost",
        "Events that a sink did not deliver, by kind and reason.",
        labels=(*SINK, "event", "reason"),
    )
    queue = GaugeMetricFamily("onlooker_sink_queue_bytes", "Bytes that wait, by where.", labels=(*SINK, "where"))
    room = GaugeMetricFamily("onlooker_sink_queue_limit_bytes", "Room for what waits.", labels=(*SINK, "where"))
    waiting = GaugeMetricFamily("onlooker_sink_queue_messages", "Messages that wait.", labels=SINK)
    connected = GaugeMetricFamily("onlooker_sink_connected", "Whether the server is reached.", labels=SINK)
    for sink in sinks:
        for (event, reason), count in (_nothing(events, (UNSENT,)) | sink.lost).items():
            lost.add_metric((sink.name, event, reason), count)
        for where, size in sink.queue.items():
            queue.add_metric((sink.name, where), size)
        for where, size in sink.room.items():
            room.add_metric((sink.name, where), size)
        waiting.add_metric((sink.name,), sink.waiting)
        connected.add_metric((sink.name,), int(sink.is_connected))
    yield from (lost, queue, room, waiting, connected)


def of_the_agent(state: State) -> Iterator[Metric]:
    """Itself."""
    info = GaugeMetricFamily("onlooker_build_info", "The version, as a label of 1.", labels=("version",))
    info.add_metric((__version__,), 1)
    yield info
    reloads = CounterMetricFamily("onlooker_reloads", "Reloads of the configuration, by result.", labels=("result",))
    for result, count in state.reloads.items():
        reloads.add_metric((result,), count)
    yield reloads
    if state.run_seconds is not None:
        yield CounterMetricFamily(
            "onlooker_bpf_run_seconds", "Processor time of the probe in the kernel.", value=state.run_seconds
        )


def page(state: State) -> bytes:
    """As Prometheus reads it; with the processor time, the memory and the start of this process."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Now(state))
    return generate_latest(registry)
