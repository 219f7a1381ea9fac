"""The ways to observe system calls that this kernel can load: the tests run for each."""

import os
from functools import cache

from onlooker import Monitor, OnlookerError
from onlooker.probe import kernel
from onlooker.probe.attach import FUNCTION, METHODS

# where it is known which ones the kernel must be able to load, they are named here, with commas
REQUIRED = os.environ.get("ONLOOKER_TESTS_ATTACH")


def _is_refused(method: str) -> bool:
    try:
        with Monitor(events=["open"], attach=method):
            return False
    except OnlookerError:
        return True


def by_functions(monitor: Monitor) -> bool:
    """Whether calls are seen by the functions that they are: those that never got so far are not."""
    return FUNCTION in {each.method for each in monitor.attached}


def by_returns(monitor: Monitor) -> bool:
    """Whether they are seen where their functions return, and filters where they keep a call from beginning."""
    return METHODS["kprobe"] in {each.method for each in monitor.attached}


@cache
def loadable() -> list[str]:
    """Names for --attach. Only an attempt shows whether a kernel lets programs attach to functions."""
    if REQUIRED:
        return REQUIRED.split(",")
    refusable = {"fexit", "kprobe"}
    return [method for method in METHODS if method not in refusable or (os.geteuid() == 0 and not _is_refused(method))]


def sees_rings() -> bool:
    """Whether opens through io_uring are seen: its tracepoints are those of Linux 6.0."""
    return kernel.version(kernel.release()) >= (6, 0)


def rings_may_be_skipped() -> bool:
    """Whether this kernel can preempt programs at the raw tracepoints of io_uring: since Linux 7.0."""
    return kernel.version(kernel.release()) >= (7, 0)


def may_be_skipped() -> bool:
    """Whether this kernel can preempt programs at system calls and then skips them, which is counted as lost."""
    return kernel.btf_has("trace_call_bpf_faultable")


def flavours(*, without: str = "") -> list[str]:
    """Those that miss nothing."""
    return [method for method in loadable() if method != without and (method == "kprobe" or not may_be_skipped())]
