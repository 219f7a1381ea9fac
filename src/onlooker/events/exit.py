"""A process ended."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import boolean, doc, one_of, signed, unsigned
from .base import CHILD_AND_PARENT, TaskEvent
from .names import SIGNALS

NO_TIME = 2**64 - 1


class Exit(TaskEvent, frozen=True, gc=False, omit_defaults=True, tag="exit"):
    """A process ended: the last of its threads is gone. One event for each process, whatever ended it.

    Source: tracepoint sched_process_exit, kernel/exit.c; the code is the one that wait(2) gives the parent.
    """

    event: ClassVar[str] = "exit"
    number: ClassVar[int] = 3
    is_default: ClassVar[bool] = True
    is_of_process: ClassVar[bool] = True

    core_dumped: Annotated[bool, boolean(), doc("Whether the kernel wrote a core dump.")]
    duration_ns: Annotated[int, unsigned(64), doc("How long the process lived, in nanoseconds.")]
    exit_code: Annotated[int | None, signed(32, absent=-1), doc("Exit code, 0 to 255, where the process exited.")] = (
        None
    )
    signal: Annotated[
        str | None, one_of(8, SIGNALS, absent=0), doc("Name of the signal where one killed the process.")
    ] = None
    cpu_user_ns: Annotated[
        int | None,
        unsigned(64, absent=NO_TIME),
        doc(
            "Processor time in user space, of all threads, in nanoseconds: psutil's cpu_times().user. What was used "
            "after the kernel had counted last, at a switch or a tick, is not in it: up to 10 ms."
        ),
    ] = None
    cpu_system_ns: Annotated[
        int | None, unsigned(64, absent=NO_TIME), doc("The same in the kernel: psutil's cpu_times().system.")
    ] = None

    who: ClassVar[str] = CHILD_AND_PARENT
    phrase: ClassVar[str] = (
        "{signal?was killed by {signal}{core_dumped? (core dumped)}|exited with code {exit_code}}"
        " after {duration_ns:seconds}"
    )
    result: ClassVar[str] = "{signal?{signal}|{exit_code}}"
    details: ClassVar[str] = "after {duration_ns:seconds}{core_dumped?, core dumped}"
    example: ClassVar[dict[str, Any]] = {
        "duration_ns": 1_000_000_000,
        "cpu_user_ns": 3_000_000,
        "cpu_system_ns": 1_000_000,
    }
    success: ClassVar[dict[str, Any]] = {"exit_code": 0}
