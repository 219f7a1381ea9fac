"""Least rights: once the probe is attached, only the capabilities stay that reading still needs.

The kernel is asked which those are. From Linux 5.19 on (c8644cd0efe7) it needs none to read maps and counters through
descriptors that one has; before, bpf(2) asks for CAP_BPF for everything where kernel.unprivileged_bpf_disabled is set.
"""

from collections.abc import Callable

from .kernel import CAPABILITIES

READERS = ("CAP_BPF", "CAP_PERFMON")
CHOICES = ((), READERS, ("CAP_SYS_ADMIN",))  # the last includes both, where a container does not have them by name


def needed(works: Callable[[], bool]) -> tuple[str, ...]:
    """The least of `CHOICES` with which everything `works`, tried in turn with only those effective for a moment."""
    from ._system import capabilities, use_capabilities

    permitted, effective = capabilities()
    try:
        for names in CHOICES:
            if mask(names) & ~permitted == 0:
                use_capabilities(mask(names))
                if works():
                    return names
    finally:
        use_capabilities(effective)
    return tuple(name for name in READERS if mask((name,)) & permitted)


def keep_only(names: tuple[str, ...]) -> None:
    """Give up all other capabilities of this thread and of all that it starts. There is no way back."""
    from ._system import keep_capabilities

    keep_capabilities(mask(names))


def mask(names: tuple[str, ...]) -> int:
    """As the kernel counts them: one bit for each."""
    return sum(1 << CAPABILITIES[name] for name in names)
