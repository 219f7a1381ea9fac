"""What expressions ask of processes, their parents and ancestors, out of the table of processes.

A parent is the process that created another; with CLONE_PARENT it is the creator's own parent, as the kernel has it. It
is taken as it was at that moment: its name, its program, its user. What it executes later, or its end, changes nothing.
So an answer is found once, when a process is created: that of its parent, and what was found of that one's own
ancestors. A process that is older than the monitor is a child of its parent of then. The process itself (`process.exe`)
is taken as it is after the event.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from ..events import PROCESS_EVENTS, TASK_EVENTS, TaskEvent
from ..events.alert import Alert
from ..events.exec import Exec
from ..events.fork import Fork
from ..filters import Filter
from ..filters.expression import And, Expression, Or, Test, kin_tests
from ..filters.options import as_expression
from ..records import Batch, Matcher
from .processes import PROC, Process, ProcessTable

_IN_EXEC = {"argv": "argv", "cmdline": "argv", "exe": "exe", "uid": "uid"}  # what can be unknown of a process


class KinFilter(Filter, frozen=True, kw_only=True):
    """What the source is asked for where the filter asks for kin: all of the life of processes, too, which the table
    learns from. Its matcher decides what the filter `given` had said.
    """

    given: Filter
    asked: Expression
    kinship: "Kinship"

    @property
    def table(self) -> ProcessTable:
        """The processes that it learns of."""
        return self.kinship.table

    @property
    def named_pids(self) -> tuple[int, ...]:
        """As the user named them."""
        return self.given.pid

    def matcher(self) -> Matcher:
        """For `Batch.matching`, of all batches in their order."""
        from ..filters.compile import matcher

        return matcher(self.asked, self.kinship.learn, self.answers.find if self.answers else None)

    def look(self) -> None:
        """At the processes that there are: before the source starts, and when it has."""
        self.kinship.look()

    @property
    def has_rules(self) -> bool:
        """Whether the kernel may decide a part of an expression."""
        return True

    def rules(self) -> bytes:
        """Of the other events: the table learns from all of the life of processes."""
        from ..filters.rules import Rules

        others = (event for event in self.events if event not in PROCESS_EVENTS)
        return Rules(self.asked, others, self.answers.bound if self.answers else None).to_bytes()


class Kinship:
    """Answers to some tests of processes, their parents and ancestors, for each process."""

    def __init__(self, tests: tuple[Test, ...], table: ProcessTable) -> None:
        from ..filters.compile import finder

        self._finder = finder([msgspec.structs.replace(test, field=test.name) for test in tests])
        self._of_ancestors = _bits(test.scope == "ancestor" for test in tests)
        self._of_itself = _bits(test.scope == "process" for test in tests)
        self._of_fields = {
            name: _bits(_IN_EXEC.get(test.name) == name for test in tests) for name in ("uid", "argv", "exe")
        }
        self.table = table
        self._remembered = lru_cache(maxsize=4096)(self._holding)

    def look(self) -> None:
        """At the processes that there are."""
        self.table.look()
        for process in self.table:
            self._kin(process)

    def learn(self, record: bytes, offset_ns: int) -> int:
        """Which tests hold for the process of a record, bit n for number n. All records of the life of processes must
        be shown to it, in their order.
        """
        [event] = Batch(record, offset_ns)
        if isinstance(event, Alert):  # it stands behind an event that says the same of its process, and more
            known = self.table.find(event.pid, event.start_ns)
            return self._answers(known) if known else 0
        assert isinstance(event, TaskEvent)
        process = self.table.of(event)
        if isinstance(event, Fork) and not event.thread:
            child = self.table.find(event.child_pid, event.child_start_ns)
            if child is not None:
                self._kin(child)
        return self._answers(process)

    def _answers(self, process: Process) -> int:
        kin = self._kin(process)
        return kin | self._own(process) & self._of_itself if self._of_itself else kin

    def _kin(self, process: Process) -> int:
        unknown = list(_unanswered(process))
        for each in reversed(unknown):
            above = each.parent
            if above is None:
                each.kin = 0
            else:
                each.kin = (self._own(above) & ~self._of_itself) | ((above.kin or 0) & self._of_ancestors)
        return process.kin or 0

    def _own(self, process: Process) -> int:
        """Which tests hold for a process itself."""
        return self._remembered(
            process.pid, process.ppid, process.uid, process.comm, process.exe, process.argv, process.start_ns
        )

    def _holding(
        self,
        pid: int,
        ppid: int,
        uid: int | None,
        comm: str,
        exe: str | None,
        argv: tuple[str, ...] | None,
        start_ns: int,
    ) -> int:
        """As if it had just executed its program: then an event says all that is known of it."""
        seen = Exec(
            time=_NO_TIME,
            boot_ns=start_ns,
            pid=pid,
            tid=pid,
            ppid=ppid,
            uid=uid or 0,
            gid=0,
            comm=comm,
            start_ns=start_ns,
            cgroup_id=0,
            ns_pid=pid,
            path="",
            argv=argv or (),
            exe=exe,
        )
        [batch] = Batch.of([seen])
        holding = sum(1 << number for _, _, numbers in batch.found(self._finder) for number in numbers)
        for name, value in (("uid", uid), ("argv", argv), ("exe", exe)):
            if value is None:
                holding &= ~self._of_fields[name]
        return holding


def _bits(holding: Iterable[bool]) -> int:
    """A bit for each that holds."""
    return sum(1 << number for number, holds in enumerate(holding) if holds)


_NO_TIME = "1970-01-01T00:00:00.000000000Z"


def _unanswered(process: Process) -> Iterator[Process]:
    """It and those above it, up to one whose answers are known."""
    above: Process | None = process
    while above is not None and above.kin is None:
        yield above
        above = above.parent


def with_kin(wanted: Filter, *, has_proc: bool, ancestors: bool = False) -> Filter:
    """What to ask the source for. `has_proc`: whether /proc has the process ids of the events; `ancestors`: the
    table is wanted for the ancestors of all processes, too.
    """
    tests = kin_tests(wanted.where) if wanted.where else ()
    if not tests and not ancestors:
        return wanted
    terms = [each for each in (as_expression(wanted), wanted.where) if each is not None]
    everything: Expression = Test("event", "exists")
    asked = And(tuple(terms)) if len(terms) > 1 else terms[0] if terms else everything
    life: Expression = Test("event", "in", tuple(map(str.encode, PROCESS_EVENTS)))
    source = {name: getattr(wanted, name) for name in wanted.__struct_fields__}  # what is no expression stays as it is
    source |= {"comm": (), "pid": (), "uid": (), "failed": False, "where": Or((life, asked))}
    source["events"] = tuple(name for name in TASK_EVENTS if name in (*PROCESS_EVENTS, *wanted.events))
    kinship = Kinship(tests, ProcessTable(PROC if has_proc else None, keeps_lines=ancestors))
    return KinFilter(**source, given=wanted, asked=asked, kinship=kinship)
