"""Makes few large files of many small ones in an Iceberg table, and lets go of snapshots that nobody reads any more.

One snapshot puts the large file in the place of the small ones. It holds only where the table is still as it was when
this was decided: what others commit meanwhile is neither lost nor doubled. Who was not the first looks again.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OnlookerError
from ..recordings.database import connect, pattern, quoted
from .compact import GRACE_SECONDS, LEAST_FILES, MOST_BYTES, RESTORE, SMALL_BYTES, Postponed
from .objects import LakeError
from .writer import MEMORY, database_errors

if TYPE_CHECKING:
    from .iceberg import Catalogue

ROWS_AT_ONCE = 50_000  # in memory, and in a row group: 70 MB as Arrow
_MOST_TRIES = 20  # of a commit, while others append
MOST_AGE = "history.expire.max-snapshot-age-ms"
KEEP = "history.expire.min-snapshots-to-keep"
PARTS = ["date", "host"]  # the columns by which the table is partitioned
_MAIN = "main"
HINT = "let the engine that has changed them merge: CALL CATALOG.system.rewrite_data_files(table => 'TABLE')"


class Merger:
    """Of one table. One thread uses it; others may do the same elsewhere: of two, one commits."""

    def __init__(self, catalogue: "Catalogue") -> None:
        self._catalogue = catalogue
        self._failed = Postponed()  # the first files of what could not be merged
        self._seen: list[tuple[float, int]] = []  # when a snapshot was the current one, by the monotonic clock

    def run(self, most: int | None = None, least_files: int = LEAST_FILES) -> int:
        """At most so many days and hosts. Returns how many small files are no more. Raises LakeError."""
        self._catalogue.refresh()
        spec = self._catalogue.table.spec()
        if [each.name for each in spec.fields] != PARTS:
            return 0  # another engine has changed it, and does this, too
        tasks = [each for each in self._catalogue.tasks() if each.file.spec_id == spec.spec_id]
        parts = [small for small in _worth_it(tasks, least_files) if _path(small[0]) not in self._failed]
        random.shuffle(parts)  # so that collectors which do it at once begin with others
        gone = 0
        for small in parts[:most]:
            try:
                merged = self._merge(small)
            except OnlookerError:
                self._failed.add(_path(small[0]))
                raise
            if not merged:
                break  # another one does it now
            gone += merged
        return gone

    def expire(self, grace: float = GRACE_SECONDS) -> int:
        """Let go of snapshots that were replaced longer ago than the table says, and that this program has seen
        replaced so many seconds ago, whatever clocks say; and remove the files that only they had. Returns how many
        snapshots. Raises LakeError.
        """
        from pyiceberg.exceptions import CommitFailedException

        from .iceberg import told

        self._catalogue.refresh()
        table = self._catalogue.table
        current = table.current_snapshot()
        if current is None:
            return 0
        now = time.monotonic()
        self._seen.append((now, current.snapshot_id))
        replaced = [snapshot for since, snapshot in self._seen if since <= now - grace]
        with told(f"expire snapshots of the table {self._catalogue.name}"):
            old, oldest_kept = _expirable(table, replaced[-1] if replaced else None)
            if not old:
                return 0
            doomed = _only_in(table, old, oldest_kept)
            change = table.maintenance.expire_snapshots()
            for each in old:
                change = change.by_id(each.snapshot_id)
            try:
                change.commit()
            except CommitFailedException:  # others commit; another time
                return 0
            for path in doomed:
                with suppress(FileNotFoundError):  # another one was faster
                    table.io.delete(path)
        self._seen = [(since, each) for since, each in self._seen if since > now - grace] or self._seen[-1:]
        return len(old)

    def _merge(self, small: list[Any]) -> int:
        """Into one."""
        from .iceberg import told

        table = self._catalogue.table
        with tempfile.TemporaryDirectory(prefix="onlooker-") as directory:
            path, described = self._written(small, Path(directory))
            name = f"{_path(small[0]).rpartition('/')[0]}/{os.urandom(8).hex()}-merged.parquet"
            with told(f"write the table {self._catalogue.name}"):
                output = table.io.new_output(name)
                with output.create() as stream, path.open("rb") as file:
                    while data := file.read(1 << 20):
                        stream.write(data)
            made = described(name, len(output))
        if self._committed(small, made):
            return len(small)
        with told(f"write the table {self._catalogue.name}"):
            table.io.delete(name)
        return 0

    def _committed(self, small: list[Any], made: Any) -> bool:
        """Whether the large file is in the place of the small ones; False: surely not. Raises LakeError where that is
        not known.
        """
        from pyiceberg.exceptions import CommitFailedException

        from .iceberg import told

        old = {_path(each) for each in small}
        part = _same_part(small[0])
        for tries in range(_MOST_TRIES):
            self._catalogue.refresh()
            here = {_path(each): each for each in self._catalogue.tasks(part)}
            if not old <= here.keys() or any(here[path].delete_files for path in old):
                return False
            try:
                with (
                    told(f"merge files of the table {self._catalogue.name}"),
                    self._catalogue.table.transaction() as change,
                    change.update_snapshot().overwrite() as step,
                ):
                    for old_path in old:
                        step.delete_data_file(here[old_path].file)
                    step.append_data_file(made)
                return True
            except LakeError as error:
                if not isinstance(error.__cause__, CommitFailedException):
                    raise
                time.sleep(min(1.0, random.uniform(0, 0.05) * tries))  # noqa: S311 - so that not all come at once
        return False

    def _written(self, small: list[Any], directory: Path) -> tuple[Path, Callable[[str, int], Any]]:
        """A file of all their rows, and what describes it."""
        import pyarrow
        from pyarrow import parquet
        from pyiceberg.io.pyarrow import schema_to_pyarrow

        from .iceberg import told

        table, wanted = self._catalogue.table, sum(each.file.record_count for each in small)
        schema = schema_to_pyarrow(table.schema(), include_field_ids=True)
        path = directory / "merged.parquet"
        parts = self._fetched(small, directory)
        with database_errors("merge files of a lake"), connect("a lake", threads=1, memory=MEMORY) as database:
            read = f"read_parquet([{', '.join(parts)}], hive_partitioning = false, union_by_name = true)"
            names = [column for column, *_ in database.execute(f"DESCRIBE FROM {read}").fetchall()]
            if unknown := set(names) - set(schema.names):  # another engine has renamed or dropped it
                raise LakeError(
                    f"files of the table {self._catalogue.name} have other columns: {min(unknown)!r:.60}", HINT
                )
            columns = ", ".join(f'"{name}"' if name in names else f'NULL AS "{name}"' for name in schema.names)
            rows = 0
            with told("merge files of a lake"), parquet.ParquetWriter(path, schema, compression="zstd") as writer:
                for batch in database.sql(f"SELECT {columns} FROM {read}").to_arrow_reader(ROWS_AT_ONCE):
                    writer.write_table(pyarrow.Table.from_batches([batch]).cast(schema))
                    rows += batch.num_rows
        if rows != wanted:
            raise LakeError(f"{len(small)} files have {rows} rows, not {wanted}", RESTORE)
        return path, lambda name, size: _described(table, small[0], name, size, writer.writer.metadata)

    def _fetched(self, small: Sequence[Any], directory: Path) -> list[str]:
        """The small files, as SQL names them: in a directory of our own."""
        from .iceberg import told

        found = []
        for number, each in enumerate(small):
            path = directory / f"{number}.parquet"
            source = self._catalogue.table.io.new_input(_path(each))
            with told(f"read a file of the table {self._catalogue.name}"), source.open() as stream:
                path.write_bytes(stream.read())
            found.append(quoted(pattern(path)))
        return found


def _path(task: Any) -> str:
    return str(task.file.file_path)


def _worth_it(tasks: Sequence[Any], least: int) -> list[list[Any]]:
    """Files to be merged: of each partition those that are small and whole, where there are many."""
    parts: dict[tuple[Any, ...], list[Any]] = {}
    for each in tasks:
        if each.file.file_size_in_bytes < SMALL_BYTES and not each.delete_files:
            parts.setdefault(tuple(each.file.partition[at] for at in range(len(PARTS))), []).append(each)
    found = []
    for files in parts.values():
        small, size = [], 0
        for each in sorted(files, key=_path):
            if size + each.file.file_size_in_bytes <= MOST_BYTES:
                small.append(each)
                size += each.file.file_size_in_bytes
        if len(small) >= max(2, least):
            found.append(small)
    return found


def _same_part(task: Any) -> Any:
    """What finds the files of its partition: by these few columns the library skips the manifests of others."""
    from pyiceberg.expressions import And, EqualTo

    date, host = task.file.partition[0], task.file.partition[1]
    equal_to: Any = EqualTo
    return And(equal_to("date", date), equal_to("host", host))


def _described(table: Any, like: Any, name: str, size: int, metadata: Any) -> Any:
    """A file as the table lists it, of the same partition as another."""
    from pyiceberg.io import pyarrow as files
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat

    schema = table.schema()
    plan = files.compute_statistics_plan(schema, table.metadata.properties)
    found = files.data_file_statistics_from_parquet_metadata(metadata, plan, files.parquet_path_to_id_mapping(schema))
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=name,
        file_format=FileFormat.PARQUET,
        partition=like.file.partition,
        file_size_in_bytes=size,
        sort_order_id=None,
        spec_id=like.file.spec_id,
        equality_ids=None,
        key_metadata=None,
        **found.to_serialized_dict(),
    )


def _expirable(table: Any, replaced: int | None) -> tuple[list[Any], Any]:
    """The oldest snapshots, which may go, and the oldest one that stays. None where `replaced`, which was the current
    one long enough ago, is not known; where there are branches, tags, or snapshots aside, an engine must do it.
    """
    metadata = table.metadata
    chain: list[Any] = []
    at = table.current_snapshot()
    while at is not None:
        chain.append(at)
        at = metadata.snapshot_by_id(at.parent_snapshot_id) if at.parent_snapshot_id is not None else None
    chain.reverse()
    age_ms = _number(metadata.properties.get(MOST_AGE))
    ids = [each.snapshot_id for each in chain]
    if age_ms is None or set(metadata.refs) != {_MAIN} or len(chain) != len(metadata.snapshots) or replaced not in ids:
        return [], None
    until_ms = time.time() * 1000 - age_ms
    most = min(ids.index(replaced), len(chain) - max(1, _number(metadata.properties.get(KEEP)) or 1))
    count = 0
    while count < most and chain[count + 1].timestamp_ms <= until_ms:  # when it was replaced
        count += 1
    return chain[:count], chain[count]


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _only_in(table: Any, old: Sequence[Any], oldest_kept: Any) -> list[str]:
    """The files that nobody needs without these snapshots, which follow each other up to the oldest that is kept."""
    from pyiceberg.manifest import ManifestEntryStatus

    ids = {each.snapshot_id for each in (*old, oldest_kept)}
    kept = {each.manifest_path: each for each in oldest_kept.manifests(table.io)}
    manifests = dict(kept)
    for each in old:
        manifests |= {one.manifest_path: one for one in each.manifests(table.io)}
    live = {_path(each) for each in table.scan().plan_files()}
    gone: dict[str, None] = {}
    for one in manifests.values():
        if one.added_snapshot_id in ids and one.deleted_files_count != 0:
            for entry in one.fetch_manifest_entry(table.io, discard_deleted=False):
                if entry.status == ManifestEntryStatus.DELETED and entry.data_file.file_path not in live:
                    gone[entry.data_file.file_path] = None
    gone |= dict.fromkeys(path for path in manifests if path not in kept)
    return [*gone, *(each.manifest_list for each in old)]
