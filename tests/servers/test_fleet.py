"""A fleet on one machine: many hosts through a server into a lake, counted to the last event."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

import onlooker
from onlooker.lake.log import CommitLog
from onlooker.lake.store import store_of
from onlooker.lake.tables import LakeTables
from onlooker.recordings.manifest import End, Manifest, now
from onlooker.recordings.writer import RecordingWriter
from onlooker.summary import Summary

from .running import Server, wait_for
from .sending import batches, sink_to

ONLOOKER = (sys.executable, "-m", "onlooker")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 3000 opens."""
    path = tmp_path_factory.mktemp("recorded") / "one.onlook"
    writer = RecordingWriter(path, Manifest.new(start=now()))
    for batch in batches(30):
        writer.write(batch)
    end = End.of(Summary(shown={"open": 3000}, seconds=1.0), now())
    writer.finish(replace(writer.manifest, end=end))
    writer.close()
    return path


@contextmanager
def collector(url: str, lake: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`onlooker collect`, until it has committed all it took."""
    with log.open("ab") as file:
        made = subprocess.Popen([*ONLOOKER, "collect", url, "--lake", lake, "--every", "500ms"], stderr=file)
        try:
            yield made
        finally:
            made.send_signal(signal.SIGINT)
            made.wait(60)


def send(url: str, host: str, recording: Path, counts: dict[str, int]) -> None:
    """What a host sends; and how many records were delivered."""
    with sink_to(url, host=host, seconds=60) as sink:
        for batch in onlooker.open(recording).batches():
            sink.write(batch)
            time.sleep(0.1)
    assert not sink.lost
    counts[host] = sink.sender.counts["records"]


def records(lake: str) -> dict[str, tuple[int, int]]:
    """By host: rows, and different ones."""
    with LakeTables(lake, names=set()) as tables:
        asked = "SELECT host, count(*), count(DISTINCT (run, seq)) FROM lake.files GROUP BY ALL"
        return {host: (rows, different) for host, rows, different in tables.connection.execute(asked).fetchall()}


def committed(log: CommitLog) -> int:
    """How many records there are until now."""
    time.sleep(0.2)
    return sum(span.records for run in log.refresh().runs.values() for span in run.spans)


def is_whole(lake: str) -> bool:
    """At all times that it speaks of."""
    with LakeTables(lake, names={"coverage"}) as tables:
        return tables.connection.execute("SELECT bool_and(whole) FROM coverage").fetchall() == [(True,)]


def test_twenty_hosts_while_servers_and_collectors_are_killed(
    nats: Server, lake: str, recording: Path, tmp_path: Path
) -> None:
    url = f"nats://127.0.0.1:{nats.port}/fleet"
    counts: dict[str, int] = {}
    hosts = [f"host{number:02}" for number in range(20)]
    threads = [threading.Thread(target=send, args=(url, host, recording, counts)) for host in hosts]
    with collector(url, lake, tmp_path / "one.log") as one, collector(url, lake, tmp_path / "other.log"):
        for thread in threads:
            thread.start()
        time.sleep(1.5)  # each has sent a half
        os.kill(one.pid, signal.SIGKILL)
        nats.kill()
        nats.start()
        for thread in threads:
            thread.join()
        sent = dict.fromkeys(hosts, (3000, 3000))
        assert counts == dict.fromkeys(hosts, 3000)
        log = CommitLog(store_of(lake))
        wait_for(lambda: committed(log) == 60_000, 60, lambda: (tmp_path / "other.log").read_text())
    assert records(lake) == sent
    assert is_whole(lake)
    asked = [*ONLOOKER, "query", lake, "SELECT count(*) AS n FROM opens", "--output-format", "json"]
    answer = subprocess.run(asked, capture_output=True, check=False)
    assert (answer.stdout, answer.returncode) == (b'{"n":60000}\n', 0)
