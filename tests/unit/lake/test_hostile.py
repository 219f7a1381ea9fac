"""Messages that lie, or are made to harm: each is refused by itself, and the lake stays whole."""

import time
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from onlooker import Batch
from onlooker.lake.aside import Aside, aside_in
from onlooker.lake.coverage import LOST, periods
from onlooker.lake.log import CommitLog
from onlooker.lake.parts import Held, check, parts
from onlooker.lake.state import MOST_NUMBER, MOST_SPANS, Run, Span, State, run_key
from onlooker.lake.store import store_of
from onlooker.lake.tables import LakeTables
from onlooker.records import PLAN
from onlooker.sinks.message import (
    MOST_BATCHES,
    Head,
    Message,
    MessageError,
    Records,
    UnknownPlanError,
    Unpacker,
    compressed,
    digest_of,
    own_plan,
    pack,
)
from onlooker.testing import make

from .made import BEGAN, SECOND, held, opens, writer

DAY_NS = 86_400 * SECOND
TOMORROW_NS = time.time_ns() + 2 * DAY_NS


def message(batches: list[Batch], payload: bytes | None = None, **said: object) -> Message:
    losses = [loss.count for batch in batches for loss in batch.lost()]
    usual = {
        "host": "a",
        "boot_id": "b",
        "run": BEGAN,
        "seq": 1,
        "plan": own_plan()[0],
        "records": sum(map(len, batches)),
        "reports": len(losses),
        "lost": sum(losses),
        "began_ns": BEGAN,
        "ended_ns": BEGAN + SECOND,
    }
    return Message(msgspec.convert(usual | said, Head), pack(batches) if payload is None else payload)


@pytest.mark.parametrize(
    "said",
    [{"records": 1 << 52}, {"records": 2}, {"lost": 1 << 52}, {"lost": 1}, {"reports": 1, "lost": 0}],
    ids=str,
)
def test_counts_that_are_not_those_of_the_records_are_refused(said: dict[str, int]) -> None:
    with pytest.raises(MessageError, match="headers make no sense"):
        Unpacker().batches(message(Batch.of(opens(1)), **said))
    report = make("lost", of="open", reason="ring full", count=1 << 60)
    with pytest.raises(MessageError, match="lost events"):
        Unpacker().batches(message(Batch.of([report])))


@pytest.mark.parametrize(
    "said",
    [
        {"first": 1 << 53},
        {"seq": 1 << 53},
        {"records": 1 << 62},
        {"ended_ns": MOST_NUMBER},
        {"ended_ns": TOMORROW_NS},
        {"run": MOST_NUMBER},
        {"began_ns": 0},
        {"began_ns": BEGAN + 2 * SECOND},
    ],
    ids=lambda said: " ".join(said),
)
def test_numbers_and_times_that_cannot_be_are_refused(said: dict[str, int]) -> None:
    assert Head.of(message([]).head.headers())
    with pytest.raises(MessageError, match="headers make no sense"):
        Head.of(message([], **said).head.headers())


def test_sums_stay_numbers_that_can_be_read_again(tmp_path: Path) -> None:
    own = writer(tmp_path)
    for seq in (1, 2, 3):
        made = held(seq, opens(1))
        own.commit([Held(msgspec.structs.replace(made.head, records=1 << 62, lost=1 << 62), made.batches)])
    [run] = CommitLog(store_of(str(tmp_path))).state.runs.values()
    assert run.spans[0].records == run.spans[0].lost == MOST_NUMBER


def test_times_that_no_clock_has_are_read_as_now(tmp_path: Path) -> None:
    own = writer(tmp_path)
    made = held(1, opens(1))
    own.commit([Held(msgspec.structs.replace(made.head, ended_ns=MOST_NUMBER), made.batches)])
    with LakeTables(str(tmp_path), names={"coverage"}) as tables:
        asked = "SELECT ended < now()::TIMESTAMP + INTERVAL 2 DAY FROM coverage"
        [(is_there,)] = tables.connection.execute(asked).fetchall()
    assert is_there


def test_many_batches_in_a_small_message_are_refused() -> None:
    count = 3_000_000
    body = b"\x92\xdd" + count.to_bytes(4, "big") + b"\x92\x00\xc4\x00" * count + b"\xc4\x00"
    began = time.process_time()
    with pytest.raises(MessageError, match=str(MOST_BATCHES)):
        Unpacker().batches(message([], compressed(body)))
    assert time.process_time() - began < 1


def test_many_days_in_a_small_message_are_refused() -> None:
    data = b"".join(batch.data for day in range(9) for batch in Batch.of([make("open", boot_ns=day * DAY_NS)]))
    one = message([Batch(data, BEGAN)])
    with pytest.raises(MessageError, match="9 days"):
        check(Held(one.head, [Batch(data, BEGAN)]))


def test_two_days_by_turns_are_two_pieces_in_time_that_grows_with_their_number() -> None:
    day = [b"".join(batch.data for batch in Batch.of([make("open", boot_ns=at * DAY_NS)])) for at in (0, 1)]
    batch = Batch((day[0] + day[1]) * 20_000, BEGAN)
    one = message([batch])
    check(Held(one.head, [batch]))
    began = time.process_time()
    made = parts([Held(one.head, [batch])])
    assert [part.rows for part in made] == [1, 39_999]
    assert time.process_time() - began < 1


@pytest.mark.parametrize(("boot_ns", "offset_ns"), [(1 << 63, 0), ((1 << 62), (1 << 63) - 1), (5, -6)])
def test_times_of_records_that_no_lake_has_a_place_for_are_refused(
    tmp_path: Path, boot_ns: int, offset_ns: int
) -> None:
    data = Batch.of([make("open", boot_ns=boot_ns)])[0].data
    with pytest.raises(MessageError, match="time of a record"):
        writer(tmp_path).unpack(message([Batch(data, offset_ns)]))


def test_what_is_put_aside_has_a_name_of_its_content(tmp_path: Path) -> None:
    own = writer(tmp_path)
    assert own.put_aside([Aside("EVENTS-7", {}, b"of one stream", "why")]) == 1
    some = [Aside("EVENTS-7", {}, b"of the next", "why"), Aside("EVENTS-8", {}, b"", "why")]
    assert own.put_aside(some) == 2
    assert own.put_aside(some) == 0
    kept = sorted((tmp_path / "_onlooker/poison").iterdir(), key=lambda path: aside_in(path.name))
    assert [aside_in(path.name) for path in kept] == [1, 2]
    found = msgspec.msgpack.decode(kept[1].read_bytes())
    assert [(each["name"], each["payload"]) for each in found] == [("EVENTS-7", b"of the next"), ("EVENTS-8", b"")]
    assert aside_in("_onlooker/poison/EVENTS-7.msgpack") == 1
    with LakeTables(str(tmp_path), names=set()) as tables:
        assert any(note.startswith("3 messages were put aside") for note in tables.notes)


def test_what_this_version_cannot_say_is_lost_in_its_period(tmp_path: Path) -> None:
    plan = PLAN.to_json().replace(b'"name":"open"', b'"name":"opem"', 1)
    batches = [*Batch.of(opens(7)), *Batch.of([make("exit")])]
    payload = compressed(msgspec.msgpack.encode(Records([(each.offset_ns, each.data) for each in batches], plan)))
    own = writer(tmp_path)
    made = own.unpack(message(batches, payload, plan=digest_of(plan)))
    own.commit([made])
    assert [(each.whole, each.lost, each.why) for each in periods(own.log.state)] == [(False, 7, LOST)]
    with LakeTables(str(tmp_path)) as tables:
        assert tables.losses() == {("unknown", "corrupt"): 7}
        assert tables.connection.execute("SELECT count(*) FROM exits").fetchall() == [(1,)]


def test_a_plan_that_is_not_there_is_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, asked = writer(tmp_path), []
    monkeypatch.setattr(own._notes, "get", lambda name: asked.append(name))
    for _ in range(50):
        with pytest.raises(UnknownPlanError):
            own.unpack(message(Batch.of(opens(1)), plan="abc"))
    assert len(asked) == 1


def test_losses_that_come_and_go_need_no_more_room_for_ever() -> None:
    run, count = Run("a", "b", BEGAN, []), 20_000
    began = time.process_time()
    for seq in range(1, count + 1):
        run.add(Span(seq, seq, BEGAN + seq * SECOND, BEGAN + (seq + 1) * SECOND, 100, seq % 2, False, 100 * (seq - 1)))
    assert time.process_time() - began < 2
    assert len(run.spans) <= MOST_SPANS
    assert sum(span.lost for span in run.spans) == count // 2
    assert [run.has(seq) for seq in (0, 1, 77, count, count + 1)] == [False, True, True, True, False]
    found = list(periods(State(number=1, runs={run_key("b", BEGAN): run})))
    assert [each.whole for each in found[-4:]] == [False, True, False, True]  # the last are as they were
    assert found[0].began_ns == BEGAN + SECOND
    assert all(one.ended_ns == other.began_ns for one, other in pairwise(found))


def test_many_periods_are_there_at_once(tmp_path: Path) -> None:
    spans = [Span(seq, seq, BEGAN + seq * SECOND, BEGAN + (seq + 1) * SECOND, 1, seq % 2) for seq in range(1, 20_001)]
    state = State(number=1, runs={run_key("b", BEGAN): Run("a", "b", BEGAN, spans)})
    (tmp_path / "_onlooker/checkpoints").mkdir(parents=True)
    (tmp_path / "_onlooker/commits").mkdir()
    (tmp_path / f"_onlooker/checkpoints/{1:020}.json").write_bytes(msgspec.json.encode(state))
    began = time.process_time()
    with LakeTables(str(tmp_path), names={"coverage"}) as tables:
        asked = "SELECT count(*), count(*) FILTER (whole), sum(lost), min(began)::VARCHAR FROM coverage"
        assert tables.connection.execute(asked).fetchall() == [(20_000, 10_000, 10_000, "2023-11-14 22:13:21")]
    assert time.process_time() - began < 4
    with LakeTables(str(tmp_path), names={"opens"}) as tables:
        assert tables.connection.execute("SELECT count(*) FROM coverage").fetchall() == [(0,)]
