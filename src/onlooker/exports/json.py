"""JSON lines, as `onlooker replay --output-format json` writes them. They say nothing of the recording."""

from collections.abc import Callable

from ..records import Buffer
from .source import Source

EVENTS: tuple[str, ...] = ()


def export(source: Source, write: Callable[[bytes | Buffer], object]) -> None:
    """A line for each event."""
    for batch in source.batches():
        write(batch.json_lines())
