"""A recording in place of the kernel."""

from collections.abc import Iterator
from pathlib import Path

from ..filters import Filter
from ..filters.expression import And
from ..filters.options import as_expression, without_threads
from ..probe.source import Attachment, Rest
from ..records import Batch, Matcher
from .log import LogReader


class LogSource:
    """Gives what a log holds, filtered as the kernel would have done. Where the log is damaged, its end is reported as
    lost, because nobody knows how much that was.
    """

    def __init__(self, path: Path) -> None:
        """Raises RecordingError for what is no log, and OSError."""
        self._reader = LogReader(path)
        self._batches: Iterator[Batch] = iter(())
        self._matcher: Matcher | None = None
        self._found: Batch | None = None
        self._has_ended = False

    def start(self, wanted: Filter) -> None:
        """Take the filter. Its expression is the monitor's."""
        from ..filters.compile import matcher

        terms = [as_expression(wanted), None if wanted.threads else without_threads()]
        asked = [term for term in terms if term is not None]
        self._matcher = matcher(And(tuple(asked))) if asked else None
        self._batches = self._reader.batches()

    def poll(self, timeout: float) -> Batch | None:
        """The next events; never waits. Raises RecordingError where the records are of another version."""
        while self._found is None and not self._has_ended:
            batch = next(self._batches, None)
            if batch is None:
                self._has_ended = True
                self._found = Batch.of_losses([(1, "unknown", "unfinished")], 0, 0) if self._reader.damaged else None
                break
            matching = batch.matching(self._matcher) if self._matcher else batch
            self._found = matching if len(matching) else None
        return self._found

    def taken(self, batch: Batch) -> None:
        """What `poll` gave has arrived."""
        if batch is self._found:
            self._found = None

    def stop(self) -> None:
        """Read nothing more."""
        self._has_ended = True

    @property
    def exhausted(self) -> bool:
        """Whether all was given."""
        return self._has_ended and self._found is None

    @property
    def attached(self) -> tuple[Attachment, ...]:
        """Nothing."""
        return ()

    def close(self) -> Rest:
        """Nothing is held."""
        self._has_ended, self._found = True, None
        return Rest()
