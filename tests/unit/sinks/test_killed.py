"""A sink that is killed: what was in its spool is delivered once, by the next run."""

import signal
import subprocess
import sys
import time

import pytest

from .made import Server, sink_with

CHILD = """
import os, sys, time
from onlooker import Batch
from onlooker.sinks import sink as sinks
from onlooker.sinks.target import target_of
from onlooker.testing import make
sinks.PACK_BYTES = 20_000
sink = sinks.Sink(target_of(sys.argv[1]), lambda _: None)
sink.start(time.time_ns())
made = [Batch.of([make("open", path=os.urandom(2000).hex()) for _ in range(20)])[0] for _ in range(20)]
for number in range(10_000):
    sink.write(made[number % 20])
    if not number:
        print(flush=True)
    time.sleep(0.001)
"""


@pytest.mark.parametrize("seconds", [0.3, 0.7, 1.1])
def test_what_is_in_the_spool_is_delivered_once(tmp_path, seconds):
    url = f"nats://127.0.0.1:9/onlooker?memory=1M&spool={tmp_path}"
    with subprocess.Popen([sys.executable, "-c", CHILD, url], stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline()
        time.sleep(seconds)
        child.send_signal(signal.SIGKILL)
    names = sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".message")
    assert len(names) > 3
    server = Server()
    sink = sink_with(server, url)
    sink.close()
    assert not sink.lost
    assert not list(tmp_path.iterdir())
    heads = [each.head for each in server.got if each.head.run != sink._packer.run]
    assert [f"{each.run:020}-{each.seq:012}.message" for each in heads] == names
    seqs = [each.seq for each in heads]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))  # what was before them was in memory
