"""Annotations as GitHub's runner reads them from what a step prints: `::error title=TITLE::MESSAGE`.

Source: the runner's workflow commands; `%`, line breaks and, in the title, `:` and `,` are written as in a URL.
"""

from ..records import Batch


class GitHubFormatter:
    """One annotation for each event, with its classic line."""

    def __init__(self, title: str) -> None:
        self._begin = f"::error title={_escaped(title).replace(':', '%3A').replace(',', '%2C')}::".encode()

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def format(self, batch: Batch) -> bytes:
        """The lines."""
        lines = batch.to_text().replace(b"%", b"%25").splitlines(keepends=True)
        return b"".join(self._begin + line for line in lines)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
