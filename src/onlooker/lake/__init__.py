"""A lake: the events of many machines, as Parquet in a directory or in S3, with a log of commits.

`store.py` reads and writes objects; `log.py` has the commits, of which only one can have each number; `state.py` is
what they come to: which files there are, and which messages are in them. `writer.py` makes files of messages;
`tables.py` asks them; `compact.py` makes few large files of many small ones. `iceberg.py` is the same as an Iceberg
table. See docs/lake.md.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .unpacking import Unpacking


def writer_of(lake: str, *, is_new: bool = True) -> "Unpacking":
    """What writes to that lake, a directory or a URL, and makes it where it is missing, or, not `is_new`, says so.
    Raises LakeError, UsageError and ExtraError.
    """
    from .store import ICEBERG, store_of

    if lake.partition("://")[0] in ICEBERG:
        from .iceberg import IcebergWriter

        return IcebergWriter(lake, is_new=is_new)
    from .writer import LakeWriter

    return LakeWriter(store_of(lake, is_new=is_new))
