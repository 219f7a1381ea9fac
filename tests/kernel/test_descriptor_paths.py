"""Paths that lead through a descriptor: the event names its file, as for a call that gets a descriptor."""

import os
from pathlib import Path
from typing import Any

import pytest

from onlooker import Chmod, Chown, Link, Monitor, TaskEvent, Truncate

from .conftest import Workloads
from .file_calls import COUNT, NATIVE, SHAPES, USUAL, attempt, behind, encoded, opened, ways
from .running import run_workload

NOFOLLOW, FOLLOW = 0x100, 0x400
NOTHING = (None, None, None)
FOLLOWING: dict[type[TaskEvent], tuple[str, ...]] = {
    Chmod: ("chmod", "fchmodat", "fchmodat2"),
    Chown: ("chown", "fchownat", "chown32"),
    Truncate: ("truncate", "truncate64"),
}
EVERY = [
    pytest.param(event_type, *way.values, id=way.id, marks=way.marks)
    for event_type, calls in FOLLOWING.items()
    for way in ways(event_type, *calls)
]
# with the process's own id for @
FORMS = (
    *(
        "/proc/self/fd/%s",
        "/proc/thread-self/fd/%s",
        "/proc/self/task/@/fd/%s",
        "/proc/@/fd/%s",
        "/proc/@/task/@/fd/%s",
    ),
    *("/dev/fd/%s", "//proc/./self///fd/./%s", "./" * 2000 + "proc/self/fd/%s"),
)
ELSEWHERE = (
    *("/proc/self/fd/0%s", "/proc/self/fd/%s/", "/proc/self/fd/%s/file", "/proc/self/fd/%sx", "/proc/self/fdinfo/%s"),
    *("/proc/self/fdinfo/../fd/%s/", "/proc/selfish/fd/%s", "/dev/fdx/%s"),
)
WITH_OWN_ID = 'for word do shift; set -- "$@" "$(printf %s "$word" | sed "s/@/$$/g")"; done; exec "$@"'


def make(monitor: Monitor, workloads: Workloads, event_type: type[TaskEvent], call: str, **given: Any) -> Any:
    """The event of one native call, made by a process that has its own id in the path."""
    given = {**USUAL, **given}
    words = [encoded(given[name]) for name in SHAPES[call]]
    under = ["sh", "-c", WITH_OWN_ID, "sh"]
    return run_workload(monitor, workloads.of_files["call"], "native", NATIVE[call], 1, *words, under=under).only(
        event_type
    )


def told(event: Any) -> tuple[str | None, int | None, int | None]:
    return event.real_path, event.device, event.inode


@pytest.mark.parametrize(("event_type", "call", "compat"), EVERY)
def test_every_call(
    file_monitor: Monitor, workloads: Workloads, scratch: Path, event_type: type[TaskEvent], call: str, compat: bool
) -> None:
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDWR)
    path = f"/proc/self/fd/{fd}"
    for event in attempt(file_monitor, workloads, event_type, call, compat=compat, count=COUNT, path=path):
        assert (event.errno, told(event), event.file_state, event.cut) == (None, behind(fd), None, ())


@pytest.mark.parametrize("form", FORMS)
def test_every_form(file_monitor: Monitor, workloads: Workloads, scratch: Path, form: str) -> None:
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDWR)
    path = form % fd if form.startswith("/") else f"/{form % fd}"
    event = make(file_monitor, workloads, Chmod, "chmod", path=path)
    assert (event.errno, event.fd, told(event), event.cut) == (None, None, behind(fd), ())


@pytest.mark.parametrize(("name", "fd"), [("stdin", 0), ("stdout", 1)])
def test_by_name(file_monitor: Monitor, workloads: Workloads, scratch: Path, name: str, fd: int) -> None:
    """The tests give the workload pipes."""
    event = make(file_monitor, workloads, Chmod, "chmod", path=f"/dev/{name}")
    assert (event.errno, event.file_state, event.real_path, event.cut) == (None, "pseudo", None, ())
    assert event.inode


def test_from_the_root(file_monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    fd = opened(scratch)
    event = make(file_monitor, workloads, Chmod, "fchmodat", dirfd=opened(Path("/")), path=f"proc/self/fd/{fd}")
    assert (event.errno, told(event), event.cut) == (None, behind(fd), ())


@pytest.mark.parametrize("form", ELSEWHERE)
def test_paths_that_lead_elsewhere(file_monitor: Monitor, workloads: Workloads, scratch: Path, form: str) -> None:
    (scratch / "file").touch()
    fd = opened(scratch / "file", os.O_RDWR)
    event = make(file_monitor, workloads, Chmod, "chmod", path=form % fd)
    assert (event.errno is not None, told(event), event.cut) == (True, NOTHING, ())


def test_a_descriptor_that_is_none(file_monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    event = make(file_monitor, workloads, Chmod, "chmod", path="/proc/self/fd/2323")
    assert (event.errno, told(event), event.cut) == ("ENOENT", NOTHING, ())


def test_another_process(file_monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """Its descriptors are out of reach, and nothing is said of them."""
    fd = opened(scratch)
    event = make(file_monitor, workloads, Chmod, "chmod", path=f"/proc/{os.getpid()}/fd/{fd}")
    assert (event.errno, told(event), event.cut) == (None, NOTHING, ())


@pytest.mark.parametrize(
    ("event_type", "call", "given"),
    [
        (Chown, "lchown", {}),
        (Chown, "fchownat", {"flags": NOFOLLOW}),
        (Link, "linkat", {"flags": 0}),
        (Link, "link", {}),
    ],
)
def test_the_link_itself(
    file_monitor: Monitor,
    workloads: Workloads,
    scratch: Path,
    event_type: type[TaskEvent],
    call: str,
    given: dict[str, int],
) -> None:
    fd = opened(scratch)
    event = make(file_monitor, workloads, event_type, call, path=f"/proc/self/fd/{fd}", **given)
    assert (told(event), event.cut) == (NOTHING, ())


@pytest.mark.parametrize("flags", [os.O_TMPFILE | os.O_RDWR, os.O_CREAT | os.O_RDWR])
def test_a_file_gets_a_name(file_monitor: Monitor, workloads: Workloads, scratch: Path, flags: int) -> None:
    """As open(2) advises for O_TMPFILE."""
    fd = opened(scratch if flags & os.O_TMPFILE == os.O_TMPFILE else scratch / "file", flags)
    event = make(file_monitor, workloads, Link, "linkat", path=f"/proc/self/fd/{fd}", flags=FOLLOW)
    assert (event.errno, event.joined_new_path, event.cut) == (None, f"{scratch}/new", ())
    found = (scratch / "new").stat()
    assert (event.device, event.inode) == (found.st_dev, found.st_ino)
    assert event.file_state == ("tmpfile" if flags & os.O_TMPFILE == os.O_TMPFILE else None)


def test_a_failure_at_the_file(file_monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    fd = opened(scratch)
    event = make(file_monitor, workloads, Truncate, "truncate", path=f"/proc/self/fd/{fd}")
    assert (event.errno, told(event), event.cut) == ("EISDIR", behind(fd), ())
