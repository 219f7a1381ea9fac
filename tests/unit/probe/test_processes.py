"""Process ids and users that can match nothing, looked for among real processes."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from onlooker import UsageError
from onlooker.probe import kernel, processes
from onlooker.probe.processes import is_named, look_for, without_processes

NOBODY = 2**22 + 7  # above the highest that a kernel gives (PID_MAX_LIMIT, include/linux/threads.h)

pytestmark = pytest.mark.skipif(kernel.in_pid_namespace(), reason="only where ids are the machine's is anything said")


@pytest.fixture
def thread():
    """The id of another thread of this process."""
    ready, end, found = threading.Event(), threading.Event(), []

    def run():
        found.append(threading.get_native_id())
        ready.set()
        end.wait(60)

    made = threading.Thread(target=run)
    made.start()
    ready.wait(60)
    yield found[0]
    end.set()
    made.join()


def name():
    return Path("/proc/self/comm").read_text().strip()


def test_what_is_there_is_not_noted():
    assert look_for([]) == []
    assert look_for([os.getppid(), 1]) == []


def test_nobody():
    with pytest.raises(UsageError) as raised:
        look_for([NOBODY])
    assert str(raised.value) == f"no such process: {NOBODY}"
    assert raised.value.hint == "ps -e lists the processes"
    with pytest.raises(UsageError, match=f"no such process: {NOBODY}, 2147483647"):
        look_for([NOBODY, 2**31 - 1])


def test_a_list_that_is_long():
    with pytest.raises(UsageError) as raised:
        look_for(range(NOBODY, NOBODY + 23))
    assert str(raised.value).endswith(f", {NOBODY + 4} and 18 more")


def test_nobody_among_others():
    assert look_for([1, NOBODY]) == [f"no such process: {NOBODY}"]


def test_a_thread(thread):
    with pytest.raises(UsageError) as raised:
        look_for([thread])
    assert str(raised.value) == f"{thread} is a thread of process {os.getpid()} ({name()})"
    assert raised.value.hint == f"pid=[{os.getpid()}]"
    assert raised.value.command_hint == f"--pid {os.getpid()}"


def test_a_thread_among_others(thread):
    assert look_for([thread, 1, NOBODY]) == [
        f"no such process: {NOBODY}",
        f"{thread} is a thread of process {os.getpid()} ({name()})",
    ]


def test_a_name_is_escaped(thread):
    before = Path("/proc/self/comm").read_bytes()[:-1]
    Path(f"/proc/self/task/{os.getpid()}/comm").write_bytes(b"\x1b[2J\n\xff")
    try:
        with pytest.raises(UsageError) as raised:
            look_for([thread])
    finally:
        Path(f"/proc/self/task/{os.getpid()}/comm").write_bytes(before)
    assert str(raised.value).endswith(r" (\x1b[2J\n\udcff)")


def test_the_monitor_itself():
    assert look_for([os.getpid()]) == [f"process {os.getpid()} is the monitor itself; its events are not shown"]


def test_what_proc_hides_is_asked_of_kill(monkeypatch, tmp_path):
    (tmp_path / "self").mkdir()
    (tmp_path / "self/status").touch()
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert look_for([os.getppid()]) == []
    with pytest.raises(UsageError, match="no such process"):
        look_for([NOBODY])


def test_without_proc_nothing_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "PROC", tmp_path)
    assert look_for([NOBODY]) == []
    assert without_processes([0]) == [0]


def test_names_and_users_of_processes():
    assert is_named(name())
    assert not is_named(name() + "\n")
    assert without_processes([os.getuid(), 2**32 - 1]) == [2**32 - 1]


def test_a_process_that_has_ended_is_nobody():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert look_for([process.pid]) == []
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with pytest.raises(UsageError, match=f"no such process: {process.pid}"):
        look_for([process.pid])
