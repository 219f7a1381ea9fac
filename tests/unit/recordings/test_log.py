"""The log of a recording: what was written whole is read, whatever happens to the rest."""

import os
import signal
import subprocess
import sys
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from onlooker import Batch
from onlooker.errors import RecordingError
from onlooker.recordings import log
from onlooker.recordings.log import LogReader, LogWriter
from onlooker.testing import make

BEGIN = len(log.FIRST_LINE) + log.SEED_BYTES
BATCHES = [Batch.of([make("open", path=f"/srv/{n}", boot_ns=n + 1)] * (n + 1))[0] for n in range(5)]


def written(path: Path, batches: list[Batch] = BATCHES) -> list[int]:
    """Where the log ends after its beginning, and after each batch."""
    with LogWriter(path) as writer:
        ends = [writer.bytes]
        for batch in batches:
            writer.append(batch)
            ends.append(writer.bytes)
        writer.sync()
    return ends


def read(path: Path) -> tuple[list[bytes], int]:
    reader = LogReader(path)
    return [batch.data for batch in reader.batches()], reader.damaged


def test_what_was_written_is_read(tmp_path):
    ends = written(tmp_path / "log")
    found = list(LogReader(tmp_path / "log").batches())
    assert [(batch.data, batch.offset_ns) for batch in found] == [(b.data, b.offset_ns) for b in BATCHES]
    assert read(tmp_path / "log")[1] == 0
    assert (tmp_path / "log").stat().st_size == ends[-1]
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_a_log_is_never_written_over(tmp_path):
    written(tmp_path / "log")
    with pytest.raises(FileExistsError):
        LogWriter(tmp_path / "log")


def test_it_can_be_read_while_it_is_written(tmp_path):
    with LogWriter(tmp_path / "log") as writer:
        for count, batch in enumerate(BATCHES, 1):
            writer.append(batch)
            assert read(tmp_path / "log") == ([b.data for b in BATCHES[:count]], 0)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_log_that_ends_anywhere(tmp_path, data):
    """All batches that are whole are read, and the rest is known to be damaged."""
    path = tmp_path / "log"
    path.unlink(missing_ok=True)
    ends = written(path)
    end = data.draw(st.integers(BEGIN, ends[-1]))
    os.truncate(path, end)
    whole = [at for at in [BEGIN, *ends] if at <= end]
    assert read(path) == ([batch.data for batch in BATCHES[: max(0, len(whole) - 2)]], end - whole[-1])


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_byte_that_is_wrong_costs_one_batch(tmp_path, data):
    path = tmp_path / "log"
    path.unlink(missing_ok=True)
    ends = written(path)
    at = data.draw(st.integers(ends[0], ends[-1] - 1))
    raw = bytearray(path.read_bytes())
    raw[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(raw)
    hit = next(number for number, end in enumerate(ends[1:]) if at < end)
    assert read(path) == (
        [batch.data for number, batch in enumerate(BATCHES) if number != hit],
        ends[hit + 1] - ends[hit],
    )


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200), st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=40)), max_size=6))
def test_whatever_is_in_it(tmp_path, tail, changes):
    """It ends, and what is read makes sense."""
    path = tmp_path / "log"
    path.unlink(missing_ok=True)
    written(path)
    raw = bytearray(path.read_bytes())
    for at, change in changes:
        raw[BEGIN + at : BEGIN + at + len(change)] = change
    path.write_bytes(bytes(raw) + tail)
    try:
        data, damaged = read(path)
    except RecordingError:
        return
    assert set(data) <= {batch.data for batch in BATCHES}
    assert 0 <= damaged <= path.stat().st_size


def test_a_path_that_looks_like_a_frame(tmp_path):
    """Behind damage, too, it is none: who made the path did not know the log's random bytes."""
    written(tmp_path / "other", BATCHES[:1])
    forged = (tmp_path / "other").read_bytes()[BEGIN:].partition(log.MARK)[2].partition(log.MARK)
    forged = log.MARK + forged[2]
    assert b"\0" in forged  # no path has one, but an execution's arguments do
    [batch] = Batch.of([make("exec", argv=tuple(os.fsdecode(forged).split("\0")))])
    ends = written(tmp_path / "log", [batch, BATCHES[2]])
    raw = bytearray((tmp_path / "log").read_bytes())
    raw[ends[0] + 1] ^= 1
    (tmp_path / "log").write_bytes(raw)
    assert read(tmp_path / "log") == ([BATCHES[2].data], ends[1] - ends[0])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"onlooker lo", "is no recording"),
        (b"onlooker log 2\nmore", "was written by a newer version of onlooker"),
        (b"\x7fELF and so on, much longer", "is no recording"),
    ],
)
def test_what_is_no_recording(tmp_path, content, why):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(RecordingError, match=f"'{tmp_path}/x' {why}$"):
        LogReader(tmp_path / "x")
    with pytest.raises(RecordingError, match=r"is a directory$"):
        LogReader(tmp_path)


FILL = """
import os, resource, signal, sys
from pathlib import Path
from onlooker import Batch
from onlooker.recordings.log import LogReader, LogWriter
from onlooker.testing import make

[batch] = Batch.of([make("open")] * 50)
with LogWriter(Path(sys.argv[1])) as writer:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (writer.bytes + 3 * len(batch.data), resource.RLIM_INFINITY))
    for _ in range(3):
        try:
            writer.append(batch)
        except OSError as error:
            print(error.errno)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    writer.append(batch)
"""


def test_a_full_disk_leaves_a_whole_log(tmp_path):
    """As with a limit on the size of files; then there is room again."""
    run = subprocess.run([sys.executable, "-c", FILL, tmp_path / "log"], capture_output=True, text=True, check=True)
    assert run.stdout == "27\n"  # EFBIG
    data, damaged = read(tmp_path / "log")
    assert (len(data), damaged) == (3, 0)


KILLED = """
import sys
import time
import tracemalloc
import zlib
from pathlib import Path
from onlooker import Batch
from onlooker.recordings.log import LogWriter
from onlooker.testing import make

[batch] = Batch.of([make("open", path="/" + "x" * 3000)] * 200)
with LogWriter(Path(sys.argv[1])) as writer:
    for number in range(10**6):
        writer.append(batch)
        print(number, flush=True)
"""


def test_a_writer_that_is_killed(tmp_path):
    """What it had said to be written is there, and at most one batch more."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path / "log"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if line == "20\n":
                break
        process.send_signal(signal.SIGKILL)
        said = 20 + sum(1 for _ in process.stdout)
    data, damaged = read(tmp_path / "log")
    assert said + 1 <= len(data) <= said + 2
    assert damaged < 3200 * 200


def test_a_frame_that_is_completed_while_the_log_is_read(tmp_path):
    """It is the end, then: what follows it later is not taken for what follows damage."""
    path = tmp_path / "log"
    ends = written(path)
    whole = path.read_bytes()
    os.truncate(path, ends[2] - 1)
    reader = LogReader(path)
    found = reader.batches()
    assert next(found).data == BATCHES[0].data
    assert list(found) == []
    assert reader.unfinished == reader.damaged == ends[2] - 1 - ends[1]
    path.write_bytes(whole)
    assert read(path) == ([batch.data for batch in BATCHES], 0)


def test_what_is_damaged_at_the_end_is_not_unfinished(tmp_path):
    ends = written(tmp_path / "log")
    raw = bytearray((tmp_path / "log").read_bytes())
    raw[ends[-2] + 40] ^= 1
    (tmp_path / "log").write_bytes(raw)
    reader = LogReader(tmp_path / "log")
    assert len(list(reader.batches())) == 4
    assert (reader.damaged, reader.unfinished) == (ends[-1] - ends[-2], 0)


@pytest.mark.parametrize("what", [log.MARK, log.MARK + bytes(4) + b"\2\0\0\0", b"\2\0\0\0", bytes(7)])
def test_many_marks_take_no_more_time_than_others(tmp_path, what):
    written(tmp_path / "log")
    size = (tmp_path / "log").stat().st_size
    with (tmp_path / "log").open("ab") as file:
        file.write(what * ((4 << 20) // len(what)))
        end = file.tell()
    before = time.process_time()
    data, damaged = read(tmp_path / "log")
    assert (len(data), damaged) == (5, end - size)
    assert time.process_time() - before < 5  # it was half an hour


def test_heads_whose_payload_is_wrong_take_no_more_time_than_others(tmp_path, monkeypatch):
    """Who knows the random bytes makes heads; each has all that follows for its payload."""
    monkeypatch.setattr(log, "_MOST_SEARCHED", 1 << 20)
    seed = zlib.crc32(b"seed")
    count = (1 << 20) // 32
    heads = []
    for number in range(count):
        fields = log._FIELDS.pack(2, 0, (count - number - 1) * 32, 0)
        heads.append(log._HEAD.pack(log.MARK, zlib.crc32(fields, seed), fields))
    (tmp_path / "log").write_bytes(log.FIRST_LINE + b"seed" + b"".join(heads))
    before = time.process_time()
    assert read(tmp_path / "log") == ([], count * 32)
    assert time.process_time() - before < 5


def test_a_frame_longer_than_any(tmp_path):
    fields = log._FIELDS.pack(2, 0, log.LONGEST_FRAME + 1, 0)
    head = log._HEAD.pack(log.MARK, zlib.crc32(fields, zlib.crc32(b"seed")), fields)
    (tmp_path / "log").write_bytes(log.FIRST_LINE + b"seed" + head)
    os.truncate(tmp_path / "log", 1 << 28)
    tracemalloc.start()
    assert read(tmp_path / "log")[0] == []
    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero")):
        with pytest.raises(RecordingError, match="is no regular file"):
            LogReader(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda steps: replace(steps[0], at=-1),
        lambda steps: replace(steps[0], at=1 << 40),
        lambda steps: replace(steps[0], name=steps[1].name),
    ],
)
def test_a_plan_that_cannot_be(tmp_path, monkeypatch, change):
    first, *others = log.PLAN.events
    plan = replace(log.PLAN, events=(replace(first, steps=(change(first.steps), *first.steps[1:])), *others))
    monkeypatch.setattr(log, "PLAN", plan)
    written(tmp_path / "log")
    monkeypatch.undo()
    with pytest.raises(RecordingError, match="another version"):
        read(tmp_path / "log")
