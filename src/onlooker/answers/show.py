"""The life of one process: who it is, what it executed and did to which files, what failed, and how it ended."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len

from ..counted import counted
from ..escaping import command_line, escape
from ..events import PROCESS_EVENTS, TASK_EVENTS, TaskEvent
from ..events.chdir import Chdir
from ..filters.compile import matcher
from ..filters.expression import And, Expression, Not, Or, Test
from ..recordings.process import Execution, ProcessRecord
from ..recordings.processes import Processes
from ..records import Batch
from . import Row
from .actions import cleaned, done
from .page import Page, beyond
from .programs import command, seconds
from .times import wall_time
from .tree import Tree, ending, process_row
from .uses import SECTIONS, Uses, head_of, is_failure, rows_of, use_row

if TYPE_CHECKING:
    from ..recordings.recording import Recording

MOST_FAILURES = 1000  # kinds of them, of one process
_MOST_NEAR, _LEAST_ALIKE = 3, 0.6  # names that are like one
_MANY = 20_000  # names: to compare so many takes a second
_SHOWN_FILES = 10  # rows of each section in a terminal
_Key = tuple[int, int]


class Candidates:
    """The processes that are meant by an id or a name, and all others around them: to be given all batches first.

    A name is that of a process, or of a program that it executed; with a slash, the program's path, as it was given or
    as the file is called. `also` are other names of that path.
    """

    def __init__(self, wanted: str, recording: "Recording | None" = None, *, also: Iterable[str] = ()) -> None:
        self.table = Processes(recording)
        self.pid = int(wanted) if wanted.isascii() and wanted.isdigit() else None
        self._name = wanted
        self._places = {wanted, *also}
        life = Test("event", "in", tuple(name.encode() for name in PROCESS_EVENTS))
        is_it: Expression
        if self.pid is not None:
            is_it = Test("pid", "==", (self.pid,))
        else:
            is_it = Test("comm", "==", (wanted.encode("utf-8", "surrogateescape")[:15],))
        self._others = matcher(And((Not(life), is_it)))  # of those that did only something else

    def take(self, batch: Batch) -> None:
        """Learn from a batch."""
        self.table.take(batch)
        self.table.take_others(batch.matching(self._others))

    def found(self) -> list[ProcessRecord]:
        """Those that are meant, by their start."""
        return [each for each in self.table.records() if self._is_meant(each)]

    def _is_meant(self, process: ProcessRecord) -> bool:
        if self.pid is not None:
            return process.pid == self.pid
        if "/" in self._name:
            return any(not self._places.isdisjoint(_paths(each)) for each in process.execs)
        return process.comm == self._name or any(each.name == self._name for each in process.execs)

    def names(self) -> list[str]:
        """All that could have been asked for in place of what was not found: those that are most like it come first,
        then those of most processes.
        """
        found: Counter[str] = Counter()
        for process in self.table.records():
            own = [path for each in process.execs for path in _paths(each)] if "/" in self._name else _names(process)
            found.update(set(own))
        by_last: dict[str, list[str]] = {}  # of a path, the end says most
        for name, _ in found.most_common(_MANY):
            by_last.setdefault(name.rpartition("/")[2], []).append(name)
        near = get_close_matches(self._name.rpartition("/")[2], by_last, n=_MOST_NEAR, cutoff=_LEAST_ALIKE)
        first = [name for last in near for name in by_last[last]]
        return list(dict.fromkeys([*first, *(name for name, _ in found.most_common())]))


def _names(process: ProcessRecord) -> list[str]:
    return [process.comm, *(each.name for each in process.execs)]


def _paths(program: Execution) -> set[str]:
    """The names of its file."""
    found = {program.path, program.exe or program.path}
    if (
        program.cwd and not program.path.startswith("/") and ".." not in program.path
    ):  # behind a link, that is elsewhere
        found.add(cleaned(f"{program.cwd}/{program.path}"))
    return found


class _Life:
    """What one process did."""

    def __init__(self) -> None:
        self.uses = Uses()
        self.cwd: str | None = None
        self.failures: dict[tuple[str, str, str, str], int] = {}
        self.failures_beyond = 0
        self.events: dict[str, int] = {}

    def take(self, event: TaskEvent) -> None:
        self.events[event.event] = self.events.get(event.event, 0) + 1
        self.uses.add(event)
        if isinstance(event, Chdir) and event.cwd:
            self.cwd = event.cwd
        error = getattr(event, "errno", None)
        if error is not None and is_failure(event):
            file, words = next(done(event), ("", ()))
            key = (event.event, ", ".join(words), error, file)
            if key in self.failures or len(self.failures) < MOST_FAILURES:
                self.failures[key] = self.failures.get(key, 0) + 1
            else:
                self.failures_beyond += 1


class Show:
    """The lives of `processes`, of a `candidates` that has seen all batches. `user` and `cgroup` name them."""

    events: ClassVar[tuple[str, ...]] = tuple(TASK_EVENTS)
    failed: ClassVar[bool] = False
    waits_for: ClassVar[str] = "a process"
    where: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        candidates: Candidates,
        processes: Collection[ProcessRecord],
        *,
        user: Callable[[int], str] = str,
        cgroup: Callable[[int, int], str] = lambda number, pid: str(number),
        is_command: bool = False,
    ) -> None:
        self._table = candidates.table
        self._processes = list(processes)
        self._lives: dict[_Key, _Life] = {each.key: _Life() for each in processes}
        pids = tuple(dict.fromkeys(each.pid for each in processes))
        tests = [Test("pid", "in", pids[at : at + 1000]) for at in range(0, len(pids), 1000)]
        self._matcher = matcher(Or(tuple(tests)) if len(tests) > 1 else tests[0])
        self._user, self._cgroup = user, cgroup
        self._tree = Tree(table=self._table, user=user, is_command=is_command)

    def take(self, batch: Batch) -> Iterable[Row]:
        """Learn from a batch."""
        for event in batch.matching(self._matcher).events():
            if isinstance(event, TaskEvent) and (life := self._lives.get((event.pid, event.start_ns))):
                life.take(event)
        return ()

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """Nothing is shown at once."""
        return iter(())

    def rows(self) -> Iterator[Row]:
        """For each process one object with `what` "process", and then one for each thing that is known of it."""
        self._tree.gather()
        for process in self._processes:
            life = self._lives[process.key]
            who = {"pid": process.pid, "start_ns": process.start_ns}
            about = process_row(process, self._table.offset_ns)
            more = {"cgroup_id": process.cgroup_id, "cwd": self._cwd(process), "end": ending(process) or "exit 0"}
            yield {"what": "process", **about, **more}
            for above in process.ancestors():
                yield {"what": "ancestor", **who, **_other("ancestor", above)}
            for each in process.execs:
                time = wall_time(each.boot_ns + self._table.offset_ns)
                program = {"program": each.exe or each.path, "argv": each.argv, "argv_cut": each.argv_cut or None}
                yield {"what": "execution", **who, "time": time, **program, "cwd": each.cwd}
            for child in process.children:
                yield {"what": "child", **who, **_other("child", child)}
            for name, count in life.events.items():
                yield {"what": "events", **who, "of": name, "count": count}
            for file, use in life.uses.groups.get(None, {}).items():
                yield {"what": "file", **who, **use_row(file, use), "comms": None}
            for (name, words, error, file), count in life.failures.items():
                call = {"of": name, "wanted": words, "errno": error, "file": file, "count": count}
                yield {"what": "failure", **who, **call}
            if left_out := life.uses.beyond.total() + life.failures_beyond:
                yield {"what": "not listed", **who, "count": left_out}

    def lines(self, page: Page) -> Iterator[str]:
        """One process after the other."""
        self._tree.gather()
        count = len(self._processes)
        for number, process in enumerate(self._processes):
            if number:
                yield ""
            if count > 1:
                yield page.fit(f"{number + 1} of {count} that had this id (--index {number + 1} shows only this one):")
            yield from self._about(process, page)
            yield from self._family(process, page)
            yield from self._did(self._lives[process.key], page)

    def _about(self, process: ProcessRecord, page: Page) -> Iterator[str]:
        before = f"{escape(process.comm)} ({process.pid})  "
        yield page.fit(before + command(process, page.width and max(1, page.width - cell_len(before))))
        zero = self._tree.zero_ns()
        since = (
            "before the recording"
            if process.start_ns < zero
            else f"{seconds(process.start_ns - zero)} s after the beginning"
        )
        started = wall_time(process.start_ns + self._table.offset_ns)
        cpu = ""
        if process.cpu_user_ns is not None and process.cpu_system_ns is not None:
            cpu = f"; processor {seconds(process.cpu_user_ns)} s, system {seconds(process.cpu_system_ns)} s"
        core = " (core dumped)" if process.core_dumped else ""
        end = {"": "exit 0", "?": "not seen", "running": "still running"}.get(ending(process), ending(process))
        names = [f"{escape(above.comm)} ({above.pid})" for above in process.ancestors()]
        top = [*process.ancestors()][-1:] or [process]
        if top[0].ppid:
            names.append(f"? ({top[0].ppid})")
        user = escape(self._user(process.uid))
        facts = (
            ("started", f"{started[:10]} {started[11:23]} UTC, {since}"),
            ("took", f"{seconds(process.duration_ns)} s{cpu}"),
            ("ended", end + core),
            ("by", " < ".join(names) or "nobody"),
            ("user", f"{user}, cgroup {escape(self._cgroup(process.cgroup_id, process.pid))}"),
            ("in", escape(self._cwd(process) or "?")),
        )
        for name, text in facts:
            yield page.fit(f"  {name:<8}{text}")

    def _cwd(self, process: ProcessRecord) -> str | None:
        """The last that is known."""
        if cwd := self._lives[process.key].cwd:
            return cwd
        program = process.program
        return program.cwd if program else None

    def _family(self, process: ProcessRecord, page: Page) -> Iterator[str]:
        if len(process.execs) > 1 or process.execs_left_out:
            yield page.fit(f"executed: {counted(len(process.execs) + process.execs_left_out, 'program')}")
            zero = self._tree.zero_ns()
            for each in process.execs:
                words = f"  {seconds(max(0, each.boot_ns - zero))}  {escape(each.exe or each.path)}: "
                yield page.fit(words + command_line(each.argv))
        children = process.children
        if children or process.left_out:
            failed = sum(each.has_failed for each in children)
            more = f"; {process.left_out} not listed" if process.left_out else ""
            yield page.fit(f"children: {counted(len(children), 'process', 'processes')}, {failed} failed{more}")
            yield from self._tree.table(children, page, 1)

    def _did(self, life: _Life, page: Page) -> Iterator[str]:
        for section in SECTIONS:
            if used := life.uses.of(section):
                yield page.fit(head_of(section, used))
                files = rows_of(section, used, page, _SHOWN_FILES if page.height else 0)
                yield from page.columns(("TIMES", "HOW", "FILE"), files, right=[0], share=2)
            yield from map(page.fit, life.uses.not_listed(section))
        if life.failures:
            total = sum(life.failures.values())
            yield page.fit(f"failed: {counted(total, 'call')}")
            ranked = sorted(life.failures.items(), key=lambda each: -each[1])
            shown = ranked[:_SHOWN_FILES] if page.height else ranked
            rows = [(str(count), words or name, error, escape(file)) for (name, words, error, file), count in shown]
            yield from page.columns(("TIMES", "WANTED", "ERROR", "FILE"), rows, right=[0], share=2)
            if len(shown) < len(ranked):
                yield page.fit(f"and {counted(len(ranked) - len(shown), 'row')} more; -o FILE has all")
        yield from map(page.fit, beyond(life.failures_beyond))


def _other(name: str, process: ProcessRecord) -> Row:
    """Another process, next to one."""
    program = process.program
    return {
        f"{name}_pid": process.pid,
        f"{name}_start_ns": process.start_ns,
        "comm": process.comm,
        "argv": program.argv if program else None,
        "exit_code": process.exit_code,
        "signal": process.signal,
    }


class Listed:
    """Processes of which one is to be chosen."""

    events: ClassVar[tuple[str, ...]] = PROCESS_EVENTS
    failed: ClassVar[bool] = False
    waits_for: ClassVar[str] = "processes"
    where: ClassVar[tuple[str, ...]] = ()

    def __init__(self, candidates: Candidates, processes: Collection[ProcessRecord], *, is_command: bool) -> None:
        self._processes = list(processes)
        self._table = candidates.table
        self._tree = Tree(table=candidates.table, folds=False, is_command=is_command)

    def take(self, batch: Batch) -> Iterable[Row]:
        """Nothing."""
        return ()

    def rows(self) -> Iterator[Row]:
        """An object for each."""
        return ({"what": "candidate", **process_row(each, self._table.offset_ns)} for each in self._processes)

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """Nothing is shown at once."""
        return iter(())

    def lines(self, page: Page) -> Iterator[str]:
        """A table; of many, the first."""
        self._tree.gather()
        shown = self._processes[: page.limit] if page.limit else self._processes
        yield from self._tree.table(shown, page, 1)
        if len(shown) < len(self._processes):
            yield page.fit(f"and {counted(len(self._processes) - len(shown), 'row')} more; -o FILE has all")
