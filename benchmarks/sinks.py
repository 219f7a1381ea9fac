"""What it costs to send events: bytes on the wire, and how many a second from the batch to the acknowledgement."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from onlooker import Batch
from onlooker.errors import ExtraError
from onlooker.sinks.packer import Packer
from onlooker.sinks.sink import INBOX_BYTES, Sink
from onlooker.sinks.target import target_of
from onlooker.testing import make

from .results import Column, Table
from .running import Bench, BenchmarkError

EVENTS = 10_000  # that are made, in batches
PER_BATCH = 2_500
STEP_NS = 12_345  # between two
TIMES = 100  # that they are sent
SLOWER = 10  # a map
FORMATS = {
    "raw batches": "",
    "JSON lines": "?format=json",
    "JSON lines, zstd": "?format=json&compress=zstd",
    "Arrow, zstd": "?format=arrow&compress=zstd",
    "ECS, zstd": "?map=ecs&compress=zstd",
    "OCSF, zstd": "?map=ocsf&compress=zstd",
}
PACKED = {"OTLP": "otlp+http://localhost", "syslog": "syslog:", "journal": "journald:"}


def batches(count: int) -> list[Batch]:
    """Opens of the files that this machine has, by many processes."""
    paths = islice((str(path) for path in Path("/usr/lib").rglob("*")), count)
    opens = [
        make(
            "open",
            time=f"2026-01-31T12:00:00.{n * STEP_NS:09}Z",
            boot_ns=60_000_000_000 + n * STEP_NS,
            pid=1000 + n % 700,
            comm=f"work{n % 37}",
            path=path,
            fd=3 + n % 9,
        )
        for n, path in enumerate(paths)
    ]
    return [batch for at in range(0, len(opens), PER_BATCH) for batch in Batch.of(opens[at : at + PER_BATCH])]


def measure(bench: Bench) -> Table:
    """JetStream on this machine, in a directory of its own, where its program is installed."""
    table = Table(
        "Sending",
        "Bytes of an event on the wire; how many events a second one core packs; and how many go from the batch to "
        "NATS JetStream's acknowledgement, on this machine, which the server shares. The events are opens of files in "
        "/usr/lib, in messages of 2 500.",
        {
            "bytes": Column("bytes an event"),
            "packed": Column("packed a second"),
            "acknowledged": Column("acknowledged a second"),
        },
        reference="",
    )
    made = batches(bench.some(EVENTS, 100))
    times = bench.some(TIMES)
    with jetstream(bench.directory) as port:
        for _ in range(bench.rounds):
            for name, options in FORMATS.items():
                often = max(1, times // SLOWER) if "map=" in options else times
                _row(table, name, f"nats://127.0.0.1:{port or 4222}/bench{options}", made, often if port else 0)
            for name, url in PACKED.items():
                _row(table, name, url, made, 0)
    return table


def _row(table: Table, name: str, url: str, made: list[Batch], times: int) -> None:
    try:
        packer = Packer(1, target=target_of(url))
    except ExtraError:
        return
    packer.kept(packer.message([]))  # the first one has the plan
    began = time.process_time()
    messages = [packer.message([batch]) for batch in made]
    seconds = time.process_time() - began
    events = sum(each.head.records for each in messages)
    values = {"bytes": sum(map(len, messages)) / events, "packed": events / max(seconds, 1e-9)}
    if times:
        values["acknowledged"] = _acknowledged(url, made * times)
    table.add(name, **values)


def _acknowledged(url: str, made: list[Batch]) -> float:
    sink = Sink(target_of(f"{url}{'&' if '?' in url else '?'}memory=128M"), lambda text: print(text, file=sys.stderr))
    began = time.monotonic()
    sink.start(time.time_ns())
    for batch in made:
        while sink.inbox_bytes > INBOX_BYTES // 8 or sink.outbox.bytes[0] > sink.outbox.memory_bytes // 4:
            time.sleep(0.001)
        sink.write(batch)
    sink.close(seconds=120)
    if sink.lost:
        raise BenchmarkError(f"{url} has lost {dict(sink.lost)}")
    return sum(map(len, made)) / (time.monotonic() - began)


@contextmanager
def jetstream(directory: Path) -> Iterator[int | None]:
    """Its port; None where it is not installed."""
    beside = Path(sys.executable).parent / "nats-server"
    program = str(beside) if beside.exists() else shutil.which("nats-server")
    if program is None:
        yield None
        return
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
    words = [program, "-js", "-sd", str(directory / "jetstream"), "-a", "127.0.0.1", "-p", str(port)]
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield port
    finally:
        running.kill()
        running.wait()


def _wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while True:
        with socket.socket() as made:
            if made.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > end:
            raise BenchmarkError("nats-server does not listen")
        time.sleep(0.05)
