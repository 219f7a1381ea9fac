"""How each event can be observed: candidates in order of preference. The first that loads and attaches wins."""

from collections.abc import Collection, Iterable

import msgspec

from ..events import TASK_EVENTS
from .kernel import Feature
from .syscalls import NEWER, functions_of, functions_of_call, native_calls

RAW = "raw tracepoint"
NOT_SEEN = "not seen"
TRACEPOINT = "system call tracepoints"
EVENT = "trace events"
FUNCTION = "function exits"
PROBE = "function probes"
# sets of processes that programs keep: bpf/filter/tree.h, bpf/filter/executed.h
FOLLOWED, EXECUTED = "followed", "executed"
METHODS = {"raw": RAW, "fexit": FUNCTION, "kprobe": PROBE, "tracepoint": TRACEPOINT}  # as --attach names them


# the answer of a seccomp filter is seen where this function returns; a kernel without it has no such filters
SECCOMP = "__secure_computing"
# functions that a kernel may lack: then there is nothing to see
OPTIONAL = frozenset({SECCOMP} | {function for call in NEWER for function in functions_of_call(call)})


def is_tracepoint(place: str) -> bool:
    """Whether it is a tracepoint, such as syscalls/sys_exit_openat, and not a function."""
    return "/" in place


class Candidate(msgspec.Struct, frozen=True):
    """One way to observe. `programs` are names in bpf/probes, each with the tracepoints that it needs from tracefs, or
    the functions of the kernel that it needs. `compat`: those of all these names that a kernel without 32-bit programs
    does not need, and can't take.

    It `needs` features of the kernel. Where the kernel has not `unflawed_with`, or has `flawed_with`, it is not used
    unless it is asked for: `flaw` says why.
    """

    method: str
    programs: dict[str, tuple[str, ...]]
    why: str
    blind: str = ""
    compat: frozenset[str] = frozenset()
    needs: tuple[Feature, ...] = ()
    unflawed_with: Feature | None = None
    flawed_with: Feature | None = None
    flaw: str = ""
    name: str = ""  # in the reason why it was not chosen, if another candidate has the same method


class Hook(msgspec.Struct, frozen=True):
    """What to observe: the event, and which part of it. `outcome`: how it can end, for --failed.

    A hook with `missed` is optional: if the kernel takes no candidate, that is what is missed. It `keeps`
    sets of processes, and is needed for them whether or not its event is reported.
    """

    event: str
    purpose: str
    outcome: str
    candidates: tuple[Candidate, ...]
    missed: str = ""
    keeps: tuple[str, ...] = ()


# About Linux 7.1: programs at the tracepoints of system calls can be preempted (some may sleep there, for which
# kernel/trace/bpf_trace.c got this function). While one is, the kernel skips it for all other processes of that cpu,
# and counts that. So it is better to be at few calls than at all.
_PREEMPTIBLE = Feature(
    "trace_call_bpf_faultable",
    without="this kernel does not interrupt programs at system call tracepoints, so it is not needed",
)

# About Linux 7.0: so can those at all other tracepoints, which SRCU protects since then (kernel/tracepoint.c).
_PREEMPTIBLE_ELSEWHERE = Feature(
    "tp_transition_snapshot",
    member="srcu_gp",
    without="this kernel does not interrupt programs at tracepoints, so they are not needed",
)
# struct fprobe_hlist came with the fprobe that can't be preempted (bpf/probes/sys_exit.h)
_FPROBE = Feature("fprobe_hlist", without="this kernel is older than Linux 6.14, or built without CONFIG_FPROBE")

_CAST = Feature("bpf_rdonly_cast")  # 6.2, and so wherever those are

_SYS_EXIT = Candidate(
    RAW,
    {"on_sys_exit": ()},
    "it sees 32-bit calls too and needs no tracefs; it costs every system call of the machine a little",
)
_SYS_EXIT_WHOLE = msgspec.structs.replace(
    _SYS_EXIT,
    flawed_with=_PREEMPTIBLE,
    flaw="this kernel can interrupt it in any call, and then skips it for other processes",
)


def _functions(event: str) -> Candidate:
    """The functions of the single calls. They can be preempted on every preemptible kernel."""
    native, compat = (_programs(functions) for functions in functions_of(event))
    return Candidate(
        FUNCTION,
        {**native, **compat},
        "it costs other system calls nothing; a preemptible kernel may skip it, and then counts that",
        "calls that a seccomp filter answers",
        compat=frozenset(compat),
    )


def _tracepoints(event: str) -> Candidate:
    """The tracepoints of the single calls. Two flaws: trace_call_bpf skips a program while bpf_prog_active is set on
    the cpu, which bpf(2) sets while it looks into maps; on a preemptible kernel another process's calls are then lost,
    which is counted since dd8657894c11 (6.7). The change before it, of the same series and of no use without it, told
    user space of such counts (3acf8ace6823). And perf shows 32-bit calls to nobody (trace_get_syscall_nr).
    """
    return Candidate(
        TRACEPOINT,
        {"on_call_exit": tuple(f"syscalls/sys_exit_{call}" for call in native_calls(event))},
        "it costs other system calls less",
        "32-bit system calls",
        unflawed_with=Feature("bpf_link_info", "count of skipped probes", member="perf_event.kprobe.missed"),
        flaw="this kernel may skip such programs without counting that, as Linux before 6.7 does",
    )


def _returns(event: str) -> Candidate:
    """One program where the functions of the calls return. What was called before the start and returns later does not
    pass there.
    """
    native, compat = functions_of(event)
    return Candidate(
        PROBE,
        {"on_call_return": (*native, *compat, SECCOMP)},
        "it can't be interrupted, so the kernel never skips it; it costs other system calls nothing",
        compat=frozenset(compat),
        needs=(_FPROBE,),
    )


def _both(event: str) -> Candidate:
    """The tracepoints, and for 32-bit calls their functions."""
    _, compat = (_programs(functions) for functions in functions_of(event))
    tracepoints = _tracepoints(event)
    return Candidate(
        TRACEPOINT,
        {**tracepoints.programs, **compat},
        "it can be interrupted, and the kernel then skips it for other processes, but only in few calls; "
        "it costs other system calls less",
        compat=frozenset(compat),
        needs=(_PREEMPTIBLE,),
        name="tracepoints and 32-bit functions",
    )


def _programs(functions: Iterable[str]) -> dict[str, tuple[str, ...]]:
    return {f"on{function}": () for function in functions}


def _calls(event: str) -> tuple[Candidate, ...]:
    """The ways to see system calls."""
    return (_SYS_EXIT_WHOLE, _returns(event), _both(event), _SYS_EXIT, _functions(event), _tracepoints(event))


def _shared_calls(event: str) -> tuple[Candidate, ...]:
    """The ways without separate programs for the event: one for each of its calls would be too many."""
    return (_SYS_EXIT_WHOLE, _returns(event), _tracepoints(event), _SYS_EXIT)


def _tasks(program: str, function: Feature, raw: Candidate, *older: Candidate) -> tuple[Candidate, ...]:
    """The ways to see processes: a tracepoint, or where that can be preempted, a function close to it."""
    flaw = "this kernel can interrupt it, and then skips it for other processes"
    whole = msgspec.structs.replace(raw, flawed_with=_PREEMPTIBLE_ELSEWHERE, flaw=flaw)
    probe = Candidate(
        PROBE,
        {program: (function.name,)},
        "it can't be interrupted, so the kernel never skips it",
        needs=(_FPROBE, _CAST, function),
    )
    return (whole, probe, raw, *older)


def _rings(what: str, submitted: Feature, arguments: int) -> Candidate:
    """The tracepoints of io_uring, with the programs for their arguments. `what`: "ring" for opens, "change"."""
    old = "" if submitted == _REQUEST else "_old"
    complete = "complete" if arguments == _COMPLETION else "complete_old"
    parts = (f"submit{old}", complete, "failed", "cancel", "overflow")
    programs = (*(f"on_{what}_{part}" for part in parts), "on_ring_create")
    needs = (
        submitted,
        Feature("io_uring_complete", arguments=arguments),
        Feature("io_uring_cqe_overflow", arguments=5),
        Feature("io_uring_req_failed", arguments=3),  # Linux 6.0; before, 4
        Feature("io_uring_fail_link", arguments=2),  # Linux 6.0; before, 5
    )
    return Candidate(RAW, dict.fromkeys(programs, ()), "these are io_uring's own tracepoints", needs=needs)


def _ring_events(what: str) -> Candidate:
    """The same tracepoints as trace events, which can't be preempted: bpf/probes/io_uring_hooks.h."""
    names = {
        "submit": "io_uring_submit_req",
        "complete": "io_uring_complete",
        "cancel": "io_uring_fail_link",
        "overflow": "io_uring_cqe_overflow",
    }
    places = {f"on_{what}_{part}_event": (f"io_uring/{name}",) for part, name in names.items()}
    return Candidate(
        EVENT,
        {**places, "on_ring_create_event": ("io_uring/io_uring_create",), f"on_{what}_failed": ()},
        "they can't be interrupted, so the kernel never skips them",
        needs=(
            _PREEMPTIBLE_ELSEWHERE,
            *(Feature(f"trace_event_raw_{name}") for name in (*names.values(), "io_uring_create")),
        ),
    )


_REQUEST = Feature("io_uring_submit_req", arguments=1)  # Linux 6.3
_ENTRY = Feature("io_uring_submit_sqe", arguments=2)  # Linux 6.0
_COMPLETION = 3  # arguments of io_uring_complete since Linux 6.11; 5.18: 7


# events that a system call shows, or io_uring
_CHANGES = {
    "rename": "renames through io_uring",
    "unlink": "removals through io_uring",
    "rmdir": "removals of directories through io_uring",
    "mkdir": "directories made through io_uring",
    "link": "links made through io_uring",
    "symlink": "symbolic links made through io_uring",
}


def _ring_hook(event: str, what: str, missed: str) -> Hook:
    candidates = (
        _ring_events(what),
        _rings(what, _REQUEST, _COMPLETION),
        _rings(what, _REQUEST, 7),
        _rings(what, _ENTRY, 7),
    )
    return Hook(event, "io_uring", "both", candidates, missed)


_PARTICULAR = (
    Hook(
        "fork",
        "creation",
        "success",
        _tasks(
            "on_wake_up_new_task",
            Feature("wake_up_new_task", parameters=("task_struct*",)),
            Candidate(
                RAW,
                {"on_fork": (), "on_worker": ()},
                "it needs neither tracefs nor kprobes, and runs before the child can",
            ),
        ),
        keeps=(FOLLOWED, EXECUTED),
    ),
    Hook(
        "exec",
        "success",
        "success",
        _tasks(
            "on_finalize_exec",
            Feature("finalize_exec", parameters=("linux_binprm*",)),
            Candidate(RAW, {"on_exec": ()}, "the kernel calls it once the new program is in place"),
        ),
        keeps=(EXECUTED,),
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
        _tasks(
            "on_taskstats_exit",
            Feature("taskstats_exit", parameters=("task_struct*", "int")),
            Candidate(
                RAW,
                {"on_exit": ()},
                "the kernel says which thread is the last",
                needs=(Feature("sched_process_exit", arguments=2),),  # Linux 6.16
            ),
            Candidate(
                RAW,
                {"on_exit_old": (), "on_reaped": ()},
                "before Linux 6.16 the kernel does not say which thread is the last, so the probe counts",
            ),
        ),
        keeps=(FOLLOWED, EXECUTED),
    ),
    Hook("open", "success and failure", "both", _calls("open")),
    _ring_hook("open", "ring", "files opened through io_uring"),
)
_HOOKED = {hook.event for hook in _PARTICULAR}
TABLE = (
    *_PARTICULAR,
    # events that only their system calls show
    *(
        Hook(event, "success and failure", "both", _shared_calls(event))
        for event in TASK_EVENTS
        if event not in _HOOKED
    ),
    *(_ring_hook(event, "change", missed) for event, missed in _CHANGES.items()),
)

_PLACES = {place for hook in TABLE for c in hook.candidates for places in c.programs.values() for place in places}
TRACEPOINTS = tuple(sorted(place for place in _PLACES if is_tracepoint(place)))
# tracepoints of calls that a kernel may lack, with the functions of the call
NEWER_TRACEPOINTS = {f"syscalls/sys_exit_{call}": functions_of_call(call) for call in NEWER}


def is_exit_of_function(program: str) -> bool:
    """Whether it is a program at a function, which some kernels never allow."""
    return program.startswith("on__")


def is_sys_exit(candidate: Candidate) -> bool:
    """Whether it is the one program for all system calls, which needs the list of events to report."""
    return "on_sys_exit" in candidate.programs


def is_call_return(candidate: Candidate) -> bool:
    """Whether it is the one program at the returns of functions, which needs it, too."""
    return "on_call_return" in candidate.programs


def is_call_exit(candidate: Candidate) -> bool:
    """Whether it is the one program at the tracepoints of single calls, which needs it, too."""
    return "on_call_exit" in candidate.programs


FOLLOWING = "to follow processes"


def hooks(events: tuple[str, ...], *, failed: bool, keeping: Collection[str] = ()) -> list[Hook]:
    """The hooks that the chosen events need; with `failed`, only those that can see a failure. Also those that are
    needed for `keeping` sets of processes: if their events are not reported, that is their purpose.
    """
    needed = []
    for hook in TABLE:
        if hook.event in events and not (failed and hook.outcome == "success"):
            needed.append(hook)
        elif not set(keeping).isdisjoint(hook.keeps):
            needed.append(msgspec.structs.replace(hook, purpose=FOLLOWING))
    return needed
