"""Who changes a file, or anything below a directory: when, which user, which program, and who started that."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from rich.cells import cell_len

from ..counted import counted
from ..enrich.processes import Process, ProcessTable
from ..escaping import command_line, escape
from ..events import PROCESS_EVENTS, TaskEvent
from ..events.link import Link
from ..events.rename import Rename
from ..records import Batch
from . import Row
from .actions import CHANGES, done, file_of, is_change, new_file_of
from .alike import Alike
from .page import Page, shortened

MOST_REMEMBERED = 100_000  # things that were shown, and are not shown again


class Who:
    """Who opens for writing, creates, changes, renames, links or removes one of `paths`, or something below it. Each
    thing that a process does to a file is shown once, when it happens first; and what it wanted and could not, unless
    nothing was there.
    """

    events: ClassVar[tuple[str, ...]] = (*PROCESS_EVENTS, *CHANGES)
    failed: ClassVar[bool] = False
    waits_for: ClassVar[str] = "changes"

    def __init__(self, paths: Sequence[str], table: ProcessTable, user: Callable[[int], str] = str) -> None:
        """The paths are absolute, as `filters.links.places_of` gives them; `user` names a user."""
        self._bases = tuple(dict.fromkeys(paths))
        self._table = table
        self._user = user
        self._known: dict[tuple[int, int, str, str], None] = {}
        self._processes: dict[tuple[int, int], None] = {}
        self._last: tuple[int, int] | None = None  # the process that was shown last
        self._changes = self._failed = self._times = self._number_of_processes = 0
        self._alike = Alike()

    @property
    def where(self) -> tuple[str, ...]:
        """The life of processes, and what is done to these files, or moves one together with a directory above it."""
        under = ", ".join(map(_literal, self._bases))
        above = ", ".join({_literal(str(place)): None for base in self._bases for place in Path(base).parents})
        events = ", ".join(map(repr, PROCESS_EVENTS))
        moved = f" or event == 'rename' and (file in ({above}) or new_file in ({above}))" if above else ""
        return (f"event in ({events}) or file under ({under}) or new_file under ({under}){moved}",)

    def take(self, batch: Batch) -> list[Row]:
        """Learn from a batch; what is new."""
        found: list[Row] = []
        for event in batch.events():
            if isinstance(event, TaskEvent):
                process = self._table.of(event)
                if is_change(event) and getattr(event, "errno", None) != "ENOENT":
                    found += self._changed(event, process)
        return found

    def _changed(self, event: TaskEvent, process: Process) -> Iterator[Row]:
        error = getattr(event, "errno", None)
        for file, new_file, actions in _of_two(event):
            if not self._is_meant(event, file, new_file):
                continue
            self._times += 1
            if not _is_new(self._known, (event.pid, event.start_ns, f"{actions} {error}", f"{file}\0{new_file}")):
                continue
            self._changes += error is None
            self._failed += error is not None
            self._number_of_processes += _is_new(self._processes, (event.pid, event.start_ns))
            yield _row(event, process) | {"actions": actions, "file": file, "new_file": new_file, "errno": error}

    def _is_meant(self, event: TaskEvent, *files: str | None) -> bool:
        """Whether a file is one of those, or below; or is moved together with a directory above it."""
        for file in files:
            path = file or "?"
            for base in self._bases:
                if path == base or path.startswith(base.rstrip("/") + "/"):
                    return True
                if isinstance(event, Rename) and base.startswith(path + "/"):
                    return True
        return False

    def rows(self) -> Iterator[Row]:
        """All was shown when it happened."""
        return iter(())

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """A line for each change; lines before it say of another process than the last one what it is. In a terminal,
        not all that many processes alike do; `lines` says how much more it was.
        """
        for row in rows:
            process = (row["pid"], row["start_ns"])
            is_known = self._alike.is_known(row)
            head = self._process(row, with_parents=not is_known) if process != self._last else []
            if page.height and not self._alike.has_room(row, len(head) + 1, page.most_rows):
                continue
            self._last = process
            yield from (page.fit(line) for line in head)
            actions = ", ".join(row["actions"])
            action = f"tried to {actions}: {row['errno']}" if row["errno"] else actions
            files = " -> ".join(escape(file) for file in (row["file"], row["new_file"]) if file)
            before = f"  {_clock(row['time'])}  {action:<16}  "
            yield page.fit(before + (shortened(files, page.width - cell_len(before)) if page.width else files))

    def _process(self, row: Row, *, with_parents: bool) -> list[str]:
        argv = row["argv"]
        runs = "its arguments are not known" if argv is None else command_line(argv) or "[kernel thread]"
        more = " …" if row["argv_cut"] else ""
        first = f"{escape(self._user(row['uid']))}  {escape(row['comm'])} ({row['pid']})  {runs}{more}"
        names = [f"{escape(comm)} ({pid})" for comm, pid in zip(row["parents"], row["parent_pids"], strict=True)]
        if row["unknown_parent"]:
            names.append(f"? ({row['unknown_parent']})")
        return [first, f"  by {' < '.join(names)}"] if names and with_parents else [first]

    def lines(self, page: Page) -> Iterator[str]:
        """What was not shown at once, and the sum."""
        yield from map(page.fit, self._alike.lines(page.most_rows))
        failed = f" and {counted(self._failed, 'failed attempt')}" if self._failed else ""
        again = f", {counted(self._times, 'time')} in all" if self._times != self._changes + self._failed else ""
        processes = counted(self._number_of_processes, "process", "processes")
        yield page.fit(f"{counted(self._changes, 'change')}{failed} by {processes}{again}")


def _literal(path: str) -> str:
    """The path in an expression."""
    plain = b"/._-+"
    data = path.encode("utf-8", "surrogateescape")
    return "'" + "".join(chr(c) if (chr(c).isalnum() and c < 128) or c in plain else f"\\x{c:02x}" for c in data) + "'"


def _is_new(known: dict[Any, None], key: object) -> bool:
    """Remember it, and forget the oldest."""
    if key in known:
        return False
    if len(known) >= MOST_REMEMBERED:
        del known[next(iter(known))]
    known[key] = None
    return True


def _of_two(event: TaskEvent) -> Iterator[tuple[str, str | None, tuple[str, ...]]]:
    """The file, the new one of a call that has two, and what was done."""
    both = done(event)
    if isinstance(event, Rename | Link):
        _, words = next(both)
        yield file_of(event), new_file_of(event), words
    else:
        yield from ((file, None, words) for file, words in both)


def _clock(time: str) -> str:
    """The local time of day, with milliseconds, of a time in UTC."""
    return f"{datetime.fromisoformat(time[:23] + '+00:00').astimezone():%H:%M:%S}.{time[20:23]}"


def _row(event: TaskEvent, process: Process) -> Row:
    """Who it was."""
    above = list(process.ancestors())
    last = above[-1] if above else process
    return {
        "time": event.time,
        "uid": event.uid,
        "pid": event.pid,
        "start_ns": event.start_ns,
        "comm": event.comm,
        "exe": process.exe,
        "argv": process.argv,
        "argv_cut": process.argv_cut or None,
        "parents": [each.comm for each in above],
        "parent_pids": [each.pid for each in above],
        "unknown_parent": last.ppid or None,
    }
