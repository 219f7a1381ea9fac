"""Messages on their way into a lake: those that have no place in it are told from an outage."""

from collections.abc import Mapping, Sequence

from ..errors import OnlookerError
from ..lake.parts import Held
from ..lake.store import LakeError
from ..lake.unpacking import Unpacking
from ..sinks.message import Head, Message, MessageError
from .told import said

OVERHEAD_BYTES = 2048  # of a message in memory, with its headers
_BATCH_BYTES = 256  # of a batch, without its records


def unpacked(writer: Unpacking, headers: Mapping[str, str], payload: bytes) -> Held:
    """Raises MessageError, UnknownPlanError where no message had the plan yet, and LakeError."""
    head = Head.of(headers)
    if head.format != "batch":
        raise MessageError(f"its format {head.format!r:.20} can't be collected")
    return writer.unpack(Message(head, payload))


def bytes_of(payload: bytes, held: Held) -> int:
    """Of a message in memory."""
    return len(payload) + OVERHEAD_BYTES + sum(_BATCH_BYTES + len(batch.raw) for batch in held.batches)


def committed(writer: Unpacking, held: Sequence[Held]) -> tuple[list[Held], dict[int, str]]:
    """Those that are new in the lake, and which have no place in it, by their place here, and why: the others are
    committed each by itself then. Raises what an outage raises.
    """
    try:
        return writer.commit(held), {}
    except Exception as error:
        if not _is_of_data(error):
            raise
    fresh: list[Held] = []
    refused: dict[int, str] = {}
    for place, each in enumerate(held):
        try:
            fresh += writer.commit([each])
        except Exception as error:
            if not _is_of_data(error):
                raise
            refused[place] = f"it can't be written: {said(error)}"
    return fresh, refused


def _is_of_data(error: Exception) -> bool:
    """Whether it is the fault of what was to be written."""
    cause = error.__cause__ if isinstance(error, LakeError) else error
    import duckdb  # it is there: it has written

    return isinstance(cause, duckdb.DataError | ValueError | OverflowError) and not isinstance(cause, OnlookerError)
