"""What this kernel and this user can do, and how to fix the rest."""

import platform
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from .errors import PROGRAM, AttachError, KernelTooOldError, LoadError, OnlookerError
from .events import TASK_EVENTS
from .filters import Filter
from .probe import kernel
from .probe.attach import METHODS
from .probe.live import LiveSource
from .probe.maps import in_mib, needed
from .probe.setup import DEFAULT_RING_BYTES, SMALLEST_RING_BYTES, Setup
from .probe.source import Attachment
from .probe.tracefs import opened

ROOT = f"sudo {PROGRAM}"
ROOT_OF_MACHINE = "run it as root of the machine itself, outside of the container"


class Check(msgspec.Struct, frozen=True):
    """One thing looked at. `status`: "ok", "limited" (it works, with a cost) or "failed" (nothing can be watched).

    `cost` is what it costs the user where it is not ok, `remedy` how to fix it.
    """

    name: str
    status: Literal["ok", "limited", "failed"]
    result: str
    cost: str = ""
    remedy: str = ""


class Diagnosis(msgspec.Struct, frozen=True):
    """All checks, and what was chosen to observe each event; `able`: whether the main job can run."""

    able: bool
    checks: tuple[Check, ...]
    attached: tuple[Attachment, ...]


NOTHING = "nothing can be watched"


def _system() -> Check:
    if platform.system() == "Linux" and platform.machine() in ("x86_64", "aarch64"):
        return Check("system", "ok", f"Linux on {platform.machine()}")
    found = f"{platform.system()} on {platform.machine()}"
    return Check("system", "failed", found, NOTHING, "use Linux on x86_64 or aarch64")


def _kernel() -> Check:
    found = kernel.release()
    if missing := kernel.lacking():
        return Check("kernel", "failed", f"{found}: {missing}", NOTHING, KernelTooOldError.hint)
    return Check("kernel", "ok", f"{found} has what the probe needs")


def _btf() -> Check:
    if kernel.BTF.exists():
        return Check("type information", "ok", f"{kernel.BTF}, {kernel.BTF.stat().st_size >> 10} KiB")
    remedy = "boot your distribution's kernel, or build yours with CONFIG_DEBUG_INFO_BTF=y"
    return Check("type information", "failed", f"{kernel.BTF} is missing", NOTHING, remedy)


def _libbpf() -> Check:
    try:
        major, minor = kernel.libbpf_version()
    except OnlookerError as error:
        return Check("libbpf", "failed", str(error), NOTHING, error.hint)
    return Check("libbpf", "ok", f"version {major}.{minor}")


def _capabilities() -> Check:
    if missing := kernel.missing_capabilities():
        return Check("capabilities", "failed", f"missing: {', '.join(missing)}", NOTHING, f"{ROOT} doctor")
    if kernel.in_user_namespace():
        return Check("capabilities", "failed", "only inside a user namespace", NOTHING, ROOT_OF_MACHINE)
    names = [name for name, bit in kernel.CAPABILITIES.items() if kernel.effective_capabilities() >> bit & 1]
    return Check("capabilities", "ok", ", ".join(names))


def _lockdown() -> Check:
    mode = kernel.lockdown_mode() or "off"
    if mode == "confidentiality":
        remedy = "boot without lockdown=confidentiality on the kernel's command line"
        return Check("lockdown", "failed", mode, NOTHING, remedy)
    return Check("lockdown", "ok", mode)


def _jit() -> Check:
    setting = "1"
    with suppress(OSError):
        setting = Path("/proc/sys/net/core/bpf_jit_enable").read_text(encoding="ascii").strip()
    if setting == "0":
        return Check(
            "BPF compiler", "limited", "off", "each event costs several times more", "sysctl net.core.bpf_jit_enable=1"
        )
    return Check("BPF compiler", "ok", "on")


def _tracefs() -> Check:
    try:
        with opened() as (_, where):
            result = f"mounted at {where}" if where.startswith("/") else "not mounted; onlooker makes a private mount"
            return Check("tracefs", "ok", result)
    except OSError as error:
        cost = "--attach tracepoint can't be used"
        return Check(
            "tracefs", "limited", f"can't be read or mounted: {error.strerror}", cost, f"run it as root: {ROOT}"
        )


def _pid_namespace() -> Check:
    """In another pid namespace, the ids shown are not those that ps shows."""
    if not kernel.in_pid_namespace():
        return Check("process ids", "ok", "as ps shows them")
    remedy = "compare with ns_pid, or run it outside of the container"
    return Check(
        "process ids",
        "limited",
        "a pid namespace with ids of its own",
        "pid and ppid are the machine's, not those of ps",
        remedy,
    )


def _memory() -> Check:
    """Of the kernel's, for the probe's maps; what onlooker takes itself, ps shows."""
    try:
        kernel.libbpf_version()
        found, cpus = needed(Setup(Filter(), DEFAULT_RING_BYTES, resolve=True))
    except OnlookerError as error:
        return Check("kernel memory", "failed", str(error), NOTHING, error.hint)
    buffer, most = in_mib(DEFAULT_RING_BYTES), in_mib(found.most)
    rest = in_mib(found.always) - buffer
    processors = f"{cpus} possible processor{'' if cpus == 1 else 's'}"
    result = f"{buffer} MiB for the buffer and {rest} MiB for {processors}; at most {most} MiB in all"
    return Check("kernel memory", "ok", result)


CHECKS: tuple[Callable[[], Check], ...] = (
    _system,
    _kernel,
    _btf,
    _libbpf,
    _capabilities,
    _lockdown,
    _jit,
    _tracefs,
    _pid_namespace,
    _memory,
)


def _probe() -> tuple[list[Check], tuple[Attachment, ...]]:
    """Load and attach everything, for all events, for a moment: the only proof."""
    source = LiveSource()
    try:
        source.start(Filter(events=tuple(TASK_EVENTS)))
        kept = " and ".join(source.needed_capabilities()) or "no capability"
        checks = [Check("probe", "ok", "loads and attaches"), Check("after the start", "ok", f"it keeps {kept}")]
        return checks, source.attached
    except OnlookerError as error:
        why = f"{error}"
        if isinstance(error, LoadError) and error.log.strip():
            why += f" ({error.log.strip().splitlines()[-1]})"
        return [Check("probe", "failed", why, NOTHING, error.hint)], ()
    finally:
        source.close()


def _methods() -> list[Check]:
    """Try each way that `--attach` can force, on opens, which can be observed in all of them."""
    checks = []
    for name, method in METHODS.items():
        source = LiveSource(ring_bytes=SMALLEST_RING_BYTES, method=name, resolve=False)
        try:
            source.start(Filter(events=("open",)))
            checks.append(Check(f"attach {name}", "ok", method))
        except OnlookerError as error:
            reason = error.reason if isinstance(error, AttachError) else str(error)
            cost = f"--attach {name} can't be used"
            remedy = "none needed: without --attach, onlooker uses the methods listed below"
            checks.append(Check(f"attach {name}", "limited", f"{method}: {reason}", cost, remedy))
        finally:
            source.close()
    return checks


def diagnose() -> Diagnosis:
    """Look at everything; takes two or three seconds, because the probe is really attached. Changes nothing."""
    checks = [check() for check in CHECKS]
    attached: tuple[Attachment, ...] = ()
    if all(check.status != "failed" for check in checks):
        probe, attached = _probe()
        checks += probe
        if attached:
            checks += _methods()
    return Diagnosis(all(check.status != "failed" for check in checks), tuple(checks), attached)
