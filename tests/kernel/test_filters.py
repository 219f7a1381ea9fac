"""The filter in the kernel decides as `Filter.matches` does in Python, and nothing of the monitor's own is shown."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from onlooker import Event, Exec, Exit, Fork, Monitor, Open, TaskEvent
from onlooker.filters import Filter

from .conftest import Workloads, fresh_name
from .flavours import flavours
from .running import SLOWER, Process, collect, drain, run_workload

COUNT = 23
OTHER_UID = 2323
METHODS = flavours()


def identity(events: Iterable[Event]) -> list[Event]:
    """Without what two monitors take at different moments."""
    found = []
    for event in events:
        moments = {"duration_ns": 0, "cpu_user_ns": 0, "cpu_system_ns": 0} if isinstance(event, Exit) else {}
        found.append(msgspec.structs.replace(event, time="", boot_ns=0, **moments))
    return found


# and how many events of the workload pass, where that is known
FILTERS: list[tuple[dict[str, Any], int | None]] = [
    ({}, None),
    ({"threads": True}, None),
    ({"events": ["fork"]}, 4),
    ({"events": ["fork"], "threads": True}, 7),
    ({"events": ["exec"]}, None),
    ({"events": ["exit"]}, None),
    ({"events": ["open"]}, 14),
    ({"events": ["open", "exec"]}, None),
    ({"failed": True}, None),
    ({"failed": True, "events": ["open"]}, 9),
    ({"failed": True, "events": ["exec"]}, 1),
    ({"failed": True, "events": ["exit"]}, None),
    ({"uid": [OTHER_UID]}, 2),
    ({"uid": [0]}, None),
    ({"uid": [OTHER_UID, 0], "events": ["open", "exit"], "failed": True}, None),
    ({"uid": [OTHER_UID + 1]}, None),
]


@pytest.mark.parametrize("method", METHODS)
def test_the_kernel_decides_as_python_does(workloads: Workloads, method: str) -> None:
    """All filters at once watch the same process, and another monitor everything that it does."""
    program = workloads.renamed("mixed")
    process = Process(program, OTHER_UID)
    choices = [*FILTERS, ({"pid": [process.pid]}, None)]
    choices.append(({"pid": [process.pid, 1], "threads": True, "failed": True}, None))
    if SLOWER > 1:
        choices = choices[METHODS.index(method) :: 2 * len(METHODS)]  # each by one method at most
    wanted = [{**choice, "comm": [program.name]} for choice, _ in choices]
    monitors = [Monitor(**choice, attach=method) for choice in [{"comm": [program.name], "threads": True}, *wanted]]
    try:
        for monitor in monitors:
            monitor.start()
        _, [everything, *found] = collect(process, monitors)
    finally:
        for monitor in monitors:
            monitor.close()
    assert counts(everything) == {Fork: 7, Exec: 1, Exit: 5, Open: 13 + 1}
    for choice, (_, count), events in zip(wanted, choices, found, strict=True):
        expected = [event for event in everything if Filter.of(**choice).matches(event)]
        assert identity(events) == identity(expected), choice
        assert count in (None, len(events)), choice


def counts(events: Sequence[Event]) -> dict[type, int]:
    """How many of each type, without what was opened and executed before the workload began."""
    begin = next(at for at, event in enumerate(events) if isinstance(event, Open) and event.path == "begin")
    types = [type(event) for event in events[begin:]]
    return {each: types.count(each) for each in (Fork, Exec, Exit, Open)}


def names_seen(workloads: Workloads, patterns: Sequence[str], programs: Sequence[Path], **options: Any) -> list[str]:
    """The names of the programs whose end is seen, in the order in which they ran."""
    with Monitor(events=["exit"], comm=patterns, **options) as monitor:
        runs = [Process(program).wait() for program in programs]
        events = drain(monitor)
    ended = {event.pid: event.comm for event in events if isinstance(event, Exit)}
    return [ended[run.pid] for run in runs if run.pid in ended]


@pytest.mark.parametrize("more", [[], [f"nobody-{i}" for i in range(8)]], ids=["few", "many"])
@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["{}"], [0]),
        (["{}*"], [0, 1, 2, 3]),
        (["{}x*"], [1, 2, 3]),
        (["{}xyz*"], [2, 3]),
        (["{}xyzw"], [2, 3]),  # the kernel keeps 15 bytes, which is what both names begin with
        (["{}xyzwv"], [2, 3]),
        (["{}xyzwvut"], [2, 3]),
        (["{}xyzwvut*"], [2, 3]),
        (["{}", "{}x"], [0, 1]),
        (["{}x", "{}x*", "{}xyzw"], [1, 2, 3]),
        (["{}y*", "{}xx", "x{}"], []),
    ],
)
def test_names(workloads: Workloads, patterns: list[str], expected: list[int], more: list[str]) -> None:
    """A few are compared one by one, more are looked up: bpf/filter/task.h."""
    base = fresh_name()
    assert len(base) == 11
    programs = [workloads.renamed("nothing", base + rest) for rest in ("", "x", "xyzw", "xyzwv")]
    seen = names_seen(workloads, [*(pattern.format(base) for pattern in patterns), *more], programs)
    assert seen == [programs[i].name[:15] for i in expected]


def test_a_name_that_is_not_utf8(workloads: Workloads) -> None:
    name = f"{fresh_name()[:8]}\udcff\x1b\n"
    program = workloads.renamed("nothing", name)
    assert names_seen(workloads, [name], [program]) == [name]
    assert names_seen(workloads, [f"{name[:9]}*"], [program]) == [name]
    assert names_seen(workloads, [name[:9]], [program]) == []


def test_the_name_is_the_main_threads(workloads: Workloads) -> None:
    program = workloads.renamed("mixed")
    with Monitor(events=["open"], comm=[program.name]) as monitor:
        run = run_workload(monitor, program, OTHER_UID)
    by_thread = [event for event in run.opens() if event.tid != event.pid]
    assert [(event.comm, event.path) for event in by_thread] == [(program.name, "/"), (program.name, "missing")]


def test_many_pids(workloads: Workloads) -> None:
    processes = [Process(workloads["exit"], "code", i) for i in range(COUNT)]
    chosen = [process.pid for process in processes[::2]]
    with Monitor(pid=chosen) as monitor:
        runs = [process.wait() for process in processes]
        events = drain(monitor)
    ended = [event for event in events if isinstance(event, Exit)]
    assert {event.pid for event in events if isinstance(event, TaskEvent)} == set(chosen)
    assert [(event.pid, event.exit_code) for event in ended] == [(run.pid, run.code) for run in runs[::2]]


@pytest.mark.parametrize("method", METHODS)
def test_nothing_of_the_monitors_own_is_shown(method: str) -> None:
    with Monitor(pid=[os.getpid()], threads=True, attach=method) as monitor:
        for _ in range(COUNT):
            os.close(os.open("/", os.O_RDONLY))
            assert not Path("/missing/file").exists()
            with pytest.raises(FileNotFoundError):
                os.open("/missing/file", os.O_RDONLY)
        os.waitpid(os.posix_spawn("/proc/self/exe", ["python", "-V"], {}, file_actions=quiet()), 0)
        assert drain(monitor) == []


def quiet() -> list[tuple[int, int, str, int, int]]:
    return [(os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_WRONLY, 0) for descriptor in (1, 2)]
