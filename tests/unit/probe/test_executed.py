"""What running processes have executed, as their directories in /proc tell."""

import os
import struct
from errno import ENAMETOOLONG

import pytest

from onlooker.filters.selected import exe
from onlooker.probe import executed, kernel

NOW = "; what they execute from now on counts"


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """Wherever the tests run: no pid namespace, and no other processes than in the made /proc."""

    def kill(pid, number):
        raise ProcessLookupError

    monkeypatch.setattr(kernel, "in_pid_namespace", lambda: False)
    monkeypatch.setattr(os, "kill", kill)


@pytest.fixture
def process(tmp_path):
    """The directory of a process that runs a file by these arguments, in a root of its own."""
    root = tmp_path / "root"
    for name in ("usr/bin", "srv"):
        (root / name).mkdir(parents=True)
    for name in ("dash", "python3.11", "tool"):
        (root / "usr/bin" / name).touch()
    (root / "usr/bin/python3").symlink_to("python3.11")
    (root / "usr/bin/pip").write_bytes(b"#!/usr/bin/python3\nimport pip\n")
    (root / "usr/bin/linter").write_bytes(b"#! /usr/bin/env -S python3 -u\n")
    (root / "srv/run.sh").write_bytes(b"#!/bin/sh -e\n:\n")
    (root / "srv/notes").write_bytes(b"no script\n")

    def make(pid, file, *args, cwd="/srv"):
        directory = tmp_path / "proc" / str(pid)
        directory.mkdir(parents=True)
        (directory / "exe").symlink_to(root / file)
        (directory / "cwd").symlink_to(cwd)
        (directory / "root").symlink_to(root)
        (directory / "cmdline").write_bytes(b"".join(os.fsencode(arg) + b"\0" for arg in args))
        return directory

    return make


@pytest.mark.parametrize(
    ("file", "args", "asked"),
    [
        ("usr/bin/python3.11", ["python3"], [b"/usr/bin/python3"]),
        ("usr/bin/python3.11", ["/usr/bin/python3", "-c", "tool"], [b"/usr/bin/python3"]),
        ("usr/bin/python3.11", ["tool"], []),  # it calls itself so
        ("usr/bin/python3.11", ["/usr/bin/python3", "/usr/bin/pip", "x"], [b"/usr/bin/python3", b"/usr/bin/pip"]),
        ("usr/bin/python3.11", ["python3", "-u", "/usr/bin/linter"], [b"/usr/bin/python3", b"/usr/bin/linter"]),
        ("usr/bin/dash", ["/bin/sh", "-e", "./run.sh"], [b"/srv/run.sh"]),
        ("usr/bin/dash", ["/bin/sh", "-e", "../srv/run.sh"], [b"/srv/run.sh"]),
        ("usr/bin/dash", ["vim", "./run.sh"], []),
        ("usr/bin/dash", ["sh", "notes", "missing", "/srv"], []),
        ("usr/bin/dash", [], []),
    ],
)
def test_what_the_arguments_tell(process, file, args, asked):
    directory = process(7, file, *args)
    names = {b"python3", b"tool", b"pip", b"linter", b"run.sh", b"notes", b"missing", b"srv"}
    real, *found = executed.executed_by(directory, names)
    assert (real, found) == (os.fsencode(directory.parent.parent / "root" / file), asked)
    assert [*executed.executed_by(directory, {b"other"})] == [real]


def test_a_file_that_is_deleted(tmp_path):
    (tmp_path / "exe").symlink_to("/usr/bin/gone (deleted)")
    (tmp_path / "cmdline").write_bytes(b"gone\0")
    assert [*executed.executed_by(tmp_path, {b"gone"})] == [b"/usr/bin/gone"]


def test_what_the_kernel_compares_with():
    name, path = executed.entries([exe("pip"), exe("/srv/a/b")])
    assert len(name) == len(path) == 8 + 2 * 4096 + 32
    assert (name[:11], name[11:].strip(b"\0")) == (struct.pack("=II", 3, False) + b"pip", b"")
    assert path[:16] == struct.pack("=II", 8, True) + b"/srv/a/b"
    assert path[8 + 4096 :].startswith(b"b\0a\0srv\0\0") and not path[8 + 4096 + 9 :].strip(b"\0")


class Listing:
    """A probe whose first processes are 1 to 5; 3 has created 6 before it is looked at."""

    def __init__(self):
        self.listed = {struct.pack("=I", 100 + pid): struct.pack("=QII", pid * 10, pid, 0) for pid in range(1, 6)}
        self.listed[struct.pack("=I", 7)] = struct.pack("=QII", 70, 0, 0)  # of another pid namespace
        self.calls = []

    def update(self, name, key, value):
        assert (name, key) == (".data.executed", bytes(4))
        self.calls.append(struct.unpack("=II", value))

    def iterate(self, name):
        assert name == "list_processes"

    def wait_for_programs(self):
        self.calls.append("wait")

    def entries(self, name):
        assert name == "unsettled"
        return dict(self.listed)

    def run(self, name, pid, start_ns, is_wanted):
        assert name == "decide"
        del self.listed[struct.pack("=I", pid)]
        if not is_wanted:
            return
        self.calls.append((pid, start_ns))
        if pid == 103:
            self.listed[struct.pack("=I", 106)] = struct.pack("=QII", 60, 6, 1)


def test_all_are_looked_at_and_what_they_create_meanwhile(process, monkeypatch):
    directory = process(3, "usr/bin/tool", "tool")
    for pid in (1, 6):
        process(pid, "usr/bin/tool", "anything")
    process(2, "usr/bin/dash", "sh")
    (directory.parent / "self").symlink_to(str(os.getpid()))
    monkeypatch.setattr(executed, "PROC", directory.parent)
    probe = Listing()
    assert executed.settle(probe, [exe("tool")]) == []
    assert probe.calls == [(1, 1), (0, 1), (101, 10), (103, 30), (106, 60), "wait", (0, 0)]
    assert probe.listed == {}
    assert executed.settle(None, []) == []


def test_what_cannot_be_read_is_said(monkeypatch):
    def refuse(directory, names):
        raise PermissionError

    monkeypatch.setattr(executed, "executed_by", refuse)
    assert executed.settle(Listing(), [exe("sh")]) == [
        f"what 5 running processes executed before now is not known (to read them needs CAP_SYS_PTRACE){NOW}"
    ]


def test_a_process_that_proc_hides(tmp_path, monkeypatch):
    """hidepid, proc(5). One that has ended, or is ending, is no doubt."""
    (tmp_path / "self").symlink_to(str(os.getpid()))
    (tmp_path / "1").mkdir()
    monkeypatch.setattr(executed, "PROC", tmp_path)

    def kill(pid, number):
        if pid != 2:
            raise PermissionError if pid == 3 else ProcessLookupError

    monkeypatch.setattr(os, "kill", kill)
    assert executed.settle(Listing(), [exe("sh")]) == [
        f"what 2 running processes executed before now is not known (to read them needs CAP_SYS_PTRACE){NOW}"
    ]


def test_a_program_whose_path_is_too_long(monkeypatch):
    def fail(directory, names):
        if directory.name == "1":
            raise OSError(ENAMETOOLONG, "")
        return iter(())

    monkeypatch.setattr(executed, "executed_by", fail)
    assert executed.settle(Listing(), [exe("sh")]) == [
        f"what 1 running process executed before now is not known (they can't be read){NOW}"
    ]


def test_more_processes_than_can_be_looked_at(monkeypatch):
    class Storm(Listing):
        def run(self, name, pid, start_ns, is_wanted):
            """Each creates another one before it is looked at."""

    monkeypatch.setattr(executed, "MOST_ROUNDS", 3)
    monkeypatch.setattr(executed, "executed_by", lambda directory, names: iter(()))
    assert executed.settle(Storm(), [exe("sh")]) == [
        f"what 6 running processes executed before now is not known (more come than can be looked at){NOW}"
    ]


def test_in_a_pid_namespace(tmp_path, monkeypatch):
    outside = f"what processes outside of this pid namespace executed before now is not known{NOW}"
    monkeypatch.setattr(kernel, "in_pid_namespace", lambda: True)
    monkeypatch.setattr(executed, "PROC", tmp_path)
    why = "/proc is not that of this pid namespace"
    nothing = f"what 6 running processes executed before now is not known ({why}){NOW}"
    assert executed.settle(Listing(), [exe("sh")]) == [outside, nothing]
    for pid, notes in ((os.getpid() + 1, [outside, nothing]), (os.getpid(), [outside])):
        (tmp_path / "self").unlink(missing_ok=True)
        (tmp_path / "self").symlink_to(str(pid))
        assert executed.settle(Listing(), [exe("sh")]) == notes


def test_a_process_whose_main_thread_has_ended(process, monkeypatch):
    """Its other threads have the program."""
    directory = process(3, "usr/bin/tool", "tool")
    (directory / "task").mkdir()
    for thread, made in ((3, False), (4, True)):
        other = directory / "task" / str(thread)
        other.mkdir()
        if made:
            (directory / "exe").rename(other / "exe")
            (directory / "cmdline").rename(other / "cmdline")
    (directory.parent / "self").symlink_to(str(os.getpid()))
    monkeypatch.setattr(executed, "PROC", directory.parent)
    probe = Listing()
    assert executed.settle(probe, [exe("tool")]) == []
    assert (103, 30) in probe.calls


def test_what_may_not_be_meant_so(tmp_path, monkeypatch):
    monkeypatch.setattr(executed, "PROC", tmp_path)
    (tmp_path / "self").symlink_to(str(os.getpid()))
    none = "no running process is known to have executed one"
    (tmp_path / "text").touch(0o644)
    (tmp_path / "program").touch(0o755)
    for text, note in (
        ("sh", None),
        (str(tmp_path / "program"), None),
        ("none-of-it", f"no program 'none-of-it' is on PATH, and {none}; it may come"),
        ("ngin*", "'ngin*' is compared as it is: * stands for nothing else"),
        ("/none/x", "there is no '/none/x' yet"),
        (f"{tmp_path}/text/x", f"there is no '{tmp_path}/text/x' yet"),
        (f"/{'n' * 256}", f"whether there is '/{'n' * 256}' is not known: File name too long"),
        (str(tmp_path), f"{str(tmp_path)!r} is a directory, which nobody executes"),
        (str(tmp_path / "text"), f"{str(tmp_path / 'text')!r} is not executable"),
    ):
        assert executed.settle(Listing(), [exe(text)]) == ([note] if note else [])
