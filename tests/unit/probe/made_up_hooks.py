"""Hooks shaped as those of the table in attach.py, and simpler: for tests of how one is chosen, not of which is.

Programs have the names of real ones where the chooser goes by their names.
"""

from onlooker.probe.attach import METHODS, Candidate, Hook
from onlooker.probe.kernel import Feature

CALLS = {"open": ("open", "openat"), "exec": ("execve", "execveat")}
FLAW = "the kernel may skip it"
COUNTED = Feature("skips", "count of them")
TOLD = Feature("sched_process_exit", arguments=2)
POINTS = {event: tuple(f"syscalls/sys_exit_{call}" for call in calls) for event, calls in CALLS.items()}
IDS = {point: number for number, point in enumerate(sorted(point for each in POINTS.values() for point in each), 100)}
OPENS, EXECS = ([IDS[point] for point in POINTS[event]] for event in ("open", "exec"))
OPEN_FUNCTIONS, EXEC_FUNCTIONS = (
    {f"on__{abi}_sys_{call}": [] for abi in ("x64", "ia32") for call in CALLS[event]} for event in ("open", "exec")
)
FIRST = next(iter(OPEN_FUNCTIONS))
RING = {"on_ring_submit": [], "on_ring_complete": []}
COMPAT = frozenset(function for function in (*OPEN_FUNCTIONS, *EXEC_FUNCTIONS) if "ia32" in function)


def calls(event, functions):
    """Three ways to see system calls."""
    return (
        Candidate(METHODS["raw"], {"on_sys_exit": ()}, "all calls"),
        Candidate(METHODS["fexit"], dict.fromkeys(functions, ()), "functions", compat=COMPAT & set(functions)),
        Candidate(
            METHODS["tracepoint"],
            {"on_call_exit": POINTS[event]},
            "single calls",
            "a few",
            unflawed_with=COUNTED,
            flaw=FLAW,
        ),
    )


HOOKS = (
    Hook("fork", "creation", "success", (Candidate(METHODS["raw"], {"on_fork": ()}, "the only way"),)),
    Hook("exec", "success", "success", (Candidate(METHODS["raw"], {"on_exec": ()}, "the only way"),)),
    Hook("exec", "failure", "failure", calls("exec", EXEC_FUNCTIONS)),
    Hook(
        "exit",
        "end",
        "both",
        (
            Candidate(METHODS["raw"], {"on_exit": ()}, "better", needs=(TOLD,)),
            Candidate(METHODS["raw"], {"on_exit_old": ()}, "worse"),
        ),
    ),
    Hook("open", "success and failure", "both", calls("open", OPEN_FUNCTIONS)),
    Hook(
        "open",
        "io_uring",
        "both",
        (
            Candidate(METHODS["raw"], dict.fromkeys(RING, ()), "the ring's"),
            Candidate(METHODS["raw"], {"on_ring_submit_old": (), "on_ring_complete_old": ()}, "the old ring's"),
        ),
        missed="files opened through io_uring",
    ),
)
