"""Hard open events: calls that wait, start again, never reach the kernel, or race."""

import os
import platform
import signal
from pathlib import Path

import pytest

from onlooker import Exit, Monitor, Open

from .commands import wait_until
from .conftest import Workloads
from .flavours import by_functions, by_returns, flavours
from .running import SLOWER, Process, Run, collect, drain, losses, run_workload, without_skipped

COUNT = 23
AT_FDCWD = -100
OTHER_UID = 2323
OPENAT = {"x86_64": 257, "aarch64": 56}[platform.machine()]
RACES = 20_230 // SLOWER


@pytest.fixture
def fifo(scratch: Path) -> Path:
    path = scratch / "fifo"
    os.mkfifo(path)
    return path


def opened(run: Run) -> list[Open]:
    """What the main thread opened; the others look into /proc meanwhile."""
    return [event for event in run.opens() if event.tid == run.pid]


def test_a_path_that_is_changed_while_the_call_waits(monitor: Monitor, workloads: Workloads, fifo: Path) -> None:
    """The path is read when the call returns, and so it says in docs/limits.md."""
    run = run_workload(monitor, workloads["fifo"], "changed", fifo)
    [event] = opened(run)
    assert [event.fd, 0] == run.numbers
    assert (event.path, event.errno, event.cut) == ("something else", None, ())


def test_a_path_that_is_gone_while_the_call_waits(monitor: Monitor, workloads: Workloads, fifo: Path) -> None:
    """Its page would read as zeros; it is not taken for an empty path."""
    run = run_workload(monitor, workloads["fifo"], "dropped", fifo)
    [event] = opened(run)
    assert [event.fd, 0] == run.numbers
    assert (event.path, event.errno, event.cut) == ("", None, ("path",))


def test_a_call_that_is_begun_anew(monitor: Monitor, workloads: Workloads, fifo: Path) -> None:
    """After a signal; each time counts, and the name of the first one's error says so."""
    run = run_workload(monitor, workloads["fifo"], "interrupted", fifo)
    first, second = opened(run)
    assert (first.path, first.errno, first.fd) == (str(fifo), "ERESTARTSYS", None)
    assert (second.path, second.errno, second.fd) == (str(fifo), None, run.numbers[0])


def test_a_process_that_is_killed_in_a_call(monitor: Monitor, workloads: Workloads, fifo: Path) -> None:
    """Its call has an end too, and nothing of it is left for a process that comes later."""
    for _ in range(COUNT):
        process = Process(workloads["fifo"], "never", fifo)
        process.release()
        call = Path(f"/proc/{process.pid}/syscall")
        wait_until(lambda call=call: call.read_text().startswith(f"{OPENAT} "))
        os.kill(process.pid, signal.SIGKILL)
        run, [run.events] = collect(process, [monitor])
        [event] = opened(run)
        assert (event.path, event.errno) == (str(fifo), "ERESTARTSYS")
        assert run.events.index(event) < run.events.index(run.only(Exit))
        assert run.only(Exit).signal == "SIGKILL"


@pytest.mark.parametrize("value", [0, 13])
def test_a_filter_keeps_an_open_from_the_kernel(monitor: Monitor, workloads: Workloads, value: int) -> None:
    """seccomp(2). What is shown is what the caller got, and that may be a descriptor that is none of this path."""
    run = run_workload(monitor, workloads["seccomp"], "openat", value, "/missing/file")
    assert run.numbers == [-1 if value else 0, value]
    if by_functions(monitor) or (by_returns(monitor) and not value):
        assert run.opens() == []
        return
    [event] = run.opens()
    assert (event.path, event.fd, event.errno) == ("/missing/file", *((None, "EACCES") if value else (0, None)))
    assert event.file_state == (None if value else "pseudo")  # its standard input, a pipe


@pytest.mark.parametrize("call", ["openat", "openat2"])
def test_a_user_who_may_not(monitor: Monitor, workloads: Workloads, scratch: Path, call: str) -> None:
    """Denied by the file's mode, which no security module is asked about."""
    (scratch / "file").touch(0o600)
    scratch.chmod(0o755)
    under = ["setpriv", f"--reuid={OTHER_UID}", "--clear-groups"]
    run = run_workload(monitor, workloads["open"], call, "plain", -100, scratch / "file", 0, 0, 0, COUNT, under=under)
    found = {(event.uid, event.path, event.errno, event.fd) for event in run.opens()}
    assert found == {(OTHER_UID, str(scratch / "file"), "EACCES", None)}
    assert len(run.opens()) == COUNT


def test_an_overlay_is_one_file_system(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """The kernel opens the file below it by itself; the process has opened one."""
    for name in ("lower", "upper", "work", "merged"):
        (scratch / name).mkdir()
    (scratch / "lower" / "file").write_text("text")
    options = ",".join(f"{name}dir={scratch}/{name}" for name in ("lower", "upper", "work"))
    script = f"mount -t tmpfs none upper && mkdir upper/u upper/w && mount -t overlay -o {options} none merged"
    script = script.replace(f"{scratch}/upper", f"{scratch}/upper/u").replace(f"{scratch}/work", f"{scratch}/upper/w")
    under = ["unshare", "--mount", "sh", "-c", f'{script} && exec "$@"', "sh"]
    run = run_workload(
        monitor, workloads["open"], "openat", "plain", -100, "merged/file", os.O_RDWR, 0, 0, COUNT, under=under
    )
    assert [event.path for event in run.opens()] == ["merged/file"] * COUNT
    assert [event.fd for event in run.opens()] == [run.numbers[0]] * COUNT


@pytest.mark.parametrize("method", flavours(without="fexit"))
def test_processes_do_not_mix_up_their_words(workloads: Workloads, method: str) -> None:
    """Some of real-time priority that wake up again and again: they interrupt the others, in the midst of the probe
    too, to run it themselves on that cpu. Every path is whole and its own caller's.
    """
    program = workloads.renamed("open")
    with Monitor(comm=[program.name], events=["open"], attach=method, buffer_bytes=64 << 20) as monitor:
        runs = []
        for i in range(8):  # the paths of the last ones are too long for the probe's stack
            path, where = "/" * (23 + 61 * i) + "missing", ("naps", "plain")[i % 2]
            count = RACES // (1 if i < 4 else 10)
            under = ["chrt", "--fifo", "1"] if where == "naps" else []
            process = Process(program, "openat", where, -100, path, 0, 0, 0, count, under=under)
            runs.append((process, path, count))
        for process, _, _ in runs:
            process.release()
        for process, _, _ in runs:
            wait_until(process.ended)  # and leave the cpus to them
        events = drain(monitor)
    lost, skipped = without_skipped(losses(events))
    assert lost == {}
    missing = 0
    for process, path, count in runs:
        run = process.finish()
        run.events = events
        # the one that marks the beginning can be skipped, too
        found = [event for event in run.of(Open, run.pid) if event.path == path] if skipped else run.opens()
        assert {(event.path, event.errno, event.cut) for event in found} == {(path, "ENOENT", ())}
        missing += count - len(found)
    assert 0 <= missing <= skipped
