"""`onlooker doctor` on this machine, as root: what it says is so."""

import json
import os
from itertools import pairwise

import pytest

import onlooker
from onlooker.probe import kernel
from onlooker.probe.attach import TABLE

from .bpf import held_by
from .commands import run
from .flavours import sees_rings

NAMES = [
    "system",
    "kernel",
    "type information",
    "libbpf",
    "capabilities",
    "lockdown",
    "BPF compiler",
    "tracefs",
    "process ids",
    "kernel memory",
    "probe",
    "after the start",
    "attach raw",
    "attach fexit",
    "attach kprobe",
    "attach tracepoint",
]


def test_it_says_that_this_machine_can_be_watched() -> None:
    ended = run("doctor", env=os.environ | {"COLUMNS": "1000"})
    assert (ended.code, ended.err) == (0, "")
    assert ended.lines[-1] == "onlooker can watch this machine"
    checks = ended.lines[: ended.lines.index("")]
    named = [line for line in checks if not line.startswith(" ")]
    assert [line[9:27].rstrip() for line in named] == NAMES
    assert {line.split()[0] for line in named} <= {"ok", "limited"}
    for status, after in pairwise(checks):
        if status.startswith("limited"):
            assert after.lstrip().startswith("cost: ")


def test_json_says_the_same() -> None:
    ended = run("doctor", "--output-format", "json")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert found["able"]
    assert [check["name"] for check in found["checks"]] == NAMES
    checks = {check["name"]: check for check in found["checks"]}
    assert checks["kernel"]["result"].startswith(os.uname().release)
    assert checks["probe"] == {
        "name": "probe",
        "status": "ok",
        "result": "loads and attaches",
        "cost": "",
        "remedy": "",
    }
    observed = [(each["event"], each["purpose"]) for each in found["attached"]]
    assert observed == [(hook.event, hook.purpose) for hook in TABLE]
    assert all(each["why"] for each in found["attached"])
    unseen = [each["purpose"] for each in found["attached"] if not each["programs"]]
    assert unseen == ([] if sees_rings() else ["io_uring"])


def test_it_leaves_nothing_behind() -> None:
    kernel.forget()  # what other tests have asked of it keeps a descriptor
    before, descriptors = held_by(os.getpid()), len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    assert onlooker.diagnose().able
    assert held_by(os.getpid()) == before
    assert len(os.listdir("/proc/self/fd")) == descriptors  # noqa: PTH208


@pytest.mark.parametrize("command", [["watch", "--output-format=jsn"], ["doctor", "--output-format=table"]])
def test_a_mistake_is_found_before_anything_is_attached(command: list[str]) -> None:
    assert run(*command).code == 2
