"""What a page shows, as compact data: columns of numbers, and each name once. Every text in it is clean."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from ..answers.tree import ending, unknown_ends
from ..answers.uses import SECTIONS
from ..recordings.process import ProcessRecord
from .chosen import Folded, chosen
from .clean import Clean
from .failures import Failure
from .files import Key
from .lanes import lanes
from .spent import Spent, by_program, cpu_of, frames, name_of, own_times, shown
from .survey import Survey

# Deflated, so much takes less than 5 MB in the page, which a browser opens within 2 s.
MOST_PROCESSES = 20_000
MOST_FILES = 20_000
MOST_USES = 300_000  # pairs of a process and a file
MOST_FAILURES = 3_000
MOST_ARGV_CHARS = 8_000_000  # of all processes
_LONGEST_ARGV, _SHORTEST_ARGV = 4000, 120  # of one

_NOT_EXECUTED = (126, 127)  # exit codes of a shell for what it can't execute, or did not find
_US = 1000  # times are in microseconds


class Contents(msgspec.Struct):
    """`data` is for the page's program; `folded` says in words what the page does not show one by one."""

    data: dict[str, Any]
    span_ns: int
    zero_ns: int  # on the wall clock
    processes: int
    clean: Clean
    failed: list[ProcessRecord]
    unknown_ends: int
    programs: list[Spent]
    failures: list[Failure]
    folded: list[str]


class _Texts:
    """Each text once, by its number."""

    def __init__(self, clean: Clean) -> None:
        self.clean = clean
        self.all: list[str] = []
        self._numbers: dict[str, int] = {}

    def __call__(self, text: str | None) -> int:
        """-1 for none."""
        if text is None:
            return -1
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self.all)
            self.all.append(self.clean.text(text))
        return number


def contents_of(
    survey: Survey,
    clean: Clean,
    *,
    user: Callable[[int], str] = str,
    is_command: bool = False,
    most: int = MOST_PROCESSES,
) -> Contents:
    """Of what was learnt. `user` names a user; `is_command`: the recording began with the first process."""
    table, texts = survey.processes, _Texts(clean)
    records = table.records()
    zero, last = table.zero_ns(is_command=is_command), max(table.end_ns, table.first_ns + _US)
    starts = [max(each.start_ns, zero) for each in records]
    ends = [max(start, each.seen_until_ns) for start, each in zip(starts, records, strict=True)]
    parents = _parents(records)
    walls = [end - start for start, end in zip(starts, ends, strict=True)]
    owns = own_times(starts, ends, parents)
    programs = by_program(records, walls, owns)
    places, into = chosen(records, walls, most)
    kept = [records[at] for at in places]
    files, of_file = _files(survey, texts)
    uses = _uses(kept, survey.files.uses, of_file)
    failures = survey.failures.by_count()
    data = {
        "span": (last - zero) / _US,
        "sections": SECTIONS,
        "processes": _processes(kept, [starts[at] - zero for at in places], [walls[at] for at in places], into, texts)
        | {"user": [texts(user(each.uid)) for each in kept], "own": [owns[at] // _US for at in places]},
        "uses": uses,
        "files": files,
        "failures": [
            [each.count, each.error, each.how, clean.text(each.path), ", ".join(map(clean.text, each.comms))]
            for each in failures[:MOST_FAILURES]
        ],
        "programs": [
            [clean.text(each.name), each.runs, each.failed, each.own // _US, each.wall // _US, _us(each.cpu)]
            for each in programs[:MOST_FAILURES]
        ],
        "frames": [
            [texts(frame.name), row, start // _US, frame.total // _US, frame.own // _US, frame.runs]
            for frame, row, start in shown(frames(records, owns, parents))
        ],
        "activity": {
            "start": (survey.activity.first_ns - zero) / _US,
            "step": survey.activity.step_ns / _US,
            "events": survey.activity.events,
            "failures": survey.activity.failures,
        },
        "texts": texts.all,
    }
    failed = _failed(records)
    folded = list(_folded(survey, len(records) - len(kept), len(failures), uses["without"]))
    at = zero + table.offset_ns
    return Contents(
        data,
        last - zero,
        at,
        len(records) + table.left_out,
        clean,
        failed,
        unknown_ends(records),
        programs,
        failures,
        folded,
    )


def _failed(records: Sequence[ProcessRecord]) -> list[ProcessRecord]:
    """The worst first: what was killed, then what could not be executed. Of these, those first by whose failure others
    failed, the latest of them first.
    """
    found = [each for each in records if each.has_failed]
    blamed = {each.parent.key for each in found if each.parent}

    def order(each: ProcessRecord) -> tuple[int, bool, int]:
        kind = 0 if each.signal is not None else 1 if each.exit_code in _NOT_EXECUTED else 2
        is_cause = each.key not in blamed and any(above.has_failed for above in each.ancestors())
        return kind, not is_cause, -(each.end_ns or 0)

    return sorted(found, key=order)


def _parents(records: Sequence[ProcessRecord]) -> list[int]:
    """The place of each one's parent, which comes before it; -1 for none."""
    places: dict[Key, int] = {}
    found = []
    for place, each in enumerate(records):
        found.append(places.get(each.parent.key, -1) if each.parent else -1)
        places[each.key] = place
    return found


def _processes(
    kept: Sequence[ProcessRecord],
    starts: Sequence[int],
    walls: Sequence[int],
    into: Mapping[Key, Folded],
    texts: _Texts,
) -> dict[str, list[Any]]:
    parents = _parents(kept)
    ends = [start + wall for start, wall in zip(starts, walls, strict=True)]
    longest = max(_SHORTEST_ARGV, min(_LONGEST_ARGV, MOST_ARGV_CHARS // max(1, len(kept))))
    return {
        "pid": [each.pid for each in kept],
        "parent": parents,
        "start": [start // _US for start in starts],
        "wall": [wall // _US for wall in walls],
        "row": lanes(starts, ends, parents),
        "name": [texts(name_of(each)) for each in kept],
        "exe": [texts(each.program.exe or each.program.path if each.program else None) for each in kept],
        "cwd": [texts(each.program.cwd if each.program else None) for each in kept],
        "argv": [_argv(each, longest, texts.clean) for each in kept],
        "end": [texts(ending(each)) for each in kept],
        "failed": [int(each.has_failed) for each in kept],
        "cpu": [_us(cpu_of(each)) for each in kept],
        "events": [sum(each.events.values()) for each in kept],
        "folded": [into.get(each.key, (each.left_out, 0))[0] for each in kept],
    }


def _us(nanoseconds: int | None) -> int:
    """-1 where it is not known."""
    return -1 if nanoseconds is None else nanoseconds // _US


def _argv(process: ProcessRecord, longest: int, clean: Clean) -> str:
    """As a shell has it; "" for one that executed nothing itself."""
    if not process.execs:
        return ""
    last = process.execs[-1]
    text = clean.command(last.argv) or clean.text(last.path)
    return f"{text[: longest - 1]}…" if len(text) > longest or last.argv_cut else text


def _files(survey: Survey, texts: _Texts) -> tuple[dict[str, Any], dict[int, int]]:
    """The files that were used most, of each section; and where in them a file of the survey is."""
    files, width = survey.files, len(SECTIONS)
    order: Iterable[int] = range(len(files.paths))
    if len(files.paths) > MOST_FILES:
        best: set[int] = set()
        ranked = [sorted(order, key=files.counts[section::width].__getitem__, reverse=True) for section in range(width)]
        for some in zip(*ranked, strict=True):  # the same share for each section
            best.update(each for section, each in enumerate(some) if files.counts[each * width + section])
            if len(best) >= MOST_FILES:
                break
        order = sorted(best)
    kept = list(order)
    users = files.users()
    counts = [[files.counts[each * width + section] for each in kept] for section in range(width)]
    data = {
        "path": [texts.clean.text(files.paths[each]) for each in kept],
        "counts": counts,
        "users": [users[each] for each in kept],
        "totals": list(files.totals().values()),
    }
    return data, {each: place for place, each in enumerate(kept)}


def _uses(
    kept: Sequence[ProcessRecord], uses: Mapping[Key, Mapping[int, int]], of_file: Mapping[int, int]
) -> dict[str, Any]:
    """For each process, `file * len(SECTIONS) + section` and how often, in one list; `ends` is where each one's end.
    Where they are too many, each process has its share. `without`: so many are not in it.
    """
    width = len(SECTIONS)
    used = [uses.get(each.key, {}) for each in kept]
    total = sum(map(len, used))
    most = total if total <= MOST_USES else MOST_USES // max(1, len(kept))
    flat: list[int] = []
    ends = []
    for each in used:
        listed = ((place, times) for place, times in each.items() if place // width in of_file)
        for place, times in islice(listed, most):
            flat += (of_file[place // width] * width + place % width, times)
        ends.append(len(flat))
    return {"flat": flat, "ends": ends, "without": total - len(flat) // 2}


def _folded(survey: Survey, processes: int, failures: int, uses: int) -> Iterable[str]:
    """In words."""
    if left_out := survey.processes.left_out:
        yield f"{left_out} processes that ended long before are left out: only their parents count them."
    if processes:
        yield (
            f"{processes} short processes are not on the timeline, but counted with their parents: "
            "shown are those that failed, and those that took longest."
        )
    if len(survey.files.paths) > MOST_FILES or survey.files.beyond:
        yield f"Of {len(survey.files.paths)} files those are listed that were used most."
    if survey.files.beyond:
        yield f"{survey.files.beyond} uses of further files are not counted."
    if uses := uses + survey.files.uses_beyond:
        yield f"{uses} uses of files are counted, but not listed with the processes."
    if failures > MOST_FAILURES or survey.failures.beyond:
        yield f"Of the failures the {MOST_FAILURES} that happened most are listed."
