"""JSON lines, as `onlooker replay --output-format json` writes them. They say nothing of the recording."""

from collections.abc import Callable

from ..records import Buffer
from ..records.fold import ContextLines
from .source import Source

EVENTS: tuple[str, ...] = ()


def export(source: Source, write: Callable[[bytes | Buffer], object]) -> None:
    """A line for each event, with what is known of its process."""
    context = ContextLines(["all"])
    for batch in source.batches(context=True):
        events = context.taken(batch)
        if len(events):
            write(context.json_lines(events))
