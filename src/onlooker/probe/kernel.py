"""Facts about this kernel and this user, each read at its source in the kernel."""

import errno
import mmap
import os
import platform
import re
import struct
from contextlib import suppress
from functools import cache
from pathlib import Path

import msgspec

from ..errors import (
    EXHAUSTED,
    CapabilityError,
    ForbiddenError,
    KernelTooOldError,
    LibbpfError,
    LockdownError,
    NoBtfError,
    NotLinuxError,
    ResourceError,
)

OLDEST_LIBBPF = (1, 0)
BTF = Path("/sys/kernel/btf/vmlinux")


class Feature(msgspec.Struct, frozen=True):
    """Something that a kernel has or lacks, by its type information (BTF) and not by its version: vendors back-port.

    `name` is a function, a type or a value of an enum; a tracepoint, where `arguments` says how many its prototype has;
    a struct, where `member` is the member that is asked for; a function with those `parameters`, each by its type.
    `what`: a description. `without`: what a kernel that has it not is, or does, as a sentence.
    """

    name: str
    what: str = ""
    arguments: int = 0
    member: str = ""
    parameters: tuple[str, ...] = ()
    without: str = ""


# features without a substitute; bpf/compat.h has substitutes for newer helpers
NEEDED_FEATURES = (
    Feature("BPF_TRACE_RAW_TP", "typed raw tracepoints"),
    Feature("BPF_FUNC_probe_read_user_str", "way for BPF to read a process's strings"),
    Feature("BPF_MAP_TYPE_RINGBUF", "BPF ring buffer"),
    Feature("BPF_FUNC_ktime_get_boot_ns", "boot clock for BPF"),
)
# Linux 5.10, or a back-port; its function may have any name, so it is tried
TEST_RUN = Feature("BPF_PROG_TEST_RUN", "way to run a raw tracepoint's program once")
CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
LOCKDOWN = Path("/sys/kernel/security/lockdown")

# include/uapi/linux/capability.h
CAPABILITIES = {"CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}
NEEDED = ("CAP_BPF", "CAP_PERFMON")

# PROC_PID_INIT_INO, include/linux/proc_ns.h; NSpid in proc(5) would not do: it starts at the reader's own level
_INITIAL_PID_NAMESPACE = 0xEFFFFFFC


def release() -> str:
    """As `uname -r` says it."""
    return platform.release()


def version(text: str) -> tuple[int, int]:
    """Major and minor of a release; (0, 0) if it is malformed.

    >>> version("6.1.0-18-amd64")
    (6, 1)
    """
    found = re.match(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


@cache
def _types() -> bytes | mmap.mmap:
    """The kernel's type information (struct btf_header and what follows it, include/uapi/linux/btf.h); some 5 MB."""
    try:
        with BTF.open("rb") as file:
            with suppress(OSError, ValueError):  # Linux before 6.16 can't map it (a539e2a6d51d)
                return mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ)
            return file.read()
    except OSError as error:
        raise_if_exhausted(error)
        return b""


@cache
def _names() -> tuple[int, int]:
    """Where in it the names are, with a NUL around each."""
    try:
        header, _, _, at, length = struct.unpack_from("=5I", _types(), 4)
    except struct.error:
        return 0, 0
    return header + at, header + at + length


@cache
def btf_has(name: str) -> bool:
    """Whether the kernel's type information has a function, a type or a value of an enum of that name."""
    return _types().find(b"\0" + name.encode("ascii") + b"\0", *_names()) >= 0


def forget() -> None:
    """Give back the memory of what was read."""
    for read in _READ:
        read.cache_clear()


@cache
def tracepoints() -> dict[str, int]:
    """The tracepoints in the kernel's type information, each with the number of arguments of its prototype."""
    from . import _btf

    try:
        return _btf.tracepoints(_types())
    except OSError as error:
        raise_if_exhausted(error)
        return {}


@cache
def has_member(name: str, member: str) -> bool:
    """Whether a struct, or one without a name in it, has that member."""
    if not all(map(btf_has, (name, *member.split(".")))):  # a quick check
        return False
    from . import _btf

    try:
        return _btf.has_member(_types(), name, member)
    except OSError as error:
        raise_if_exhausted(error)
        return False


@cache
def parameters(function: str) -> tuple[str, ...] | None:
    """The types of a function's parameters, such as "int" and "task_struct*"; None where there is no such function."""
    if not btf_has(function):
        return None
    from . import _btf

    try:
        return _btf.parameters(_types(), function)
    except OSError as error:
        raise_if_exhausted(error)
        return None


_READ = (_types, _names, btf_has, tracepoints, has_member, parameters)


def raise_if_exhausted(error: OSError) -> None:
    """A file that could not be read for lack of descriptors or memory is not missing."""
    if error.errno in EXHAUSTED:
        raise ResourceError(error) from error


def without(feature: Feature) -> str:
    """Says that this kernel has no such thing."""
    if feature.without:
        return feature.without
    name = feature.name + (f".{feature.member}" if feature.member else "")
    return f"this kernel has no {feature.what} ({name})" if feature.what else f"this kernel has no {name}"


def lacks(feature: Feature) -> str:
    """A description of what this kernel lacks; "" where it has it."""
    if feature.arguments:
        found = tracepoints().get(feature.name)
        if found is None:
            return f"this kernel has no tracepoint {feature.name}"
        other = f"the tracepoint {feature.name} has {found} arguments here, not {feature.arguments}"
        return other if found != feature.arguments else ""
    if feature.parameters and (types := parameters(feature.name)) is not None:
        other = f"{feature.name} is another function here: ({', '.join(types)})"
        return other if types != feature.parameters else ""
    if has_member(feature.name, feature.member) if feature.member else btf_has(feature.name):
        return ""
    return without(feature)


def lacking() -> str:
    """The first thing needed that this kernel lacks, described; "" where it lacks nothing, or does not say."""
    return next(filter(None, map(lacks, NEEDED_FEATURES)), "") if any(_names()) else ""


def effective_capabilities() -> int:
    """The effective mask of this thread; proc(5), CapEff."""
    try:
        status = Path("/proc/thread-self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return _capget()
    found = re.search(r"^CapEff:\s*([0-9a-f]+)", status, re.MULTILINE)
    return int(found[1], 16) if found else 0


def _capget() -> int:
    """The same from capget(2), where /proc is not mounted."""
    import ctypes  # takes a millisecond or two, and is rarely needed

    # include/uapi/linux/capability.h: _LINUX_CAPABILITY_VERSION_3; twice effective, permitted, inheritable
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    return data[0] | data[3] << 32 if ctypes.CDLL(None).capget(header, data) == 0 else 0


def missing_capabilities() -> tuple[str, ...]:
    """Names of the capabilities that loading and attaching the probe need and this user lacks; capabilities(7)."""
    mask = effective_capabilities()
    if mask >> CAPABILITIES["CAP_SYS_ADMIN"] & 1:
        return ()
    return tuple(name for name in NEEDED if not mask >> CAPABILITIES[name] & 1)


def lockdown_mode() -> str:
    """none, integrity, confidentiality, or "" where the kernel has no lockdown or does not show it."""
    with suppress(OSError):
        found = re.search(r"\[(\w+)\]", LOCKDOWN.read_text(encoding="ascii", errors="replace"))
        return found[1] if found else ""
    return ""


def in_user_namespace() -> bool:
    """Whether root here is not root of the machine; user_namespaces(7): the initial one maps all ids."""
    with suppress(OSError):
        fields = Path("/proc/self/uid_map").read_text(encoding="ascii", errors="replace").split()
        return fields != ["0", "0", "4294967295"]
    return False


def in_pid_namespace() -> bool:
    """Whether the process ids that ps shows here are not the machine's."""
    with suppress(OSError):
        return Path("/proc/self/ns/pid").stat().st_ino != _INITIAL_PID_NAMESPACE
    return False


def libbpf_version() -> tuple[int, int]:
    """`(major, minor)`. Raises LibbpfError where the native part can't be imported or its libbpf is too old."""
    try:
        from . import _btf, _libbpf, _system  # noqa: F401 later there may be no descriptor or memory left to import them
    except ImportError as error:
        if short := ResourceError.behind(error):
            raise short from error
        if "libbpf" in str(error) and "_libbpf" not in str(error):
            raise LibbpfError(f"libbpf can't be loaded: {error}") from error
        broken = LibbpfError(f"the native part is not built: {error}")
        broken.hint = "make build, or: pip install ."
        raise broken from error
    found = _libbpf.libbpf_version()
    if found < OLDEST_LIBBPF:
        raise LibbpfError(f"libbpf {found[0]}.{found[1]} is too old: 1.0 or newer is needed")
    return found


def check() -> None:
    """Raise the error that explains best why the probe could not be loaded here, if any does."""
    if platform.system() != "Linux":
        raise NotLinuxError(platform.system())
    if lack := lacking():
        raise KernelTooOldError(release(), lack)
    if missing := missing_capabilities():
        raise CapabilityError(missing)
    if (mode := lockdown_mode()) == "confidentiality":
        raise LockdownError(mode)
    if not BTF.exists():
        raise NoBtfError(str(BTF))
    libbpf_version()
    from ._system import bpf_answer

    answer = bpf_answer()
    if answer != errno.EINVAL:  # the kernel's own answer to a command that does not exist
        raise ForbiddenError(OSError(answer, os.strerror(answer)), by_filter=in_seccomp())


def forbidden(error: OSError) -> ForbiddenError | None:
    """What an error of bpf(2) means that no verifier gives. EACCES can also come from the verifier."""
    filtered = in_seccomp()
    if error.errno in (errno.EPERM, errno.ENOSYS) or (error.errno == errno.EACCES and filtered):
        return ForbiddenError(error, by_filter=filtered)
    return None


def in_seccomp() -> bool:
    """Whether a filter sees this process's system calls; proc(5), Seccomp."""
    with suppress(OSError):
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return re.search(r"^Seccomp:\s*2$", status, re.MULTILINE) is not None
    return False


def explain_refusal(error: OSError) -> CapabilityError | None:
    """The error of a refusal although the capabilities seem to be there: they are a container's."""
    if error.errno != errno.EPERM:
        return None
    if in_user_namespace():
        return CapabilityError(NEEDED, "not permitted to observe the kernel: you are root only inside a user namespace")
    if any(Path(mark).exists() for mark in CONTAINER_MARKS):
        return CapabilityError(NEEDED, "not permitted to observe the kernel: this container may not use bpf(2)")
    return None
