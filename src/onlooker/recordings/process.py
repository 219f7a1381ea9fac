"""A process, as a recording knows it."""

from collections.abc import Iterator

import msgspec

from ..escaping import command_line, escape


class Execution(msgspec.Struct, frozen=True, gc=False):
    """A process executed a program. `argv_cut`: there were more arguments than are kept."""

    boot_ns: int
    path: str
    argv: tuple[str, ...]
    exe: str | None = None
    cwd: str | None = None
    argv_cut: bool = False

    @property
    def name(self) -> str:
        """The program's, without its directory."""
        return self.path.rstrip("/").rpartition("/")[2] or self.path


class ProcessRecord(msgspec.Struct, eq=False):
    """A process, as far as a recording knows it; `(pid, start_ns)` is unique until the machine reboots.

    `has_begun`: its beginning was recorded, and `parent` created it; else `parent` is the one that its events name, if
    the recording knows that. `ppid` is the first that is known, and `comm`, `uid` and `cgroup_id` are the last.
    `inherited` is what its creator ran then. `first_ns` and `last_ns` are the times of its events on the boot clock.
    `end_ns` is None where no end was recorded; `is_over`: it ended all the same, since its id was used again;
    `until_ns`: it was there until then, when the recording ended. Where it has none of these, nobody knows: its end may
    be what the recording lacks. `events` counts by kind, where that was asked for; `left_out` counts children of which
    there is no record, for want of room; `children` are those of which there is one, by the time of their start.
    """

    pid: int
    start_ns: int
    ppid: int
    comm: str
    uid: int
    cgroup_id: int
    first_ns: int
    last_ns: int
    parent: "ProcessRecord | None" = None
    has_begun: bool = False
    inherited: Execution | None = None
    execs: list[Execution] = msgspec.field(default_factory=list)
    execs_left_out: int = 0
    end_ns: int | None = None
    is_over: bool = False
    until_ns: int | None = None
    exit_code: int | None = None
    signal: str | None = None
    core_dumped: bool = False
    cpu_user_ns: int | None = None
    cpu_system_ns: int | None = None
    events: dict[str, int] = msgspec.field(default_factory=dict)
    children: "list[ProcessRecord]" = msgspec.field(default_factory=list)  # when all is known
    kept: int = 0  # children, so far
    left_out: int = 0

    def __repr__(self) -> str:
        return f"<ProcessRecord {self}>"

    def __str__(self) -> str:
        """Its id and its command, harmless for a terminal."""
        argv = self.program.argv if self.program else ()
        return f"{self.pid} {command_line(argv) if argv else escape(self.comm)}"

    @property
    def key(self) -> tuple[int, int]:
        """What tells it from all others."""
        return self.pid, self.start_ns

    @property
    def program(self) -> Execution | None:
        """What it ran last; of one that executed nothing itself, what its creator ran."""
        return self.execs[-1] if self.execs else self.inherited

    @property
    def has_failed(self) -> bool:
        """Whether it is known to have ended by a signal, or with another exit code than 0."""
        return self.signal is not None or self.exit_code not in (None, 0)

    @property
    def is_running(self) -> bool:
        """Whether it was there when the recording ended."""
        return self.until_ns is not None

    @property
    def seen_until_ns(self) -> int:
        """Its end; of one that was running, the recording's; else its last event."""
        if self.end_ns is not None:
            return self.end_ns
        return self.last_ns if self.until_ns is None else self.until_ns

    @property
    def duration_ns(self) -> int:
        """How long it lived, as far as that was seen."""
        return max(0, self.seen_until_ns - self.start_ns)

    def ancestors(self) -> Iterator["ProcessRecord"]:
        """Its parent, and so on."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    def walk(self) -> Iterator[tuple[int, "ProcessRecord"]]:
        """It and all below it, each with its depth, a parent before its children."""
        levels = [(0, self)]
        while levels:
            depth, process = levels.pop()
            yield depth, process
            levels += [(depth + 1, child) for child in reversed(process.children)]
