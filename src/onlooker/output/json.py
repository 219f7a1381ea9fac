"""JSON lines."""

from ..records import Batch


class JsonFormatter:
    """One JSON object for each event, a line each."""

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def format(self, batch: Batch) -> bytes:
        """The lines."""
        return batch.to_json()
