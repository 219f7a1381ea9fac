"""An event takes its class and its probe, and no other file: `new_event` holds both for chroot(2), which is no event
of onlooker's. They are put into a copy of the package, and everything about them is there.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import onlooker
from onlooker.events import TASK_EVENTS
from onlooker.probe import setup

PROJECT = Path(__file__).parents[2]
INSTALLED = Path(onlooker.__file__).parent
TARGET = {"x86_64": "x86", "aarch64": "arm64"}
COUNT = 23
NUMBER = 14  # in the class; the next one when it was written

WITHOUT_ROOT = """
import json, onlooker
from onlooker.events import TASK_EVENTS, plan
from onlooker.filters import Filter
from onlooker.schema.plan import Plan
from onlooker.testing import FakeSource, make
event = make("chroot", comm="a", pid=7, path="b", joined_path="/c/b", errno="EPERM")
assert type(event) is onlooker.Chroot and Plan.from_json(plan().to_json()) == plan()
print(str(event)[29:])
print(event.to_json())
print(list(onlooker.Monitor(events=["chroot"], source=FakeSource([event]))._source._events) == [event])
assert Filter.of(events=["all"]).events[-1] == "chroot"
assert onlooker.Lost(event.time, 1, 2, "chroot", "ring full").to_json()
"""
WITH_ROOT = """
import subprocess, sys, onlooker
code = "import os, sys; sys.stdin.read(1); [os.chroot('/') for _ in range(int(sys.argv[1]))]; os.chroot('/dev/null')"
child = subprocess.Popen([sys.executable, "-c", code, sys.argv[1]], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
with onlooker.Monitor(events=["chroot"], pid=[child.pid]) as monitor:
    child.communicate(b"x")
    monitor.stop()
    for event in monitor:
        print(event.to_json())
    print(monitor.stats().complete)
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a copy of the package is that has the event."""
    top = tmp_path_factory.mktemp("new_event")
    copy = top / "src/onlooker"
    shutil.copytree(INSTALLED, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / "bpf", top / "bpf")
    shutil.copytree(PROJECT / "tools", top / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    event = (PROJECT / "tests/meta/new_event/chroot.py").read_text(encoding="utf-8")
    event = event.replace(f"= {NUMBER}\n", f"= {len(TASK_EVENTS) + 1}\n")
    (copy / "events/chroot.py").write_text(event, encoding="utf-8")
    shutil.copy(PROJECT / "tests/meta/new_event/chroot.h", top / "bpf/probes")
    return copy.parent


def run(package: Path, code: str, *arguments: str) -> list[str]:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(package)}, cwd="/", capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_all_that_follows_from_the_class_is_there(package: Path) -> None:
    text, as_json, found = run(package, WITHOUT_ROOT)
    assert text == "Process a (PID:7) failed to change root directory to b: EPERM [joined: /c/b]"
    assert json.loads(as_json)["event"] == "chroot"
    assert found == "True"


@pytest.fixture(scope="module")
def probe(package: Path) -> Path:
    """The same with a probe that has the event, made as in meson.build: the one for this kernel."""
    top = package.parent
    for what, file in {"wire": "wire.h", "probes": "probes.h"}.items():
        subprocess.run([sys.executable, top / "tools/generate.py", what, top / file], check=True)
    names = ["clang", *(f"clang-{version}" for version in range(21, 13, -1))]
    clang = next(filter(None, map(shutil.which, names)))
    machine = platform.machine()
    flags = ["-target", "bpf", "-mcpu=v3", "-O2", "-g", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror"]
    flags += ["-Wno-missing-field-initializers", f"-D__TARGET_ARCH_{TARGET[machine]}"]
    includes = [f"-I/usr/include/{machine}-linux-gnu", f"-I{top}", f"-I{top / 'bpf'}"]
    name = setup.object_file().name
    can_cast = int(name != setup.OLDER_OBJECT.name)
    paths = [top / "bpf/monitor.bpf.c", "-o", package / "onlooker/probe" / name]
    subprocess.run([clang, *flags, f"-DCAN_CAST={can_cast}", *includes, "-c", *paths], check=True)
    return package


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_the_kernel_tells_of_it(probe: Path) -> None:
    *lines, complete = run(probe, WITH_ROOT, str(COUNT))
    assert complete == "True"
    events = [json.loads(line) for line in lines]
    assert {event["event"] for event in events} == {"chroot"}
    assert [event["path"] for event in events] == ["/"] * COUNT + ["/dev/null"]
    assert [event.get("errno") for event in events] == [None] * COUNT + ["ENOTDIR"]
