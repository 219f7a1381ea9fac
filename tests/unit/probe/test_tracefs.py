"""Finding tracefs, with directories that look like it."""

import errno
import os
from pathlib import Path

import pytest

from onlooker.probe import tracefs

NAMES = ("syscalls/sys_exit_openat", "syscalls/sys_exit_creat")


def mounted(path, **ids):
    """A directory that looks like tracefs, with the ids of some tracepoints of system calls."""
    for name, number in ids.items():
        point = path / "events" / "syscalls" / name
        point.mkdir(parents=True)
        (point / "id").write_text(f"{number}\n", encoding="ascii")
    return str(path)


def open_descriptors():
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def refused():
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.fixture
def places(monkeypatch, tmp_path):
    """Where tracefs is looked for: nowhere yet, and it can't be mounted."""
    monkeypatch.setattr(tracefs, "MOUNT_POINT", str(tmp_path / "tracing"))
    monkeypatch.setattr(tracefs, "AUTOMOUNT_POINT", str(tmp_path / "debug"))
    monkeypatch.setattr(tracefs, "_private_mount", refused)
    return tmp_path


def test_where_it_is_mounted(places):
    where = mounted(places / "tracing", sys_exit_openat=712, sys_exit_creat=88)
    assert tracefs.tracepoint_ids(NAMES) == (dict(zip(NAMES, (712, 88), strict=True)), where)


def test_a_tracepoint_that_is_not_there_is_left_out(places):
    where = mounted(places / "tracing", sys_exit_openat=712)
    assert tracefs.tracepoint_ids(NAMES) == ({NAMES[0]: 712}, where)


@pytest.mark.parametrize(
    "text", ["", "\n", "nonsense", "-1", "+1", "1_0", "0x10", "\u0661", "\xff", str(2**31), "9" * 5000]
)
def test_what_is_no_id_is_left_out(places, text):
    where = mounted(places / "tracing", sys_exit_openat=712, sys_exit_creat=88)
    (places / "tracing/events" / NAMES[1] / "id").write_text(text, encoding="utf-8")
    before = open_descriptors()
    assert tracefs.tracepoint_ids(NAMES) == ({NAMES[0]: 712}, where)
    assert open_descriptors() == before


def test_an_empty_mount_point_is_not_it(places, monkeypatch):
    (places / "tracing").mkdir()
    private = mounted(places / "private", sys_exit_openat=3)
    monkeypatch.setattr(tracefs, "_private_mount", lambda: os.open(private, os.O_RDONLY))
    assert tracefs.tracepoint_ids(NAMES) == ({NAMES[0]: 3}, "a private mount")


def test_debugfs_is_the_last_resort(places):
    where = mounted(places / "debug", sys_exit_openat=4)
    assert tracefs.tracepoint_ids(NAMES) == ({NAMES[0]: 4}, where)


def test_a_private_mount_is_preferred_to_debugfs(places, monkeypatch):
    mounted(places / "debug", sys_exit_openat=4)
    private = mounted(places / "private", sys_exit_openat=3)
    monkeypatch.setattr(tracefs, "_private_mount", lambda: os.open(private, os.O_RDONLY))
    assert tracefs.tracepoint_ids(NAMES)[1] == "a private mount"


def test_nowhere(places):
    with pytest.raises(PermissionError):
        tracefs.tracepoint_ids(NAMES)


def test_no_descriptor_is_left_open(places):
    mounted(places / "tracing", sys_exit_openat=712)
    (places / "debug").mkdir()
    before = open_descriptors()
    tracefs.tracepoint_ids(NAMES)
    assert open_descriptors() == before
