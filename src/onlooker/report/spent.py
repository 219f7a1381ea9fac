"""Where the time went: by program, and by program below program."""

from collections.abc import Iterator, Sequence

import msgspec

from ..recordings.process import ProcessRecord

MOST_FRAMES = 3000
_LEAST_SHARE = 2000  # a part smaller than one in so many can't be seen
OTHERS = "…"


class Spent(msgspec.Struct, gc=False):
    """The time of a program's processes, in nanoseconds: `own` is what they lived while none of their children did.
    `cpu`: of those whose end was seen; None where none was.
    """

    name: str
    runs: int = 0
    failed: int = 0
    own: int = 0
    wall: int = 0
    cpu: int | None = None


class Frame(msgspec.Struct):
    """A program below another: `own` as in `Spent`, `total` with all that is below it."""

    name: str
    runs: int = 0
    own: int = 0
    total: int = 0
    below: dict[str, "Frame"] = msgspec.field(default_factory=dict)


def name_of(process: ProcessRecord) -> str:
    """The program of a process, without its directory."""
    return (process.program.name if process.program else "") or process.comm


def cpu_of(process: ProcessRecord) -> int | None:
    """Its processor time in nanoseconds, which its end tells."""
    if process.cpu_user_ns is None or process.cpu_system_ns is None:
        return None
    return process.cpu_user_ns + process.cpu_system_ns


def own_times(starts: Sequence[int], ends: Sequence[int], parents: Sequence[int]) -> list[int]:
    """How long each process lived while none of its children did. Processes come by their start.

    >>> own_times([0, 2, 3, 8], [10, 5, 6, 12], [-1, 0, 0, 0])
    [4, 3, 3, 4]
    """
    covered = [0] * len(starts)
    until = list(starts)
    for each, parent in enumerate(parents):
        if parent >= 0:
            start, end = max(starts[each], until[parent]), min(ends[each], ends[parent])
            if end > start:
                covered[parent] += end - start
                until[parent] = end
    return [end - start - less for start, end, less in zip(starts, ends, covered, strict=True)]


def by_program(records: Sequence[ProcessRecord], walls: Sequence[int], owns: Sequence[int]) -> list[Spent]:
    """Those that took most time of their own come first."""
    found: dict[str, Spent] = {}
    for each, wall, own in zip(records, walls, owns, strict=True):
        name = name_of(each)
        spent = found.get(name) or found.setdefault(name, Spent(name))
        spent.runs += 1
        spent.failed += each.has_failed
        spent.own += own
        spent.wall += wall
        if (cpu := cpu_of(each)) is not None:
            spent.cpu = cpu + (spent.cpu or 0)
    return sorted(found.values(), key=lambda each: (-each.own, -each.runs, each.name))


def frames(records: Sequence[ProcessRecord], owns: Sequence[int], parents: Sequence[int]) -> Frame:
    """The programs below programs; the root has no name."""
    root = Frame("")
    frame_of: list[Frame] = []
    for each, own, parent in zip(records, owns, parents, strict=True):
        name = name_of(each)
        above = frame_of[parent] if parent >= 0 else root
        frame = above.below.get(name) or above.below.setdefault(name, Frame(name))
        frame.runs += 1
        frame.own += own
        frame_of.append(frame)
    order = [root]
    for frame in order:  # grows meanwhile
        order += frame.below.values()
    for frame in reversed(order):
        frame.total = frame.own + sum(each.total for each in frame.below.values())
    return root


def shown(root: Frame) -> Iterator[tuple[Frame, int, int]]:
    """The frames that can be seen, each with its row and where it begins; others are one. At most `MOST_FRAMES`."""
    least = root.total / _LEAST_SHARE
    waiting = [(root, -1, 0)]
    count = 0
    while waiting and count < MOST_FRAMES:
        frame, row, start = waiting.pop()
        if row >= 0:
            count += 1
            yield frame, row, start
        large = sorted((each for each in frame.below.values() if each.total >= least), key=lambda each: -each.total)
        small = [each for each in frame.below.values() if each.total < least]
        if small and (total := sum(each.total for each in small)):
            large.append(Frame(OTHERS, sum(each.runs for each in small), total, total))
        after = []
        for each in large:
            after.append((each, row + 1, start))
            start += each.total
        waiting += reversed(after)
