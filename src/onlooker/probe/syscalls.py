"""Numbers of the system calls that events tell of, and the probe's table of them.

Sources: arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl, include/uapi/asm-generic/unistd.h,
arch/arm/tools/syscall.tbl.
"""

import platform
from array import array
from collections.abc import Collection, Mapping

from ..events import layouts
from ..schema.kinds import Choice

CALLS = 1024  # bpf/config.h
X32_EXECS = {520: "execve", 545: "execveat"}  # x32 programs have numbers of their own for calls with pointer lists

X86_64 = {
    "open": 2, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "creat": 85, "openat": 257,
    "open_by_handle_at": 304, "execveat": 322, "clone3": 435, "openat2": 437,
}  # fmt: skip
I386 = {
    "fork": 2, "open": 5, "creat": 8, "execve": 11, "clone": 120, "vfork": 190, "openat": 295,
    "open_by_handle_at": 342, "execveat": 358, "clone3": 435, "openat2": 437,
}  # fmt: skip
AARCH64 = {
    "openat": 56, "clone": 220, "execve": 221, "open_by_handle_at": 265, "execveat": 281, "clone3": 435, "openat2": 437,
}  # fmt: skip
ARM = {
    "fork": 2, "open": 5, "creat": 8, "execve": 11, "clone": 120, "vfork": 190, "openat": 322,
    "open_by_handle_at": 371, "execveat": 387, "clone3": 435, "openat2": 437,
}  # fmt: skip

# COMPAT_SYSCALL_DEFINE in fs/open.c, fs/fhandle.c and fs/exec.c
_COMPAT_FUNCTIONS = frozenset({"open", "openat", "open_by_handle_at", "execve", "execveat"})

# of native programs, of 32-bit ones
NUMBERS: Mapping[str, tuple[Mapping[str, int], Mapping[str, int]]] = {
    "x86_64": (X86_64, I386),
    "aarch64": (AARCH64, ARM),
}

# in the order of EXEC_CALL_… in bpf/config.h; the event of an exec does not name its call, which it can't always know
_EXECS = ("execve", "execveat")


def calls_of(event: str) -> tuple[str, ...]:
    """Names of the system calls that an event tells of: those of its field `syscall`, by number on the wire."""
    if event == "exec":
        return _EXECS
    kinds = [f.kind for f in layouts()[event].body.members if f.name == "syscall"]
    return kinds[0].names if kinds and isinstance(kinds[0], Choice) else ()


def native_calls(event: str, machine: str | None = None) -> tuple[str, ...]:
    """Those that native programs of the machine have."""
    native, _ = NUMBERS[machine or platform.machine()]
    return tuple(call for call in calls_of(event) if call in native)


def functions_of(event: str, machine: str | None = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the kernel's functions that are those calls, for native and for 32-bit programs.

    Those whose arguments are not the same for both have a function for 32-bit programs that says so: compat.
    Source: arch/x86/include/asm/syscall_wrapper.h, arch/arm64/include/asm/syscall_wrapper.h.
    """
    machine = machine or platform.machine()
    native, compat = NUMBERS[machine]
    own, other = ("x64", "ia32") if machine == "x86_64" else ("arm64", "arm64")
    calls = calls_of(event)
    return (
        tuple(f"__{own}_sys_{call}" for call in calls if call in native),
        tuple(
            f"__{other}_{'compat_' if call in _COMPAT_FUNCTIONS else ''}sys_{call}"
            for call in calls
            if call in compat and (call in _COMPAT_FUNCTIONS or other == "ia32" or call not in native)
        ),
    )


def table(events: Collection[str], machine: str | None = None) -> bytes:
    """What each number means to the probe (`calls` in bpf/call.h): native calls, then those of 32-bit programs."""
    meanings = array("H", bytes(2 * 2 * CALLS))
    native, compat = NUMBERS[machine or platform.machine()]
    for kind, event in enumerate(layouts(), 1):
        if event not in events:
            continue
        for row, numbers in enumerate((native, compat)):
            for place, call in enumerate(calls_of(event), 1):
                if call in numbers:
                    meanings[row * CALLS + numbers[call]] = kind << 8 | place
        if event == "exec" and native is X86_64:
            for number, call in X32_EXECS.items():
                meanings[number] = kind << 8 | 1 + _EXECS.index(call)
    return meanings.tobytes()
