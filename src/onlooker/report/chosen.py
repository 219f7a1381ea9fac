"""Which processes a page shows, where they are too many for it."""

from collections.abc import Sequence

from ..recordings.process import ProcessRecord

Folded = tuple[int, int]  # how many processes, and how long they lived altogether


def chosen(
    records: Sequence[ProcessRecord], walls: Sequence[int], most: int
) -> tuple[list[int], dict[tuple[int, int], Folded]]:
    """The places of at most so many: those that failed and those that lived longest, with all their ancestors. The
    others are folded into their nearest ancestor that is shown, by its key; (0, 0) where it has none.
    """
    if len(records) <= most:
        return list(range(len(records))), {}
    kept: set[tuple[int, int]] = set()
    for at in sorted(range(len(records)), key=lambda at: (not records[at].has_failed, -walls[at])):
        way = [records[at].key]
        for above in records[at].ancestors():
            if above.key in kept:
                break
            way.append(above.key)
        if len(kept) + len(way) <= most:
            kept.update(way)
        elif len(kept) >= most:
            break
    folded: dict[tuple[int, int], Folded] = {}
    for record, wall in zip(records, walls, strict=True):
        if record.key not in kept:
            into = next((above.key for above in record.ancestors() if above.key in kept), (0, 0))
            count, time = folded.get(into, (0, 0))
            folded[into] = count + 1, time + wall
    return [at for at, record in enumerate(records) if record.key in kept], folded
