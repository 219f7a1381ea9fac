"""as_unit.py UNIT ARGUMENTS: the command as systemd would run it by that unit, as far as a process can do it to itself.

It becomes nobody(65534) with the unit's capabilities as ambient ones and nothing else in the bounding set, without new
privileges, with no memory that is written and executed, and under a filter of the unit's system calls and families of
addresses. What systemd does with mounts is left out. Everything is imported before, because the interpreter may live
where only root may look.
"""

import codecs
import ctypes
import errno
import os
import resource
import socket
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from units import allowed_calls, settings  # beside this file

from onlooker.cli.main import main
from onlooker.probe.kernel import CAPABILITIES

sys.path.insert(0, str(Path(__file__).parents[1]))  # this file is run as a program
from everything import import_everything

NOBODY = 65534
# include/uapi/linux/prctl.h
PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 4, 8, 24, 38, 47
PR_CAP_AMBIENT_RAISE, PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 2, 65, 1
CAPABILITY_VERSION_3 = 0x20080522  # include/uapi/linux/capability.h
LAST_CAPABILITY = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
ALLOW, ERRNO, EQUAL = 0x7FFF0000, 0x00050000, 4  # seccomp.h of libseccomp


class Compare(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


def check(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno() or -result, os.strerror(ctypes.get_errno() or -result))


def prctl(*words: int) -> None:
    check(libc.prctl(*words, *[0] * (5 - len(words))))


def become_nobody(capabilities: list[int]) -> None:
    mask = sum(1 << number for number in capabilities)
    for number in range(LAST_CAPABILITY + 1):
        if not mask >> number & 1:
            prctl(PR_CAPBSET_DROP, number)
    prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    check(libc.capset(header, (ctypes.c_uint32 * 6)(low, low, low, high, high, high)))
    for number in capabilities:
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number)
    prctl(PR_SET_DUMPABLE, 1)  # as after an execution


def restrict_calls(names: set[str], families: list[str]) -> None:
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(ERRNO | errno.EPERM))
    for name in sorted(names - {"socket"}):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:  # there are others on other architectures
            check(seccomp.seccomp_rule_add(context, ALLOW, number, 0))
    number = seccomp.seccomp_syscall_resolve_name(b"socket")
    for family in families:
        compared = Compare(0, EQUAL, getattr(socket, family), 0)
        check(seccomp.seccomp_rule_add_array(context, ALLOW, number, 1, ctypes.byref(compared)))
    check(seccomp.seccomp_load(context))


libc = ctypes.CDLL(None, use_errno=True)
given = settings(sys.argv[1])
names = allowed_calls(given["SystemCallFilter"])
import_everything()
for name in ("ascii", "latin-1", "idna"):  # of /proc, of HTTP, of names of hosts
    codecs.lookup(name)
for name in ("duckdb", "obstore", "fsspec", "zstandard", "nats.js"):  # of a collector
    import_module(name)
if given.get("LimitMEMLOCK"):
    assert given["LimitMEMLOCK"] == ["infinity"]
    with suppress(ValueError):  # a container's root may not; the kernel asks for it only before Linux 5.11
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
os.umask(int(given["UMask"][0], 8))
[capabilities] = given["AmbientCapabilities"]
assert given["CapabilityBoundingSet"] == [capabilities]
become_nobody([CAPABILITIES[name] for name in capabilities.split()])
prctl(PR_SET_NO_NEW_PRIVS, 1)
if libc.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) and ctypes.get_errno() != errno.EINVAL:  # Linux 6.3
    raise OSError(ctypes.get_errno(), "PR_SET_MDWE")
restrict_calls(names, given["RestrictAddressFamilies"][0].split())
sys.exit(main(sys.argv[2:]))
