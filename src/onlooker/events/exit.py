"""A process ended."""

from typing import Annotated, ClassVar

from ..schema.kinds import boolean, doc, label, signed, unsigned
from .base import TaskEvent
from .names import signal_name
from .words import marks, seconds


class Exit(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="exit"):
    """A process ended: the last of its threads is gone. One event for each process, whatever ended it.

    Source: tracepoint sched_process_exit, kernel/exit.c; the code is the one that wait(2) gives the parent.
    """

    event: ClassVar[str] = "exit"

    core_dumped: Annotated[bool, boolean(), doc("Whether the kernel wrote a core dump.")]
    duration_ns: Annotated[int, unsigned(64), doc("How long the process lived, in nanoseconds.")]
    exit_code: Annotated[int | None, signed(32, absent=-1), doc("Exit code, 0 to 255, where the process exited.")] = (
        None
    )
    signal: Annotated[
        str | None, label(8, signal_name, absent=0), doc("Name of the signal where one killed the process.")
    ] = None

    shows_parent: ClassVar[bool] = True

    def _did(self) -> str:
        core = " (core dumped)" if self.core_dumped else ""
        how = f"was killed by {self.signal}{core}" if self.signal else f"exited with code {self.exit_code}"
        return f"{how} after {seconds(self.duration_ns)}{marks(self)}"
