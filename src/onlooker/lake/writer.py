"""Messages become files of a lake, and a commit that says so: each message once, whoever brings it how often."""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from ..recordings.database import connect, quoted
from ..sinks.message import Message, Unpacker
from . import state
from .columns import schema, selected
from .log import CommitLog
from .parts import Held, Part, parts
from .state import Commit, DataFile, State
from .store import ObjectStore

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from .compact import Compactor

EVENTS = "events"
PLANS = "_onlooker/plans"
POISON = "_onlooker/poison"
MEMORY = "1GB"
CLEAN_SECONDS = 600.0


class LakeWriter:
    """Takes messages, and commits them. One thread uses it."""

    def __init__(self, store: ObjectStore) -> None:
        """Raises LakeError and ExtraError."""
        self._store = store
        self.log = CommitLog(store)
        self.unpacker = Unpacker()
        self._connection: DuckDBPyConnection = connect("a lake", threads=2, memory=MEMORY)
        self._writes = 0
        self._id = os.urandom(6).hex()
        self._stored_plans: set[str] = set()
        self._compactor: Compactor | None = None
        self._clean_at = time.monotonic() + CLEAN_SECONDS

    def unpack(self, message: Message) -> Held:
        """Raises MessageError, and UnknownPlanError where no message had the plan yet."""
        digest = message.head.plan
        if digest not in self.unpacker.plans and (plan := self._store.get(f"{PLANS}/{digest}.json")):
            self.unpacker.learn(plan)
        made = Held(message.head, self.unpacker.batches(message))
        if digest not in self._stored_plans:  # before its message is acknowledged: others may need it
            self._store.put(f"{PLANS}/{digest}.json", self.unpacker.plans[digest])
            self._stored_plans.add(digest)
        return made

    def put_aside(self, name: str, headers: dict[str, str], payload: bytes, why: str) -> bool:
        """A message that makes no sense is kept for whoever wants to look at it. Says whether it is new. Raises
        LakeError.
        """
        data = msgspec.msgpack.encode({"why": why, "headers": headers, "payload": payload})
        return self._store.create(f"{POISON}/{quote(name, safe='')[:200]}.msgpack", data)

    def commit(self, held: Sequence[Held]) -> list[Held]:
        """Those that are not in the lake yet, which are returned. Raises LakeError."""
        written: list[DataFile] = []
        fresh: list[Held] | None = None  # whose events are in these files

        def make(now: State) -> Commit | None:
            nonlocal written, fresh
            wanted = _fresh(held, now)
            if wanted != fresh:
                self._store.delete([each.name for each in written])
                written, fresh = self._write(wanted), wanted
            if not fresh:
                return None
            return Commit(adds=written, batches=_batches(fresh))

        self.log.refresh()
        self.log.commit(make)
        return fresh or []

    def tidy(self) -> None:
        """Merge the small files of a day and host, where there are many; now and then remove what nobody needs. Raises
        LakeError.
        """
        from .compact import Compactor

        self._compactor = self._compactor or Compactor(self._store, self.log)
        self._compactor.run(most=1)
        if time.monotonic() >= self._clean_at:
            self._compactor.clean()
            self._clean_at = time.monotonic() + CLEAN_SECONDS

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def _write(self, held: Sequence[Held]) -> list[DataFile]:
        """Files of the events, one for each date and host."""
        with tempfile.TemporaryDirectory(prefix="onlooker-") as directory:
            return [self._write_file(part, Path(directory) / "part.parquet") for part in parts(held)]

    def _write_file(self, part: Part, path: Path) -> DataFile:
        self._writes += 1
        name = file_name(part.date, part.host, f"{self._id}-{self._writes:06}")
        names: list[str] = []
        pieces = []
        try:
            for boot_id, run, table in part.tables:
                names.append(f"rows_{len(names)}")
                self._connection.register(names[-1], table.take())
                pieces.append(selected(table.table, names[-1], part.host, boot_id, run))
            write_parquet(self._connection, " UNION ALL ".join(pieces), path)
        finally:
            for each in names:
                self._connection.unregister(each)
        self._store.put(name, path)
        size = path.stat().st_size
        return DataFile(name, part.date, part.host, part.rows, size, part.first_ns, part.last_ns, schema())


def write_parquet(connection: "DuckDBPyConnection", select: str, path: Path) -> None:
    """What is selected."""
    copied = f"COPY ({select}) TO {quoted(str(path))} (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)"
    connection.execute(copied).fetchall()


def file_name(date: str, host: str, name: str) -> str:
    """As engines expect it of a partition."""
    return f"{EVENTS}/date={date}/host={quote(host, safe='')}/{name}.parquet"


def _batches(held: Sequence[Held]) -> list[state.Batch]:
    """The messages: those of a run that follow each other, as one."""
    runs: dict[str, state.Run] = {}
    for head, _ in held:
        run = runs.setdefault(state.run_key(head.boot_id, head.run), state.Run(head.host, head.boot_id, head.run, []))
        run.add(state.Span.of(head))
    return [state.Batch(run.host, run.boot_id, run.run, span) for run in runs.values() for span in run.spans]


def _fresh(held: Sequence[Held], now: State) -> list[Held]:
    """Without those that are in the lake, and without repetitions."""
    seen: set[str] = set()
    found = []
    for each in held:
        if each.head.id not in seen and not now.has(each.head):
            seen.add(each.head.id)
            found.append(each)
    return found
