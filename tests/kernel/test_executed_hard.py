"""What a process has executed, where that is hard to say: ids that are used again, cut paths, a pid namespace."""

import os
import re
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from onlooker import Monitor
from onlooker.filters.selected import Exe
from onlooker.probe import executed
from onlooker.probe._libbpf import Probe

from .conftest import Workloads, fresh_name
from .running import Process, collect, drain, losses
from .test_executed import COUNT, SETTLE, opened, opening, program, script, watched
from .test_privileges import UNSHARE
from .test_real_path_hard import dive

__all__ = ["program"]
DEEP = ["d" * 200] * 21  # longer than a path may be
NOW = "; what they execute from now on counts"
OUTSIDE = f"what processes outside of this pid namespace executed before now is not known{NOW}"
NO_PROC = rf"what (\d+) running process(?:es)? executed before now is not known \(/proc is not that of .*\){NOW}"


def unsettled(probe: Probe, pid: int) -> tuple[bytes, int]:
    """The key of a process on the list, and when it started."""
    [found] = [(key, entry(value)) for key, value in probe.entries("unsettled").items() if entry(value)[1] == pid]
    return found[0], found[1][0]


def entry(value: bytes) -> tuple[int, int]:
    start_ns, pid, _ = struct.unpack("=QII", value)
    return start_ns, pid


@pytest.mark.usefixtures("each_object")
def test_what_an_earlier_process_with_the_same_id_has_left(
    program: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the list, it does not keep the later one from being looked at."""
    process = Process(program, *opening("a"))

    def settle(probe: Probe, wanted: Sequence[Exe]) -> list[str]:
        probe.iterate("list_processes")
        key, start_ns = unsettled(probe, process.pid)
        probe.update("unsettled", key, struct.pack("=QII", start_ns - 10, 0, 0))
        return SETTLE(probe, wanted)

    monkeypatch.setattr(executed, "settle", settle)
    _, events = watched(process, program.name, events=["open"])
    assert opened(events) == ["a"] * COUNT


@pytest.mark.usefixtures("each_object")
def test_nothing_is_done_to_another_process_with_the_same_id(
    program: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by an exec and an end, nor by what the loader has found of an earlier one."""
    process = Process(script(scratch / fresh_name(), "read x", "exec /bin/true"))

    def settle(probe: Probe, wanted: Sequence[Exe]) -> list[str]:
        executed._tell(probe, listing=False, settling=True)
        probe.iterate("list_processes")
        key, start_ns = unsettled(probe, process.pid)
        [pid] = struct.unpack("=I", key)
        later = struct.pack("=QII", start_ns + 10, process.pid, 1)
        probe.update("unsettled", key, later)
        process.wait()
        assert probe.entries("unsettled")[key] == later
        for matches in (False, True):
            probe.run("decide", pid, start_ns, matches)
            assert probe.entries("unsettled")[key] == later
            assert key not in probe.entries("executed")
        probe.run("decide", pid, start_ns + 10, True)
        assert key not in probe.entries("unsettled")
        member = probe.entries("executed")[key]
        assert member == struct.pack("=QQ", start_ns + 10, False)
        probe.update("unsettled", key, struct.pack("=QII", start_ns, process.pid, 0))
        probe.run("decide", pid, start_ns, True)
        assert key not in probe.entries("unsettled")
        assert probe.entries("executed")[key] == member
        executed._tell(probe, listing=False, settling=False)
        return []

    monkeypatch.setattr(executed, "settle", settle)
    with Monitor(exe=[program.name], events=["exit"]) as monitor:
        assert drain(monitor) == []


@pytest.mark.usefixtures("each_object")
def test_an_exec_of_a_path_that_is_cut(program: Path, scratch: Path) -> None:
    """A process stays what it was. Where it may have executed what is wanted, and did not before, it is a loss."""
    lines = ["( exec ./other openat -100 forked 0 23; : )", "( exec /bin/cat certain; : )"]
    file = script(scratch / fresh_name(), *lines, "exec ./other openat -100 itself 0 23")
    dive(DEEP)
    shutil.copy(program, "other")
    quiet = {"check": False, "stdin": subprocess.DEVNULL, "capture_output": True}
    unsure = {("fork", "unfollowed"): 1}
    shown = ["forked", "certain", "itself"]
    for exe, asked, expected, lost in (
        (str(file), file, ["forked"] * COUNT + ["itself"] * COUNT, unsure),
        (file.name, file, ["itself"] * COUNT, {}),
        (str(program), file, [], {("fork", "unfollowed"): 2}),
        ("other", file, ["forked"] * COUNT + ["itself"] * COUNT, {}),
        (str(program), "/bin/true", [], {}),
    ):
        with Monitor(exe=[exe], events=["open"]) as monitor:
            subprocess.run([asked], **quiet)  # type: ignore[call-overload]
            events = drain(monitor)
        assert [path for path in opened(events) if path in shown] == expected, exe
        assert losses(events) == lost, exe


def test_a_process_whose_main_thread_has_ended(workloads: Workloads) -> None:
    """/proc has no program of it, but of its other threads."""
    code = "import ctypes, threading; threading.Thread(target=input).start(); ctypes.CDLL(None).syscall({}, 0)"
    path = workloads.renamed("where")
    path.unlink()
    path.symlink_to(Path(sys.executable).resolve())
    number = {"x86_64": 60, "aarch64": 93}[os.uname().machine]  # exit
    process = Process(path, "-c", code.format(number))
    while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    with Monitor(exe=[path.name], events=["exit"]) as monitor:
        _, [events] = collect(process, [monitor])
    assert [event.event for event in events] == ["exit"]
    path.unlink()


def test_what_is_not_known_in_a_pid_namespace(scratch: Path) -> None:
    """What runs outside of it; with another one's /proc, or none, nothing is."""
    file = script(scratch / fresh_name(), "read x")
    code = f"""if True:
        from subprocess import PIPE, Popen
        from onlooker import Monitor
        process = Popen([{str(file)!r}], stdin=PIPE)
        with Monitor(exe=[{file.name!r}], events=["exit"]) as monitor:
            process.communicate()
            print(*monitor.notes, sep="\\n")
            monitor.stop()
            print(len(list(monitor)))
    """
    foreign = tuple(word for word in UNSHARE if word != "--mount-proc")
    for unshare, exits in ((UNSHARE, 1), (foreign, 0)):
        done = subprocess.run((*unshare, sys.executable, "-c", code), capture_output=True, text=True, check=True)
        *notes, last = done.stdout.splitlines()
        assert int(last) == exits
        assert notes[-2 + exits] == OUTSIDE
        if not exits:
            match = re.fullmatch(NO_PROC, notes[-1])
            assert match and int(match[1]) >= 2  # this program and the script
