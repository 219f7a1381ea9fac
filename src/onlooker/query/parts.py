"""The pieces of a recording: for each segment its sealed files or its log, and what is missing."""

import os
import resource
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ..recordings.checksums import FILE_NAME as CHECKSUMS
from ..recordings.checksums import Checksums
from ..recordings.database import pattern
from ..recordings.manifest import Manifest
from ..recordings.needed import NULLS, lacking
from ..recordings.recording import Recording
from ..recordings.seal import METADATA_KEY, SUFFIX, Sealed
from ..recordings.segments import log_path, numbers, sealed_path
from ..records.planned import NUMBERS
from ..schema.columns import table_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOST_NOTES = 20
_MOST_SEQ = 1 << 62  # whatever a file says
KINDS = {table_of(event): event for event in NUMBERS}


class File(NamedTuple):
    """One of a sealed segment. `path` leads to it, and need not be its name."""

    table: str
    path: Path


class Said(NamedTuple):
    """What a file says of its segment, how many rows it has, and how many of each column are NULL."""

    sealed: Sealed
    rows: int
    nulls: dict[str, int | None]


class Parts(msgspec.Struct):
    """`files`: the sealed files of each table; `mixed`: tables whose files need not have the same columns, as after an
    update; `logs`: each with the number of its first event, None where that follows the log before; `next_seq`: the
    number of what would come next, unless that follows a log; `rotated`: how many events rotation has removed;
    `damaged`: how many parts can't be read, `torn` of them at the end of one that was never finished; `events`: how
    many there are of each kind in the sealed files.
    """

    files: dict[str, list[Path]]
    logs: list[tuple[Path, int | None]]
    mixed: set[str]
    next_seq: int = 0
    rotated: int = 0
    damaged: int = 0
    torn: int = 0
    events: Counter[str] = msgspec.field(default_factory=Counter)
    notes: list[str] = []

    def damage(self, note: str, count: int = 1) -> None:
        """Something can't be read. The first ones are told."""
        self.damaged += count
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(note)

    def damage_of(self, path: Path, reason: str, count: int = 1) -> None:
        """Of that file."""
        self.damage(f"{str(path)!r}: {reason}", count)

    def has_changed(self) -> bool:
        """Whether one of the sealed files is no longer there."""
        return not all(path.exists() for paths in self.files.values() for path in paths)


class _Segment(NamedTuple):
    """One that is sealed."""

    directory: Path
    number: int
    files: list[File]
    checksums: Checksums


def parts_of(
    recording: Recording,
    path: Path,
    connection: "DuckDBPyConnection",
    descriptors: list[int] | None = None,
    look: Callable[[], None] = lambda: None,
) -> Parts:
    """Of that recording, as it is now. `path` is its own, or another that leads to it. `descriptors` gets those that
    hold what rotation may remove; `look` is called now and then. Raises OSError.
    """
    found = Parts({}, [], set())
    if not recording.path.is_dir():
        found.logs.append((recording.path, 0))
        return found
    is_known = True
    every = numbers(path)
    found.next_seq = found.rotated = _rotated(recording, path)
    can_rotate = bool(found.rotated) or recording.is_being_written
    first = every[0] if every and can_rotate else 1
    for before, number in pairwise([first - 1, *every]):
        if missing := number - before - 1:
            found.damage_of(log_path(path, before + 1), f"it is not there{_more(missing)}", missing)
    held = descriptors if recording.is_being_written else None
    segments = {number: _sealed(sealed_path(path, number), number, found, held) for number in every}
    said = _whole([each for each in segments.values() if each], connection, look)
    for number, segment in segments.items():
        if segment is None:
            found.logs.append((log_path(path, number), found.next_seq if is_known else None))
            is_known = False
        elif one := _take_sealed(segment, recording, said, found):
            found.next_seq, is_known = min(one.first_seq + sum(one.events.values()), _MOST_SEQ), True
    found.mixed = {
        table
        for table, paths in found.files.items()
        if len({each.sealed.plan for path in paths if (each := said[path])}) > 1
    }
    return found


def _sealed(directory: Path, number: int, found: Parts, descriptors: list[int] | None) -> _Segment | None:
    """What there is of a sealed segment; None where it is a log. Where there are descriptors, its files are held."""
    if not directory.is_dir():
        return None
    checksums = Checksums(directory)
    paths = [path for path in sorted(directory.iterdir()) if path.suffix == SUFFIX]
    regular = [path for path in paths if path.is_file()]  # to open a FIFO takes for ever, to read a device, too
    for each in paths:
        if each not in regular:
            found.damage_of(each, "no regular file")
    files = [File(path.stem, path) for path in regular]
    return _Segment(directory, number, files if descriptors is None else _held(files, descriptors), checksums)


def _held(files: list[File], descriptors: list[int]) -> list[File]:
    """The same, open, so that they stay: as many as leave room for others, of the oldest, which are removed first."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2
    held = []
    for file in files:
        if len(descriptors) < most:
            descriptors.append(os.open(file.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
            file = File(file.table, Path(f"/proc/self/fd/{descriptors[-1]}"))
        held.append(file)
    return held


def _take_sealed(segment: _Segment, recording: Recording, said: dict[Path, Said | None], found: Parts) -> Sealed | None:
    """The files of a segment that are whole and belong to it. Returns what one of them says of all."""
    recorded = recording.manifest.id if recording.manifest else None
    ours: dict[str, Said] = {}
    for file in segment.files:
        each = said[file.path]
        if wrong := _wrong(file.table, each, recorded, segment.number):
            found.damage_of(segment.directory / f"{file.table}{SUFFIX}", wrong)
            continue
        assert each
        ours[file.table] = each
        if file.table in KINDS:
            found.files.setdefault(file.table, []).append(file.path)
            found.events[KINDS[file.table]] += each.rows
    if segment.checksums.is_damaged:
        found.damage_of(segment.directory / CHECKSUMS, "no checksums")
    if not ours:
        if not segment.files:  # else it is told above
            found.damage_of(segment.directory, "no file of it says what it has")
        return None
    one = next(iter(ours.values())).sealed
    _look_for_the_rest(segment, one, found)
    return one


def _wrong(table: str, said: Said | None, recorded: str | None, number: int) -> str:
    """Why a file is left out; "" for one that is as it should be."""
    if said is None:
        return "it can't be read, or its checksum is another"
    if not said.sealed.is_of(recorded, number):
        return "from another recording or segment"
    if table in KINDS and said.rows != said.sealed.events.get(KINDS[table]):
        return "with other rows than were sealed"
    if table in KINDS and (column := lacking(KINDS[table], said.nulls)):
        return f"its rows have no {column}"
    return ""


def _look_for_the_rest(segment: _Segment, said: Sealed, found: Parts) -> None:
    """What a segment has not of what it says that it has."""
    here = {path.stem for path in segment.directory.iterdir()}  # one that is left out is told already
    for table in sorted(table_of(event) for event in said.events.keys() & NUMBERS.keys()):
        if table not in here:
            found.damage_of(segment.directory / f"{table}{SUFFIX}", "missing")
    if unknown := sum(count for event, count in said.events.items() if event not in NUMBERS):
        found.damage_of(segment.directory, f"{unknown} events of kinds that this version of onlooker does not know")
    if said.damaged:
        found.damage_of(segment.directory, f"{said.damaged} bytes of its log were damaged when it was sealed")
    if said.checksums and not segment.checksums.are_there:
        found.damage_of(segment.directory / CHECKSUMS, "missing")


def _rotated(recording: Recording, path: Path) -> int:
    """How many events were removed; of one that is being written, by now."""
    before = recording.manifest.rotated if recording.manifest else 0
    if not recording.is_being_written:
        return before
    with suppress(OSError, msgspec.MsgspecError, ValueError):
        return max(before, Manifest.read(path).rotated)
    return before


def _more(missing: int) -> str:
    return f", nor the next {missing - 1}" if missing > 1 else ""


def _whole(
    segments: list[_Segment], connection: "DuckDBPyConnection", look: Callable[[], None]
) -> dict[Path, Said | None]:
    """What each file says of its segment; None where it is damaged. Raises FileNotFoundError."""
    files = [(file, segment.checksums) for segment in segments for file in segment.files]
    wrong: list[Path] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # a checksum is made without Python's lock
        try:
            right = pool.map(lambda each: each[1].match(each[0].path, f"{each[0].table}{SUFFIX}"), files)
            for (file, _), is_right in zip(files, right, strict=True):
                look()
                if not is_right:
                    wrong.append(file.path)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    doubtful = {*wrong}
    said = _said([file.path for file, _ in files if file.path not in doubtful], connection)
    return said | dict.fromkeys(wrong)


def _said(paths: list[Path], connection: "DuckDBPyConnection") -> dict[Path, Said | None]:
    import duckdb

    try:
        return _asked(paths, connection)
    except (duckdb.Error, msgspec.MsgspecError, RuntimeError):  # DuckDB raises some plain RuntimeErrors
        pass
    found: dict[Path, Said | None] = {}
    for path in paths:
        try:
            found |= _asked([path], connection)
        except (duckdb.Error, msgspec.MsgspecError, RuntimeError):
            path.stat()  # one that has vanished is not damaged
            found[path] = None
    return found


def _asked(paths: list[Path], connection: "DuckDBPyConnection") -> dict[Path, Said | None]:
    """The same of files that are whole: all at once takes a tenth of the time."""
    found: dict[Path, Said | None] = dict.fromkeys(paths)
    if paths:
        names = {str(path): path for path in paths}
        patterns = [*map(pattern, paths)]
        rows = dict(
            connection.execute("SELECT file_name, num_rows FROM parquet_file_metadata(?)", [patterns]).fetchall()
        )
        nulls: dict[str, dict[str, int | None]] = {}
        for name, column, count in connection.execute(NULLS, [patterns]).fetchall():
            nulls.setdefault(name, {})[column] = count
        ask = "SELECT file_name, value FROM parquet_kv_metadata(?) WHERE key = ?"
        for name, value in connection.execute(ask, [patterns, METADATA_KEY.encode()]).fetchall():
            found[names[name]] = Said(msgspec.json.decode(value, type=Sealed), rows[name], nulls.get(name, {}))
    return found
