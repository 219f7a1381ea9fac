"""Whether the processes and users that a filter names are there: an option that can match nothing says so at once."""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import UsageError
from . import kernel

PROC = Path("/proc")
LISTING = "ps -e lists the processes"
MOST_NAMED = 5  # of a list, in a message


def look_for(pids: Sequence[int], option: str = "pid") -> list[str]:
    """Notes about those of the process ids that can match nothing. Raises UsageError where none of them can match; the
    `option` is the one that they were given to.

    In another pid namespace /proc has other ids than the filter, so nothing is known; nor without /proc.
    """
    if not pids or kernel.in_pid_namespace() or not (PROC / "self/status").exists():
        return []
    missing, threads = [], {}
    for pid in pids:
        group, name = _identity(pid)
        if group is None:
            missing.append(pid)
        elif group != pid:
            threads[pid] = (group, name)
    notes = [f"no such process: {_some(missing)}"] if missing else []
    notes += [f"{tid} is a thread of process {group} ({name})" for tid, (group, name) in threads.items()]
    meant = ",".join(str(group) for group in dict.fromkeys(group for group, _ in threads.values()))
    if len(missing) + len(threads) == len(set(pids)):
        if not meant:
            raise UsageError("; ".join(notes), LISTING)
        raise UsageError("; ".join(notes), f"{option}=[{meant.replace(',', ', ')}]", f"--{option} {meant}")
    if os.getpid() in pids:
        notes.append(f"process {os.getpid()} is the monitor itself; its events are not shown")
    return notes


def no_such_process(pid: int) -> UsageError:
    """It has ended just now, or in this pid namespace it has another number."""
    return UsageError(f"no such process: {pid}", LISTING)


def _identity(pid: int) -> tuple[int | None, str]:
    """The process that a thread of that id belongs to, and its name; None where there is no such thread.

    /proc can hide what kill(2) still finds (hidepid, proc(5)): it is then taken for a process.
    """
    try:
        fields = _status(PROC / str(pid))
        return int(fields["Tgid"]), name_of(PROC / fields["Tgid"])
    except (OSError, KeyError, ValueError):
        pass
    try:
        os.kill(pid, 0)
    except PermissionError:
        return pid, ""
    except (ProcessLookupError, OverflowError):
        return None, ""
    return pid, ""


def _status(directory: Path) -> dict[str, str]:
    lines = (directory / "status").read_text(encoding="ascii", errors="replace").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def name_of(directory: Path) -> str:
    """Of the process that has this directory in /proc, or "". It is the process's own choice, so it is escaped."""
    with suppress(OSError):
        return repr(os.fsdecode((directory / "comm").read_bytes()[:-1]))[1:-1]
    return ""


def _some(numbers: Sequence[int]) -> str:
    more = len(numbers) - MOST_NAMED
    return ", ".join(map(str, numbers[:MOST_NAMED])) + (f" and {more} more" if more > 0 else "")


def _directories() -> Iterator[Path]:
    with suppress(OSError):
        yield from (entry for entry in PROC.iterdir() if entry.name.isdigit())


def is_named(comm: str) -> bool:
    """Whether a process has exactly this name now."""
    wanted = os.fsencode(comm) + b"\n"
    for directory in _directories():
        with suppress(OSError):
            if (directory / "comm").read_bytes() == wanted:
                return True
    return False


def without_processes(uids: Collection[int]) -> list[int]:
    """Those of the real user ids that no process has now."""
    left = set(uids)
    for directory in _directories():
        with suppress(OSError, KeyError, ValueError, IndexError):
            left.discard(int(_status(directory)["Uid"].split()[0]))
    return sorted(left)
