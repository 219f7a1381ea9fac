"""Exit events, compared with what wait(2) gave the parent."""

import os
import shutil
import time
from collections import Counter
from pathlib import Path
from signal import SIGABRT, SIGKILL, SIGSEGV, SIGTERM, Signals

import msgspec
import pytest

from onlooker import Exit, Fork, Monitor
from onlooker.probe import attach
from onlooker.probe.kernel import release, version

from .conftest import Workloads
from .flavours import loadable
from .running import SLOWER, Process, Run, collect, drain, losses, run_workload, without_skipped

UNCOUNTED_NS = 20_000_000 * SLOWER  # two ticks, where the kernel has 100 a second
RACES = max(53, 523 // SLOWER)
CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")
ENTERED = ("on_taskstats_exit",)
PROGRAMS = [("on_exit",), ("on_exit_old", "on_reaped"), *([ENTERED] if "kprobe" in loadable() else [])]


def assert_as_waited(event: Exit, status: int) -> None:
    if os.WIFSIGNALED(status):
        assert (event.exit_code, event.signal) == (None, Signals(os.WTERMSIG(status)).name)
    else:
        assert (event.exit_code, event.signal) == (os.WEXITSTATUS(status), None)
    assert event.core_dumped == os.WCOREDUMP(status)
    assert event.duration_ns == event.boot_ns - event.start_ns
    assert event.cut == ()


def end(monitor: Monitor, workloads: Workloads, how: str, value: int) -> tuple[Run, Exit]:
    """Run a workload that ends in that way, and check its only exit event against its status."""
    run = run_workload(monitor, workloads["exit"], how, value, code=None)
    event = run.only(Exit)
    assert (event.pid, event.ppid) == (run.pid, os.getpid())
    assert_as_waited(event, run.status)
    return run, event


@pytest.mark.parametrize("code", [0, 1, 23, 127, 128, 255, 256 + 23])
def test_by_code(monitor: Monitor, workloads: Workloads, code: int) -> None:
    run, event = end(monitor, workloads, "code", code)
    assert event.exit_code == run.code == code % 256
    assert event.tid == run.pid


@pytest.mark.parametrize("signal", [SIGKILL, SIGTERM, SIGSEGV, SIGABRT])
def test_by_signal(monitor: Monitor, workloads: Workloads, signal: Signals) -> None:
    run, event = end(monitor, workloads, "signal", signal)
    assert (event.signal, event.core_dumped, run.code) == (signal.name, False, -signal)


def test_by_a_real_time_signal(monitor: Monitor, workloads: Workloads) -> None:
    run = run_workload(monitor, workloads["exit"], "signal", 34 + 23, code=-34 - 23)
    assert run.only(Exit).signal == "SIGRTMIN+23"


@pytest.mark.parametrize("signal", [SIGSEGV, SIGABRT, SIGKILL])
def test_a_core_dump(monitor: Monitor, workloads: Workloads, scratch: Path, signal: Signals) -> None:
    # core(5): only a relative pattern keeps it in the scratch directory; others would leave it on the machine
    stays = CORE_PATTERN.read_text()[0] not in "/|"
    # whether one is written is the machine's choice; the event must say what wait(2) says
    _, event = end(monitor, workloads, "core" if stays else "signal", signal)
    assert event.signal == signal.name


@pytest.mark.parametrize("code", [0, 23])
def test_the_main_thread_ends_first(monitor: Monitor, workloads: Workloads, code: int) -> None:
    run, event = end(monitor, workloads, "leader", code)
    assert event.exit_code == run.code  # since Linux 6.0 the last thread's, before it the main one's
    assert run.code in (1, code)
    assert event.tid != run.pid  # but the last thread is whose end it was
    assert event.comm == workloads["exit"].name[:15]


@pytest.mark.parametrize("code", [0, 23])
def test_a_thread_ends_the_process(monitor: Monitor, workloads: Workloads, code: int) -> None:
    _, event = end(monitor, workloads, "group", code)
    assert event.exit_code == code


def test_a_thread_gets_the_signal(monitor: Monitor, workloads: Workloads) -> None:
    """It ends all of them, and none of them calls exit(2)."""
    _, event = end(monitor, workloads, "thread-signal", SIGSEGV)
    assert (event.signal, event.exit_code) == ("SIGSEGV", None)


@pytest.mark.parametrize("how", ["code", "leader", "group"])
def test_the_duration(monitor: Monitor, workloads: Workloads, how: str) -> None:
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    run, event = end(monitor, workloads, how, 0)
    after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    started, ended = run.numbers
    assert before < event.start_ns < started < ended < event.boot_ns < after
    assert ended - started < event.duration_ns < after - before


@pytest.mark.parametrize("how", ["race", "group-race"])
@pytest.mark.parametrize("programs", PROGRAMS, ids=lambda programs: programs[0])
def test_threads_end_at_the_same_moment(
    workloads: Workloads, monkeypatch: pytest.MonkeyPatch, programs: tuple[str, ...], how: str
) -> None:
    """With the program for newer kernels, the one for those that do not tell which thread is the last, and the one that
    the kernel can't interrupt.
    """
    if programs == ("on_exit",) and version(release()) < (6, 16):
        pytest.skip("before Linux 6.16 the kernel does not tell")
    renamed = workloads.renamed("exit")
    monkeypatch.setattr(attach, "TABLE", tuple(only(programs, hook) for hook in attach.TABLE))
    with Monitor(events=["fork", "exit"], comm=[renamed.name]) as monitor:
        assert [each.programs for each in monitor.attached if each.event == "exit"] == [programs]
        run, [run.events] = collect(Process(renamed, how, 100, RACES), [monitor])
    lost, skipped = without_skipped(losses(run.events))
    assert (run.code, lost) == (0, {})
    assert not skipped or programs != ENTERED
    statuses = dict(zip(run.numbers[::2], run.numbers[1::2], strict=True))
    assert [fork.child_pid for fork in run.of(Fork)] == list(statuses)
    assert len(statuses) == RACES
    exits, wanted = Counter(event.pid for event in run.exits), Counter([*statuses, run.pid])
    assert not exits - wanted
    assert (wanted - exits).total() <= skipped
    for event in run.exits:
        if event.pid != run.pid:
            assert_as_waited(event, statuses[event.pid])


def only(programs: tuple[str, ...], hook: attach.Hook) -> attach.Hook:
    """The hook for exits of a kernel that takes only those programs."""
    if hook.event != "exit":
        return hook
    return msgspec.structs.replace(hook, candidates=tuple(c for c in hook.candidates if tuple(c.programs) == programs))


def test_processor_time(workloads: Workloads) -> None:
    """Of a shell that computes, and of a program whose first thread ends before another. What wait4(2) says has what
    comes behind, too, and what was not counted yet.
    """
    shell = workloads.renamed("exit")
    shutil.copy(Path(shutil.which("bash") or "").resolve(), shell)
    program = workloads.renamed("exit")
    commands = (
        (shell, "-c", "for ((i = 0; i < 50000; i++)); do :; done"),
        (shell, "-c", "for ((i = 0; i < 2000; i++)); do : < /; done"),
        (program, "leader", "3"),
    )
    with Monitor(events=["exit"], comm=[shell.name, program.name]) as monitor:
        for command in commands:
            pid = os.posix_spawn(command[0], command, {})
            _, _, used = os.wait4(pid, 0)
            [event] = [event for event in drain(monitor) if isinstance(event, Exit) and event.pid == pid]
            assert event.cpu_user_ns is not None and event.cpu_system_ns is not None
            total = event.cpu_user_ns + event.cpu_system_ns
            waited, in_kernel = (round(seconds * 1e9) for seconds in (used.ru_utime + used.ru_stime, used.ru_stime))
            assert max(0, waited - UNCOUNTED_NS) <= total <= waited + 2000
            assert abs(event.cpu_system_ns - in_kernel) <= UNCOUNTED_NS
