"""How each event can be observed: candidates in order of preference. The first that loads and attaches wins."""

import msgspec

from .syscalls import SINCE, functions_of, native_calls

RAW = "raw tracepoint"
NOT_SEEN = "not seen"
TRACEPOINT = "system call tracepoints"
FUNCTION = "function exits"
METHODS = {"raw": RAW, "fexit": FUNCTION, "tracepoint": TRACEPOINT}  # as --attach names them


class Candidate(msgspec.Struct, frozen=True):
    """One way to observe. `programs` are names in bpf/probes, each with the tracepoints that it needs from tracefs.
    `compat`: those of them that a kernel without 32-bit programs does not need, and can't take.

    It needs a kernel whose type information knows `needs`. Linux has it from version `oldest` on. Before version
    `since` it is not used unless it is asked for, because of what `flaw` says.
    """

    method: str
    programs: dict[str, tuple[str, ...]]
    why: str
    blind: str = ""
    compat: frozenset[str] = frozenset()
    needs: str = ""
    oldest: tuple[int, int] = (0, 0)
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


# Linux 6.15: a program may keep itself from being preempted and still call functions (bpf/compat.h). Without that the
# kernel skips a preempted program for all other processes of that cpu, which it counts.
_STILL = (6, 15)


def _functions(event: str, *, still: bool) -> Candidate:
    """The functions that are the single calls."""
    suffix = "_still" if still else ""
    native, compat = (tuple(f"on{function}{suffix}" for function in functions) for functions in functions_of(event))
    return Candidate(
        FUNCTION,
        dict.fromkeys((*native, *compat), ()),
        "costs other system calls nothing" + ("" if still else "; a preemptible kernel may skip it, which is counted"),
        "calls that a seccomp filter answers",
        compat=frozenset(compat),
        oldest=_STILL if still else (0, 0),
    )


def _sys_exit(*, still: bool) -> Candidate:
    """One program for all system calls."""
    return Candidate(
        RAW,
        {"on_sys_exit_still" if still else "on_sys_exit": ()},
        "sees 32-bit calls too and needs no tracefs; costs every system call of the machine a little",
        oldest=_STILL if still else (0, 0),
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


def _calls(event: str) -> tuple[Candidate, ...]:
    """The ways to see system calls."""
    return (
        _sys_exit(still=True),
        _sys_exit(still=False),
        _functions(event, still=True),
        _functions(event, still=False),
        _tracepoints(event),
    )


def _shared_calls(event: str) -> tuple[Candidate, ...]:
    """The ways without programs of the event's own: for each of its calls one would be many."""
    return (_sys_exit(still=True), _sys_exit(still=False), _tracepoints(event))


_RINGS = "the ring's own tracepoints"

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
        _calls("exec"),
    ),
    Hook(
        "exit",
        "end",
        "both",
        (
            Candidate(RAW, {"on_exit": ()}, "the kernel says which thread is the last", oldest=(6, 16)),
            Candidate(RAW, {"on_exit_old": ()}, "before Linux 6.16: the last thread is found by its process's counter"),
        ),
    ),
    Hook("open", "success and failure", "both", _calls("open")),
    Hook(
        "open",
        "io_uring",
        "both",
        (
            Candidate(RAW, {"on_ring_submit": (), "on_ring_complete": (), "on_ring_overflow": ()}, _RINGS, needs="io_kiocb", oldest=(6, 11)),
            Candidate(RAW, {"on_ring_submit": (), "on_ring_complete_old": (), "on_ring_overflow": ()}, _RINGS, needs="io_kiocb", oldest=(6, 3)),
            Candidate(
                RAW, {"on_ring_submit_old": (), "on_ring_complete_old": (), "on_ring_overflow": ()}, _RINGS, needs="io_kiocb", oldest=(6, 0)
            ),
        ),
        missed="files opened through io_uring",
    ),
    *(
        Hook(event, "success and failure", "both", _shared_calls(event))
        for event in (
            *("rename", "unlink", "mkdir", "rmdir", "link", "symlink"),
            *("chmod", "chown", "truncate"),
        )
    ),
)

TRACEPOINTS = tuple(
    sorted({point for hook in TABLE for c in hook.candidates for points in c.programs.values() for point in points})
)
# those of calls that a kernel before this version may be without
TRACEPOINTS_SINCE = {f"syscalls/sys_exit_{call}": version for call, version in SINCE.items()}


def is_sys_exit(candidate: Candidate) -> bool:
    """Whether it is the one program for all system calls, which must be told what to report."""
    return any(program.startswith("on_sys_exit") for program in candidate.programs)


def is_call_exit(candidate: Candidate) -> bool:
    """Whether it is the one program at the tracepoints of single calls, which must be told, too."""
    return "on_call_exit" in candidate.programs


def hooks(events: tuple[str, ...], *, failed: bool) -> list[Hook]:
    """The hooks that the chosen events need; with `failed`, only those that can see a failure."""
    return [hook for hook in TABLE if hook.event in events and not (failed and hook.outcome == "success")]
