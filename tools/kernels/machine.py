"""A virtual machine, emulated by QEMU: no KVM is needed, so it runs wherever the build runs."""

import json
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Of a kernel that died, or a processor of it that hung, because the emulator ran a breakpoint that was no longer there:
# Linux sets one, for a moment, where it changes its own code, and QEMU 7.2 may remember it for longer.
STALE_BREAKPOINT = ("int3: 0000", "soft lockup - CPU")

MEMORY_MIB = 3072
PROCESSORS = 2
SLOWER = 8  # than this machine, about
SILENT_SECONDS = 400  # so long a machine says nothing only where it hangs: the longest test takes 60 on a busy machine
SILENT = f"nothing was heard of it for {SILENT_SECONDS} s"
# As the newest processor that can be emulated, but: a fifth level of page tables would only be walked; and after a
# cmpxchg16b of the kernel's allocator, QEMU 7.2 was seen to have the flags wrong, on which Linux 6.12 died.
PROCESSOR = "max,la57=off,cx16=off"
COMMAND_LINE = " ".join(
    (
        "console=ttyS0 quiet rdinit=/init",
        "panic=-1 oops=panic",  # end at once
        "softlockup_panic=1 watchdog_thresh=30",  # also where a processor has hung for a minute
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
    which tests had begun then; `hung`, whether nothing was heard of it any more.
    """

    kernel: str
    release: str = ""
    tests: list[dict[str, Any]] = field(default_factory=list)
    failure: str = ""
    running: list[str] = field(default_factory=list)
    hung: bool = False
    seconds: float = 0
    left_out: int = 0


def boot(kernel: str, image: Path, archive: Path, log: Path, limit_seconds: float) -> Outcome:
    """Run the machine to its end, or to the limit."""
    begin = time.monotonic()
    report = log.with_suffix(".jsonl")
    report.unlink(missing_ok=True)
    machine = subprocess.Popen(_command(image, archive, log, report), stdin=subprocess.DEVNULL)
    try:
        why = _wait(machine, report, begin + limit_seconds)
    finally:
        machine.kill()
        machine.wait()
    outcome = outcome_of(kernel, report.read_text(encoding="utf-8", errors="replace") if report.exists() else "")
    outcome.seconds = time.monotonic() - begin
    if why:
        outcome.failure, outcome.hung = why, why == SILENT
    if outcome.failure and outcome.running:
        outcome.failure += f", in {' and '.join(outcome.running)}"
    return outcome


def may_be_the_emulators_fault(outcome: Outcome, log: Path) -> bool:
    """Whether the machine might not have died, had it been a real one. What is at fault itself does it again."""
    if not outcome.failure:
        return False
    said = log.read_text(encoding="utf-8", errors="replace")
    return outcome.hung or any(sign in said for sign in STALE_BREAKPOINT)


def _wait(machine: "subprocess.Popen[bytes]", report: Path, deadline: float) -> str:
    """Until it has ended: nothing; or until it is late or silent: which."""
    size, heard_at = 0, time.monotonic()
    while True:
        with suppress(subprocess.TimeoutExpired):
            machine.wait(1)
            return ""
        now, said = time.monotonic(), report.stat().st_size if report.exists() else 0
        if said != size:
            size, heard_at = said, now
        if now > deadline:
            return "it did not end in time"
        if now - heard_at > SILENT_SECONDS:
            return SILENT


def outcome_of(kernel: str, report: str) -> Outcome:
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
