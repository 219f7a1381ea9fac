"""JSON lines."""

from ..records import Batch, Buffer


class JsonFormatter:
    """One JSON object for each event, a line each."""

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def format(self, batch: Batch) -> Buffer:
        """The lines."""
        return batch.json_lines()
