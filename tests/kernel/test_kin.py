"""Parents and ancestors in expressions, of real processes: some are older than the monitor."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from onlooker import Exec, Exit, Fork, Monitor, Open, UsageError

from ..limits import DEADLINE_SECONDS
from .commands import WATCH, run, started
from .conftest import Workloads, fresh_name
from .running import drain

TIMES = 23
CLONE_PARENT = 0x8000
NOBODY = 2**22 + 7  # above the highest process id


def shell(workloads: Workloads) -> Path:
    """Its own name is its process's."""
    path = workloads.directory / fresh_name()
    shutil.copy(Path(shutil.which("bash") or "").resolve(), path)
    return path


def test_what_an_ancestor_starts(workloads: Workloads) -> None:
    """And what that starts; not what others do meanwhile, nor the ancestor itself. Only execs are asked for."""
    program = shell(workloads)
    script = f"for i in {{1..{TIMES}}}; do sh -c 'true; /bin/true; :'; done; :"
    where = f"ancestor.comm == '{program.name}'"
    with Monitor(events=["exec"], where=[where, "exe endswith ('/true', 'sh')"]) as monitor:
        subprocess.run([program, "-c", script], check=True)
        subprocess.run(["sh", "-c", "/bin/true; :"], check=True)
        execs = drain(monitor)
        assert {event.event for event in execs} == {"exec"} == {*monitor.stats().events}
    direct = [event for event in execs if isinstance(event, Exec) and event.comm == "sh"]
    assert (len(direct), len(execs)) == (TIMES, 2 * TIMES)


def test_a_parent_that_is_older_than_the_monitor(workloads: Workloads) -> None:
    """It is found by its program, although a command runs in its place later; and its child by what it was."""
    program = shell(workloads)
    lines = ["read x", f"for i in {{1..{TIMES}}}; do (: < /dev/null); done", "exec cat /dev/null"]
    with started(str(program), "-c", "; ".join(lines), stdin=subprocess.PIPE) as process:
        whole = [f"parent.exe endswith '/{program.name}'", f"parent.cmdline contains 'in {{1..{TIMES}}}'"]
        with Monitor(events=["open"], where=[*whole, f"parent.pid == {process.pid}"], comm=[program.name]) as monitor:
            assert process.stdin
            process.stdin.write(b"\n")
            process.stdin.close()
            process.wait()
            opens = drain(monitor)
    assert [event.path for event in opens if isinstance(event, Open)] == ["/dev/null"] * TIMES


def test_of_a_command_that_is_followed(workloads: Workloads) -> None:
    """Only followed processes are reported, but their ancestors are also those of the monitor."""
    program = shell(workloads)
    script = f"for i in {{1..{TIMES}}}; do (:); done; :"
    own = Path("/proc/self/comm").read_text().removesuffix("\n")
    where = [f"parent.comm == '{own}'", "event == 'fork'"]
    with Monitor(command=[str(program), "-c", script], where=where) as monitor:
        forks = [event for event in monitor if isinstance(event, Fork)]
        command = monitor.command
    assert command and [event.pid for event in forks] == [command.pid] * TIMES


@pytest.mark.parametrize(("flags", "times"), [(0, 1), (CLONE_PARENT, TIMES + 1)])
def test_the_parent_is_the_kernel_s(workloads: Workloads, flags: int, times: int) -> None:
    """With CLONE_PARENT, what a process creates is its parent's child: here those of the shell beside the creator."""
    program, creator = shell(workloads), workloads["fork"]
    for name, count in ((program.name, times), (creator.name, TIMES + 1 - times)):
        where = [f"parent.comm == '{name[:15]}'", f"comm == '{creator.name[:15]}'"]
        with Monitor(events=["exit"], where=where) as monitor:
            script = f"{creator} clone {TIMES} {flags} < /dev/null; wait; :"
            subprocess.run([program, "-c", script], check=True, stdout=subprocess.DEVNULL)
            # with CLONE_PARENT the shell does not know them, and does not wait for their ends
            exits = drain(monitor)
            deadline = time.monotonic() + DEADLINE_SECONDS
            while len(exits) < count and time.monotonic() < deadline:
                exits += monitor.poll(0.1)
        assert len([event for event in exits if isinstance(event, Exit)]) == count


def test_a_process_id_that_can_match_nothing_is_told() -> None:
    """As without the expression."""
    for where in ((), "parent.pid == 1", "ancestor.comm == 'init' and event == 'open'"):
        with pytest.raises(UsageError, match=f"no such process: {NOBODY}"):
            Monitor(pid=[NOBODY], where=where).start()
        with Monitor(pid=[NOBODY, os.getppid(), os.getpid()], where=where) as monitor:
            assert monitor.notes == (
                f"no such process: {NOBODY}",
                f"process {os.getpid()} is the monitor itself; its events are not shown",
            )
    ended = run("--pid", str(NOBODY), "--where", "parent.pid == 1", command=WATCH)
    assert (ended.code, ended.err) == (2, f"onlooker: no such process: {NOBODY}\n\nhint: ps -e lists the processes\n")
