"""A spool that can't be read or written now, or has lost files."""

import errno
import time

import pytest

from onlooker.lake.coverage import BROKEN_OFF, periods
from onlooker.lake.parts import Held
from onlooker.lake.state import Commit, State, batches_of
from onlooker.sinks.outbox import Outbox
from onlooker.sinks.packer import Packer

from .made import Server, opens, sink_with

URL = "nats://localhost/onlooker?spool="


def spooled(directory, count: int) -> list[str]:
    """Messages of a run that has ended, by the names of their files."""
    outbox, packer = Outbox(0, directory), Packer(1)
    for number in range(count):
        message = packer.message(opens(10, 10 * number))
        packer.kept(message)
        assert outbox.put(message)
    outbox.close()
    return sorted(path.name for path in directory.iterdir())


def test_what_can_not_be_read_now_is_no_damage(tmp_path):
    first, *_ = spooled(tmp_path, 3)
    outbox = Outbox(1 << 20, tmp_path)
    (tmp_path / first).rename(tmp_path / "away")
    (tmp_path / first).mkdir()  # EISDIR: as EMFILE or EIO, no word of what is in the file
    with pytest.raises(IsADirectoryError):
        outbox.first(64, 0)
    assert (outbox.damaged, len(outbox)) == (0, 3)
    (tmp_path / first).rmdir()
    (tmp_path / "away").rename(tmp_path / first)
    assert [each.head.seq for each in outbox.first(64, 0)] == [1, 2, 3]
    outbox.close()


def test_the_sender_tries_to_read_it_again(tmp_path):
    first, *_ = spooled(tmp_path, 3)
    (tmp_path / first).rename(tmp_path / "away")
    (tmp_path / first).mkdir()
    told: list[str] = []
    server = Server()
    sink = sink_with(server, f"{URL}{tmp_path}", told)
    while not told:
        time.sleep(0.01)
    (tmp_path / first).rmdir()
    (tmp_path / "away").rename(tmp_path / first)
    sink.close()
    assert not sink.lost
    assert [each.head.records for each in server.got][:3] == [10, 10, 10]
    assert "Is a directory" in told[0]


def test_a_file_that_is_gone_is_told(tmp_path):
    _, second, _ = spooled(tmp_path, 3)
    server = Server()
    server.is_down = True
    told: list[str] = []
    sink = sink_with(server, f"{URL}{tmp_path}", told)
    (tmp_path / second).unlink()
    server.is_down = False
    sink.close()
    assert [each.head.seq for each in server.got][:2] == [1, 3]
    assert sink.lost == {("unknown", "unsent"): 1}
    assert "1 files" in told[-1]
    assert "are gone" in told[-1]
    assert not list(tmp_path.glob("*.damaged"))


def test_the_end_is_told_although_the_disk_is_full(tmp_path, monkeypatch):
    server = Server()
    server.is_down = True
    sink = sink_with(server, f"{URL}{tmp_path}")
    sink.outbox.memory_bytes = 0
    while not sink.outbox.bytes[1]:
        sink.write(opens(10)[0])
        time.sleep(0.1)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    while sink.inbox_bytes or sink._in_hand:
        time.sleep(0.01)
    monkeypatch.setattr(sink.outbox, "_write", full)
    before = len(sink.outbox)
    sink.write(opens(7)[0])
    sink.end()
    sink._thread.join()
    assert sink.lost == {("open", "unsent"): 7}
    assert len(sink.outbox) == before + 1
    server.is_down = False
    sink.close()
    heads = sorted((each.head for each in server.got), key=lambda head: head.seq)
    assert [each.seq for each in heads] == list(range(1, len(heads) + 1))
    assert (heads[-1].is_last, heads[-1].lost) == (True, 7)
    assert sink.is_end_told


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("is_full", [True, False])
def test_an_end_that_has_no_room_is_said_and_the_sender_broke_off(tmp_path, monkeypatch, is_full):
    """The server is away and the disk is full, just when it ends."""
    server = Server()
    server.is_down = True
    first = sink_with(server, f"{URL}{tmp_path}")
    first.outbox.memory_bytes = 0
    while not first.outbox.bytes[1]:
        time.sleep(0.01)
    with monkeypatch.context() as patched:
        if is_full:
            patched.setattr(first.outbox, "_write", full)
        first.close(seconds=0.2)
    assert (dict(first.lost), first.is_end_told) == ({}, not is_full)
    first.close(seconds=0.2)
    assert first.is_end_told is not is_full  # however often one asks
    server.is_down = False
    time.sleep(0.01)
    second = sink_with(server, f"{URL}{tmp_path}")
    second.close()
    assert second.is_end_told
    state = State()
    state.apply(Commit(batches=batches_of([Held(each.head, []) for each in server.got])), 1)
    assert len(state.runs) == 2
    assert [each.why for each in periods(state) if each.why == BROKEN_OFF] == [BROKEN_OFF] * is_full


def test_what_nobody_takes_is_counted_by_kind(monkeypatch):
    for most, kind in ((1 << 20, "open"), (0, "unknown")):
        monkeypatch.setattr("onlooker.sinks.sink.MOST_READ_BYTES", most)
        server = Server()
        server.is_down = True
        sink = sink_with(server, "nats://localhost/onlooker")
        while not len(sink.outbox):
            time.sleep(0.01)
        sink._pack(opens(7))
        sink.close(seconds=0.2)
        assert sink.lost == {(kind, "unsent"): 7}


def test_an_end_that_nobody_takes_is_said_also_without_a_spool():
    server = Server()
    server.is_down = True
    sink = sink_with(server, "nats://localhost/onlooker")
    sink.close(seconds=0.2)
    assert not sink.is_end_told
    elsewhere = sink_with(server, "otlp+http://localhost")
    elsewhere.close(seconds=0.2)
    assert elsewhere.is_end_told  # it has none
