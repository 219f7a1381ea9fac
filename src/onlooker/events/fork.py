"""A process or a thread was created."""

from typing import Annotated, ClassVar

from ..schema.kinds import boolean, choice, cut_mask, doc, label, unsigned
from .base import TaskEvent
from .names import clone_flag_names
from .words import marks


class Fork(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="fork"):
    """A process created a child (or, with threads shown, a thread). The event's own ids are the creator's.

    Source: tracepoint sched_process_fork, kernel/fork.c; flags: clone(2).
    """

    event: ClassVar[str] = "fork"

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
        choice("clone", "clone3", "fork", "vfork", absent=0),
        doc("The system call used; absent where the kernel itself was the creator."),
    ] = None
    clone_flags: Annotated[
        tuple[str, ...],
        label(64, clone_flag_names, cuttable=True),
        doc("Names of the clone flags, as passed, and last the signal sent to the parent at the child's exit."),
    ] = ()
    cut: Annotated[tuple[str, ...], cut_mask(), doc("Names of the fields that are incomplete.")] = ()

    shows_parent: ClassVar[bool] = True

    def _did(self) -> str:
        called = f"sys_{self.syscall}" if self.syscall else "kernel_clone"
        what = f" [thread {self.child_tid}]" if self.thread else " [kernel thread]" if self.kernel else ""
        return f"called {called}{what}{marks(self)}"
