"""What a recording says of its end, compared with what was read."""

from collections import Counter
from collections.abc import Iterator

from ..events import TASK_EVENTS, WANTED_REASONS
from ..events.lost import REASONS
from ..records import Batch
from .manifest import End, Manifest

Report = tuple[int, str, str]  # how many events were lost, of which kind, why
_MOST = (1 << 64) - 1


class Read:
    """What was read of a recording."""

    def __init__(self) -> None:
        self._events: Counter[str] = Counter()
        self._lost: Counter[tuple[str, str]] = Counter()

    def add(self, batch: Batch) -> None:
        """One of its batches."""
        self._events.update(batch.counts())
        for loss in batch.lost():
            self._lost[loss.of, loss.reason] += loss.count

    def count(self, events: Counter[str], lost: Counter[tuple[str, str]]) -> None:
        """So many of each kind of event, and so many lost, by kind and reason."""
        self._events += events
        self._lost += lost

    def reports(self, manifest: Manifest | None, *, is_damaged: bool, is_being_written: bool) -> list[Report]:
        """Of what is missing and was not reported in what was read. `is_damaged`: a part could not be read."""
        if manifest and manifest.end:
            return [*self._compared(manifest, manifest.end, is_damaged=is_damaged)]
        return [] if is_being_written and not is_damaged else [(1, "unknown", "damaged")]

    def _compared(self, manifest: Manifest, end: End, *, is_damaged: bool) -> Iterator[Report]:
        is_damaged = is_damaged or not self._are_all(manifest.rotated, end)
        said: list[Report] = []
        for loss in end.lost:
            if (count := loss.count - self._lost[loss.of, loss.reason]) > 0:
                of = loss.of if loss.of in TASK_EVENTS else "unknown"
                # a later version may have other reasons
                said.append((min(count, _MOST), of, loss.reason if loss.reason in REASONS else "corrupt"))
        is_told = any(reason not in WANTED_REASONS for _, reason in self._lost) or any(
            reason not in WANTED_REASONS for _, _, reason in said
        )
        if not end.complete and not end.unwritten and not is_told:
            is_damaged = True  # it ended with an error: nobody knows what is missing
        yield from said
        if is_damaged:
            yield 1, "unknown", "damaged"
        if end.unwritten:
            yield end.unwritten, "unknown", "unwritten"

    def shortage(self, manifest: Manifest) -> str:
        """In words, where there are not as many events as were recorded; else nothing."""
        if manifest.end is None or self._are_all(manifest.rotated, manifest.end):
            return ""
        wanted = sum(count for name, count in manifest.end.events.items() if name in TASK_EVENTS)
        found = sum(count for name, count in self._events.items() if name in TASK_EVENTS)
        return f"{wanted} events were recorded{' in all' if manifest.rotated else ''}, and {found} are there"

    def _are_all(self, rotated: int, end: End) -> bool:
        """Whether there are as many events as were recorded, less those that were removed. An event of a kind that is
        not known here is reported already, and the report of a loss is compared with what the end says of it.
        """
        wanted = Counter({name: count for name, count in end.events.items() if name in TASK_EVENTS})
        found = Counter({name: count for name, count in self._events.items() if name in TASK_EVENTS})
        if not rotated:
            return found == wanted
        return found <= wanted and wanted.total() - found.total() <= rotated
