"""How each event can be observed: candidates in order of preference. The first that loads and attaches wins."""

import msgspec

RAW = "raw tracepoint"
TRACEPOINT = "system call tracepoints"
METHODS = {"tracepoint": TRACEPOINT, "raw": RAW}  # as --attach names them


class Candidate(msgspec.Struct, frozen=True):
    """One way to observe. `programs` are names in bpf/probes, each with the tracepoint it needs from tracefs or "".

    Before the Linux version `since` it is not used unless it is asked for, because of what `flaw` says.
    """

    method: str
    programs: dict[str, str]
    why: str
    blind: str = ""
    since: tuple[int, int] = (0, 0)
    flaw: str = ""


class Hook(msgspec.Struct, frozen=True):
    """What is to be observed: the event, and which part of it. `outcome`: what of it can be, for --failed."""

    event: str
    purpose: str
    outcome: str
    candidates: tuple[Candidate, ...]


_COMPAT = "32-bit and x32 system calls"
_OPENS = f"{_COMPAT}, io_uring, open_by_handle_at"
# trace_call_bpf skips a program while bpf_prog_active is set on the cpu, which bpf(2) sets while it looks into maps; on
# a preemptible kernel another process's opens are then lost. Counted since dd8657894c11 (6.7).
_SINCE = (6, 7)
_FLAW = "before Linux 6.7 the kernel may skip such programs without counting it"
_SYS_EXIT = Candidate(
    RAW,
    {"on_sys_exit": ""},
    "needs no tracefs; costs every system call of the machine a little",
    _COMPAT,
)

TABLE = (
    Hook(
        "fork",
        "creation",
        "success",
        (Candidate(RAW, {"on_fork": ""}, "needs neither tracefs nor kprobes; before the child can run"),),
    ),
    Hook(
        "exec",
        "success",
        "success",
        (Candidate(RAW, {"on_exec": ""}, "the kernel's own word that the new program stands"),),
    ),
    Hook(
        "exec",
        "failure",
        "failure",
        (
            Candidate(
                TRACEPOINT,
                {"on_execve": "syscalls/sys_exit_execve", "on_execveat": "syscalls/sys_exit_execveat"},
                "cheapest for all other system calls",
                _COMPAT,
                _SINCE,
                _FLAW,
            ),
            _SYS_EXIT,
        ),
    ),
    Hook(
        "exit",
        "end",
        "both",
        (
            Candidate(RAW, {"on_exit": ""}, "the kernel says which thread is the last (Linux 6.16)"),
            Candidate(RAW, {"on_exit_old": ""}, "before Linux 6.16: the last thread is found by its process's counter"),
        ),
    ),
    Hook(
        "open",
        "success and failure",
        "both",
        (
            Candidate(
                TRACEPOINT,
                {
                    "on_openat": "syscalls/sys_exit_openat",
                    "on_openat2": "syscalls/sys_exit_openat2",
                    "on_open": "syscalls/sys_exit_open",
                    "on_creat": "syscalls/sys_exit_creat",
                },
                "cheapest for all other system calls",
                _OPENS,
                _SINCE,
                _FLAW,
            ),
            Candidate(_SYS_EXIT.method, _SYS_EXIT.programs, _SYS_EXIT.why, _OPENS),
        ),
    ),
)

# system calls that only some architectures have; without them nothing is missed
OPTIONAL_TRACEPOINTS = frozenset({"syscalls/sys_exit_open", "syscalls/sys_exit_creat"})

TRACEPOINTS = tuple(
    sorted({point for hook in TABLE for c in hook.candidates for point in c.programs.values() if point})
)


def hooks(events: tuple[str, ...], *, failed: bool) -> list[Hook]:
    """The hooks that the chosen events need; with `failed`, only those that can see a failure."""
    return [hook for hook in TABLE if hook.event in events and not (failed and hook.outcome == "success")]
