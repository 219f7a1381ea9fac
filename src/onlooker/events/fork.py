"""A process or a thread was created."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import boolean, choice, cut_mask, doc, flag_names, unsigned
from ..schema.syscalls import Syscall, names
from .base import CHILD_AND_PARENT, TaskEvent
from .names import CLONE_FLAGS

SYSCALLS = (
    Syscall("clone", x86_64=56, i386=120, aarch64=220, arm=120),
    Syscall("clone3", x86_64=435, i386=435, aarch64=435, arm=435),
    Syscall("fork", x86_64=57, i386=2, arm=2),
    Syscall("vfork", x86_64=58, i386=190, arm=190),
)


class Fork(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="fork"):
    """A process created a child (or, with threads shown, a thread). The event's own ids are the creator's.

    Source: tracepoint sched_process_fork, kernel/fork.c; flags: clone(2).
    """

    event: ClassVar[str] = "fork"
    number: ClassVar[int] = 1
    is_default: ClassVar[bool] = True
    is_of_process: ClassVar[bool] = True
    syscalls: ClassVar[tuple[Syscall, ...]] = SYSCALLS
    at_call_exit: ClassVar[bool] = False  # but before the child can run

    child_pid: Annotated[int, unsigned(32), doc("Process id of the child; the creator's own for a thread.")]
    child_tid: Annotated[int, unsigned(32), doc("Thread id of what was created.")]
    child_start_ns: Annotated[
        int, unsigned(64), doc("The child's start_ns; for a thread, when the thread was created.")
    ]
    child_ppid: Annotated[
        int, unsigned(32), doc("The child's parent: the creator, or the creator's parent with CLONE_PARENT.")
    ]
    thread: Annotated[bool, boolean(), doc("Whether a thread was created, and not a process.")]
    kernel: Annotated[bool, boolean(), doc("Whether what was created is a kernel thread.")]
    syscall: Annotated[
        str | None,
        choice(*names(SYSCALLS), absent=0),
        doc("The system call used; absent where the kernel itself was the creator."),
    ] = None
    clone_flags: Annotated[
        tuple[str, ...],
        flag_names(64, CLONE_FLAGS, cuttable=True),
        doc("Names of the clone flags, as passed, and last the signal sent to the parent at the child's exit."),
    ] = ()
    cut: Annotated[tuple[str, ...], cut_mask(), doc("Names of the fields that are incomplete.")] = ()

    who: ClassVar[str] = CHILD_AND_PARENT
    phrase: ClassVar[str] = (
        "called {syscall?sys_{syscall}|kernel_clone} [{thread?thread|{kernel?kernel thread|child}} {child_tid}]"
    )
    result: ClassVar[str] = "{child_tid}"
    details: ClassVar[str] = (
        "{thread?thread|{kernel?kernel thread|process}} by {syscall?{syscall}|kernel_clone}"
        "{clone_flags? {clone_flags:words}}"
    )
    example: ClassVar[dict[str, Any]] = {
        "child_pid": 1235,
        "child_tid": 1235,
        "child_start_ns": 60_000_000_000,
        "child_ppid": 1234,
        "syscall": "clone",
        "clone_flags": ("SIGCHLD",),
    }
