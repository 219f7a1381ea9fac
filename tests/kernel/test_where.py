"""An expression asks of the running kernel's events what plain Python asks of the objects."""

import os
import subprocess
from pathlib import Path

import pytest

from onlooker import Exec, Monitor, Open, TaskEvent
from onlooker.filters.parse import parse

from ..unit.filters import reference
from .commands import started, watching
from .conftest import Workloads
from .flavours import flavours
from .running import Process, collect
from .test_filters import OTHER_UID, identity

COUNT = 23
EXPRESSIONS = (
    "event == 'open' and file under '/'",
    "errno exists and file endswith ('missing', 'begin')",
    f"uid == {OTHER_UID} or signal exists",
    "not (event in ('fork', 'exit')) and path glob '**/*'",
    "flags contains 'O_RDONLY' and fd >= 0 and not comm == 'x'",
    "exit_code != 0 or clone_flags contains 'SIGCHLD'",
)


@pytest.mark.parametrize("method", flavours())
def test_what_comes_is_what_matches(workloads: Workloads, method: str) -> None:
    program = workloads.renamed("mixed")
    options = {"comm": [program.name], "attach": method}
    monitors = [Monitor(**options), *(Monitor(**options, where=text) for text in EXPRESSIONS)]
    process = Process(program, OTHER_UID)
    try:
        for monitor in monitors:
            monitor.start()
        _, [everything, *found] = collect(process, monitors)
    finally:
        for monitor in monitors:
            monitor.close()
    for text, events in zip(EXPRESSIONS, found, strict=True):
        expected = [event for event in everything if reference.matches(parse(text), event)]
        assert identity(events) == identity(expected), text
        assert 0 < len(events) < len(everything), text


def test_who_writes_where(tmp_path: Path) -> None:
    """Of looks and changes in two places, the changes in one of them."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    script = f"cd {here}; cat /etc/passwd > ./a; cat a; mv ./a ../there/b; mv ../there/b c; rm c; echo > {there}/d"
    with Monitor(path=[str(here)], writes=True, success=True) as monitor:
        with started("sh", "-c", script) as process:
            process.wait()
        monitor.stop()
        events = [event.event for event in monitor]
    assert events == ["open", "rename", "rename", "unlink"]


def test_what_is_usual_is_hidden() -> None:
    """Of an ls: the program, its end and the files that it is about stay; the loader, locales and /proc do not."""
    monitors = [Monitor(events=["exec", "exit", "open"]), Monitor(events=["exec", "exit", "open"], hide=["noise"])]
    try:
        for monitor in monitors:
            monitor.start()
        with started("ls", "-l", "/etc/passwd", stdout=subprocess.DEVNULL) as process:
            process.wait()
        for monitor in monitors:
            monitor.stop()
        everything, shown = (
            identity(event for event in monitor if isinstance(event, TaskEvent) and event.pid == process.pid)
            for monitor in monitors
        )
    finally:
        for monitor in monitors:
            monitor.close()
    assert (shown[0].event, shown[-1].event) == ("exec", "exit")
    left_out = [event for event in everything if event not in shown]
    hidden = {event.path for event in left_out if isinstance(event, Open)}
    assert "/etc/ld.so.cache" in hidden
    assert any(".so." in path for path in hidden)
    assert not {"/etc/passwd", "/etc/nsswitch.conf"} & hidden
    searched = [event for event in left_out if not isinstance(event, Open)]  # in the directories of PATH
    assert all(isinstance(event, Exec) and event.errno == "ENOENT" for event in searched)


def test_the_command(tmp_path: Path) -> None:
    """Of a flood of opens those that are asked for, and no other; what is counted, is what matches."""
    directory = tmp_path / "wanted"
    directory.mkdir()
    script = f"import os\nfor i in range({COUNT}):\n for d in ({str(directory)!r}, {str(tmp_path)!r}):\n"
    script += "  os.close(os.open(f'{d}/./{i}', os.O_CREAT | os.O_WRONLY, 0o600))\n"
    where = f"file under '{directory}' and created == true"
    with watching("--events", "open", "--where", where, "--count", str(COUNT), "--output-format", "json") as watch:
        with started("python3", "-c", script) as process:
            process.wait()
        ended = watch.end(None)
    ended.assert_complete()
    assert len(ended.lines) == COUNT
    assert all(f'"real_path":"{directory}/' in line for line in ended.lines)
    assert len(os.listdir(directory)) == COUNT  # noqa: PTH208
