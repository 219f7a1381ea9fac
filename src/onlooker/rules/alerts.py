"""An alert, of a rule and the event that it has found."""

from collections.abc import Sequence
from itertools import islice

from ..enrich.processes import Process
from ..events import TaskEvent
from ..events.alert import Alert
from ..events.exec import Exec
from ..filters.fields import FILES
from ..filters.paths import clean
from ..records.encode import raw_bytes
from .rule import Rule

MOST_ARGV_BYTES = 4096
MOST_ANCESTORS = 16


def alert_of(rule: Rule, event: TaskEvent, process: Process, record: str) -> Alert:
    """`process` is the one that did the event, and `record` the event's JSON line."""
    above = tuple(islice(process.ancestors(), MOST_ANCESTORS))
    is_exec = isinstance(event, Exec)
    argv: Sequence[str] = event.argv if isinstance(event, Exec) else process.argv or ()
    kept = _kept(argv)
    is_cut = len(kept) < len(argv) or kept[-1:] != tuple(argv[-1:]) or _is_cut(event, process)
    return Alert(
        time=event.time,
        boot_ns=event.boot_ns,
        pid=event.pid,
        tid=event.tid,
        ppid=event.ppid,
        uid=event.uid,
        gid=event.gid,
        comm=event.comm,
        start_ns=event.start_ns,
        cgroup_id=event.cgroup_id,
        ns_pid=event.ns_pid,
        rule=rule.id,
        title=rule.title,
        level=rule.level,
        matched=event.event,
        record=record,
        tags=rule.tags,
        exe=_file(event, "file") if is_exec else process.exe,
        argv=kept,
        path=None if is_exec else _file(event, "file"),
        new_path=_file(event, "new_file"),
        errno=getattr(event, "errno", None),
        ancestors=tuple(each.comm for each in above),
        ancestor_pids=tuple(str(each.pid) for each in above),
        ancestor_exes=tuple(each.exe or "" for each in above),
        cut=("argv",) if is_cut else (),
    )


def _is_cut(event: TaskEvent, process: Process) -> bool:
    return "argv" in event.cut if isinstance(event, Exec) else process.argv_cut


def _file(event: TaskEvent, which: str) -> str | None:
    """Which file it is about, as expressions have it."""
    for name in FILES[which]:
        found: str | None = getattr(event, name, None)
        if found is not None:
            return clean(raw_bytes(found)).decode("utf-8", "surrogateescape")
    return None


def _kept(argv: Sequence[str]) -> tuple[str, ...]:
    """The first of them that take no more than they may; the last of these may be cut."""
    kept: list[str] = []
    left = MOST_ARGV_BYTES
    for word in argv:
        if left <= 0:
            break
        raw = raw_bytes(word)
        kept.append(word if len(raw) <= left else raw[:left].decode("utf-8", "surrogateescape"))
        left -= len(raw) + 1
    return tuple(kept)
