"""The agent on the real kernel, with real servers."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from .agents import AS_UNIT, ROOT, UNIT, agent_of, config_text, get, package_for_all, samples
from .running import Server, free_port, program, wait_for
from .sending import Collecting, rows

COUNT = 23
NOBODY = 65534
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the kernel's events need root")


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


def programs_of(pid: int) -> set[str]:
    """The ids of the probe's programs that a process holds: each load gives new ones."""
    held = (path.read_text() for path in Path(f"/proc/{pid}/fdinfo").iterdir())
    return {found for text in held for found in re.findall(r"^prog_id:\s*(\d+)$", text, re.MULTILINE)}


def test_an_ordinary_user_with_two_capabilities_sends_to_jetstream(nats: Server, shared: Path, tmp_path: Path) -> None:
    """As systemd would run it by the unit, with its rights, its system calls and its watchdog."""
    spool = shared / "spool"
    spool.mkdir()
    os.chown(spool, NOBODY, NOBODY)
    port = free_port()
    url = f"nats://127.0.0.1:{nats.port}/onlooker"
    watched = f"path = ['{shared}/seen']\ncontext = ['all']"
    text = config_text(watched, url, port, f"spool = '{spool}'")
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
    counts = ("open", "user", "ancestry")  # it looked up whom they concern with the rights that are left
    asked = ", ".join(f"count(*) FILTER (event = '{each}')" for each in counts)
    [found] = collected(nats, tmp_path, COUNT + 2, f"{asked}, count(DISTINCT path)")
    assert found == (COUNT, 1, 1, COUNT)


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
        programs = programs_of(agent.process.pid)
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
        assert programs and programs_of(agent.process.pid) == programs
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


def asked(prometheus: Server, expression: str) -> list[dict[str, Any]]:
    """What Prometheus answers."""
    found = json.loads(get(prometheus.port, f"/api/v1/query?{urlencode({'query': expression})}")[1])
    assert found["status"] == "success", (expression, found)
    return list(found["data"]["result"])


def test_prometheus_scrapes_the_agent(nats: Server, tmp_path: Path) -> None:
    """With our scrape configuration and alerts; it also understands what the dashboard asks for."""
    port, own = free_port(), free_port()
    shutil.copytree(ROOT / "packaging/prometheus", tmp_path / "prometheus")
    config = tmp_path / "prometheus/onlooker.yml"
    text = config.read_text()
    assert "127.0.0.1:9464" in text and "scrape_interval: 15s" in text
    config.write_text(text.replace("127.0.0.1:9464", f"127.0.0.1:{port}").replace("15s", "200ms"))
    words = [program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/tsdb"]
    prometheus = Server([*words, f"--web.listen-address=127.0.0.1:{own}"], own, tmp_path / "prometheus.log")
    url = f"nats://127.0.0.1:{nats.port}/onlooker"
    with agent_of(tmp_path, config_text(f"path = ['{tmp_path}/seen']", url, port)) as agent, prometheus:
        open_files(tmp_path / "seen", COUNT)

        wait_for(lambda: get(own, "/-/ready")[0] == 200, 20, lambda: prometheus.log.read_text()[-1000:])

        def counted() -> bool:
            found = asked(prometheus, 'onlooker_events_total{job="onlooker", event="open"}')
            return [each["value"][1] for each in found] == [str(COUNT)]

        wait_for(counted, 20, lambda: (agent.said, prometheus.log.read_text()[-1000:]))
        [connected] = asked(prometheus, "onlooker_sink_connected")
        assert (connected["metric"]["sink"], connected["value"][1]) == (url, "1")
        [ring] = asked(prometheus, "onlooker_ring_size_bytes")
        assert ring["value"][1] == str(16 << 20)
        [memory] = asked(prometheus, "process_resident_memory_bytes")
        assert 20 << 20 < int(memory["value"][1]) < 200 << 20
        dashboard = json.loads((ROOT / "packaging/grafana/onlooker.json").read_bytes())
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                expression = target["expr"].replace("$instance", ".*").replace("$__rate_interval", "1m")
                asked(prometheus, expression.replace("$__range", "1h"))
        rules = json.loads(get(own, "/api/v1/rules")[1])["data"]["groups"][0]["rules"]
        assert len(rules) == 7 and all(each["health"] in ("ok", "unknown") for each in rules)
        assert not [each["name"] for each in rules if each["alerts"]]
        page = get(port, "/metrics")[1]
        assert agent.end() == 0
    promtool = program("promtool")
    checked = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    for check in (
        ["check", "config", "onlooker.yml"],
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts.test.yml"],
    ):
        checked = subprocess.run([promtool, *check], cwd=ROOT / "packaging/prometheus", capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr
