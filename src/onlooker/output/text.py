"""The classic lines: `[2023-10-20 15:30:46.123456] Process nginx (PID:5678) opened file /etc/nginx/nginx.conf`."""

from ..records import Batch, Buffer


class TextFormatter:
    """One classic line for each event."""

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def format(self, batch: Batch) -> Buffer:
        """The lines."""
        return batch.text_lines()
