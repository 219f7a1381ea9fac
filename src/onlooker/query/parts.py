"""The pieces of a recording: for each segment its sealed files or its log, and what is missing."""

import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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


class File(NamedTuple):
    """One of a sealed segment. `path` leads to it, and need not be its name."""

    table: str
    path: Path


class Parts(msgspec.Struct):
    """`files`: the sealed files of each table; `mixed`: tables whose files need not have the same columns, as after an
    update; `logs`: each with the number of its first event, None where that follows the log before; `next_seq`: the
    number of what would come next, unless that follows a log; `rotated`: how many events rotation has removed;
    `damaged`: how many parts can't be read.
    """

    files: dict[str, list[Path]]
    logs: list[tuple[Path, int | None]]
    mixed: set[str]
    next_seq: int = 0
    rotated: int = 0
    damaged: int = 0
    notes: list[str] = []

    def has_changed(self) -> bool:
        """Whether one of the sealed files is no longer there."""
        return not all(path.exists() for paths in self.files.values() for path in paths)


def parts_of(
    recording: Recording, path: Path, connection: "DuckDBPyConnection", descriptors: list[int] | None = None
) -> Parts:
    """Of that recording, as it is now. `path` is its own, or another that leads to it. `descriptors` gets those that
    hold what rotation may remove. Raises OSError.
    """
    found = Parts({}, [], set())
    if not recording.path.is_dir():
        found.logs.append((recording.path, 0))
        return found
    found.next_seq = found.rotated = recording.manifest.rotated if recording.manifest else 0
    is_known = True
    every = numbers(path)
    can_rotate = bool(found.rotated) or recording.is_being_written
    found.damaged = len(set(range(every[0] if every and can_rotate else 1, max(every, default=0))) - {*every})
    sealed = {number: _files(sealed_path(path, number)) for number in every}
    if recording.is_being_written and descriptors is not None:
        sealed = {number: files and _held(files, descriptors) for number, files in sealed.items()}
    said = _said([file.path for files in sealed.values() for file in files or ()], connection)
    for number, files in sealed.items():
        if files is None:
            found.logs.append((log_path(path, number), found.next_seq if is_known else None))
            is_known = False
        elif one := _take_sealed(files, said, found):
            found.next_seq, is_known = one.first_seq + sum(one.events.values()), True
            if can_rotate and number == every[0]:  # what the recording says of itself was read before
                found.rotated = one.first_seq
    found.mixed = {
        table for table, paths in found.files.items() if len({one.plan for path in paths if (one := said[path])}) > 1
    }
    return found


def _files(directory: Path) -> list[File] | None:
    """Those of a sealed segment; None where it is a log."""
    if not directory.is_dir():
        return None
    return [File(path.stem, path) for path in sorted(directory.iterdir()) if path.suffix == SUFFIX]


def _held(files: list[File], descriptors: list[int]) -> list[File]:
    """The same, open, so that they stay: as many as leave room for others, of the oldest, which are removed first."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2
    held = []
    for file in files:
        if len(descriptors) < most:
            descriptors.append(os.open(file.path, os.O_RDONLY | os.O_CLOEXEC))
            file = File(file.table, Path(f"/proc/self/fd/{descriptors[-1]}"))
        held.append(file)
    return held


def _take_sealed(files: list[File], said: dict[Path, Sealed | None], found: Parts) -> Sealed | None:
    """The files of a segment. Returns what one of them says of all."""
    for table, path in files:
        if said[path] is None:
            found.damaged += 1
        elif table in KINDS:
            found.files.setdefault(table, []).append(path)
        else:
            found.notes.append(f"{table}: events that this version of onlooker does not know")
    one = next((each for file in files if (each := said[file.path])), None)
    if one is None:
        found.damaged += 1
        return None
    there = {KINDS[table] for table, _ in files if table in KINDS}
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
