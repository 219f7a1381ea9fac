"""The columns without which the rows of a sealed file mean nothing."""

from collections.abc import Mapping

from ..events import OWN_EVENTS
from ..schema.columns import SEQ

# of files: a row for each column, with how many of its values are NULL
NULLS = "SELECT file_name, path_in_schema, sum(stats_null_count) FROM parquet_metadata(?) GROUP BY ALL"
_OF_ALL = (SEQ, "time")
_OF_TASKS = ("boot_ns", "pid", "start_ns")


def lacking(event: str, nulls: Mapping[str, int | None]) -> str:
    """The first of them that a file of such events has not, or has without a value somewhere; "" for none. `nulls`:
    how many rows have no value, by column; None where the file does not say it.
    """
    needed = _OF_ALL if event in OWN_EVENTS else (*_OF_ALL, *_OF_TASKS)
    return next((name for name in needed if name not in nulls or nulls[name]), "")
