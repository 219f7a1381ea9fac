"""The process table, from a made /proc and made events."""

import os
import sys
from pathlib import Path

import pytest

from onlooker.enrich import processes
from onlooker.enrich.processes import MOST_ANCESTORS, MOST_ARGV_BYTES, PROC, TICK_NS, ProcessTable
from onlooker.testing import make

START = 59_000_000_000


def put(proc: Path, pid: int, ppid: int = 1, comm: bytes = b"sh", argv: bytes = b"sh\0-i\0", state: bytes = b"S",
        flags: int = 0, start_ns: int = START) -> None:  # fmt: skip
    directory = proc / str(pid)
    directory.mkdir(exist_ok=True)
    fields = [b"%d" % ppid, *[b"0"] * 4, b"%d" % flags, *[b"0"] * 12, b"%d" % (start_ns // TICK_NS), *[b"0"] * 20]
    (directory / "stat").write_bytes(b"%d (%s) %s %s\n" % (pid, comm, state, b" ".join(fields)))
    (directory / "cmdline").write_bytes(argv)
    if not (directory / "exe").is_symlink():
        (directory / "exe").symlink_to("/usr/bin/sh")


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    put(tmp_path, 1, 0, b"systemd", b"/sbin/init\0", start_ns=0)
    put(tmp_path, 100, 1)
    (tmp_path / "self").mkdir()
    return tmp_path


def names(table: ProcessTable, pid: int, start_ns: int = START) -> list[str]:
    found = table.find(pid, start_ns)
    assert found
    return [found.comm, *(above.comm for above in found.ancestors())]


def test_what_was_there_before(proc):
    table = ProcessTable(proc)
    table.look()
    assert names(table, 100, START + TICK_NS - 1) == ["sh", "systemd"]
    found = table.find(100, START)
    assert found
    assert (found.argv, found.exe, found.ppid, found.argv_cut) == (("sh", "-i"), "/usr/bin/sh", 1, False)
    assert table.find(100, START + TICK_NS) is None  # another process with that id


def test_a_name_can_look_like_the_fields_behind_it(proc):
    put(proc, 101, 100, b"a) R 1 1 (\n\xff", b"a\xff\0\0b\0")
    table = ProcessTable(proc)
    table.look()
    found = table.find(101, START)
    assert found
    assert (found.comm, found.ppid, found.argv) == ("a) R 1 1 (\n\udcff", 100, ("a\udcff", "", "b"))


def test_a_zombie_and_a_kernel_thread(proc):
    put(proc, 101, argv=b"", state=b"Z")
    put(proc, 102, argv=b"", flags=0x00200000)
    table = ProcessTable(proc)
    table.look()
    assert [process.argv for pid in (101, 102) if (process := table.find(pid, START))] == [None, ()]


def test_what_it_was_stays_known_when_it_is_a_zombie(proc):
    table = ProcessTable(proc)
    table.look()
    put(proc, 100, argv=b"", state=b"Z")
    table.look()
    found = table.find(100, START)
    assert found and found.argv == ("sh", "-i")


@pytest.mark.parametrize("stat", [b"", b"100 sh S", b"100 (sh) S 1", b"100 (sh) S x" + b" 0" * 40])
def test_a_proc_that_makes_no_sense(proc, stat):
    (proc / "100/stat").write_bytes(stat)
    table = ProcessTable(proc)
    table.look()
    assert table.find(100, START) is None
    assert names(table, 1, 0) == ["systemd"]


def test_fork_exec_exit(proc):
    table = ProcessTable(proc)
    table.look()
    table.take(
        [
            make(
                "fork", pid=100, start_ns=START + 5, comm="sh", child_pid=7, child_start_ns=START + 99, child_ppid=100
            ),
            make("exec", pid=7, start_ns=START + 99, comm="make", argv=("make", "all"), exe="/usr/bin/make", ppid=100),
            make("exec", pid=7, start_ns=START + 99, comm="make", argv=("no",), errno="ENOENT", ppid=100),
            make(
                "fork", pid=7, start_ns=START + 99, comm="make", child_pid=8, child_start_ns=START + 900, child_ppid=7
            ),
            make("exit", pid=7, start_ns=START + 99, comm="make", ppid=100),
        ]
    )
    assert names(table, 8, START + 900) == ["make", "make", "sh", "systemd"]
    assert [table.find(pid, start).argv for pid, start in ((7, START + 99), (8, START + 900))] == [("make", "all")] * 2
    assert table.find(100, START + 5).is_exact


def test_the_parent_is_the_creator_or_its_parent(proc):
    """By CLONE_PARENT; a thread is no child."""
    table = ProcessTable(proc)
    table.look()
    table.take(
        [
            make("fork", pid=100, start_ns=START, child_pid=7, child_start_ns=START + 9, child_ppid=1),
            make("fork", pid=100, start_ns=START, child_pid=100, child_tid=8, thread=True),
        ]
    )
    assert names(table, 7, START + 9) == ["fake", "systemd"]
    assert len(table) == 3


def test_an_id_that_is_used_again(proc):
    """The events of the one before can come late; the one that is there is another."""
    table = ProcessTable(proc)
    table.take(
        [
            make("exec", pid=7, start_ns=START + 1, comm="old", argv=("old",)),
            make("exec", pid=7, start_ns=START + 2, comm="new", argv=("new",)),
        ]
    )
    assert [table.find(7, START + at).argv for at in (1, 2)] == [("old",), ("new",)]
    assert table.find(7, START + 3) is None


def test_nothing_is_guessed(proc):
    """Of a process that was gone before anybody looked, what its event says is known, and no more; one with the id of
    its parent that is younger is not its parent.
    """
    put(proc, 100, start_ns=START + 5 * TICK_NS)
    table = ProcessTable(proc)
    process = table.of(make("open", pid=9, ppid=100, start_ns=START, comm="gone"))
    assert (process.comm, process.ppid, process.argv, process.exe, process.parent) == ("gone", 100, None, None, None)


def test_a_process_is_looked_up_when_its_event_comes(proc):
    table = ProcessTable(proc)
    process = table.of(make("open", pid=100, ppid=1, start_ns=START + 3, comm="sh"))
    assert (process.argv, [above.comm for above in process.ancestors()]) == (("sh", "-i"), ["systemd"])


def test_arguments_are_bounded():
    table = ProcessTable(None)
    long = table.of(make("exec", argv=("a", "b" * 2 * MOST_ARGV_BYTES, "c")))
    assert long.argv and (sum(map(len, long.argv)), long.argv[0], long.argv_cut) == (MOST_ARGV_BYTES - 1, "a", True)
    assert not table.of(make("exec", argv=("a", "b"))).argv_cut
    assert table.of(make("exec", argv=("a", "b"), cut=("argv",))).argv_cut


def test_processes_are_bounded(monkeypatch):
    monkeypatch.setattr(processes, "MOST_ALIVE", 23)
    monkeypatch.setattr(processes, "MOST_ENDED", 5)
    table = ProcessTable(None)
    table.take(make("open", pid=pid, ppid=0) for pid in range(1, 101))
    assert (len(table), table.forgotten) == (23, 77)
    table.take(make("exit", pid=pid, ppid=0) for pid in range(78, 101))
    assert len(table) == 5


def test_ancestors_are_bounded():
    table = ProcessTable(None)
    for pid in range(1, 500):
        fork = make("fork", pid=pid, start_ns=pid, child_pid=pid + 1, child_start_ns=pid + 1, child_ppid=pid)
        table.take([fork, make("exit", pid=pid, start_ns=pid)])
    process = table.find(500, 500)
    assert process
    above = list(process.ancestors())
    assert len(above) == MOST_ANCESTORS and above[-1].parent is None and above[-1].ppid


def test_this_machine():
    table = ProcessTable()
    table.look()
    words = (PROC / "self/stat").read_text().rpartition(")")[2].split()
    me = table.find(os.getpid(), int(words[19]) * TICK_NS)
    assert me and me.ppid == os.getppid() and me.argv
    assert me.exe == os.path.realpath(sys.executable)
