"""Each message is in the lake once, whoever brings it how often."""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import msgspec
import pytest

from onlooker import Batch
from onlooker.errors import UsageError
from onlooker.lake import compact
from onlooker.lake.columns import iceberg_select
from onlooker.lake.compact import Compactor
from onlooker.lake.directory import DirectoryStore
from onlooker.lake.log import COMMITS, CommitLog
from onlooker.lake.rows import no_rows
from onlooker.lake.store import LakeError, check_conditional, store_of
from onlooker.lake.tables import LakeTables
from onlooker.recordings.database import connect
from onlooker.sinks.message import Message, MessageError, own_plan, pack
from onlooker.testing import make

from .made import BOOT, SECOND, held, messages, of_batches, opens, time_of, writer


def counted(lake: Path) -> tuple[int, int]:
    """Rows, and different ones."""
    with LakeTables(str(lake)) as tables:
        [(rows, different)] = tables.connection.execute(
            "SELECT count(*), count(DISTINCT (run, seq)) FROM events"
        ).fetchall()
        return rows, different


def test_a_message_that_comes_again_is_not_taken(tmp_path: Path) -> None:
    one, other = writer(tmp_path), writer(tmp_path)
    some = messages(7)
    assert one.commit(some[:4]) == some[:4]
    assert other.commit([some[2], some[5], some[5], some[3]]) == [some[5]]
    assert one.commit(some) == [some[4], some[6]]
    assert counted(tmp_path) == (21, 21)


def test_of_collectors_at_once_each_message_is_taken_by_one(tmp_path: Path) -> None:
    some = messages(24)
    taken: list[int] = []

    def collect() -> None:
        own = writer(tmp_path)
        for at in range(0, 24, 3):
            taken.extend(each.head.seq for each in own.commit(some[at : at + 5]))

    threads = [threading.Thread(target=collect) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(taken) == list(range(1, 25))
    assert counted(tmp_path) == (72, 72)


def test_a_file_without_a_commit_is_not_read_and_goes_one_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bool:
        raise LakeError("no")

    own = writer(tmp_path)
    own.commit(messages(2))
    with monkeypatch.context() as patched:
        patched.setattr(DirectoryStore, "create", refuse)
        for _ in range(3):  # the same file serves each try
            with pytest.raises(LakeError):
                own.commit(messages(9))
    assert len(list(tmp_path.glob("events/*/*/*.parquet"))) == 2
    assert counted(tmp_path) == (6, 6)
    store = store_of(str(tmp_path))
    assert Compactor(store, CommitLog(store)).clean(orphan=3600) == 0
    assert len(own.commit(messages(9))) == 7
    assert len(list(tmp_path.glob("events/*/*/*.parquet"))) == 2
    with monkeypatch.context() as patched:
        patched.setattr(DirectoryStore, "create", refuse)
        with pytest.raises(LakeError):
            own.commit(messages(10))
    assert Compactor(store, CommitLog(store)).clean(orphan=-1) == 1
    assert counted(tmp_path) == (27, 27)
    assert [*(tmp_path / "_onlooker/scratch").iterdir()] == []


def test_what_another_merges_before_a_lost_answer_comes_again_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = writer(tmp_path)
    for each in messages(15):
        own.commit([each])
    create = DirectoryStore.create

    def lose_the_answer(store: DirectoryStore, name: str, data: bytes) -> bool:
        monkeypatch.setattr(DirectoryStore, "create", create)
        assert store.create(name, data)
        other = store_of(str(tmp_path))
        assert Compactor(other, CommitLog(other)).run() == 16
        return store.create(name, data)

    monkeypatch.setattr(DirectoryStore, "create", lose_the_answer)
    some = [*messages(16)[15:], *messages(2, host="web2", run=5)]
    assert own.commit(some) == some
    assert counted(tmp_path) == (54, 54)
    assert own.commit(some) == []
    assert counted(tmp_path) == (54, 54)


def test_a_collector_whose_clock_is_ahead_removes_nothing_that_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = writer(tmp_path)
    own.commit(messages(3))
    now = time.time()
    store = store_of(str(tmp_path))
    monkeypatch.setattr(time, "time", lambda: now + 10 * 86_400)
    (tmp_path / "events/date=2026-01-31/host=web1/uncommitted.parquet").write_bytes(b"1")
    assert Compactor(store, CommitLog(store)).clean() == 0


def test_a_store_that_overwrites_commits_is_refused() -> None:
    class Careless:
        root = "s3://bucket"

        def create(self, name: str, data: bytes) -> bool:
            return True

        def delete(self, names: object) -> None:
            pass

    with pytest.raises(LakeError, match="does not know If-None-Match"):
        check_conditional(Careless())  # type: ignore[arg-type]


def test_a_damaged_file_is_not_merged_and_stops_nothing(tmp_path: Path) -> None:
    own = writer(tmp_path)
    for each in messages(20):
        own.commit([each])
    broken = sorted(own.log.state.files)[3]
    (tmp_path / broken).write_bytes(b"PAR1")
    compactor = Compactor(store_of(str(tmp_path)), own.log)
    with pytest.raises(LakeError, match="can't merge files"):
        compactor.run()
    assert compactor.run() == 0


def test_what_could_not_be_merged_is_tried_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = writer(tmp_path)
    for each in messages(20):
        own.commit([each])
    compactor = Compactor(own._store, own.log)
    with monkeypatch.context() as patched:
        patched.setattr(own._store, "get", lambda name: None)
        with pytest.raises(LakeError, match="is missing"):
            compactor.run()
    assert compactor.run() == 0
    monkeypatch.setattr(compact, "POSTPONE_SECONDS", 0.0)
    compactor._failed.add(min(own.log.state.files.values(), key=lambda each: each.first_ns).name)
    assert compactor.run() == 20


@pytest.mark.parametrize("host", ["x" * 251, "\N{CJK UNIFIED IDEOGRAPH-4E00}" * 28, "__HIVE_DEFAULT_PARTITION__"])
def test_a_host_that_is_no_name_of_a_directory_is_put_aside(tmp_path: Path, host: str) -> None:
    made = held(1, opens(1), host=host)
    payload = pack(made.batches, with_plan=True)
    head = msgspec.structs.replace(made.head, plan=own_plan()[0])
    with pytest.raises(MessageError, match="can't be the name of a directory"):
        writer(tmp_path).unpack(Message(head, payload))


def test_a_request_that_is_sent_again_finds_its_own_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create = DirectoryStore.create

    def twice(store: DirectoryStore, name: str, data: bytes) -> bool:
        return create(store, name, data) and create(store, name, data)  # as after an answer that was lost

    monkeypatch.setattr(DirectoryStore, "create", twice)
    own = writer(tmp_path)
    some = messages(20)
    assert [own.commit([each]) for each in some] == [[each] for each in some]
    assert counted(tmp_path) == (60, 60)
    store = store_of(str(tmp_path))
    assert Compactor(store, CommitLog(store)).run() == 20
    assert counted(tmp_path) == (60, 60)


def test_a_checkpoint_says_the_same_as_the_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onlooker.lake.log.CHECKPOINT_EVERY", 4)
    own = writer(tmp_path)
    for message in messages(11):
        own.commit([message])
    store = store_of(str(tmp_path))
    assert CommitLog(store).state == own.log.state
    for number in range(1, 9):
        (tmp_path / COMMITS / f"{number:020}.json").unlink()
    assert CommitLog(store).state == own.log.state


def test_a_time_in_microseconds_is_of_the_same_day() -> None:
    """An Iceberg table has no nanoseconds, and its files are of a day."""
    with connect("a lake") as database:
        time = "make_timestamp_ns(86_399_999_999_999)"
        rows = no_rows().replace('NULL::TIMESTAMP_NS AS "time"', f'{time} AS "time"').replace("WHERE FALSE", "")
        [(found, kind)] = database.execute(
            f'SELECT "time", typeof("time") FROM ({iceberg_select(rows, "1970-01-01")})'
        ).fetchall()
    assert (str(found), kind) == ("1970-01-01 23:59:59.999999", "TIMESTAMP")


def test_days_are_split_at_midnight(tmp_path: Path) -> None:
    midnight_ns = int(datetime(2026, 2, 1, tzinfo=UTC).timestamp()) * SECOND
    times = [midnight_ns + each for each in (-2 * SECOND, -1_000_000_000, -1, 0, 1, SECOND, 5 * SECOND)]
    zero = Batch.of([make("open", time="1970-01-01T00:00:00Z", boot_ns=0)])[0]
    events = [make("open", time=time_of(each), boot_ns=each) for each in times]
    data = b"".join(batch.data for event in events for batch in Batch.of([event]))
    writer(tmp_path).commit([of_batches(1, [Batch(data, zero.offset_ns)])])
    found = duckdb.sql(f"SELECT date::VARCHAR, count(*) FROM '{tmp_path}/events/*/*/*.parquet' GROUP BY 1 ORDER BY 1")
    assert found.fetchall() == [("2026-01-31", 3), ("2026-02-01", 4)]


def test_a_host_with_any_name_has_a_directory_of_its_own(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    writer(lake).commit([held(1, opens(2), host="../../a b'/=%"), held(1, opens(3), host="b", run=5)])
    with LakeTables(str(lake)) as tables:
        asked = "SELECT host, count(*) FROM opens GROUP BY 1 ORDER BY 2"
        assert tables.connection.execute(asked).fetchall() == [("../../a b'/=%", 2), ("b", 3)]
    assert [each.name for each in tmp_path.iterdir()] == ["lake"]


def test_a_host_of_two_lines_is_that_of_its_processes(tmp_path: Path) -> None:
    writer(tmp_path).commit([held(1, opens(2), host="a\nb")])
    with LakeTables(str(tmp_path)) as tables:
        assert tables.connection.execute("SELECT DISTINCT host, boot_id FROM processes").fetchall() == [("a\nb", BOOT)]


def test_many_small_files_become_one(tmp_path: Path) -> None:
    own = writer(tmp_path)
    for message in messages(20):
        own.commit([message])
    store = store_of(str(tmp_path))
    log = CommitLog(store)
    assert Compactor(store, log).run() == 20
    assert counted(tmp_path) == (60, 60)
    assert len(log.state.files) == 1
    assert Compactor(store, log).clean(grace=3600) == 0
    assert Compactor(store, log).clean(grace=-1) == 20
    assert log.state.removed == {}
    assert len(list(tmp_path.glob("events/*/*/*.parquet"))) == 1
    assert own.commit(messages(20)) == []
    assert counted(tmp_path) == (60, 60)


def test_of_two_that_merge_one_wins(tmp_path: Path) -> None:
    own = writer(tmp_path)
    for message in messages(4):
        own.commit([message])
    found: list[int] = []

    def merge() -> None:
        store = store_of(str(tmp_path))
        found.append(Compactor(store, CommitLog(store)).run(least_files=2))

    threads = [threading.Thread(target=merge) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(found) == [0, 0, 0, 4]
    assert counted(tmp_path) == (12, 12)


def test_what_is_no_lake_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no lake"):
        store_of(str(tmp_path / "none"))
    with pytest.raises(UsageError, match="no bucket"):
        store_of("s3://")
    with pytest.raises(UsageError, match="unknown option 'endpont'"):
        store_of("s3://bucket/lake?endpont=x")
