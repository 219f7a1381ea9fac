"""Messages that were put aside are listed, and taken up again where they make sense now: each once."""

import time
from pathlib import Path

import msgspec
import pytest

from onlooker import Batch
from onlooker.collect.collector import Collector
from onlooker.collect.retry import Retry
from onlooker.lake.aside import MOST_ROWS, Aside, first_rows, packed
from onlooker.lake.coverage import periods
from onlooker.lake.store import LakeError, store_of
from onlooker.lake.writer import LakeWriter
from onlooker.records import PLAN
from onlooker.sinks.message import Message, Records, compressed, digest_of
from onlooker.testing import make

from ..conftest import Told
from .test_collector import Topic, messages

OTHER_PLAN = PLAN.to_json().replace(b'"name":"open"', b'"name":"opem"', 1)  # opens are not known here


def lake_writer(path: Path) -> LakeWriter:
    return LakeWriter(store_of(str(path), is_new=True))


def collect(path: Path, made: list[Message]) -> None:
    own = lake_writer(path)
    Collector(Topic(made), own, lambda _: None, every=0.02).run(0.4)
    own.close()


def of_other_plan(made: list[Message], *, last_has_plan: bool = True) -> list[Message]:
    """Of another version, whose exits are known; it sends its plan with the last message."""
    found = []
    for each in made:
        exits = Batch.of([make("exit")])
        plan = OTHER_PLAN if last_has_plan and each is made[-1] else b""
        payload = compressed(msgspec.msgpack.encode(Records([(one.offset_ns, one.data) for one in exits], plan)))
        found.append(Message(msgspec.structs.replace(each.head, plan=digest_of(OTHER_PLAN)), payload))
    return found


def aside(path: Path) -> list[Path]:
    return [*(path / "_onlooker/poison").iterdir()]


def test_what_waited_too_long_for_its_plan_is_taken_up_when_it_has_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    monkeypatch.setattr("onlooker.collect.collector.UNKNOWN_SECONDS", 0.05)
    made = of_other_plan(messages(4))
    collect(tmp_path, made[:3])
    assert len(aside(tmp_path)) >= 1
    lake = str(tmp_path)
    assert told("collect", "--retry-aside", "--lake", lake)[0] == 1
    assert sum(len(each.read_bytes()) > 0 for each in aside(tmp_path)) >= 1
    collect(tmp_path, made[3:])
    assert told("query", lake, "--complete", "-q")[0] == 1  # three messages before the last are missing
    code, _, err = told("collect", "--retry-aside", "--lake", lake)
    assert (code, err) == (0, "onlooker: took up 3 messages with 3 records\n")
    assert aside(tmp_path) == []
    code, out, err = told("query", lake, "SELECT count(*) AS n FROM exits", "--output-format", "json")
    assert out == '{"n":4}\n'
    assert "put aside" not in err
    state = lake_writer(tmp_path).log.state
    assert [each.missing for each in periods(state)] == [0]
    collect(tmp_path, made)  # they come again
    assert lake_writer(tmp_path).log.state == state


def test_who_is_killed_in_between_takes_up_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, made = lake_writer(tmp_path), messages(3)
    kept = [Aside(each.head.id, each.head.headers(), each.payload, "why") for each in made]
    own.put_aside([*kept, Aside("stray", {}, b"", "it has no header of onlooker")])
    with monkeypatch.context() as patched:
        patched.setattr(own, "keep_aside", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Retry(own).run()
    again = Retry(lake_writer(tmp_path))
    again.run()
    assert again.counts == {"messages": 0, "records": 0, "duplicates": 3, "left": 1}
    [left] = aside(tmp_path)
    assert left.name.endswith("-1.msgpack")
    last = Retry(lake_writer(tmp_path))
    last.run()  # what makes no sense stays as it is
    assert last.counts == {"left": 1}
    assert aside(tmp_path) == [left]
    [run] = own.log.refresh().runs.values()
    assert [span.records for span in run.spans] == [3]


def test_while_the_lake_fails_all_stays_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = lake_writer(tmp_path)
    own.put_aside([Aside(each.head.id, each.head.headers(), each.payload, "why") for each in messages(2)])
    before = aside(tmp_path)

    def fail(_: object) -> None:
        raise LakeError("the lake is away")

    monkeypatch.setattr(own, "commit", fail)
    with pytest.raises(LakeError, match="away"):
        Retry(own).run()
    assert aside(tmp_path) == before


def test_no_more_is_unpacked_than_has_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, sizes = lake_writer(tmp_path), list[int]()
    own.put_aside([Aside(each.head.id, each.head.headers(), each.payload, "why") for each in messages(9)])
    commit = own.commit
    monkeypatch.setattr(own, "commit", lambda held: sizes.append(len(held)) or commit(held))
    retry = Retry(own, most_bytes=6000)
    retry.run()
    assert max(sizes) <= 3
    assert retry.counts["messages"] == 9


def test_it_is_listed_and_hostile_bytes_are_harmless(tmp_path: Path, told: Told) -> None:
    own = lake_writer(tmp_path)
    own.commit([own.unpack(messages(1)[0])])
    headers = {"Onlooker-Host": "we%1B[31mb", "Onlooker-Seq": "7", "onlooker-run": "9" * 40, "Onlooker-Records": "x"}
    own.put_aside([Aside("EVENTS-1\x1b[2J", headers, b"\0\xff", "because\nof \x9b")])
    (tmp_path / "_onlooker/poison/OLD-7.msgpack").write_bytes(b"\xff\xff")
    code, out, err = told("query", str(tmp_path), "--aside")
    assert code == 0
    assert "EVENTS-1" in out
    assert "it is kept in a way that is not known here" in out
    assert "put aside" not in err  # it is what was asked
    assert all(each.isprintable() for each in (out + err).replace("\n", ""))
    _, _, err = told("query", str(tmp_path), "SELECT 1")
    assert "2 messages were put aside that made no sense: --aside lists them" in err
    _, out, _ = told("query", str(tmp_path), "SELECT * FROM aside WHERE message = 7", "--output-format", "json")
    row = msgspec.json.decode(out)
    assert (row["host"], row["run"], row["records"], row["bytes"]) == ("we\x1b[31mb", None, None, 2)
    assert told("query", str(tmp_path), "SELECT 1 FROM aside", "--host", "b")[0] == 2
    assert told("collect", "--retry-aside", "--lake", str(tmp_path))[0] == 1


def test_the_list_has_an_end() -> None:
    data = packed([Aside("x", {}, b"", "why")] * 1000)[1]
    began = time.process_time()
    assert len([*first_rows((str(at), data) for at in range(1000))]) == MOST_ROWS
    assert time.process_time() - began < 2
    data = packed([Aside("x", {"Onlooker-Host": host}, b"", "why") for host in "ab"])[1]
    some = ((str(at), data) for at in range(9)), lambda row: row.host == "b", 5
    assert [row.host for row in first_rows(*some)] == ["b"] * 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["collect", "--retry-aside"], "no lake is given"),
        (["collect", "nats://localhost/x", "--retry-aside", "--lake", "x"], "takes messages from the lake, and no URL"),
        (["collect", "--retry-aside", "--lake", "/nowhere/at/all"], "there is no lake '/nowhere/at/all'"),
        (["collect", "--retry-aside", "--lake", "/usr"], "'/usr' is no lake"),
        (["query", "x", "--aside", "--complete"], "two questions"),
        (["query", "x", "--aside", "--named", "slowest"], "--aside stands in place of SQL"),
    ],
)
def test_what_is_missing_is_said(words: list[str], said: str, told: Told) -> None:
    code, _, err = told(*words)
    assert code == 2
    assert said in err.splitlines()[0]
    assert "hint: " in err
