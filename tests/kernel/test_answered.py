"""Calls that a seccomp filter, its supervisor or a debugger answers in the kernel's place: no event, or one that says
that nothing proves it; and those that the kernel did run although somebody could have answered them.
"""

import os
import platform
import shutil
from pathlib import Path

import pytest

from onlooker import Exec, Monitor, Open, TaskEvent, Unlink
from onlooker.probe import kernel

from .conftest import Workloads
from .flavours import by_functions, by_returns, flavours
from .running import Run, inherited, run_workload

COUNT = 23
INTEL = platform.machine() == "x86_64"
TRACERS = ["cont", "syscall", "sysemu"]

# Linux 5.11 (f9d480b6ffbe): what filters allow by the number of the call is known when it returns
pytestmark = pytest.mark.skipif(not INTEL and kernel.version(kernel.release()) < (5, 11), reason="not tried there")


@pytest.fixture(scope="module", params=flavours())
def watcher(request: pytest.FixtureRequest, workloads: Workloads) -> "Monitor":
    with Monitor(events=["exec", "open", "unlink"], comm=[f"{workloads.prefix}*"], attach=request.param) as monitor:
        yield monitor


def answered(
    monitor: Monitor, workloads: Workloads, how: str, call: str, value: int, path: Path, count: int = 1
) -> Run:
    """It must have got what it was to get."""
    return run_workload(monitor, workloads["answer"], how, call, value, path, 0, count)


def done(run: Run) -> list[TaskEvent]:
    """What it did after it began."""
    return [*run.opens(), *run.of(Unlink, run.pid)]


def needs_intel(call: str) -> None:
    if call in ("compat", "x32") and not INTEL:
        pytest.skip("another machine has no such calls")


@pytest.mark.parametrize("how", ["trap", "pending"])
@pytest.mark.parametrize("call", ["openat", "unlink", "compat", "x32"])
def test_a_trapped_call_is_no_event(watcher: Monitor, workloads: Workloads, scratch: Path, call: str, how: str) -> None:
    needs_intel(call)
    (scratch / "file").touch()
    run = answered(watcher, workloads, how, call, 0, scratch / "file", COUNT)
    assert run.numbers[0] > 0 and run.numbers[1] == 0
    assert done(run) == []
    assert (scratch / "file").exists()


@pytest.mark.parametrize(("call", "value"), [("openat", 0), ("unlink", 0)])
@pytest.mark.parametrize("how", ["errno", "notify"])
def test_a_success_that_a_filter_made_up(
    watcher: Monitor, workloads: Workloads, scratch: Path, how: str, call: str, value: int
) -> None:
    (scratch / "file").touch()
    run = answered(watcher, workloads, how, call, value, scratch / "file", COUNT)
    assert run.numbers == [value, 0]
    events = done(run)
    if (call == "openat" and by_functions(watcher)) or by_returns(watcher):
        assert events == []
    else:
        assert [(event.path, event.errno, event.unproven) for event in events] == [
            (f"{scratch}/file", None, True)
        ] * COUNT
    assert (scratch / "file").exists()


def test_a_descriptor_that_a_supervisor_made_up(watcher: Monitor, workloads: Workloads, scratch: Path) -> None:
    """4 is the supervisor's pipe, 5 the listener, 99 nothing."""
    for value in (4, 5, 99):
        events = done(answered(watcher, workloads, "notify", "openat", value, scratch / "file"))
        if not by_functions(watcher) and not by_returns(watcher):
            assert [(event.fd, event.created, event.unproven) for event in events] == [(value, False, True)]


@pytest.mark.parametrize(
    ("call", "value"), [("openat", 1 << 32), ("openat", -5000), ("unlink", 1), ("unlink", 1 << 32), ("unlink", -4096)]
)
def test_a_result_that_the_call_can_not_give(
    watcher: Monitor, workloads: Workloads, scratch: Path, call: str, value: int
) -> None:
    run = answered(watcher, workloads, "notify", call, value, scratch / "file", COUNT)
    assert run.numbers == [value, 0]
    assert done(run) == []


def test_an_error_is_what_the_caller_got(watcher: Monitor, workloads: Workloads, scratch: Path) -> None:
    events = done(answered(watcher, workloads, "errno", "unlink", 13, scratch / "file"))
    assert [(event.errno, event.unproven) for event in events] == [("EACCES", False)]


@pytest.mark.skipif(not INTEL, reason="the workload sets registers")
@pytest.mark.parametrize("how", TRACERS)
@pytest.mark.parametrize(("call", "value"), [("openat", 7), ("unlink", 0)])
def test_a_success_that_a_debugger_made_up(
    watcher: Monitor, workloads: Workloads, scratch: Path, how: str, call: str, value: int
) -> None:
    run = answered(watcher, workloads, how, call, value, scratch / "file")
    assert run.numbers == [value, 0]
    events = done(run)
    if (call == "openat" and by_functions(watcher)) or by_returns(watcher):
        assert events == []
    else:
        assert [(event.path, event.errno, event.unproven) for event in events] == [(f"{scratch}/file", None, True)]


@pytest.mark.parametrize("how", ["allow", "look", "go-on"])
def test_an_open_that_was_allowed(watcher: Monitor, workloads: Workloads, scratch: Path, how: str) -> None:
    (scratch / "file").touch()
    events = done(answered(watcher, workloads, how, "openat", 0, scratch / "file", COUNT))
    assert [(event.real_path, event.unproven) for event in events] == [(f"{scratch}/file", False)] * COUNT


@pytest.mark.skipif(kernel.version(kernel.release()) < (5, 11), reason="it is known from 5.11 on")
def test_what_a_filter_always_allows_is_not_in_doubt(watcher: Monitor, workloads: Workloads, scratch: Path) -> None:
    (scratch / "file").touch()
    events = done(answered(watcher, workloads, "allow", "unlink", 0, scratch / "file"))
    assert [(event.errno, event.unproven) for event in events] == [(None, False)]


OPENS = [
    ("file", 0),
    ("./file", os.O_RDWR | os.O_APPEND),
    ("file", os.O_WRONLY | os.O_TRUNC | os.O_CREAT),
    ("new", os.O_WRONLY | os.O_CREAT | os.O_EXCL),
    ("file", os.O_PATH | os.O_CLOEXEC),
    ("directory", os.O_DIRECTORY),
    ("directory/", 0),
    (".", os.O_PATH | os.O_NOFOLLOW),
    ("..", 0),
    ("fifo", os.O_RDWR | os.O_NONBLOCK),
    ("directory", os.O_TMPFILE | os.O_RDWR),
    ("through/file", os.O_NOATIME | os.O_SYNC),
    ("/dev/null", os.O_RDWR | os.O_NOCTTY),
    ("/proc/self/status", 0),
    ("a name of more than sixteen bytes", os.O_RDWR | os.O_CREAT),
]


def prepare(scratch: Path) -> None:
    (scratch / "file").touch()
    (scratch / "directory").mkdir()
    (scratch / "directory" / "file").touch()
    os.mkfifo(scratch / "fifo")
    (scratch / "through").symlink_to("directory")
    (scratch / "link").symlink_to("file")


def opened(monitor: Monitor, workloads: Workloads, path: str, flags: int, under: list[str | Path]) -> list[Open]:
    mode = 0o600 if flags & os.O_CREAT or flags & os.O_TMPFILE == os.O_TMPFILE else 0
    words = ["openat", "plain", -100, path, flags, mode]
    run = run_workload(monitor, workloads["open"], *words, 0, 1, under=[str(word) for word in under])
    return run.opens()


@pytest.mark.parametrize("how", ["allow", "look"])
@pytest.mark.parametrize(("path", "flags"), OPENS)
def test_every_way_to_open_below_a_filter(
    watcher: Monitor, workloads: Workloads, scratch: Path, how: str, path: str, flags: int
) -> None:
    """As a container's processes do."""
    prepare(scratch)
    [event] = opened(watcher, workloads, path, flags, [workloads.renamed("answer"), how, "exec", "0"])
    assert (event.errno, event.unproven) == (None, False)


@pytest.mark.parametrize("how", ["allow", "look"])
def test_below_a_filter_by_handle(watcher: Monitor, workloads: Workloads, scratch: Path, how: str) -> None:
    prepare(scratch)
    under = [str(workloads.renamed("answer")), how, "exec", "0"]
    mount = inherited(os.open(scratch, os.O_RDONLY))
    run = run_workload(watcher, workloads["handle"], "plain", mount, scratch / "file", 0, COUNT, under=under, code=None)
    assert [(event.real_path, event.unproven) for event in run.opens()] == [(f"{scratch}/file", False)] * COUNT


def test_below_a_filter_through_a_link(watcher: Monitor, workloads: Workloads, scratch: Path) -> None:
    """Where the filter looks at arguments, a file of another name than the path's looks like an earlier one."""
    prepare(scratch)
    for how in ("allow", "look"):
        under = [workloads.renamed("answer"), how, "exec", "0"]
        [event] = opened(watcher, workloads, "link", 0, under)
        is_known = how == "allow" and kernel.version(kernel.release()) >= (5, 11)
        assert event.unproven is not (is_known or by_functions(watcher) or by_returns(watcher))


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
@pytest.mark.parametrize(("path", "flags"), [*OPENS, ("link", 0)])
def test_every_way_to_open_below_a_debugger(
    watcher: Monitor, workloads: Workloads, scratch: Path, path: str, flags: int
) -> None:
    """strace(1) stops it at every call, and could emulate it."""
    prepare(scratch)
    [event] = opened(watcher, workloads, path, flags, ["strace", "-D", "-f", "-o", "/dev/null"])
    assert (event.errno, event.unproven) == (None, False)


def test_a_question_is_no_execution(watcher: Monitor, workloads: Workloads, scratch: Path) -> None:
    """AT_EXECVE_CHECK (Linux 6.14) asks whether a file could be executed; an older kernel fails with EINVAL."""
    (scratch / "file").touch(0o644)
    for path in (workloads["nothing"], scratch / "file"):
        run = run_workload(watcher, workloads["exec"], "execveat", -100, 0x10000, path, "zero", code=None)
        assert run.execs() == [] and len(run.of(Exec)) == 1
