"""How each event can be observed: candidates in order of preference. The first that loads and attaches wins."""

import msgspec

from .syscalls import functions_of, native_calls

RAW = "raw tracepoint"
NOT_SEEN = "not seen"
TRACEPOINT = "system call tracepoints"
FUNCTION = "function exits"
METHODS = {"raw": RAW, "fexit": FUNCTION, "tracepoint": TRACEPOINT}  # as --attach names them


class Candidate(msgspec.Struct, frozen=True):
    """One way to observe. `programs` are names in bpf/probes, each with the tracepoints that it needs from tracefs.
    `compat`: those of them that a kernel without 32-bit programs does not need, and can't take.

    Before the Linux version `since` it is not used unless it is asked for, because of what `flaw` says.
    """

    method: str
    programs: dict[str, tuple[str, ...]]
    why: str
    blind: str = ""
    compat: frozenset[str] = frozenset()
    since: tuple[int, int] = (0, 0)
    flaw: str = ""


class Hook(msgspec.Struct, frozen=True):
    """What is to be observed: the event, and which part of it. `outcome`: what of it can be, for --failed.

    A hook that says what is `missed` without it can be done without, where the kernel takes no candidate.
    """

    event: str
    purpose: str
    outcome: str
    candidates: tuple[Candidate, ...]
    missed: str = ""


_SYS_EXIT = Candidate(
    RAW,
    {"on_sys_exit": ()},
    "sees 32-bit calls too and needs no tracefs; costs every system call of the machine a little",
)


def _functions(event: str) -> Candidate:
    """The functions of the single calls. A program there can be preempted, and the kernel then skips it for another
    process on the same cpu; that is counted (bpf_prog_info, Linux 5.12), and why it is not what is preferred.
    """
    native, compat = (tuple(f"on{function}" for function in functions) for functions in functions_of(event))
    return Candidate(
        FUNCTION,
        dict.fromkeys((*native, *compat), ()),
        "costs other system calls nothing; a preemptible kernel may skip it, which is counted",
        compat=frozenset(compat),
    )


def _tracepoints(event: str) -> Candidate:
    """The tracepoints of the single calls. Two flaws: trace_call_bpf skips a program while bpf_prog_active is set on
    the cpu, which bpf(2) sets while it looks into maps; on a preemptible kernel another process's calls are then lost,
    which is counted since dd8657894c11 (6.7). And perf shows 32-bit calls to nobody (trace_get_syscall_nr).
    """
    return Candidate(
        TRACEPOINT,
        {"on_call_exit": tuple(f"syscalls/sys_exit_{call}" for call in native_calls(event))},
        "costs other system calls less",
        "32-bit system calls",
        since=(6, 7),
        flaw="before Linux 6.7 the kernel may skip such programs without counting it",
    )


TABLE = (
    Hook(
        "fork",
        "creation",
        "success",
        (Candidate(RAW, {"on_fork": ()}, "needs neither tracefs nor kprobes; before the child can run"),),
    ),
    Hook(
        "exec",
        "success",
        "success",
        (Candidate(RAW, {"on_exec": ()}, "the kernel's own word that the new program stands"),),
    ),
    Hook(
        "exec",
        "failure",
        "failure",
        (_SYS_EXIT, _functions("exec"), _tracepoints("exec")),
    ),
    Hook(
        "exit",
        "end",
        "both",
        (
            Candidate(RAW, {"on_exit": ()}, "the kernel says which thread is the last (Linux 6.16)"),
            Candidate(RAW, {"on_exit_old": ()}, "before Linux 6.16: the last thread is found by its process's counter"),
        ),
    ),
    Hook("open", "success and failure", "both", (_SYS_EXIT, _functions("open"), _tracepoints("open"))),
    Hook(
        "open",
        "io_uring",
        "both",
        (
            Candidate(RAW, {"on_ring_submit": (), "on_ring_complete": ()}, "the ring's own tracepoints (Linux 6.11)"),
            Candidate(RAW, {"on_ring_submit": (), "on_ring_complete_old": ()}, "the same, as they were from Linux 6.3"),
            Candidate(RAW, {"on_ring_submit_old": (), "on_ring_complete_old": ()}, "the same, as from Linux 6.0"),
        ),
        missed="files opened through io_uring",
    ),
)

TRACEPOINTS = tuple(
    sorted({point for hook in TABLE for c in hook.candidates for points in c.programs.values() for point in points})
)


def hooks(events: tuple[str, ...], *, failed: bool) -> list[Hook]:
    """The hooks that the chosen events need; with `failed`, only those that can see a failure."""
    return [hook for hook in TABLE if hook.event in events and not (failed and hook.outcome == "success")]
