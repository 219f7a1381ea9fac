"""Who a process is and whose child, for an alert. What events say of processes is kept as the records that they are,
and looked at only when there is an alert: until then no event costs an object.
"""

from collections import deque

from ..enrich.processes import Process, ProcessTable
from ..events import PROCESS_EVENTS, TaskEvent
from ..records import Batch

# Some 12 000 events, which take 0.1 s to look at. What is older is forgotten; of a process that is still there, /proc
# says it, and what had ended so long ago is seldom an ancestor of what runs now.
MOST_BYTES = 4 << 20


class Lineage:
    """The processes, by the events of their lives. `is_told`: somebody else shows `table` all of them."""

    def __init__(self, table: ProcessTable, *, is_told: bool = False) -> None:
        self._table = table
        self._is_told = is_told
        self._kept: deque[Batch] = deque()
        self._bytes = 0

    def take(self, batch: Batch) -> None:
        """What a batch says of processes, in the order of the batches."""
        if self._is_told or not any(event in PROCESS_EVENTS for event in batch.counts()):
            return
        if self._table.keeps_lines:  # what is told of ancestors is as it was then
            self._table.take(batch.select(*PROCESS_EVENTS).events())
            return
        self._kept.append(batch.select(*PROCESS_EVENTS))
        self._bytes += len(self._kept[-1].raw)
        while self._bytes > MOST_BYTES and len(self._kept) > 1:
            self._bytes -= len(self._kept.popleft().raw)

    def of(self, event: TaskEvent) -> Process:
        """The process that did it, as it is after the event."""
        while self._kept:
            self._table.take(self._kept.popleft())
        self._bytes = 0
        return self._table.of(event)
