"""What a recording promises while it is written: it lasts, it stays small, and it needs no more than its directory."""

import ctypes
import fcntl
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from onlooker import Batch
from onlooker.errors import OutputError, RecordingError
from onlooker.recordings import keeper
from onlooker.recordings.log import LogWriter
from onlooker.recordings.manifest import End, Manifest, now
from onlooker.recordings.recording import Recording
from onlooker.recordings.seal import Sealer
from onlooker.recordings.writer import RecordingWriter
from onlooker.summary import Summary
from onlooker.testing import make

EVENTS = [make("open", path=f"/srv/{n}", time=f"2026-01-31T12:00:00.{n:09}Z", boot_ns=n + 1) for n in range(200)]


def batches():
    return [batch for event in EVENTS for batch in Batch.of([event])]


def finish(made, events):
    made.finish(replace(made.manifest, end=End.of(Summary(shown={"open": events}), now(), 0)))
    made.close()


def size(path):
    total = 0
    for file in path.rglob("*"):
        with suppress(FileNotFoundError):  # it has just been renamed
            total += file.stat().st_size if file.is_file() else 0
    return total


def descriptors():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def slow(directory, seconds):
    sealer = Sealer(directory)

    def seal(*which):
        time.sleep(seconds)
        return sealer(*which)

    return seal


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
def test_it_needs_no_right_to_the_directories_above(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    made = RecordingWriter(home / "r", Manifest.new(start=now()))
    made.seal = Sealer(made.place)
    os.chown(home, 1000, 1000)
    wrong = []

    def without_rights():
        """Of this thread alone."""
        libc = ctypes.CDLL(None, use_errno=True)
        header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        assert libc.capset(header, none) == 0
        try:
            with pytest.raises(PermissionError):
                list((home / "r").iterdir())
            made.start()
            for batch in batches():
                made.write(batch)
            finish(made, len(EVENTS))
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=without_rights)
    thread.start()
    thread.join()
    assert wrong == []
    assert made.unsealed is None
    assert list(Recording(home / "r")) == EVENTS


def test_the_size_holds_while_sealing_is_slow(tmp_path):
    most = 1 << 20
    made = RecordingWriter(tmp_path / "r", Manifest.new(start=now()), most_bytes=most)
    made.seal = slow(made.place, 0.5)
    made.start()
    before, largest = descriptors(), 0
    for _ in range(60):
        for batch in batches():
            made.write(batch)
        largest = max(largest, size(tmp_path / "r"))
        assert descriptors() < before + 30
    finish(made, 60 * len(EVENTS))
    assert largest < 1.6 * most
    assert size(tmp_path / "r") < most
    first, *found = Recording(tmp_path / "r")
    assert (first.reason, first.count) == ("rotated", 60 * len(EVENTS) - len(found))


def test_nothing_is_removed_once_it_is_finished(tmp_path):
    """What was said of it then is to stay true."""
    made = RecordingWriter(tmp_path / "r", Manifest.new(start=now()), most_bytes=1 << 20)
    made.start()
    for count in (2_400, 3_600):  # of 168 bytes each: a megabyte, if there were nothing else
        [batch] = Batch.of([EVENTS[0]] * count)
        made.write(batch)
    made.finish(replace(made.manifest, end=End.of(Summary(shown={"open": 6_000}), now(), 0)))
    said, there = made.manifest.rotated, size(tmp_path / "r")
    made.close()
    assert (made.manifest.rotated, size(tmp_path / "r")) == (said, there)


def test_what_rotation_has_removed_is_not_put_back(tmp_path):
    """While it is sealed, it may be removed, and those behind it: it would look as if only these were gone."""
    renamed = []

    def seal(number, first_seq, manifest, put):
        made._segments.clear()
        put(lambda: renamed.append(number))
        raise AssertionError("it was put back")

    made = RecordingWriter(tmp_path / "r", Manifest.new(start=now()), seal=seal)
    made.write(Batch.of(EVENTS)[0])
    finish(made, len(EVENTS))
    assert (renamed, made.unsealed) == ([], None)


def test_what_is_finished_lasts_before_it_is_sealed(tmp_path, monkeypatch):
    synced = []
    real = LogWriter.sync
    monkeypatch.setattr(LogWriter, "sync", lambda log: (real(log), synced.append(log.bytes)))
    monkeypatch.setattr(keeper, "SYNC_SECONDS", 0.05)
    made = RecordingWriter(tmp_path / "r", Manifest.new(start=now()), most_bytes=1 << 20)
    made.seal = slow(made.place, 5)
    made.start()
    for _ in range(20):
        for batch in batches():
            made.write(batch)
    time.sleep(0.5)
    assert sum(each > 100_000 for each in synced) >= 3  # several finished logs, and none is sealed yet
    assert not list((tmp_path / "r").glob("*/*.parquet"))
    made.finish(replace(made.manifest, end=End.of(Summary(), now())), lambda left: False)
    made.close()


def test_what_is_old_is_removed_while_nothing_happens(tmp_path, monkeypatch):
    monkeypatch.setattr(keeper, "SYNC_SECONDS", 0.1)
    made = RecordingWriter(tmp_path / "r", Manifest.new(start=now()), keep_seconds=1)
    made.start()
    made.write(Batch.of(EVENTS)[0])
    deadline = time.monotonic() + 20
    while made.manifest.rotated == 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    finish(made, len(EVENTS))
    assert made.manifest.rotated == len(EVENTS)


def test_reports_of_losses_are_no_events(tmp_path):
    made = RecordingWriter(tmp_path / "r", Manifest.new(start=now()), most_bytes=1 << 20)
    made.start()
    lost = Batch.of([make("lost", of="open", count=1)] * 100)[0]
    for _ in range(60):
        for batch in batches():
            made.write(batch)
        made.write(lost)
    finish(made, 60 * len(EVENTS))
    found = [event for event in Recording(tmp_path / "r") if event.event == "open"]
    assert made.manifest.rotated == 60 * len(EVENTS) - len(found)


def test_a_reader_does_not_keep_it_from_beginning(tmp_path):
    (tmp_path / "r").mkdir()  # an empty directory is nothing
    made = RecordingWriter(tmp_path / "r", Manifest.new(start=now()))
    made.close()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        RecordingWriter(tmp_path / "s", Manifest.new(start=now())).close()
    finally:
        os.close(descriptor)


def test_what_never_began_leaves_nothing(tmp_path):
    RecordingWriter(tmp_path / "r", Manifest.new(start=now())).discard()
    assert list(tmp_path.iterdir()) == []
    made = RecordingWriter(tmp_path / "r", Manifest.new(start=now()))
    made.write(Batch.of(EVENTS)[0])
    made.discard()
    assert len(list(Recording(tmp_path / "r"))) == len(EVENTS) + 1
    with pytest.raises(RecordingError, match="already"):
        RecordingWriter(tmp_path / "r", Manifest.new(start=now()))


def test_settings_may_hold_any_bytes(tmp_path):
    made = RecordingWriter(tmp_path / "r", Manifest.new(start=now(), settings={"path": ["/tmp/\udcff"]}))
    finish(made, 0)
    found = Recording(tmp_path / "r").manifest
    assert found and found.settings == {"path": ["/tmp/�"]}


@pytest.mark.parametrize("name", ["~", "~x", "a\\b[1]", "a*?", "a\udcffb", "it's\n"])
def test_it_may_have_any_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    made = RecordingWriter(path, Manifest.new(start=now()))
    made.seal = Sealer(made.place)
    made.write(Batch.of(EVENTS[:1])[0])
    finish(made, 1)
    assert made.unsealed is None
    assert (tmp_path / name / "000001/opens.parquet").exists()


def test_the_start_is_said_at_once_and_stays(tmp_path):
    made = RecordingWriter(tmp_path / "r", Manifest.new(start=now()))
    made.begin("2026-01-31T12:00:00.000000Z")
    made.start()
    deadline = time.monotonic() + keeper.SYNC_SECONDS / 2
    while Manifest.read(tmp_path / "r").start != "2026-01-31T12:00:00.000000Z":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    finish(made, 0)
    assert Manifest.read(tmp_path / "r").start == "2026-01-31T12:00:00.000000Z"


def test_of_many_that_begin_at_once_one_gets_the_name(tmp_path):
    made, refused = [], []
    start = threading.Barrier(8)

    def begin():
        start.wait()
        try:
            made.append(RecordingWriter(tmp_path / "r", Manifest.new(start=now())))
        except RecordingError:
            refused.append(1)

    for _ in range(20):
        threads = [threading.Thread(target=begin) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert (len(made), len(refused)) == (1, 7)
        assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["000001.log", "recording.json"]
        assert [path.name for path in tmp_path.iterdir()] == ["r"]
        made.pop().discard()
        refused.clear()
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [".", "..", "file", "link", "full", "/"])
def test_what_is_there_stays(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("x")
    Path("full").mkdir()
    Path("full/x").write_text("x")
    Path("link").symlink_to("full")
    before = sorted(map(str, tmp_path.rglob("*")))
    with pytest.raises((RecordingError, OutputError)):
        RecordingWriter(Path(name), Manifest.new(start=now()))
    assert sorted(map(str, tmp_path.rglob("*"))) == before
