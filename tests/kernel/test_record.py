"""`onlooker record`: what a command does is in the recording, all of it, whatever happens to the recorder."""

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from onlooker import Exec, Exit, Fork, Lost
from onlooker.recordings.manifest import wall_ns
from onlooker.recordings.recording import Recording

from .commands import ONLOOKER, run, started, wait_until, watching
from .conftest import Workloads
from .running import SLOWER

COUNT = 23
KILLS = 7
RECORD = (*ONLOOKER, "record")


def of(recording: Recording, kind: type) -> list:
    return [event for event in recording if isinstance(event, kind)]


def test_a_command_and_all_that_it_starts(workloads: Workloads, tmp_path: Path) -> None:
    file = tmp_path / "r.onlook"
    done = run("record", "-o", str(file), "--", str(workloads["spawn"]), str(COUNT), str(workloads["nothing"]))
    assert done.code == 0
    assert done.err.splitlines()[-1] == "onlooker: complete"
    children = [int(line) for line in done.lines]
    found = Recording(file)
    assert len(children) == COUNT
    assert [event.child_pid for event in of(found, Fork)] == children
    assert [event.pid for event in of(found, Exec)][1:] == children
    assert [event.pid for event in of(found, Exit)][:-1] == children
    assert found.manifest and found.manifest.end
    assert found.manifest.command == (str(workloads["spawn"]), str(COUNT), str(workloads["nothing"]))
    assert (found.manifest.end.exit_code, found.manifest.end.complete) == (0, True)
    assert found.manifest.end.events["fork"] == COUNT


def test_it_begins_and_ends_with_what_is_watched(tmp_path: Path) -> None:
    file = str(tmp_path / "r.onlook")
    run("record", "-o", file, "--", "sleep", "0.1")
    found = Recording(file)
    assert found.manifest and found.manifest.end
    start, end = wall_ns(found.manifest.start), wall_ns(found.manifest.end.time)
    times = [wall_ns(event.time) for event in found if not isinstance(event, Lost)]
    assert start and end and start <= min(filter(None, times)) <= max(filter(None, times)) <= end
    assert abs((end - start) / 1e9 - found.manifest.end.seconds) < 0.00001
    [over] = of(found, Exit)
    lived = over.boot_ns - over.start_ns
    assert lived >= 100_000_000
    # it took half a second and more to begin, and as long to let go of the kernel
    assert end - start - lived < 250_000_000 * SLOWER
    shown = json.loads(run("show", file, "--output-format", "json").out)
    assert (shown["start"], shown["end"]) == (found.manifest.start, found.manifest.end.time)
    assert f"in {(end - start) / 1e9:.3f} s" in run("tree", file).out


def test_a_replay_shows_the_same(workloads: Workloads, tmp_path: Path) -> None:
    file = str(tmp_path / "r.onlook")
    run("record", "-o", file, "--", str(workloads["spawn"]), str(COUNT), str(workloads["nothing"]))
    done = run("replay", file, "--events", "exec").assert_complete()
    assert len(done.lines) == COUNT + 1
    assert done.lines == [str(event) for event in of(Recording(file), Exec)]


@pytest.mark.parametrize(
    ("code", "expression", "wanted"), [(0, "comm == 'x'", 0), (7, "comm == 'x'", 7), (7, "exit_code == 7", 1)]
)
def test_what_must_not_happen_fails(tmp_path: Path, code: int, expression: str, wanted: int) -> None:
    done = run("record", "-o", str(tmp_path / "r"), "--fail-on", expression, "--", "sh", "-c", f"exit {code}")
    assert done.code == wanted
    assert ("exited with code 7" in done.err) == (wanted == 1)


def test_the_whole_machine_until_a_signal(workloads: Workloads, tmp_path: Path) -> None:
    file = tmp_path / "r.onlook"
    options = ("-o", str(file), "--filter", workloads["spawn"].name[:15], "--events", "fork,exec,exit")
    with watching(*options, command=RECORD, ready="onlooker: recording into ") as running:
        spawned = run(str(COUNT), str(workloads["nothing"]), command=(str(workloads["spawn"]),))
        ended = running.end()
    assert ended.code == 0
    assert ended.err.splitlines()[-1].startswith("onlooker: complete")
    assert [event.child_pid for event in of(Recording(file), Fork)] == [int(line) for line in spawned.lines]


def _first_process(file: Path) -> int:
    """The command's, once something of it is recorded."""
    found: list[int] = []

    def look() -> bool:
        if (file / "recording.json").exists():
            found.extend(event.pid for event in Recording(file) if isinstance(event, Exec))
        return bool(found)

    wait_until(look)
    return found[0]


@pytest.mark.parametrize("wait", [random.random() for _ in range(KILLS)], ids=range(KILLS))
def test_a_kill_leaves_a_recording_and_the_command(workloads: Workloads, tmp_path: Path, wait: float) -> None:
    file = tmp_path / "r.onlook"
    command = ("--", str(workloads["spawn"]), "1000000", str(workloads["nothing"]))
    with started(*RECORD, "-o", str(file), *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as recorder:
        first = _first_process(file)
        try:
            time.sleep(wait * SLOWER)
            recorder.kill()
            recorder.wait()
            os.kill(first, 0)  # it goes on
        finally:
            os.kill(first, signal.SIGKILL)
    found = Recording(file)
    events = list(found)
    assert not found.is_being_written
    assert isinstance(events[-1], Lost) and events[-1].reason == "damaged"
    begun = [event.child_pid for event in events if isinstance(event, Fork)]
    ended = [event.pid for event in events if isinstance(event, Exit)]
    assert begun and ended in (begun, begun[:-1])


def test_secrets_are_not_recorded_where_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "r"
    done = run(
        "record",
        "--redact",
        "--redact-pattern",
        "corp-[0-9]+",
        "-o",
        str(file),
        "--",
        "true",
        "--password=hunter2",
        "corp-12345",
    )
    assert done.code == 0
    found = Recording(file)
    [execution] = of(found, Exec)
    assert execution.argv == ("true", "--password=***", "***")
    assert found.manifest and found.manifest.command == execution.argv
    assert found.manifest.redacted[-1] == "pattern 1"


def test_a_command_that_can_not_begin_leaves_no_recording(tmp_path: Path) -> None:
    assert run("record", "-o", str(tmp_path / "r"), "--", "/nonexistent").code == 127
    assert list(tmp_path.iterdir()) == []


def test_several_that_begin_in_the_same_second(tmp_path: Path) -> None:
    command = [*RECORD, "--events", "exec", "--", "true"]
    running = [subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) for _ in range(3)]
    assert [each.wait() for each in running] == [0, 0, 0]
    assert len(list(tmp_path.glob("true-*.onlook"))) == 3


def test_in_the_home_of_another(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    os.chown(home, 1000, 1000)
    done = run("record", "-o", "r", "--fail-on", "comm == 'nobody'", "--user", "0", "--", "true", cwd=home)
    assert (done.code, done.err.splitlines()[-1]) == (0, "onlooker: complete")
    assert len(of(Recording(home / "r"), Exec)) == 1


def test_what_rotation_has_removed_is_said(tmp_path: Path) -> None:
    script = "i=0; while [ $i -lt 12000 ]; do : < /dev/null; i=$((i + 1)); done"  # twice as much as there is room for
    done = run("record", "-o", str(tmp_path / "r"), "--max-size", "1M", "--", "sh", "-c", script)
    first = next(iter(Recording(tmp_path / "r")))
    assert isinstance(first, Lost) and first.reason == "rotated"
    assert done.err.splitlines()[-1] == f"onlooker: complete; the oldest {first.count} events were removed"
