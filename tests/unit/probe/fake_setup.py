"""A made-up kernel for tests of the chooser: it opens fake probes, and refuses what a test names."""

import errno
from dataclasses import dataclass, field

from .fake_probe import FakeProbe


@dataclass
class FakeSetup:
    """Opens fake probes, each refusing the same."""

    refused: tuple[str, ...] = ()
    unattachable: tuple[str | int, ...] = ()
    error: int = errno.EINVAL
    what: str = "failed to load"
    fails: BaseException | None = None
    programs: tuple[str, ...] = ("identify",)
    probes: list[FakeProbe] = field(default_factory=list)
    by_sys_exit: list[set[str]] = field(default_factory=list)
    by_call_exit: list[set[str]] = field(default_factory=list)
    by_call_return: list[set[str]] = field(default_factory=list)

    def open(self, by_sys_exit: set[str], by_call_exit: set[str], by_call_return: set[str]) -> FakeProbe:
        self.by_sys_exit.append(by_sys_exit)
        self.by_call_exit.append(by_call_exit)
        self.by_call_return.append(by_call_return)
        self.probes.append(FakeProbe(self.refused, self.unattachable, self.error, self.what))
        return self.probes[-1]

    def fill(self, probe: FakeProbe) -> None:
        assert probe.attached == {}
        if self.fails:
            raise self.fails


def without_tracefs(names):
    raise PermissionError(errno.EPERM, "Operation not permitted")


def attached(report, event):
    return [each for each in report if each.event == event and each.purpose != "io_uring"][-1]
