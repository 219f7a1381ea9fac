"""Rules on the real kernel: an alert comes at once, and says who did it."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from onlooker import Monitor
from onlooker.probe.kernel import in_pid_namespace

from .commands import ONLOOKER, run, watching
from .conftest import Workloads, fresh_name
from .running import SLOWER, drain

pytest.importorskip("sigma")
TIMES = 23

SIGMA = """\
title: A program of that name
id: 6c9b7b3e-0f0a-4f52-9f6b-0c3f5a0c1d11
logsource: {{product: linux, category: process_creation}}
detection:
  selection:
    Image|endswith: /{name}
    CommandLine|contains|all: [first, second]
    User: root
  filter: {{ParentImage|endswith: /nothing-of-that-name}}
  condition: selection and not filter
level: high
tags: [attack.execution, attack.t1059]
"""
FILES = """\
title: A file that is made
id: 6c9b7b3e-0f0a-4f52-9f6b-0c3f5a0c1d12
logsource: {{product: linux, category: file_event}}
detection:
  selection: {{TargetFilename|startswith: {directory}/, TargetFilename|endswith: .found, Image|endswith: /{shell}}}
  condition: selection
"""


def program(workloads: Workloads, of: str) -> Path:
    path = workloads.directory / fresh_name()
    shutil.copy(Path(shutil.which(of) or "").resolve(), path)
    return path


def test_a_rule_of_sigma_fires_within_a_second(workloads: Workloads, tmp_path: Path) -> None:
    """From before the process is started until its line is read from the pipe; and only what the rule looks for."""
    name = program(workloads, "true")
    (tmp_path / "rule.yml").write_text(SIGMA.format(name=name.name))
    options = ("--rules", str(tmp_path), "--output-format", "json")
    with watching(*options, stdout=subprocess.PIPE) as watch:
        assert watch.process.stdout
        taken = []
        for number in range(TIMES):
            subprocess.run([name, "first"], check=True)
            began = time.monotonic()
            subprocess.run([name, "FIRST", str(number), "second"], check=True)
            alert = json.loads(watch.process.stdout.readline())
            taken.append(time.monotonic() - began)
            assert alert["argv"] == [str(name), "FIRST", str(number), "second"]
            assert alert["event"] == "alert" and alert["rule"] == "6c9b7b3e-0f0a-4f52-9f6b-0c3f5a0c1d11"
            assert (alert["level"], alert["tags"]) == ("high", ["attack.execution", "attack.t1059"])
            assert (alert["exe"], alert["uid"], alert["matched"]) == (str(name), 0, "exec")
            assert (alert["ppid"], alert["ancestor_pids"][0]) == (os.getpid(), str(os.getpid()))
            assert json.loads(alert["record"])["argv"] == alert["argv"]
        assert max(taken) < 1 * SLOWER, taken
        watch.end().assert_complete()


def test_a_file_that_a_program_makes(workloads: Workloads, tmp_path: Path) -> None:
    """By opening it or by another's name, and by that program alone; the ancestors are known that have ended."""
    shell, scratch = program(workloads, "bash"), tmp_path / "scratch"
    scratch.mkdir()
    (tmp_path / "rule.yml").write_text(FILES.format(directory=scratch, shell=shell.name))
    with Monitor(rules=[str(tmp_path / "rule.yml")]) as monitor:
        script = f"for i in {{1..{TIMES}}}; do (: > {scratch}/$i.found); : > {scratch}/$i.other; done"
        subprocess.run([shell, "-c", script], check=True)
        subprocess.run(["bash", "-c", f": > {scratch}/x.found"], check=True)
        subprocess.run(["mv", scratch / "1.other", scratch / "2.found"], check=True)
        alerts = drain(monitor)
    assert {alert.event for alert in alerts} == {"alert"}
    assert [alert.path for alert in alerts] == [f"{scratch}/{number}.found" for number in range(1, TIMES + 1)]
    for alert in alerts:
        assert (alert.exe, alert.ancestors[0], alert.ancestor_exes[0]) == (str(shell), shell.name, str(shell))
        if not in_pid_namespace():  # where /proc has other ids; and what this process itself does is in no event
            assert alert.ancestors[1] == Path("/proc/self/comm").read_text().strip()


def test_of_a_command_that_is_recorded(workloads: Workloads, tmp_path: Path) -> None:
    """Alerts are behind their events in a recording, and a table of its own."""
    pytest.importorskip("duckdb")
    name = program(workloads, "true")
    (tmp_path / "rule.yml").write_text(SIGMA.format(name=name.name))
    path = tmp_path / "x.onlook"
    script = f"for i in {{1..{TIMES}}}; do {name} first second; done"
    record = (*ONLOOKER, "record", "--rules", str(tmp_path), "-o", str(path), "--", "bash", "-c", script)
    assert subprocess.run(record, capture_output=True, check=False).returncode == 0
    lines = [json.loads(line) for line in run("replay", str(path), "--output-format", "json").lines]
    found = [number for number, line in enumerate(lines) if line["event"] == "alert"]
    assert len(found) == TIMES
    assert all(json.loads(lines[number]["record"]) == lines[number - 1] for number in found)
    counted = run(
        "query", str(path), "SELECT count(*) AS n, any_value(title) AS t FROM alerts", "--output-format", "json"
    )
    assert json.loads(counted.out) == {"n": TIMES, "t": "A program of that name"}
    again = run("replay", str(path), "--rules", str(tmp_path), "--output-format", "json")
    assert [json.loads(line)["argv"] for line in again.lines] == [[str(name), "first", "second"]] * TIMES


def test_a_program_that_is_only_in_memory(tmp_path: Path) -> None:
    """And one that has no name any more: by the rules that come with onlooker."""
    script = """
import os, shutil, sys
target = shutil.which("true")
memory = os.memfd_create("x")
os.write(memory, open(target, "rb").read())
if not os.fork():
    os.execve(memory, ["memory"], {})
os.wait()
shutil.copy(target, sys.argv[1])
file = os.open(sys.argv[1], os.O_RDONLY)
os.unlink(sys.argv[1])
if not os.fork():
    os.execve(file, ["removed"], {})
os.wait()
"""
    with Monitor(rules=["shipped"]) as monitor:
        copy = tmp_path / fresh_name()
        subprocess.run(["python3", "-c", script, copy], check=True)
        alerts = [alert for alert in drain(monitor) if alert.argv in (("memory",), ("removed",))]
    found = [(alert.rule, alert.argv[0]) for alert in alerts if alert.rule == "run-from-memory"]
    assert found == [("run-from-memory", "memory"), ("run-from-memory", "removed")]
