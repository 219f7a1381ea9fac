"""Numbers of the system calls that events tell of, and the probe's table of them.

Sources: arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl, include/uapi/asm-generic/unistd.h,
arch/arm/tools/syscall.tbl.
"""

import platform
from array import array
from collections.abc import Collection, Mapping

from ..events import layouts
from ..schema.values import Names

CALLS = 1024  # bpf/config.h
X32_EXECS = {520: "execve", 545: "execveat"}  # x32 programs have numbers of their own for calls with pointer lists

X86_64 = {
    "open": 2, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "truncate": 76, "ftruncate": 77, "rename": 82,
    "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86, "unlink": 87, "symlink": 88, "chmod": 90, "fchmod": 91,
    "chown": 92, "fchown": 93, "lchown": 94, "openat": 257, "mkdirat": 258, "fchownat": 260, "unlinkat": 263,
    "renameat": 264, "linkat": 265, "symlinkat": 266, "fchmodat": 268, "open_by_handle_at": 304, "renameat2": 316,
    "execveat": 322, "clone3": 435, "openat2": 437, "fchmodat2": 452,
}  # fmt: skip
I386 = {
    "fork": 2, "open": 5, "creat": 8, "link": 9, "unlink": 10, "execve": 11, "chmod": 15, "lchown": 16, "rename": 38,
    "mkdir": 39, "rmdir": 40, "symlink": 83, "truncate": 92, "ftruncate": 93, "fchmod": 94, "fchown": 95, "clone": 120,
    "chown": 182, "vfork": 190, "truncate64": 193, "ftruncate64": 194, "lchown32": 198, "fchown32": 207, "chown32": 212,
    "openat": 295, "mkdirat": 296, "fchownat": 298, "unlinkat": 301, "renameat": 302, "linkat": 303, "symlinkat": 304,
    "fchmodat": 306, "open_by_handle_at": 342, "renameat2": 353, "execveat": 358, "clone3": 435, "openat2": 437,
    "fchmodat2": 452,
}  # fmt: skip
AARCH64 = {
    "mkdirat": 34, "unlinkat": 35, "symlinkat": 36, "linkat": 37, "renameat": 38, "truncate": 45, "ftruncate": 46,
    "fchmod": 52, "fchmodat": 53, "fchownat": 54, "fchown": 55, "openat": 56, "clone": 220, "execve": 221,
    "open_by_handle_at": 265, "renameat2": 276, "execveat": 281, "clone3": 435, "openat2": 437, "fchmodat2": 452,
}  # fmt: skip
ARM = {
    "fork": 2, "open": 5, "creat": 8, "link": 9, "unlink": 10, "execve": 11, "chmod": 15, "lchown": 16, "rename": 38,
    "mkdir": 39, "rmdir": 40, "symlink": 83, "truncate": 92, "ftruncate": 93, "fchmod": 94, "fchown": 95, "clone": 120,
    "chown": 182, "vfork": 190, "truncate64": 193, "ftruncate64": 194, "lchown32": 198, "fchown32": 207, "chown32": 212,
    "openat": 322, "mkdirat": 323, "fchownat": 325, "unlinkat": 328, "renameat": 329, "linkat": 330, "symlinkat": 331,
    "fchmodat": 333, "open_by_handle_at": 371, "renameat2": 382, "execveat": 387, "clone3": 435, "openat2": 437,
    "fchmodat2": 452,
}  # fmt: skip

# The functions of 32-bit calls that have other names than the calls. COMPAT_SYSCALL_DEFINE in fs/open.c, fs/fhandle.c
# and fs/exec.c; numbers of users were of 16 bits first (kernel/uid16.c); and the halves of a number of 64 bits are put
# together by the architecture (arch/x86/kernel/sys_ia32.c, arch/arm64/kernel/sys32.c).
_OF_COMPAT = ("open", "openat", "open_by_handle_at", "execve", "execveat", "truncate", "ftruncate")
_COMPAT_FUNCTIONS = {
    **{call: f"compat_sys_{call}" for call in _OF_COMPAT},
    **{call: f"sys_{call}16" for call in ("chown", "lchown", "fchown")},
    **{f"{call}32": f"sys_{call}" for call in ("chown", "lchown", "fchown")},
}
_WIDE_FUNCTIONS = {"x86_64": "sys_ia32_", "aarch64": "compat_sys_aarch32_"}  # of truncate64 and ftruncate64

# of native programs, of 32-bit ones
NUMBERS: Mapping[str, tuple[Mapping[str, int], Mapping[str, int]]] = {
    "x86_64": (X86_64, I386),
    "aarch64": (AARCH64, ARM),
}

# calls newer than Linux 5.10: fchmodat2 (6.6)
NEWER = frozenset({"fchmodat2"})

# two events share the call: the probe is told of the other one, and looks at the flags (bpf/probes/rmdir.h)
_TOLD_AS = {("rmdir", "unlinkat"): "unlink"}

# in the order of EXEC_CALL_… in bpf/config.h; the event of an exec does not name its call, which it can't always know
_EXECS = ("execve", "execveat")


def calls_of(event: str) -> tuple[str, ...]:
    """Names of the system calls that an event tells of: those of its field `syscall`, by number on the wire."""
    if event == "exec":
        return _EXECS
    values = [f.kind.values for f in layouts()[event].body.members if f.name == "syscall"]
    return tuple(name for _, name in values[0].names) if values and isinstance(values[0], Names) else ()


def native_calls(event: str, machine: str | None = None) -> tuple[str, ...]:
    """Those that native programs of the machine have."""
    native, _ = NUMBERS[machine or platform.machine()]
    return tuple(call for call in calls_of(event) if call in native)


def functions_of(event: str, machine: str | None = None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the kernel's functions that are those calls, for native programs, and what 32-bit ones have beside them.

    Those whose arguments are not the same for both have a function for 32-bit programs that says so: compat.
    Source: arch/x86/include/asm/syscall_wrapper.h, arch/arm64/include/asm/syscall_wrapper.h.
    """
    machine = machine or platform.machine()
    native, compat = NUMBERS[machine]
    calls = calls_of(event)
    functions = tuple(_native_function(call, machine) for call in calls if call in native)
    others = (_compat_function(call, machine) for call in calls if call in compat)
    return functions, tuple(function for function in others if function not in functions)


def functions_of_call(call: str, machine: str | None = None) -> set[str]:
    """The functions that are one call."""
    machine = machine or platform.machine()
    return {_native_function(call, machine), _compat_function(call, machine)}


def _native_function(call: str, machine: str) -> str:
    return f"__{'x64' if machine == 'x86_64' else 'arm64'}_sys_{call}"


def _compat_function(call: str, machine: str) -> str:
    if call.endswith("truncate64"):
        name = f"{_WIDE_FUNCTIONS[machine]}{call}"
    else:
        name = _COMPAT_FUNCTIONS.get(call, f"sys_{call}")
    return f"__{'ia32' if machine == 'x86_64' else 'arm64'}_{name}"


def table(events: Collection[str], machine: str | None = None) -> bytes:
    """What each number means to the probe (`calls` in bpf/call.h): native calls, then those of 32-bit programs."""
    meanings = array("H", bytes(2 * 2 * CALLS))
    native, compat = NUMBERS[machine or platform.machine()]
    for event in events:
        for call in calls_of(event):
            meaning = _meaning(_TOLD_AS.get((event, call), event), call)
            for row, numbers in enumerate((native, compat)):
                if call in numbers:
                    meanings[row * CALLS + numbers[call]] = meaning
    if "exec" in events and native is X86_64:
        for number, call in X32_EXECS.items():
            meanings[number] = _meaning("exec", call)
    return meanings.tobytes()


def _meaning(event: str, call: str) -> int:
    return (1 + list(layouts()).index(event)) << 8 | 1 + calls_of(event).index(call)
