"""What is known of processes, of a real container of runc with busybox in it."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import IO

import pytest

from onlooker import Event, Fork, Monitor, Open
from onlooker.enrich import answers
from onlooker.filters import expression

from .commands import ONLOOKER, run
from .conftest import fresh_name
from .running import DEADLINE_SECONDS
from .test_identity import cgroup_mount, own_cgroup

COUNT = 23
RUN = "exec runc run --bundle . "
# runc takes what is mounted there for the only hierarchy
ONLY_VERSION_2 = "mount -t cgroup2 none /sys/fs/cgroup && "
UNIFIED = Path("/sys/fs/cgroup/unified")
SCRIPT = "read go; i=0; while [ $i -lt {count} ]; do read x < {marker}; i=$((i+1)); done; echo done; read end; exit 0"


class Container:
    """A container that waits until it is told to go on."""

    def __init__(self, bundle: Path, name: str, cgroup: str) -> None:
        self.name, self.cgroup, self.marker = name, cgroup, f"/{name}"
        script = SCRIPT.format(count=COUNT, marker=self.marker)
        root = bundle / "rootfs"
        for directory in ("bin", "proc"):
            (root / directory).mkdir(parents=True)
        shutil.copy(busybox(), root / "bin" / "busybox")
        (root / name).write_text("x\n")
        config = {
            "ociVersion": "1.0.2",
            "process": {
                "user": {"uid": 0, "gid": 0}, "args": ["/bin/busybox", "sh", "-c", script], "cwd": "/", "env": ["A=b"],
            },
            "root": {"path": "rootfs"},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
            "linux": {"cgroupsPath": cgroup, "namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")]},
        }  # fmt: skip
        (bundle / "config.json").write_text(json.dumps(config))
        self.before = ONLY_VERSION_2
        self._bundle = bundle
        self._process: subprocess.Popen[str] | None = None

    @property
    def command(self) -> list[str]:
        return ["unshare", "-m", "sh", "-c", self.before + RUN + self.name]

    def start(self, under: Sequence[str] = ()) -> None:
        words, pipe = [*under, *self.command], subprocess.PIPE
        self._process = subprocess.Popen(words, cwd=self._bundle, stdin=pipe, stdout=pipe, text=True)
        deadline = time.monotonic() + DEADLINE_SECONDS
        state = Path("/run/runc", self.name, "state.json")
        while not state.exists() and self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert state.exists()

    def go(self) -> None:
        assert self._process
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        said(stdin, "go\n")
        assert stdout.readline() == "done\n"

    def end(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.communicate("end\n", timeout=DEADLINE_SECONDS)
        return process.returncode


def said(pipe: IO[str], text: str) -> None:
    pipe.write(text)
    pipe.flush()


def busybox() -> str:
    return shutil.which("busybox") or ""


@pytest.fixture
def container(scratch: Path) -> Iterator[Container]:
    mount = cgroup_mount()
    if not shutil.which("runc") or not busybox():
        pytest.skip("runc and busybox are not installed")
    if not mount or not os.access(mount / own_cgroup(), os.W_OK):
        pytest.skip("no cgroup can be made here")
    name = fresh_name()
    unit = f"/{name}.slice/{name}-web.service"
    bundle = scratch / "bundle"
    bundle.mkdir()
    made = Container(bundle, name, f"{unit}/box")
    was_there = Path("/run/runc").exists()
    try:
        yield made
    finally:
        made.end()
        mounts = (
            {mount, *Path("/sys/fs/cgroup").iterdir()} if UNIFIED.exists() else {mount}
        )  # runc leaves what is above
        for each, path in product(mounts, (unit, f"/{name}.slice")):
            with suppress(OSError):
                (each / path.lstrip("/")).rmdir()
        if not was_there:
            with suppress(OSError):
                Path("/run/runc").rmdir()


def until(monitor: Monitor, found: Callable[[list[Event]], bool]) -> list[Event]:
    events: list[Event] = []
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not found(events) and time.monotonic() < deadline:
        events += monitor.poll(0.1)
    return events


def of_marker(container: Container, events: list[Event]) -> list[Open]:
    return [event for event in events if isinstance(event, Open) and event.path == container.marker]


def test_container_unit_and_ancestors(container: Container) -> None:
    with Monitor(events=["open", "fork"], context=["all"]) as monitor:
        container.start()
        container.go()
        opened = of_marker(container, until(monitor, lambda events: len(of_marker(container, events)) >= COUNT))
        assert len(opened) == COUNT
        found = monitor.context_of(opened[0])
        assert all(monitor.context_of(event) == found for event in opened)
    ancestors = found.pop("ancestors"), found.pop("ancestor_exes")
    assert "runc" in [name for name, _ in zip(*ancestors, strict=True)]
    assert shutil.which("runc") in [os.path.realpath(exe) for exe in ancestors[1]]
    assert str(os.getpid()) in found.pop("ancestor_pids")
    assert found == {
        "user_name": "root",
        "group_name": "root",
        "container_id": container.name,
        "container_name": container.name,
        "container_runtime": "runc",
        "unit": f"{container.name}-web.service",
        "cgroup": container.cgroup,
    }


@pytest.mark.skipif(not (UNIFIED / "cgroup.procs").exists(), reason="version 1 is not mounted beside version 2")
def test_a_container_where_both_versions_of_control_groups_are(container: Container) -> None:
    """As on a machine in systemd's hybrid mode: runc makes it in each hierarchy."""
    container.before = ""
    with Monitor(events=["open"], context=["container"]) as monitor:
        container.start()
        container.go()
        opened = of_marker(container, until(monitor, lambda events: len(of_marker(container, events)) >= COUNT))
        known = [monitor.context_of(event) for event in opened]
    assert (
        known
        == [{"container_id": container.name, "container_name": container.name, "container_runtime": "runc"}] * COUNT
    )


@pytest.mark.parametrize("is_there_before", [True, False])
def test_an_expression_decides_by_the_container(
    container: Container, is_there_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of one that begins later; and the kernel then rejects what others do."""
    monkeypatch.setattr(answers, "LOOK_SECONDS", 0.0)
    if is_there_before:
        container.start()
    with Monitor(where=f"container.name == '{container.name}'", events=["open"]) as monitor:
        if not is_there_before:
            container.start()
        Path("/etc/hostname").read_bytes()
        container.go()
        events = until(monitor, lambda events: len(of_marker(container, events)) >= COUNT)
        number = {event.cgroup_id for event in of_marker(container, events)}
        assert len(of_marker(container, events)) == COUNT
        assert {event.cgroup_id for event in events if isinstance(event, Open)} == number
        assert monitor.stats().lost == {}
        if not is_there_before:
            return
        assert monitor.filter.where is not None and monitor._pipeline.answers
        [test] = expression.tests_of(monitor.filter.where)
        bound = monitor._pipeline.answers.bound(test, True)
        assert isinstance(bound, expression.Or)
        above, passing = bound.terms
        # those around it are young, and may still become containers; the others are none
        assert number < {*passing.values} and (cgroup_mount() or Path()).stat().st_ino not in passing.values
        assert above.op == ">" and max(number) <= above.values[0]


def test_what_is_not_of_a_container(container: Container) -> None:
    """A test is false where nothing is known, and `not` of it is true."""
    container.start()
    with Monitor(
        where=f"not container.name == '{container.name}' and path == '{container.marker}'", events=["open"]
    ) as monitor:
        container.go()
        process = subprocess.Popen(["cat", container.marker], stderr=subprocess.DEVNULL)
        process.wait()
        events = until(monitor, lambda events: len(events) > 0)
    assert [event.pid for event in of_marker(container, events)] == [process.pid]


def test_users() -> None:
    with Monitor(where="user.name == 'root' and group.name != 'nobody'", events=["fork"]) as monitor:
        process = subprocess.Popen(["sh", "-c", "(true); true"])
        process.wait()
        events = until(monitor, lambda events: process.pid in [e.pid for e in events if isinstance(e, Fork)])
    assert {event.uid for event in events if isinstance(event, Fork)} == {0}


def test_a_recording(container: Container, scratch: Path) -> None:
    container.start((*ONLOOKER, "record", "--with", "container,unit", "-o", "../r.onlook", "--"))
    time.sleep(0.3)  # what is gone when the first events are read, is unknown
    container.go()
    assert container.end() == 0
    asked = f"SELECT container_name, unit, count(*) AS n FROM opens WHERE path = '{container.marker}' GROUP BY ALL"
    found = run("query", "r.onlook", asked, "--output-format", "json")
    assert json.loads(found.out) == {
        "container_name": container.name,
        "unit": f"{container.name}-web.service",
        "n": COUNT,
    }
    where = f"container.name == '{container.name}' and path == '{container.marker}'"
    for options, shown in ((["--with", "container"], container.name), ([], None)):
        found = run("replay", "r.onlook", "--where", where, "--output-format", "json", *options)
        lines = [json.loads(line) for line in found.out.splitlines()]
        assert [line.get("container_name") for line in lines] == [shown] * COUNT
