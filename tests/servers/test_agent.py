"""The agent on the real kernel, with real servers."""

import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from .agents import AS_UNIT, UNIT, agent_of, config_text, get, package_for_all, samples
from .running import Server, free_port, wait_for
from .sending import Collecting, rows

COUNT = 23
NOBODY = 65534
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the kernel's events need root")


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that everybody may look into."""
    with tempfile.TemporaryDirectory(prefix="onlooker-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


def open_files(directory: Path, count: int, start: int = 0) -> None:
    """Each of a name of its own; they need not be there."""
    for number in range(start, start + count):
        with suppress(FileNotFoundError):
            os.close(os.open(directory / str(number), os.O_RDONLY))


def collected(nats: Server, directory: Path, count: int, select: str) -> list[tuple]:
    """What a lake has of the stream, once it has so many records."""
    with Collecting(f"nats://127.0.0.1:{nats.port}/onlooker", str(directory / "lake")) as collector:
        wait_for(lambda: collector.counts["records"] >= count, 20, lambda: collector.counts)
    return list(rows(directory / "lake", select))


def numbers_in(directory: Path) -> str:
    """SQL: the first and the last file of a directory that was opened, how many were, and how often."""
    number, there = "split_part(path, '/', -1)::INT", f"FILTER (starts_with(path, '{directory}/'))"
    return ", ".join(
        f"{each} {there}" for each in (f"min({number})", f"max({number})", "count(DISTINCT path)", "count(*)")
    )


def test_an_ordinary_user_with_two_capabilities_sends_to_jetstream(nats: Server, shared: Path, tmp_path: Path) -> None:
    """As systemd would run it by the unit, with its rights, its system calls and its watchdog."""
    spool = shared / "spool"
    spool.mkdir()
    os.chown(spool, NOBODY, NOBODY)
    port = free_port()
    url = f"nats://127.0.0.1:{nats.port}/onlooker"
    text = config_text(f"path = ['{shared}/seen']", url, port, f"spool = '{spool}'")
    env = {**package_for_all(shared), "WATCHDOG_USEC": "400000"}
    with agent_of(shared, text, words=[sys.executable, str(AS_UNIT), str(UNIT)], env=env) as agent:
        status = Path(f"/proc/{agent.process.pid}/status").read_text()
        assert re.findall(r"^(?:Uid|Gid):\t(.*)$", status, re.MULTILINE) == ["\t".join([str(NOBODY)] * 4)] * 2
        assert re.findall(r"^(?:NoNewPrivs|Seccomp):\t(\d)$", status, re.MULTILINE) == ["1", "2"]
        assert int(re.findall(r"^CapBnd:\t(\w+)$", status, re.MULTILINE)[0], 16) in (0, 1 << 38 | 1 << 39)
        assert re.findall(r"^Groups:\t(.*)$", status, re.MULTILINE)[0].strip() == ""
        open_files(shared / "seen", COUNT)
        agent.wait_for_line("WATCHDOG=1", 2)
        wait_for(lambda: samples(get(port, "/metrics")[1])['onlooker_events_total{event="open"}'] == COUNT, 10)
        assert get(port, "/healthz")[0] == 200
        assert agent.end() == 0, agent.said
        told = [line for line in agent.manager.lines() if line.endswith("=1")]
        assert (told[0], set(told[1:-2]), set(told[-2:])) == ("READY=1", {"WATCHDOG=1"}, {"STOPPING=1"})
        assert f"STATUS={COUNT} events, 0 lost" in agent.manager.lines()
        assert agent.said.splitlines()[-1] == "onlooker: complete"
    assert collected(nats, tmp_path, COUNT, "count(*), count(DISTINCT path), min(uid)") == [(COUNT, COUNT, 0)]


def test_a_reload_changes_the_filter_without_a_gap(nats: Server, tmp_path: Path) -> None:
    """While files are opened all the time: a, then a and b, then b."""
    url = f"nats://127.0.0.1:{nats.port}/onlooker"
    port = free_port()
    a, b = tmp_path / "a", tmp_path / "b"
    ends = threading.Event()
    opened = 0

    def flood() -> None:
        nonlocal opened
        while not ends.is_set():
            open_files(a, 1, opened)
            open_files(b, 1, opened)
            opened += 1
            time.sleep(0)

    with agent_of(tmp_path, config_text(f"path = ['{a}']", url, port)) as agent:
        [before] = [line for line in agent.said.splitlines() if " watching " in line]
        thread = threading.Thread(target=flood)
        thread.start()
        try:
            time.sleep(0.3)
            agent.reload(config_text(f"path = ['{a}', '{b}']", url, port))
            time.sleep(0.3)
            agent.reload(config_text(f"where = \"file under '{b}'\"", url, port))
            time.sleep(0.3)
            agent.reload(config_text("where = \"fil under '/'\"", url, port))  # refused
            time.sleep(0.1)
        finally:
            ends.set()
            thread.join()
        found = samples(get(port, "/metrics")[1])
        assert (found['onlooker_reloads_total{result="done"}'], found['onlooker_reloads_total{result="refused"}']) == (
            2,
            1,
        )
        assert agent.end() == 0, agent.said
        said = agent.said.splitlines()
    assert "onlooker: lost: nothing" in said
    assert said[-1] == "onlooker: complete"
    assert before.startswith("onlooker: watching open; only those that match, to nats://")
    [refused] = [line for line in said if "not reloaded" in line]
    assert "agent.toml: watch.where: unknown field 'fil'" in refused and "(did you mean 'file'" in refused
    total = int(re.findall(r"onlooker: (\d+) events", agent.said)[0])
    [found] = collected(nats, tmp_path, total, f"{numbers_in(a)}, {numbers_in(b)}")
    first_a, last_a, distinct_a, count_a, first_b, last_b, distinct_b, count_b = found
    assert first_a == 0 and distinct_a == count_a == last_a + 1  # from the first on, without a gap
    assert last_b == opened - 1 and distinct_b == count_b == last_b - first_b + 1  # to the last, without a gap
    assert first_b < last_a < last_b  # they overlap
