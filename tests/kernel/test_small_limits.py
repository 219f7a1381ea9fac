"""Where a limit is too small for it, one line says what has run out and what to do; no traceback, no wrong cause."""

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from .commands import ONLOOKER, Ended
from .running import DEADLINE_SECONDS, SLOWER

HELPER = Path(__file__).with_name("limited.py")
RAN_OUT = re.compile(
    r"onlooker: cannot (?:set up the probe|continue): "
    r"(?:Too many open files|Cannot allocate memory|Resource temporarily unavailable)"
    r" \([\w .:/'-]+\)\n\nhint: raise the limit \(.*\), or stop other programs\n$"
)
MIB = 1 << 20
STEP = 1 if SLOWER == 1 else 7  # in an emulation each takes seconds


def limited(name: str, values: Sequence[int]) -> list[tuple[int, Ended]]:
    """Up to the first that is enough."""
    command = [sys.executable, "-m", f"tests.kernel.{HELPER.stem}", name, *map(str, values)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * DEADLINE_SECONDS, cwd=HELPER.parents[2])
    assert done.returncode == 0, done
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [(each["value"], Ended(each["code"], "", each["said"])) for each in found]


def test_every_number_of_descriptors() -> None:
    """From none on, to the first that is enough; where it is slow, some of them."""
    *short, (enough, last) = limited("RLIMIT_NOFILE", range(0, 100, STEP))
    last.assert_complete()
    assert 10 < enough < 60
    for value, ended in short:
        assert ended.code == 1, (value, ended)
        assert RAN_OUT.fullmatch(ended.err), (value, ended)


def test_little_memory() -> None:
    *short, (_, last) = limited("RLIMIT_AS", [step * 2 * MIB for step in range(0, 60, STEP)])
    last.assert_complete()
    assert short
    for value, ended in short:
        assert ended.code == 1, (value, ended)
        found = RAN_OUT.search(ended.err)
        assert found, (value, ended)
        before = ended.err[: found.start()]  # where only the thread for the duration was too much
        assert before == "" or "\nonlooker: incomplete: it ended with an error\n" in before, (value, ended)


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.ENOSYS])
def test_a_seccomp_filter_before_bpf(number: int) -> None:
    [(_, ended)] = limited("seccomp", [number])
    said = f"onlooker: bpf(2) is forbidden here: {os.strerror(number)} (a seccomp filter may forbid it)\n"
    hint = "allow bpf and perf_event_open in the container's seccomp profile or in SystemCallFilter="
    assert ended == Ended(3, "", f"{said}\nhint: {hint}\n")


@pytest.mark.parametrize("most", [5, 6, *range(12, 20, STEP)])
def test_from_the_interpreter_s_start_on(most: int) -> None:
    """With three the dynamic loader can't load Python, and with four Python can't load its own library. With some more,
    it is libbpf's tests of what the kernel has that fail; it makes each once in a process, the forks' parent above.
    """
    limited_by = ("sh", "-c", f'ulimit -n {most} && exec "$0" "$@"')
    command = [*limited_by, *ONLOOKER, "watch", "--duration", "1ms"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    assert done.returncode == 1
    assert RAN_OUT.fullmatch(done.stderr), done.stderr
