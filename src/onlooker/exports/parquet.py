"""One Parquet file with the table of all events; its metadata has what is said of the recording. Needs DuckDB."""

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import OnlookerError, OutputError
from ..recordings.database import connect
from ..recordings.seal import METADATA_KEY
from ..records import Batch
from ..records.table import Batches
from .source import Source, json_text

EVENTS: tuple[str, ...] = ()
# A group of rows is held in memory: with DuckDB's 122880 rows of 90 columns it takes more than 256 MB.
ROWS = 20_480
MEMORY = "512MB"


class _Watched:
    """Batches for another thread, and what reading them raised."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.error: OnlookerError | None = None

    def __iter__(self) -> Iterator[Batch]:
        try:
            yield from self._source.batches()
        except OnlookerError as error:
            self.error = error
            raise


def export(source: Source, path: Path) -> None:
    """Write over that file. Raises ExtraError, OutputError or RecordingError."""
    connection = connect("--format parquet", threads=1, memory=MEMORY)
    import duckdb

    source.survey()  # the metadata is fixed before the first row
    said = json_text(source.about()).decode()
    watched = _Watched(source)
    connection.register("rows", Batches(iter(watched)))
    try:
        connection.execute(
            f"COPY (FROM rows) TO '{_quoted(os.fspath(path))}' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, "
            # a file of its own would be one that everybody may read
            f"USE_TMP_FILE false, ROW_GROUP_SIZE {ROWS}, KV_METADATA {{{METADATA_KEY}: '{_quoted(said)}'}})"
        ).fetchall()
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0]
        raise watched.error or OutputError(OSError(0, reason, os.fspath(path))) from error
    finally:
        connection.close()


def _quoted(text: str) -> str:
    return text.replace("'", "''")
