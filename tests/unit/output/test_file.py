"""The file of `-o`: appended to, private, and opened again when it was moved away."""

import os
import stat
from pathlib import Path

import pytest

from onlooker import OutputError
from onlooker.output.file import FileWriter, open_output
from onlooker.output.writer import Writer


@pytest.fixture
def told():
    return []


@pytest.fixture
def writer(tmp_path, told):
    made = FileWriter(str(tmp_path / "file"), lambda: False, told.append)
    yield made
    os.close(made.descriptor)


def test_a_new_file_is_for_its_owner_only(tmp_path, writer):
    writer.write(b"one\n")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert (tmp_path / "file").read_bytes() == b"one\n"
    assert not os.get_inheritable(writer.descriptor)


def test_a_file_that_is_there_is_appended_to_and_keeps_its_mode(tmp_path, told):
    (tmp_path / "file").write_bytes(b"before\n")
    (tmp_path / "file").chmod(0o640)
    FileWriter(str(tmp_path / "file"), lambda: False, told.append).write(b"after\n")
    assert (tmp_path / "file").read_bytes() == b"before\nafter\n"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_what_was_moved_away_is_written_until_it_is_opened_again(tmp_path, writer, told):
    writer.head = b"head\n"
    writer.write(b"one\n")
    (tmp_path / "file").rename(tmp_path / "old")
    writer.write(b"two\n")
    writer.reopen()
    writer.write(b"three\n")
    writer.reopen()
    writer.write(b"four\n")
    assert (tmp_path / "old").read_bytes() == b"one\ntwo\n"
    assert (tmp_path / "file").read_bytes() == b"head\nthree\nfour\n"
    assert told == []
    assert not os.get_inheritable(writer.descriptor)


def test_it_is_opened_again_although_there_is_nothing_to_write(tmp_path, writer):
    (tmp_path / "file").rename(tmp_path / "old")
    writer.reopen()
    writer.check_reader()
    assert (tmp_path / "file").stat().st_size == 0


def test_what_cannot_be_opened_again_goes_on_in_the_old_file(tmp_path, told):
    (tmp_path / "directory").mkdir()
    path = tmp_path / "directory/file"
    writer = FileWriter(str(path), lambda: False, told.append)
    path.rename(tmp_path / "old")
    path.parent.rmdir()
    writer.reopen()
    writer.write(b"one\n")
    writer.write(b"two\n")
    assert (tmp_path / "old").read_bytes() == b"one\ntwo\n"
    why = f"cannot write the output: '{path}': No such file or directory"
    assert told == [f"{why}; it goes on in the file that was opened before"]
    path.parent.mkdir()
    writer.reopen()
    writer.write(b"three\n")
    assert path.read_bytes() == b"three\n"


def test_no_descriptor_is_left(tmp_path, writer):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(23):
        writer.reopen()
        writer.check_reader()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing/file", "No such file or directory"),
        ("fifo", "nobody reads this FIFO"),
        ("", "Is a directory"),
        ("socket", "it takes no writers"),
        ("a\0b", "embedded null byte"),
        ("n" * 300, "File name too long"),
    ],
)
def test_what_cannot_be_opened(tmp_path, name, why):
    import socket

    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "socket"))
        path = f"{tmp_path}/{name}"
        with pytest.raises(OutputError) as raised:
            open_output(path)
    assert str(raised.value) == f"cannot write the output: {path!r}: {why}"
    assert raised.value.hint == "choose another file: -o FILE"


def test_a_fifo_that_is_read(tmp_path, told):
    os.mkfifo(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    FileWriter(str(tmp_path / "fifo"), lambda: False, told.append).write(b"one\n")
    assert os.read(reader, 100) == b"one\n"
    os.close(reader)


def test_a_full_disk():
    with pytest.raises(OutputError) as raised:
        FileWriter("/dev/full", lambda: False, print).write(b"one\n")
    assert str(raised.value) == "cannot write the output: '/dev/full': No space left on device"
    assert raised.value.cause == "the disk is full"


def test_a_fifo_that_is_not_read(tmp_path, told):
    os.mkfifo(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OutputError, match=f"'{tmp_path}/fifo': its reader has stalled, .* bytes were not written"):
        FileWriter(str(tmp_path / "fifo"), lambda: True, told.append).write(b"x" * (1 << 20))
    os.close(reader)


def test_who_truncates_what_a_shell_has_opened_gets_no_hole(tmp_path):
    """As logrotate's copytruncate; with `>` the file is not open for appending."""
    path = tmp_path / "file"
    with path.open("wb") as file:
        writer = Writer(file.fileno())
        writer.write(b"one\n" * 23)
        os.truncate(path, 0)
        writer.write(b"two\n")
        os.write(file.fileno(), b"of another writer\n")
        writer.write(b"three\n")
    assert path.read_bytes() == b"two\nof another writer\nthree\n"


def test_who_wants_to_write_over_a_file_may(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with path.open("r+b") as file:
        os.lseek(file.fileno(), 3, os.SEEK_SET)
        Writer(file.fileno()).write(b"abc")
    assert path.read_bytes() == b"012abc6789"


def test_what_cannot_be_appended_to_is_written():
    """A file of /proc has no end, and pwritev2(2) refuses it."""
    before = Path("/proc/self/comm").read_bytes()[:-1]
    with Path("/proc/self/comm").open("wb") as file:
        Writer(file.fileno()).write(b"a name")
    assert Path("/proc/self/comm").read_bytes() == b"a name\n"
    Path("/proc/self/comm").write_bytes(before)
