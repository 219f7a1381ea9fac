"""Batches as lines, to a file, a pipe or a terminal."""

from ..records import Batch
from ..records.fold import ContextLines
from . import Formatter
from .writer import Writer


class LineSink:
    """Each event is one line, and counts once all of it is written."""

    unwritten: Batch | None = None  # of the last batch, what did not arrive

    def __init__(self, format_: Formatter, writer: Writer, context: ContextLines | None = None) -> None:
        """`context`: what learns what is known of processes, for the lines of the formatter."""
        self._format = format_
        self._context = context
        self._writer = writer

    def write(self, batch: Batch) -> None:
        """All of it. Raises OutputError (full disk), StalledError or ClosedPipeError."""
        self.unwritten = batch = self._context.taken(batch) if self._context else batch.without_context()
        if not len(batch):
            self.unwritten = None
            return
        data = self._format.format(batch)
        try:
            self._writer.write(data)
        except BaseException:
            left = bytes(memoryview(data)[self._writer.taken :]).count(b"\n")  # a table may begin with its head
            self.unwritten = batch.after(max(0, len(batch) - left))
            raise
        self.unwritten = None

    def write_head(self) -> None:
        """What comes before the first line. Raises like `write`."""
        if head := self._format.head():
            self._writer.write(head)
            self._writer.head = head

    def notes(self) -> list[str]:
        """Notes for the user, after the rights were given up."""
        return self._writer.notes()

    def check_reader(self) -> None:
        """Raises ClosedPipeError if nobody will ever read what is written."""
        self._writer.check_reader()

    def reader_gone(self) -> dict[int, int]:
        """Descriptors and events of poll(2) that show that; see `check_reader`."""
        return self._writer.gone()
