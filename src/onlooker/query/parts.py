"""The pieces of a recording: for each segment its sealed files or its log, and what is missing."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..recordings.database import pattern
from ..recordings.recording import Recording
from ..recordings.seal import METADATA_KEY, SUFFIX, Sealed
from ..recordings.segments import log_path, numbers, sealed_path
from ..records.planned import NUMBERS
from ..schema.columns import table_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KINDS = {table_of(event): event for event in NUMBERS}


class Parts(msgspec.Struct):
    """`files`: the sealed files of each table; `logs`: each with the number of its first event, None where that follows
    the log before; `next_seq`: the number of what would come next, unless that follows a log; `damaged`: how many parts
    can't be read.
    """

    files: dict[str, list[Path]]
    logs: list[tuple[Path, int | None]]
    next_seq: int = 0
    damaged: int = 0
    notes: list[str] = []

    def has_changed(self) -> bool:
        """Whether one of the sealed files is no longer there."""
        return not all(path.exists() for paths in self.files.values() for path in paths)


def parts_of(recording: Recording, connection: "DuckDBPyConnection") -> Parts:
    """Of that recording, as it is now. Raises OSError."""
    found = Parts({}, [])
    if not recording.path.is_dir():
        found.logs.append((recording.path, 0))
        return found
    found.next_seq = recording.manifest.rotated if recording.manifest else 0
    is_known = True
    every = numbers(recording.path)
    first = every[0] if every and (found.next_seq or recording.is_being_written) else 1  # rotation removes the oldest
    found.damaged = len(set(range(first, max(every, default=0))) - {*every})
    for number in every:
        directory = sealed_path(recording.path, number)
        if not directory.is_dir():
            found.logs.append((log_path(recording.path, number), found.next_seq if is_known else None))
            is_known = False
            continue
        for said in _take_sealed(directory, found, connection):
            found.next_seq, is_known = said.first_seq + sum(said.events.values()), True
    return found


def _take_sealed(directory: Path, found: Parts, connection: "DuckDBPyConnection") -> Iterator[Sealed]:
    """Its files; what one of them says of all."""
    files = sorted(path for path in directory.iterdir() if path.suffix == SUFFIX)
    said = None
    for path in files:
        one = _said(path, connection)
        if one is None:
            found.damaged += 1
        elif path.stem in KINDS:
            found.files.setdefault(path.stem, []).append(path)
        else:
            found.notes.append(f"{path.stem}: events that this version of onlooker does not know")
        said = said or one
    if said is None:
        found.damaged += 1
        return
    there = {KINDS[path.stem] for path in files if path.stem in KINDS}
    found.damaged += len(said.events.keys() & NUMBERS.keys() - there) + (said.damaged > 0)
    yield said


def _said(path: Path, connection: "DuckDBPyConnection") -> Sealed | None:
    """None where it is damaged. Raises FileNotFoundError."""
    import duckdb

    try:
        rows = connection.execute("SELECT key, value FROM parquet_kv_metadata(?)", [pattern(path)]).fetchall()
        return next(msgspec.json.decode(value, type=Sealed) for key, value in rows if key == METADATA_KEY.encode())
    except (duckdb.Error, msgspec.MsgspecError, StopIteration):
        path.stat()  # one that has vanished is not damaged
        return None
