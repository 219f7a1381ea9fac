"""A recording: a directory that can be read whatever happens to it, and says what is missing."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
from msgspec.structs import replace

from onlooker import Batch
from onlooker.errors import OutputError, RecordingError
from onlooker.recordings import writer as writing
from onlooker.recordings.manifest import End, Manifest, now
from onlooker.recordings.recording import Recording
from onlooker.recordings.redact import Redactor
from onlooker.recordings.writer import RecordingWriter
from onlooker.summary import Summary
from onlooker.testing import make

EVENTS = [make("open", path=f"/srv/{n}", time=f"2026-01-31T12:00:00.{n:09}Z", boot_ns=n + 1) for n in range(23)]


def manifest() -> Manifest:
    return Manifest.new(start=now(), command=("make", "a b"), settings={"events": ["all"]})


def end(**summary) -> End:
    return End.of(Summary(**summary), now(), 0)


def write(path, events=EVENTS, *, last=None, **options) -> RecordingWriter:
    """A recording with a batch for each event."""
    made = RecordingWriter(path, manifest(), **options)
    made.start()
    for event in events:
        for batch in Batch.of([event]):
            made.write(batch)
    made.finish(replace(made.manifest, end=last or end(shown=Counter(event.event for event in events))))
    return made


def lost(path) -> dict[str, int]:
    return {event.reason: event.count for event in Recording(path) if event.event == "lost"}


def test_what_was_written_is_read(tmp_path):
    write(tmp_path / "r")
    found = Recording(tmp_path / "r")
    assert list(found) == EVENTS
    assert found.manifest.command == ("make", "a b")
    assert found.manifest.settings == {"events": ["all"]}
    assert (found.manifest.end.verdict, found.manifest.end.exit_code) == ("complete", 0)
    assert (found.notes, found.is_finished, found.is_being_written) == ([], True, False)


def test_only_its_owner_reads_it(tmp_path):
    before = os.umask(0)
    try:
        write(tmp_path / "r")
    finally:
        os.umask(before)
    assert (tmp_path / "r").stat().st_mode & 0o777 == 0o700
    assert {entry.stat().st_mode & 0o777 for entry in (tmp_path / "r").iterdir()} == {0o600}


def test_segments_follow_each_other(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "SEGMENT_BYTES", 20_000)
    write(tmp_path / "r", EVENTS * 40)
    assert len(list((tmp_path / "r").glob("*.log"))) > 3
    assert list(Recording(tmp_path / "r")) == EVENTS * 40


def test_it_can_be_read_while_it_is_written(tmp_path):
    made = RecordingWriter(tmp_path / "r", manifest())
    made.write(Batch.of(EVENTS)[0])
    found = Recording(tmp_path / "r")
    assert list(found) == EVENTS
    assert (found.is_being_written, found.is_finished) == (True, False)
    made.close()


def test_one_that_was_never_finished_says_so(tmp_path):
    made = RecordingWriter(tmp_path / "r", manifest())
    made.write(Batch.of(EVENTS)[0])
    made.close()
    assert list(Recording(tmp_path / "r"))[:-1] == EVENTS
    assert lost(tmp_path / "r") == {"damaged": 1}


def test_what_was_not_written_is_told(tmp_path):
    write(tmp_path / "r", last=end(shown={"open": 23}, unwritten=7))
    assert lost(tmp_path / "r") == {"unwritten": 7}


def test_damage_is_told(tmp_path):
    write(tmp_path / "r")
    log = tmp_path / "r/000001.log"
    os.truncate(log, log.stat().st_size - 1)
    assert list(Recording(tmp_path / "r"))[:-1] == EVENTS[:-1]
    assert lost(tmp_path / "r") == {"damaged": 1}


def test_the_report_of_a_loss_is_at_the_time_of_what_is_beside_it(tmp_path):
    write(tmp_path / "r", last=end(shown={"open": 23}, unwritten=7))
    assert [event.boot_ns for event in Recording(tmp_path / "r")][-2:] == [23, 23]


def test_a_log_alone_can_be_read(tmp_path):
    write(tmp_path / "r")
    assert list(Recording(tmp_path / "r/000001.log"))[:-1] == EVENTS


@pytest.mark.parametrize("text", ["", "{", "[]", '{"recording": 1}'])
def test_without_its_description_it_can_be_read(tmp_path, text):
    write(tmp_path / "r")
    (tmp_path / "r/recording.json").write_text(text)
    found = Recording(tmp_path / "r")
    assert list(found)[:-1] == EVENTS
    assert found.notes and found.manifest is None
    (tmp_path / "r/recording.json").unlink()
    assert list(Recording(tmp_path / "r"))[:-1] == EVENTS


def test_a_newer_one_is_refused(tmp_path):
    write(tmp_path / "r")
    described = json.loads((tmp_path / "r/recording.json").read_text())
    for newer in ({**described, "recording": 2}, {"recording": 2, "onlooker": "9.0"}):
        (tmp_path / "r/recording.json").write_text(json.dumps(newer))
        with pytest.raises(RecordingError, match="newer"):
            Recording(tmp_path / "r")


def test_what_is_no_recording_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("hello")
    (tmp_path / "nothing").touch()
    for name, why in (("empty", "no recording"), ("file", "no recording"), ("nothing", "empty"), ("no", "there is no")):
        with pytest.raises(RecordingError, match=why):
            Recording(tmp_path / name)


def test_nothing_is_written_over(tmp_path):
    write(tmp_path / "r")
    with pytest.raises(RecordingError, match="already"):
        write(tmp_path / "r")
    with pytest.raises(OutputError, match="No such file"):
        write(tmp_path / "no/r")
    assert list(Recording(tmp_path / "r")) == EVENTS


def test_the_oldest_are_removed_where_it_gets_too_large(tmp_path):
    made = write(tmp_path / "r", EVENTS * 400, most_bytes=1 << 20)
    size = sum(entry.stat().st_size for entry in (tmp_path / "r").iterdir())
    assert size < 1.1 * (1 << 20)
    first, *found = Recording(tmp_path / "r")
    assert (first.reason, first.count) == ("rotated", 23 * 400 - len(found))
    assert found == (EVENTS * 400)[first.count :]
    assert made.manifest.rotated == first.count > 0


def test_what_is_too_old_is_removed(tmp_path):
    made = RecordingWriter(tmp_path / "r", manifest(), keep_seconds=0.5)
    made.start()
    for _ in range(3):
        made.write(Batch.of(EVENTS)[0])
        time.sleep(1.1)
    made.write(Batch.of(EVENTS)[0])
    made.finish(replace(made.manifest, end=end()))
    first, *found = Recording(tmp_path / "r")
    assert first.reason == "rotated"
    assert 23 <= len(found) < 4 * 23


def test_a_full_disk_leaves_what_was_written(tmp_path, monkeypatch):
    made = RecordingWriter(tmp_path / "r", manifest())
    made.write(Batch.of(EVENTS)[0])
    real = os.write

    def full(descriptor, data):
        if len(data) > 100:
            return real(descriptor, data[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OutputError, match="No space left"):
        made.write(Batch.of(EVENTS)[0])
    assert len(made.unwritten) == 23
    monkeypatch.undo()
    made.close()
    assert list(Recording(tmp_path / "r"))[:-1] == EVENTS


def test_what_fails_in_a_thread_is_raised(tmp_path, monkeypatch):
    made = RecordingWriter(tmp_path / "r", manifest())
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    made.start()
    made.write(Batch.of(EVENTS)[0])
    time.sleep(1.5)
    with pytest.raises(OutputError, match="Input/output error"):
        made.check()
    monkeypatch.undo()
    made.close()


_KILLED = """
import sys
from onlooker import Batch
from onlooker.recordings import writer
from onlooker.recordings.manifest import Manifest, now
from onlooker.recordings.seal import Sealer
from onlooker.testing import make
writer.SEGMENT_BYTES, writer.MOST_WAITING = 30_000, 0
path = __import__("pathlib").Path(sys.argv[1])
seal = Sealer(path) if sys.argv[2] == "sealed" else None
made = writer.RecordingWriter(path, Manifest.new(start=now()), seal=seal)
made.start()
for n in range(10**9):
    made.write(Batch.of([make("open", path=f"/{n}")] * 9)[0])
    if n == 20:
        print("ready", flush=True)
"""


KILLS = int(os.environ.get("ONLOOKER_TESTS_KILLS", "6"))


@pytest.mark.parametrize("form", ["log", "sealed"])
@pytest.mark.parametrize("kill", range(KILLS))
def test_a_kill_leaves_all_that_was_written(tmp_path, form, kill):
    wait = kill / 200 if form == "log" else random.random()
    child = subprocess.Popen([sys.executable, "-c", _KILLED, tmp_path / "r", form], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\n"
    time.sleep(wait)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    found = Recording(tmp_path / "r")
    paths = [event.path for event in found if event.event == "open"]
    assert len(paths) >= 21 * 9
    assert paths == [f"/{n // 9}" for n in range(len(paths))]
    assert len(paths) % 9 == 0
    assert not found.is_being_written


def test_threads_end_with_it(tmp_path):
    before = threading.active_count()
    write(tmp_path / "r")
    assert threading.active_count() == before


def test_secrets_are_never_written(tmp_path):
    secret = "hunter2hunter2"
    event = make("exec", argv=("mysql", f"--password={secret}"), path=f"/srv/token={secret}")
    write(tmp_path / "r", [event], redact=Redactor())
    [found] = Recording(tmp_path / "r")
    assert (found.argv, found.path) == (("mysql", "--password=***"), "/srv/token=***")
    assert not [entry for entry in (tmp_path / "r").iterdir() if secret.encode() in entry.read_bytes()]
