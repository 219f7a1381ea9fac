"""JSON lines."""

from ..records import Batch, Buffer
from ..records.fold import ContextLines


class JsonFormatter:
    """One JSON object for each event, a line each."""

    def __init__(self, context: ContextLines | None = None) -> None:
        self._context = context

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def format(self, batch: Batch) -> Buffer:
        """The lines."""
        return self._context.json_lines(batch) if self._context else batch.json_lines()
