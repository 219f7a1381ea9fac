"""Numbers of system calls, against what the kernel's headers and libseccomp say, and the probe's table of them."""

import ctypes
import ctypes.util
import platform
import re
import struct
import subprocess
from array import array

import pytest

from onlooker import Exec
from onlooker.events import TASK_EVENTS
from onlooker.probe.syscalls import CALLS, MACHINES, NEWER, calls_of, functions_of, native_calls, numbers, table

from ..compiler import CC

NUMBERS = {machine: numbers(machine) for machine in MACHINES}
TABLES = dict(zip(("X86_64", "I386", "AARCH64", "ARM"), (*NUMBERS["x86_64"], *NUMBERS["aarch64"]), strict=True))
X32_EXECS = {call.x32: call.name for call in Exec.syscalls}
# of Debian's linux-libc-dev, which a C compiler needs anyway; those of x86 are there on x86 only
HEADERS = {"AARCH64": "asm-generic/unistd.h"}
if platform.machine() == "x86_64":
    HEADERS |= {"X86_64": "asm/unistd_64.h", "I386": "asm/unistd_32.h"}
# include/uapi/linux/audit.h; x32 as libseccomp has it, seccomp.h
ARCHITECTURES = {"X86_64": 0xC000003E, "I386": 0x40000003, "AARCH64": 0xC00000B7, "ARM": 0x40000028}
X32 = 0x4000003E
X32_BIT = 0x40000000
UNKNOWN = -1  # __NR_SCMP_ERROR: a call that is newer than the library
KINDS = {event: kind for kind, event in enumerate(TASK_EVENTS, 1)}


def in_header(name: str) -> dict[str, int]:
    """What the macros __NR_… expand to."""
    want = "#define __ARCH_WANT_SYS_CLONE3\n#define __ARCH_WANT_RENAMEAT\n#define __ARCH_WANT_NEW_STAT\n"
    command = [*CC, "-E", "-dM", "-x", "c", "-"]
    done = subprocess.run(command, input=f"{want}#include <{name}>\n", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    macros = dict(re.findall(r"^#define (__NR\w+) (\w+)$", done.stdout, re.MULTILINE))
    found = {name[5:]: macros.get(value, value) for name, value in macros.items() if name.startswith("__NR_")}
    return {call: int(number) for call, number in found.items() if number.isdigit()}


@pytest.mark.parametrize("name", HEADERS)
def test_the_kernels_headers_say_the_same(name):
    numbers = in_header(HEADERS[name])
    assert len(numbers) > 290
    newer = NEWER - numbers.keys()  # than the headers
    assert {call: numbers.get(call) for call in TABLES[name].keys() - newer} == older(TABLES[name], newer)


def older(numbers, without):
    return {call: number for call, number in numbers.items() if call not in without}


@pytest.mark.parametrize("name", HEADERS)
def test_no_call_of_an_event_is_forgotten(name):
    calls = {call for event in TASK_EVENTS for call in calls_of(event)}
    numbers = in_header(HEADERS[name])
    newer = NEWER - numbers.keys()
    assert calls & numbers.keys() == (TABLES[name].keys() & calls) - newer == TABLES[name].keys() - newer


@pytest.fixture(scope="module")
def resolve():
    """`resolve(architecture, call)`: the number that libseccomp knows."""
    library = ctypes.util.find_library("seccomp")
    if not library:
        pytest.skip("libseccomp is not installed")
    function = ctypes.CDLL(library).seccomp_syscall_resolve_name_arch
    function.argtypes, function.restype = [ctypes.c_uint32, ctypes.c_char_p], ctypes.c_int
    return lambda architecture, call: function(architecture, call.encode())


@pytest.mark.parametrize("name", TABLES)
def test_libseccomp_says_the_same(resolve, name):
    known = {call: resolve(ARCHITECTURES[name], call) for call in TABLES[name]}
    unknown = {call for call in NEWER if known.get(call) == UNKNOWN}
    if name == "I386":  # there the library takes it for a part of socketcall, as glibc calls it
        unknown |= {"bind"}
    assert older(known, unknown) == older(TABLES[name], unknown)


def test_x32_programs_use_the_native_table_but_for_execs(resolve):
    own = {call: number for number, call in X32_EXECS.items()}
    for call, number in TABLES["X86_64"].items():
        if call in NEWER and resolve(X32, call) == UNKNOWN:
            continue
        assert resolve(X32, call) == X32_BIT | own.get(call, number), call


@pytest.mark.parametrize("name", TABLES)
def test_numbers_fit_the_table(name):
    numbers = TABLES[name].values()
    assert len(set(numbers)) == len(TABLES[name])
    assert all(0 < number < CALLS for number in numbers)


def entries(events, machine):
    """What the table says: (row, number) -> (event, call)."""
    names = {kind: event for event, kind in KINDS.items()}
    raw = table(events, machine)
    assert len(raw) == 2 * 2 * CALLS
    found = {}
    for at, meaning in enumerate(array("H", raw)):
        if meaning:
            event = names[meaning >> 8]
            found[divmod(at, CALLS)] = event, calls_of(event)[(meaning & 0xFF) - 1]
    return found


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    "events", [(), ("open",), ("exec",), ("fork",), ("exit",), ("open", "exec"), tuple(TASK_EVENTS)]
)
def test_the_table_says_what_each_number_means(machine, events):
    wanted = {
        (row, numbers[call]): (event, call)
        for event in events
        for row, numbers in enumerate(NUMBERS[machine])
        for call in calls_of(event)
        if call in numbers and (event, call) != ("rmdir", "unlinkat")  # in the table as an unlink: test_shared_calls.py
    }
    if "exec" in events and machine == "x86_64":
        wanted |= {(0, number): ("exec", call) for number, call in X32_EXECS.items()}
    assert entries(events, machine) == wanted


def test_the_table_as_the_probe_reads_it():
    """`calls[compat][number]` in bpf/call.h; the kinds and places are those of wire.h."""
    raw = table(("open", "exec", "fork"), "x86_64")

    def meaning(row, number):
        return struct.unpack_from("=H", raw, 2 * (row * 1024 + number))[0]

    assert meaning(0, 257) == 4 << 8 | 2  # openat: KIND_OPEN, OPEN_SYSCALL_OPENAT
    assert meaning(1, 295) == 4 << 8 | 2
    assert meaning(0, 304) == 4 << 8 | 5  # open_by_handle_at
    assert [meaning(0, 59), meaning(0, 322)] == [2 << 8 | 1, 2 << 8 | 2]  # EXEC_SYSCALL_EXECVE, EXEC_SYSCALL_EXECVEAT
    assert [meaning(1, 11), meaning(1, 358)] == [2 << 8 | 1, 2 << 8 | 2]
    assert [meaning(0, 520), meaning(0, 545)] == [2 << 8 | 1, 2 << 8 | 2]
    assert [meaning(0, number) for number in (56, 435, 57, 58)] == [1 << 8 | place for place in (1, 2, 3, 4)]
    assert meaning(0, 5) == meaning(1, 257) == 0


def test_calls_of_an_event():
    assert calls_of("exec") == ("execve", "execveat")
    assert calls_of("fork") == ("clone", "clone3", "fork", "vfork")
    assert calls_of("open")[:5] == ("open", "openat", "openat2", "creat", "open_by_handle_at")
    assert calls_of("exit") == ()


def test_calls_that_an_architecture_lacks_are_left_out():
    assert native_calls("open", "x86_64") == ("open", "openat", "openat2", "creat", "open_by_handle_at")
    assert native_calls("open", "aarch64") == ("openat", "openat2", "open_by_handle_at")
    assert native_calls("exec", "aarch64") == native_calls("exec", "x86_64") == ("execve", "execveat")
    assert native_calls("fork", "aarch64") == ("clone", "clone3")
    assert native_calls("open") == native_calls("open", platform.machine())


def test_functions():
    native, compat = functions_of("open", "x86_64")
    assert native == tuple(f"__x64_sys_{call}" for call in ("open", "openat", "openat2", "creat", "open_by_handle_at"))
    assert compat == (
        "__ia32_compat_sys_open",
        "__ia32_compat_sys_openat",
        "__ia32_sys_openat2",
        "__ia32_sys_creat",
        "__ia32_compat_sys_open_by_handle_at",
    )
    native, compat = functions_of("open", "aarch64")
    assert native == ("__arm64_sys_openat", "__arm64_sys_openat2", "__arm64_sys_open_by_handle_at")
    assert compat == (
        "__arm64_compat_sys_open",
        "__arm64_compat_sys_openat",
        "__arm64_sys_creat",
        "__arm64_compat_sys_open_by_handle_at",
    )
    assert functions_of("exec", "x86_64")[1] == ("__ia32_compat_sys_execve", "__ia32_compat_sys_execveat")
