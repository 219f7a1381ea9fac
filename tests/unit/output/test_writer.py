"""Writing to what is slow, full, or has nobody at its other end."""

import os
import pty
import socket
import threading
import tty
from contextlib import suppress
from pathlib import Path

import pytest

from onlooker import OutputError
from onlooker.output.writer import ClosedPipeError, StalledError, Writer

BIG = bytes(range(256)) * 4000  # a pipe holds 64 KiB


def pipe_ends():
    return os.pipe()


def socket_ends():
    one, other = socket.socketpair()
    return one.detach(), other.detach()


def terminal_ends():
    master, slave = pty.openpty()
    tty.setraw(slave)
    return master, slave


ENDS = {"pipe": pipe_ends, "socket": socket_ends}
if Path("/dev/pts/ptmx").exists():  # not in a bare chroot
    ENDS["terminal"] = terminal_ends


def close(descriptor):
    with suppress(OSError):
        os.close(descriptor)


@pytest.fixture(params=ENDS)
def ends(request):
    """`(where the reader reads, where we write)`."""
    reader, writer = ENDS[request.param]()
    yield reader, writer
    close(reader)
    close(writer)


not_terminal = pytest.mark.parametrize("ends", ["pipe", "socket"], indirect=True)


def written(ends, data):
    """What a reader got that reads piece by piece."""
    reader, writer = ends
    found = bytearray()

    def read():
        while len(found) < len(data):
            found.extend(os.read(reader, 5000))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    Writer(writer).write(data)
    thread.join(60)
    return bytes(found)


@pytest.mark.parametrize("blocking", [True, False])
@pytest.mark.parametrize("data", [b"", b"x", BIG], ids=len)
def test_all_is_written(ends, data, blocking):
    os.set_blocking(ends[1], blocking)
    assert written(ends, data) == data


def test_the_descriptor_is_left_as_it_was(ends):
    assert written(ends, BIG) == BIG
    assert os.get_blocking(ends[1])


def test_all_is_written_to_a_file(tmp_path):
    with (tmp_path / "file").open("wb") as file:
        writer = Writer(file.fileno())
        writer.write(BIG)
        writer.write(b"end")
        writer.check_reader()
    assert (tmp_path / "file").read_bytes() == BIG + b"end"


@pytest.mark.parametrize("most", [1, 7, 4096])
def test_a_write_may_take_a_part_only(tmp_path, monkeypatch, most):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:most]))
    with (tmp_path / "file").open("wb") as file:
        Writer(file.fileno()).write(b"0123456789" * 1000)
    assert (tmp_path / "file").read_bytes() == b"0123456789" * 1000


@not_terminal
def test_a_reader_that_has_gone(ends):
    reader, descriptor = ends
    writer = Writer(descriptor)
    writer.write(b"read or not")
    writer.check_reader()
    os.close(reader)
    with pytest.raises(ClosedPipeError):
        writer.check_reader()
    with pytest.raises(ClosedPipeError):
        writer.write(b"x")


@not_terminal
def test_a_reader_that_goes_while_we_wait(ends):
    reader, descriptor = ends
    waiting = threading.Event()

    def go():
        waiting.wait(60)
        os.close(reader)

    def never():
        waiting.set()
        return False

    thread = threading.Thread(target=go)
    thread.start()
    with pytest.raises(ClosedPipeError):
        Writer(descriptor, never).write(BIG)
    thread.join()


@pytest.mark.parametrize("blocking", [True, False])
def test_a_reader_that_does_not_read(ends, blocking):
    reader, descriptor = ends
    os.set_blocking(descriptor, blocking)
    asked = []

    def third_time():
        asked.append(None)
        return len(asked) == 3

    with pytest.raises(StalledError) as raised:
        Writer(descriptor, third_time).write(BIG)
    assert len(asked) == 3
    os.set_blocking(reader, False)
    taken = 0
    with suppress(BlockingIOError):
        while piece := os.read(reader, 1 << 16):
            taken += len(piece)
    assert 0 < taken < len(BIG)
    assert str(raised.value) == (
        f"cannot write the output: its reader has stalled, {len(BIG) - taken} bytes were not written"
    )
    assert raised.value.exit_code == 1


def test_nobody_is_asked_while_the_reader_reads(ends):
    """Only a reader that lets us wait can make us give up."""
    Writer(ends[1], lambda: True).write(b"a line\n")
    assert os.read(ends[0], 100) == b"a line\n"


@pytest.mark.parametrize("ends", [end for end in ENDS if end == "terminal"], indirect=True)
def test_a_terminal_that_is_hung_up(ends):
    """As a pipe whose reader has gone."""
    master, slave = ends
    writer = Writer(slave)
    writer.write(b"read or not\n")
    writer.check_reader()
    os.close(master)
    with pytest.raises(ClosedPipeError):
        writer.check_reader()
    with pytest.raises(ClosedPipeError):
        writer.write(b"x")
    assert writer.taken == 0


@not_terminal
def test_what_was_taken_of_the_last_buffer(ends):
    writer = Writer(ends[1], lambda: True)
    writer.write(b"x")
    assert writer.taken == 1
    with pytest.raises(StalledError):
        writer.write(BIG)
    os.set_blocking(ends[0], False)
    read = 0
    with suppress(BlockingIOError):
        while piece := os.read(ends[0], 1 << 16):
            read += len(piece)
    assert writer.taken == read - 1 > 0


def test_a_full_disk():
    with Path("/dev/full").open("wb", buffering=0) as full:
        writer = Writer(full.fileno())
        writer.check_reader()
        with pytest.raises(OutputError, match="cannot write the output: No space left on device") as raised:
            writer.write(b"x")
    assert raised.value.hint


def test_a_descriptor_that_is_not_open(ends):
    os.close(ends[1])
    with pytest.raises(OutputError, match="Bad file descriptor"):
        Writer(ends[1])


def test_a_descriptor_that_is_only_readable():
    with Path(os.devnull).open("rb") as file, pytest.raises(OutputError, match="Bad file descriptor"):
        Writer(file.fileno()).write(b"x")
