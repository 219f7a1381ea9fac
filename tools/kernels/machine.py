"""A virtual machine, emulated by QEMU: no KVM is needed, so it runs wherever the build runs."""

import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# of a kernel that died because the emulator ran a breakpoint that was no longer there: Linux sets one, for a moment,
# where it changes its own code, and QEMU 7.2 may remember it for longer
STALE_BREAKPOINT = "int3: 0000"

MEMORY_MIB = 3072
PROCESSORS = 2
SLOWER = 8  # than this machine, about
# As the newest processor that can be emulated, but: a fifth level of page tables would only be walked; and after a
# cmpxchg16b of the kernel's allocator, QEMU 7.2 was seen to have the flags wrong, on which Linux 6.12 died.
PROCESSOR = "max,la57=off,cx16=off"
COMMAND_LINE = " ".join(
    (
        "console=ttyS0 quiet rdinit=/init",
        "panic=-1 oops=panic",  # end at once
        # the clock of the emulated processor is this machine's, and steady; without this, the kernel would not trust
        # it, and every look at the time would leave the processor
        "tsc=reliable",
        # what costs time, and guards against what can't happen here
        "mitigations=off init_on_alloc=0",
        "rcupdate.rcu_expedited=1",  # nobody is disturbed if what waits for all processors hurries
    )
)


@dataclass
class Outcome:
    """What came of one kernel. `failure` says why the machine did not come to its end, where it did not; `running`,
    which tests had begun then.
    """

    kernel: str
    release: str = ""
    tests: list[dict[str, Any]] = field(default_factory=list)
    failure: str = ""
    running: list[str] = field(default_factory=list)
    seconds: float = 0
    left_out: int = 0


def boot(kernel: str, image: Path, archive: Path, log: Path, limit_seconds: float) -> Outcome:
    """Run the machine to its end, or to the limit."""
    begin = time.monotonic()
    report = log.with_suffix(".jsonl")
    report.unlink(missing_ok=True)
    machine = subprocess.Popen(_command(image, archive, log, report), stdin=subprocess.DEVNULL)
    try:
        machine.wait(limit_seconds)
        late = False
    except subprocess.TimeoutExpired:
        late = True
    finally:
        machine.kill()
        machine.wait()
    outcome = told(kernel, report.read_text(encoding="utf-8", errors="replace") if report.exists() else "")
    outcome.seconds = time.monotonic() - begin
    if late:
        outcome.failure = f"it did not end within {limit_seconds:.0f} s"
    if outcome.failure and outcome.running:
        outcome.failure += f", in {' and '.join(outcome.running)}"
    return outcome


def is_the_emulators_fault(outcome: Outcome, log: Path) -> bool:
    """Whether the machine would not have died, had it been a real one."""
    return bool(outcome.failure) and STALE_BREAKPOINT in log.read_text(encoding="utf-8", errors="replace")


def told(kernel: str, report: str) -> Outcome:
    """The lines of the report; the last one, of a test during which the machine ended, may be a part of one."""
    outcome = Outcome(kernel, failure="the machine ended before the tests did")
    for line in report.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        outcome.release = found.get("release", outcome.release)
        if "begun" in found:
            outcome.running.append(found["begun"])
        if found.get("over") in outcome.running:
            outcome.running.remove(found["over"])
        if "test" in found:
            outcome.tests.append(found)
        if "end" in found:
            outcome.failure = "" if found["end"] in (0, 1) else f"pytest ended with exit code {found['end']}"
    return outcome


def _command(image: Path, archive: Path, log: Path, report: Path) -> list[str]:
    return [
        "qemu-system-x86_64",
        *("-accel", "tcg,thread=multi", "-cpu", PROCESSOR, "-smp", str(PROCESSORS), "-m", str(MEMORY_MIB)),
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-serial", f"file:{log}", "-serial", f"file:{report}"),
        *("-kernel", str(image), "-initrd", str(archive), "-append", COMMAND_LINE),
    ]
