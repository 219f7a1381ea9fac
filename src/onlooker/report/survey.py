"""What a report needs to know of a recording, learnt in one pass."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..answers.uses import is_failure
from ..events import UNCOUNTED, Event, TaskEvent
from ..recordings.processes import Processes
from ..records import Batch
from ..summary import Summary
from .activity import Activity
from .failures import Failures
from .files import Files

if TYPE_CHECKING:
    from ..recordings.recording import Recording


class Survey:
    """Learns from batches, in their order.

    `processes` are the processes, `files` what was done to files and by which process, `failures` the calls that
    failed, and `activity` how many events there were at which time.

    >>> from onlooker.testing import make
    >>> survey = Survey()
    >>> for batch in Batch.of([make("open", path="/etc/hosts", real_path="/etc/hosts")]):
    ...     survey.take(batch)
    >>> survey.summary.shown, survey.files.paths
    ({'open': 1}, ['/etc/hosts'])
    """

    def __init__(self, recording: "Recording | None" = None) -> None:
        """`recording` is where the batches come from."""
        self.processes = Processes(recording, counts=True)
        self.files = Files()
        self.failures = Failures()
        self.activity = Activity()
        self._shown: Counter[str] = Counter()
        self._lost: Counter[tuple[str, str]] = Counter()
        self._cut = 0

    def take(self, batch: Batch) -> None:
        """Learn from it."""
        for loss in batch.lost():
            self._lost[loss.of, loss.reason] += loss.count
        self._shown.update({name: count for name, count in batch.counts().items() if name not in UNCOUNTED})
        self._cut += batch.cut
        events = batch.events()
        self.processes.take(batch, events)
        self._learn(events)

    def _learn(self, events: Sequence[Event]) -> None:
        activity, files = self.activity, self.files
        for event in events:
            if not isinstance(event, TaskEvent):
                continue
            failed = is_failure(event)
            activity.add(event.boot_ns, failed)
            if failed:
                self.failures.add(event)
            else:
                files.add(event)

    @property
    def events(self) -> int:
        """How many there are."""
        return self._shown.total()

    @property
    def summary(self) -> Summary:
        """The verdict, on all that the recording holds."""
        return Summary(shown=dict(self._shown), lost=dict(self._lost), cut=self._cut)
