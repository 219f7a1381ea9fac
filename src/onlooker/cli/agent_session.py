"""One run of `onlooker agent`."""

import select
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from ..agent.config import Config
from ..agent.http import Server
from ..agent.service import Service
from ..agent.writable import FOR_GOOD
from ..errors import PROGRAM, UsageError
from ..output.file import OpenError
from ..probe.run_time import RunTime
from ..sinks.sink import Sink
from .agent import page_of_metrics
from .log import Log
from .sending import SendingSink, SendSession, tell_of_secrets
from .shutdown import Shutdown, notify_systemd

DRAIN_SECONDS = 0.5  # in a flood, more comes at once

RIGHT_TO_MEASURE = "that needs CAP_SYS_ADMIN, or sysctl kernel.bpf_stats_enabled=1"


class AgentSession(SendSession):
    """Watches, and does what the service asks for."""

    def __init__(self, service: Service, shutdown: Shutdown, log: Log) -> None:
        super().__init__(service.monitor, SendingSink(service.sinks), shutdown, log)
        self._service = service

    def _announce(self) -> None:
        began, _ = self.monitor.span
        self._sending.began_ns = began.wall_ns
        self._log.tell(f"watching {self._watched()}, to {', '.join(str(each.target) for each in self._sending.sinks)}")

    def _started(self) -> None:
        super()._started()
        self._service.start()

    def _also_waits_for(self) -> dict[int, int]:
        return {**super()._also_waits_for(), self._service.desk.fileno(): select.POLLIN}

    def _patience(self) -> float | None:
        left, own = super()._patience(), self._service.left()
        return left if own is None else own if left is None else min(left, own)

    def _looked(self) -> None:
        super()._looked()
        self._service.look(self._drain)

    def _drain(self) -> None:
        end = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < end and (batch := self.monitor.poll_batch(0)):
            self._give(batch)

    def _conclude(self) -> None:
        notify_systemd("STOPPING=1\nSTATUS=delivering what was seen")
        self._service.close()
        super()._conclude()


@contextmanager
def prepared(file: str, config: Config, log: Log) -> Iterator[AgentSession]:
    """Everything but what needs rights: nothing is attached yet. Raises OnlookerError for what is missing."""
    metrics = config.metrics
    page = page_of_metrics() if metrics else None
    monitor = config.watch.monitor(lambda text: log("warning", text))
    tell_of_secrets(config.sinks, log)
    try:
        sinks = [Sink(target, lambda text: log("warning", text), host=config.host.name) for target in config.sinks]
    except OpenError as error:
        if error.error.errno not in FOR_GOOD:
            raise
        # a service that is started again would fail again
        raise UsageError(f"{file}: {error}", f"{PROGRAM} agent check --config {shlex.quote(file)}") from error
    run_time = RunTime() if metrics and metrics.bpf_run_time else None

    def tell(level: str, text: str) -> None:
        if level == "info":  # what was asked for and is done: as the announcement and the summary
            log.tell(text)
        else:
            log(level, text)

    service = Service(file, config, monitor, sinks, tell, notify_systemd, run_time)
    shutdown = Shutdown(monitor.stop, log.tell)
    shutdown.hang_up = service.ask_reload
    try:
        if metrics and page:
            service.endpoint = Server(metrics, service.desk, *page)
            if not metrics.is_local:
                log("warning", f"everybody who reaches {metrics.listen} can read the metrics: [metrics] public = true")
        with shutdown, run_time or nullcontext():
            if run_time and not run_time.measures:
                log(
                    "warning",
                    "how long the probe runs is not measured: that needs CAP_SYS_ADMIN, or kernel.bpf_stats_enabled=1",
                )
            yield AgentSession(service, shutdown, log)
    finally:
        service.close()
