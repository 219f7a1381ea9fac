"""The pieces of a recording: for each segment its sealed files or its log, and what is missing."""

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
    """`files`: the sealed files of each table; `mixed`: tables whose files need not have the same columns, as after an
    update; `logs`: each with the number of its first event, None where that follows the log before; `next_seq`: the
    number of what would come next, unless that follows a log; `damaged`: how many parts can't be read.
    """

    files: dict[str, list[Path]]
    logs: list[tuple[Path, int | None]]
    mixed: set[str]
    next_seq: int = 0
    damaged: int = 0
    notes: list[str] = []

    def has_changed(self) -> bool:
        """Whether one of the sealed files is no longer there."""
        return not all(path.exists() for paths in self.files.values() for path in paths)


def parts_of(recording: Recording, path: Path, connection: "DuckDBPyConnection") -> Parts:
    """Of that recording, as it is now. `path` is its own, or another that leads to it. Raises OSError."""
    found = Parts({}, [], set())
    if not recording.path.is_dir():
        found.logs.append((recording.path, 0))
        return found
    found.next_seq = recording.manifest.rotated if recording.manifest else 0
    is_known = True
    every = numbers(path)
    first = every[0] if every and (found.next_seq or recording.is_being_written) else 1  # rotation removes the oldest
    found.damaged = len(set(range(first, max(every, default=0))) - {*every})
    sealed = {number: _files(sealed_path(path, number)) for number in every}
    said = _said([path for paths in sealed.values() for path in paths or ()], connection)
    for number, paths in sealed.items():
        if paths is None:
            found.logs.append((log_path(path, number), found.next_seq if is_known else None))
            is_known = False
        elif one := _take_sealed(paths, said, found):
            found.next_seq, is_known = one.first_seq + sum(one.events.values()), True
    found.mixed = {
        table for table, paths in found.files.items() if len({one.plan for path in paths if (one := said[path])}) > 1
    }
    return found


def _files(directory: Path) -> list[Path] | None:
    """Those of a sealed segment; None where it is a log."""
    if not directory.is_dir():
        return None
    return sorted(path for path in directory.iterdir() if path.suffix == SUFFIX)


def _take_sealed(paths: list[Path], said: dict[Path, Sealed | None], found: Parts) -> Sealed | None:
    """The files of a segment. Returns what one of them says of all."""
    for path in paths:
        if said[path] is None:
            found.damaged += 1
        elif path.stem in KINDS:
            found.files.setdefault(path.stem, []).append(path)
        else:
            found.notes.append(f"{path.stem}: events that this version of onlooker does not know")
    one = next((each for path in paths if (each := said[path])), None)
    if one is None:
        found.damaged += 1
        return None
    there = {KINDS[path.stem] for path in paths if path.stem in KINDS}
    found.damaged += len(one.events.keys() & NUMBERS.keys() - there) + (one.damaged > 0)
    return one


def _said(paths: list[Path], connection: "DuckDBPyConnection") -> dict[Path, Sealed | None]:
    """What each file says of its segment; None where it is damaged. Raises FileNotFoundError."""
    import duckdb

    try:
        return _asked(paths, connection)
    except (duckdb.Error, msgspec.MsgspecError, RuntimeError):  # DuckDB raises some plain RuntimeErrors
        pass
    found: dict[Path, Sealed | None] = {}
    for path in paths:
        try:
            found |= _asked([path], connection)
        except (duckdb.Error, msgspec.MsgspecError, RuntimeError):
            path.stat()  # one that has vanished is not damaged
            found[path] = None
    return found


def _asked(paths: list[Path], connection: "DuckDBPyConnection") -> dict[Path, Sealed | None]:
    """The same of files that are whole: all at once takes a tenth of the time."""
    found: dict[Path, Sealed | None] = dict.fromkeys(paths)
    if paths:
        names = {str(path): path for path in paths}
        ask = "SELECT file_name, value FROM parquet_kv_metadata(?) WHERE key = ?"
        for name, value in connection.execute(ask, [[*map(pattern, paths)], METADATA_KEY.encode()]).fetchall():
            found[names[name]] = msgspec.json.decode(value, type=Sealed)
    return found
