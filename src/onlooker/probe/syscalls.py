"""Which system calls make an event, and the probe's table of their numbers."""

import platform
from array import array
from collections.abc import Collection, Iterator

from ..events import TASK_EVENTS
from ..schema.syscalls import Syscall, names

CALLS = 1024  # bpf/config.h
MACHINES = ("x86_64", "aarch64")

# calls newer than Linux 5.10, which a kernel may be without
NEWER = frozenset(call.name for cls in TASK_EVENTS.values() for call in cls.syscalls if call.since)


def calls_of(event: str) -> tuple[str, ...]:
    """Names of the system calls that make an event, by their numbers in the probe, from 1 on."""
    return names(TASK_EVENTS[event].syscalls)


def numbers(machine: str) -> tuple[dict[str, int], dict[str, int]]:
    """Those of all these calls by name, for native programs of the machine and for its 32-bit ones."""
    calls = [call for cls in TASK_EVENTS.values() for call in cls.syscalls]
    native, compat = (
        {call.name: number for call in calls if (number := call.number(machine, compat=row)) is not None}
        for row in (False, True)
    )
    return native, compat


def native_calls(event: str, machine: str | None = None) -> tuple[str, ...]:
    """Those that native programs of the machine have, as the kernel calls them."""
    calls = _calls(event, machine or platform.machine(), compat=False)
    return tuple(call.kernel_name or call.name for call in calls)


def functions_of(event: str, machine: str | None = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the kernel's functions that are those calls, for native programs, and those for 32-bit ones.

    Those whose arguments are not the same for both have a function for 32-bit programs that says so: compat.
    """
    machine = machine or platform.machine()
    native, compat = (
        tuple(call.function(machine, compat=compat) for call in _calls(event, machine, compat=compat))
        for compat in (False, True)
    )
    return native, tuple(function for function in compat if function not in native)


def functions_of_call(name: str, machine: str | None = None) -> set[str]:
    """The functions that are one call."""
    machine = machine or platform.machine()
    calls = (call for cls in TASK_EVENTS.values() for call in cls.syscalls if call.name == name)
    return {call.function(machine, compat=compat) for call in calls for compat in (False, True)}


def table(events: Collection[str], machine: str | None = None) -> bytes:
    """What each number means to the probe (`calls` in bpf/call.h): native calls, then those of 32-bit programs."""
    machine = machine or platform.machine()
    meanings = array("H", bytes(2 * 2 * CALLS))
    for event in events:
        for call in TASK_EVENTS[event].syscalls:
            meaning = _meaning(call.told_as or event, call.name)
            for row in (False, True):
                number = call.number(machine, compat=row)
                if number is not None:
                    meanings[row * CALLS + number] = meaning
            if machine == "x86_64" and call.x32 is not None:
                meanings[call.x32] = meaning
    return meanings.tobytes()


def _calls(event: str, machine: str, *, compat: bool) -> Iterator[Syscall]:
    return (call for call in TASK_EVENTS[event].syscalls if call.number(machine, compat=compat) is not None)


def _meaning(event: str, call: str) -> int:
    return TASK_EVENTS[event].number << 8 | 1 + calls_of(event).index(call)
