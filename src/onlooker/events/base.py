"""What all events have in common."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import msgspec

from ..schema.fields import doc, name, unsigned, wall_time
from ..schema.syscalls import Syscall

CHILD_AND_PARENT = "Process {comm} (PID:{pid}, PPID:{ppid})"

# `onlooker.records` knows how to write a line, and registers it here when it is imported: "json" and "text"
LINE_WRITERS: dict[str, Callable[["Event"], str]] = {}


class Event(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="event"):
    """Anything that a monitor reports. `event` is its name: "fork", "exec", ...

    Events are immutable. A field that does not apply is None here (an empty tuple for a list, False for a mark) and
    absent in JSON. `str(event)` is the classic line and `event.to_json()` the JSON line, both without a newline and
    harmless for a terminal.

    Beside its fields, a class has its text in the language of `onlooker.schema.phrase`: `phrase`, which follows `who`,
    and for a table, `result` and `details`.
    """

    event: ClassVar[str]
    who: ClassVar[str]
    phrase: ClassVar[str]
    result: ClassVar[str]
    details: ClassVar[str]
    example: ClassVar[dict[str, Any]] = {}  # plausible values, for `onlooker.testing.make`
    success: ClassVar[dict[str, Any]] = {}  # and those that only a success has

    time: Annotated[str, wall_time(), doc("Wall-clock time, RFC 3339 in UTC with nanoseconds.")]
    boot_ns: Annotated[
        int, unsigned(64), doc("Nanoseconds since boot, time in suspend included (CLOCK_BOOTTIME); never steps.")
    ]

    @property
    def cut(self) -> tuple[str, ...]:
        """Names of the fields that are incomplete; kinds of events that can have some declare a field in its place."""
        return ()

    @property
    def unproven(self) -> bool:
        """Whether nothing proves that it happened; kinds of events that can be in doubt declare a field for it."""
        return False

    def __str__(self) -> str:
        """The classic line in local time, as `onlooker watch` writes it. Whatever a name holds, it can be printed."""
        return LINE_WRITERS["text"](self)

    def to_json(self) -> str:
        """One JSON object on one line, as `onlooker watch --output-format json` writes it: with `FIELD_bytes` beside a
        text that is not UTF-8.
        """
        return LINE_WRITERS["json"](self)


class OwnEvent(Event, frozen=True, gc=False, omit_defaults=True):
    """An event that onlooker adds to those of the probe: the probe never sends one.

    A kind of it is declared as any other: a class in a file here. It has its number on the wire by its place among
    them, behind the probe's. A field that `TaskEvent` declares, such as `pid`, lies where all records have it. A filter
    and an expression let all of them through, but of a kind that `is_asked`, which has the fields of a process, an
    expression decides. `is_counted`: it is something that happened, as a user counts it.

    One with `context` says what is known of a process's user, control group and the like. It is in the stream before
    the first event that it is about: one that has the same values in the fields that both have. `context` has, by what
    a user asks for (`--with`), the fields that say it.
    """

    is_counted: ClassVar[bool] = True
    is_asked: ClassVar[bool] = False
    context: ClassVar[dict[str, tuple[str, ...]]] = {}


class TaskEvent(Event, frozen=True, gc=False, omit_defaults=True):
    """An event of one process: who did it. `(pid, start_ns)` is unique until the machine reboots.

    A kind of it says which `number` it has on the wire, from 1 on without a gap, and which system calls do it; where
    they return it is seen, unless `at_call_exit` is False. `is_default`: watched where nothing is chosen.
    `is_of_process`: of a process's life; where the buffer gets full, there is still room for it. `is_change`: it
    changes the file system.
    """

    number: ClassVar[int]
    syscalls: ClassVar[tuple[Syscall, ...]] = ()
    at_call_exit: ClassVar[bool] = True
    is_default: ClassVar[bool] = False
    is_of_process: ClassVar[bool] = False
    is_change: ClassVar[bool] = False
    who: ClassVar[str] = "Process {comm} (PID:{pid})"

    pid: Annotated[int, unsigned(32), doc("Process id (the kernel's tgid), in the initial pid namespace.")]
    tid: Annotated[int, unsigned(32), doc("Thread id (the kernel's pid) of the thread that did it.")]
    ppid: Annotated[int, unsigned(32), doc("Process id of the parent; 0 where there is none.")]
    uid: Annotated[int, unsigned(32), doc("Real user id, in the initial user namespace.")]
    gid: Annotated[int, unsigned(32), doc("Real group id, in the initial user namespace.")]
    comm: Annotated[str, name(), doc("Name of the process (of its main thread), as the kernel keeps it: 15 bytes.")]
    start_ns: Annotated[
        int, unsigned(64), doc("When the process started, in nanoseconds since boot; unique together with pid.")
    ]
    cgroup_id: Annotated[int, unsigned(64), doc("Id of the process's cgroup in the version 2 hierarchy.")]
    ns_pid: Annotated[int, unsigned(32), doc("Process id in the process's own pid namespace.")]
