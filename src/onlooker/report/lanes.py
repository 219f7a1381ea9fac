"""Rows for processes on a timeline: no two that live at once share one, and children are below their parent."""

from bisect import insort
from collections.abc import Sequence


def lanes(starts: Sequence[int], ends: Sequence[int], parents: Sequence[int]) -> list[int]:
    """The row of each process. Processes come by their start, after their parent; -1 is none.

    A process with all its descendants takes a block of rows, as long as any of them lives, in the first place below its
    parent that is free then.

    >>> lanes([0, 1, 2, 6], [9, 5, 4, 8], [-1, 0, 0, 0])  # two at once, and one after them
    [0, 1, 2, 1]
    """
    children: list[list[int]] = [[] for _ in starts]
    roots: list[int] = []
    for each, parent in enumerate(parents):
        (children[parent] if parent >= 0 else roots).append(each)
    until = list(ends)
    heights = [1] * len(starts)
    below = [0] * len(starts)  # rows between a process and its parent
    for each in range(len(starts) - 1, -1, -1):
        until[each] = max([ends[each], *(until[child] for child in children[each])])
        heights[each] = 1 + _pack(children[each], starts, until, heights, below)
    _pack(roots, starts, until, heights, below)
    found = [0] * len(starts)
    for each, parent in enumerate(parents):
        found[each] = below[each] if parent < 0 else found[parent] + 1 + below[each]
    return found


def _pack(
    blocks: Sequence[int], starts: Sequence[int], until: Sequence[int], heights: Sequence[int], below: list[int]
) -> int:
    """Give each its place; returns how many rows they take."""
    rows = 0
    taken: list[tuple[int, int, int]] = []  # first row, row after the last one, until when
    for each in blocks:
        taken = [place for place in taken if place[2] > starts[each]]
        row = 0
        for first, after, _ in taken:
            if first - row >= heights[each]:
                break
            row = max(row, after)
        below[each] = row
        insort(taken, (row, row + heights[each], max(until[each], starts[each] + 1)))
        rows = max(rows, row + heights[each])
    return rows
