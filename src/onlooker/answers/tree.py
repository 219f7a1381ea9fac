"""The processes of a recording as a tree: who began whom, what each executed, how long it took, how it ended."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import ClassVar

from rich.cells import cell_len

from ..counted import counted
from ..errors import UsageError
from ..escaping import escape
from ..events import PROCESS_EVENTS
from ..recordings.process import ProcessRecord
from ..recordings.processes import Processes
from ..records import Batch
from . import Row
from .page import Cell, Page, beyond
from .programs import alike_command, common_command, fit, seconds
from .times import wall_time

MOST_LEVELS = 40  # that are indented
TIMES = "\u00d7"
_UNKNOWN = "?"
_LEAST_COMMAND = 12  # columns
_HEAD = ("START", "TIME", "PID", "END", "PROCESS")
_BRANCH, _LAST, _ON, _PAST = "├─ ", "└─ ", "│  ", "   "

Group = list[ProcessRecord]  # those that make one row: one, or some that are alike


class Tree:
    """`pids`: only these processes with their descendants; `depth`: so many levels; `failed` and `least_ns`: only
    processes that failed, or took so long, and the way to them; `folds`: siblings that are alike make one row. `user`
    names a user. `is_command`: the recording began with the first process.
    """

    events: ClassVar[tuple[str, ...]] = PROCESS_EVENTS
    failed: ClassVar[bool] = False
    waits_for: ClassVar[str] = "processes"
    where: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        *,
        pids: Collection[int] = (),
        depth: int | None = None,
        failed: bool = False,
        least_ns: int | None = None,
        folds: bool = True,
        user: Callable[[int], str] = str,
        is_command: bool = False,
        table: Processes | None = None,
    ) -> None:
        self._table = table or Processes()
        self._pids, self._depth, self._failed, self._least_ns = pids, depth, failed, least_ns
        self._folds, self._user, self._is_command = folds, user, is_command
        self._descendants: dict[tuple[int, int], int] = {}  # how many
        self._records: Group = []
        self._shown: set[tuple[int, int]] | None = None
        self._forms: dict[tuple[int, int], int] = {}

    def take(self, batch: Batch) -> Iterable[Row]:
        """Learn from a batch."""
        self._table.take(batch)
        return ()

    def rows(self) -> Iterator[Row]:
        """An object for each process, a parent before its children; a last one where there were too many."""
        levels = [(each, 0) for each in reversed(self._roots())]
        while levels:
            process, depth = levels.pop()
            yield process_row(process, self._table.offset_ns, depth)
            if self._depth is None or depth + 1 < self._depth:
                levels += [(each, depth + 1) for each in reversed(self._below([process]))]
        if self._table.left_out:
            yield {"not_listed": self._table.left_out}

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """Nothing is shown at once."""
        return iter(())

    def lines(self, page: Page) -> Iterator[str]:
        """A table; in its last column the tree."""
        yield from self.table(self._roots(), page, self._depth)
        yield from map(page.fit, beyond(self._table.left_out))
        yield page.fit(self._sum())

    def table(self, processes: Group, page: Page, depth: int | None) -> Iterator[str]:
        """The rows of these processes and what is below them, so many levels, with a head."""
        if self._folds and not self._forms:
            self._compare()
        if rows := list(self._walk(processes, depth)):
            yield from page.columns(_HEAD, rows, right=[0, 1, 2], share=2, spare=[0, 2])

    def _sum(self) -> str:
        listed = self._records if self._shown is None else [each for each in self._records if each.key in self._shown]
        failed = sum(each.has_failed for each in listed)
        said = counted(len(listed), "process", "processes")
        of = f" of {len(self._records)}" if len(listed) < len(self._records) else ""
        took = seconds(self._table.end_ns - self.zero_ns())
        unknown = unknown_ends(self._records if self._failed else listed)
        ends = f", ends of {unknown} not known" if unknown else ""
        return f"{said}{of}, {failed} failed{ends}, in {took} s"

    def zero_ns(self) -> int:
        """When it began: with the command, where one was recorded."""
        return self._table.zero_ns(is_command=self._is_command)

    def _roots(self) -> Group:
        """The processes without a parent, or those that are asked for; raises UsageError where there is none."""
        self.gather()
        roots = [each for each in self._records if each.parent is None]
        if self._pids:
            asked = [each for each in self._records if each.pid in self._pids]
            for pid in self._pids:
                if all(each.pid != pid for each in asked):
                    raise UsageError(f"the recording has no process {pid}", "leave out --pid to see all")
            keys = {each.key for each in asked}
            roots = [each for each in asked if all(above.key not in keys for above in each.ancestors())]
        self._choose(roots)
        return [each for each in roots if self._is_shown(each)]

    def gather(self) -> None:
        """Know all processes; to be asked before `table`."""
        if not self._records:
            self._records = self._table.records()
            for each in reversed(self._records):
                if each.parent is not None:
                    above = each.parent.key
                    more = 1 + each.left_out + self._descendants.get(each.key, 0)
                    self._descendants[above] = self._descendants.get(above, 0) + more

    def _is_shown(self, process: ProcessRecord) -> bool:
        return self._shown is None or process.key in self._shown

    def _choose(self, roots: Group) -> None:
        """Which are shown; None: all."""
        self._shown = None
        if self._failed or self._least_ns is not None:
            self._shown = set()
            for each in self._records:
                if self._is_meant(each):
                    self._shown.add(each.key)
                    for above in each.ancestors():
                        if above.key in self._shown:
                            break
                        self._shown.add(above.key)
        if self._pids or self._depth is not None:
            below = set()
            level = [each for each in roots if self._is_shown(each)]
            depth = 0
            while level and (self._depth is None or depth < self._depth):
                below |= {each.key for each in level}
                level, depth = self._below(level), depth + 1
            self._shown = below

    def _is_meant(self, process: ProcessRecord) -> bool:
        is_long = self._least_ns is None or process.duration_ns >= self._least_ns
        return is_long and (process.has_failed or not self._failed)

    def _below(self, group: Group) -> Group:
        """The children that are shown."""
        return [child for process in group for child in process.children if self._is_shown(child)]

    def _compare(self) -> None:
        """Give the same number to processes that are alike, with their descendants."""
        numbers: dict[object, int] = {}
        for each in reversed(self._records):  # children before their parents, which are older
            below = tuple(sorted({self._forms[child.key] for child in self._below([each])}))
            end = (each.exit_code, each.signal, each.end_ns is None, each.is_running)
            form = (alike_command(each), end, self._other_user(each), below, bool(each.left_out))
            self._forms[each.key] = numbers.setdefault(form, len(numbers))

    def _grouped(self, processes: Group) -> list[Group]:
        if not self._folds:
            return [[each] for each in processes]
        groups: dict[int, Group] = {}
        for each in processes:
            groups.setdefault(self._forms[each.key], []).append(each)
        return list(groups.values())

    def _walk(self, roots: Group, depth: int | None) -> Iterator[tuple[Cell, ...]]:
        """The rows from above to below; so many levels, None for all."""
        zero = self.zero_ns()
        waiting = [(group, "", "", 1) for group in reversed(self._grouped(roots))]
        while waiting:
            group, prefix, below, level = waiting.pop()
            is_deepest = level == depth
            yield self._cells(group, prefix, zero, with_below=is_deepest)
            groups = [] if is_deepest else self._grouped(self._below(group))
            for number, each in enumerate(reversed(groups)):
                branch, after = (_LAST, _PAST) if number == 0 else (_BRANCH, _ON)
                deeper = (below + branch, below + after) if level <= MOST_LEVELS else (below + branch, below)
                waiting.append((each, *deeper, level + 1))

    def _cells(self, group: Group, prefix: str, zero: int, *, with_below: bool) -> tuple[Cell, ...]:
        first = group[0]
        start = "before" if first.start_ns < zero else seconds(first.start_ns - zero)
        total = sum(each.duration_ns for each in group)
        times = f"{TIMES}{len(group)} " if len(group) > 1 else ""
        notes = [f"longest {seconds(max(each.duration_ns for each in group))}"] if times else []
        user = self._other_user(first)
        notes += [f"user: {escape(self._user(user))}"] if user is not None else []
        hidden = sum(each.left_out + (self._descendants.get(each.key, 0) if with_below else 0) for each in group)
        notes += [f"{hidden} more below"] if hidden else []

        def text(width: int) -> str:
            shown = (fit(prefix, width // 2) if width else prefix) + times
            for some in range(len(notes) + 1):  # the last ones say most
                after = f" [{'; '.join(notes[some:])}]" if notes[some:] else ""
                room = width - cell_len(shown + after)
                if not width or room >= _LEAST_COMMAND:
                    break
            return fit(shown + common_command(group, max(1, room) if width else 0) + after, width)

        pid = str(first.pid) if len(group) == 1 else ""
        return start, seconds(total), pid, ending(first), text

    def _other_user(self, process: ProcessRecord) -> int | None:
        """Where it is another than its parent's."""
        parent = process.parent
        return process.uid if parent is not None and parent.uid != process.uid else None


def process_row(process: ProcessRecord, offset_ns: int, depth: int | None = None) -> Row:
    """A process as an object."""
    program, parent = process.program, process.parent
    return {
        "pid": process.pid,
        "start_ns": process.start_ns,
        "ppid": process.ppid,
        "parent_start_ns": parent.start_ns if parent else None,
        "depth": depth,
        "time": wall_time(process.start_ns + offset_ns),
        "comm": process.comm,
        "program": (program.exe or program.path) if program else None,
        "argv": program.argv if program else None,
        "argv_cut": (program and program.argv_cut) or None,
        "earlier": [each.exe or each.path for each in process.execs[:-1]] or None,
        "executed": len(process.execs) + process.execs_left_out,
        "uid": process.uid,
        "duration_ns": process.duration_ns,
        "cpu_user_ns": process.cpu_user_ns,
        "cpu_system_ns": process.cpu_system_ns,
        "exit_code": process.exit_code,
        "signal": process.signal,
        "running": process.is_running or None,
        "children_not_listed": process.left_out or None,
    }


def unknown_ends(processes: Iterable[ProcessRecord]) -> int:
    """Of how many nobody knows whether they failed."""
    return sum(ending(each) == _UNKNOWN for each in processes)


def ending(process: ProcessRecord) -> str:
    """How a process ended, in a word; nothing where it succeeded."""
    if process.signal is not None:
        return process.signal
    if process.exit_code is not None:
        return f"exit {process.exit_code}" if process.exit_code else ""
    return "running" if process.is_running else _UNKNOWN
