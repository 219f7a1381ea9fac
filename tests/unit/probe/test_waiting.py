"""Waiting for descriptors: what ends it."""

import os
import select
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from onlooker.probe import waiting
from onlooker.probe.waiting import wait

LONG_SECONDS = 30
TURNS = 500
SHORT_SECONDS = 5


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    wait({}, 0)  # a signal that came late in the test before may end one wait
    ends = os.pipe2(os.O_NONBLOCK)
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture
def handled() -> Iterator[list[int]]:
    numbers: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGUSR1, before)


def took(descriptors: dict[int, int], seconds: float | None) -> float:
    began = time.monotonic()
    wait(descriptors, seconds)
    return time.monotonic() - began


def test_the_time_is_over(pipe):
    assert 0.05 <= took({pipe[0]: select.POLLIN}, 0.05) < SHORT_SECONDS


def test_it_is_ready(pipe):
    os.write(pipe[1], b"x")
    assert took({pipe[0]: select.POLLIN}, LONG_SECONDS) < SHORT_SECONDS


def test_a_reader_goes():
    reading, writing = os.pipe()
    threading.Timer(0.05, os.close, [reading]).start()
    assert took({writing: 0}, LONG_SECONDS) < SHORT_SECONDS
    os.close(writing)


def test_a_signal_comes(pipe, handled):
    threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGUSR1]).start()
    assert took({pipe[0]: select.POLLIN}, LONG_SECONDS) < SHORT_SECONDS
    assert handled == [signal.SIGUSR1]
    assert took({pipe[0]: select.POLLIN}, 0.05) >= 0.05  # it was one


def test_a_signal_that_another_thread_gets(pipe, handled):
    """The kernel gives it to whom it likes; the handler is the main thread's, which waits."""
    other = threading.Thread(target=lambda: (time.sleep(0.05), signal.raise_signal(signal.SIGUSR1)))
    other.start()
    assert took({pipe[0]: select.POLLIN}, LONG_SECONDS) < SHORT_SECONDS
    other.join()
    assert handled == [signal.SIGUSR1]


def test_a_handler_that_raises(pipe, handled):
    def interrupt(number, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGUSR1, interrupt)
    with pytest.raises(KeyboardInterrupt):  # around the timer, too: this thread may be late
        threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGUSR1]).start()
        wait({pipe[0]: select.POLLIN}, LONG_SECONDS)
    assert signal.set_wakeup_fd(-1) == -1


def test_a_handler_that_raises_before_it_waits(pipe):
    """A timer goes off again and again, now and then just where the wait begins."""

    def interrupt(number, frame):
        raise InterruptedError

    os.write(pipe[1], b"x")
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for turn in range(TURNS):
            with pytest.raises(InterruptedError):
                signal.setitimer(signal.ITIMER_REAL, 20e-6 + turn % 50 * 1e-6)
                while True:
                    wait({pipe[0]: select.POLLIN}, 0)
            assert signal.set_wakeup_fd(-1) == -1
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_wait_in_a_handler(pipe):
    """The signal that is being handled does not end it, but the wait that it broke off."""
    past = []

    def wait_again(number, frame):
        past.append(took({pipe[0]: select.POLLIN}, 0.05))

    before = signal.signal(signal.SIGUSR1, wait_again)
    try:
        threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGUSR1]).start()
        assert took({pipe[0]: select.POLLIN}, LONG_SECONDS) < SHORT_SECONDS
        assert past[0] >= 0.05
        assert took({pipe[0]: select.POLLIN}, 0.05) >= 0.05
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_who_wants_to_know_of_signals_is_told_all_the_same(pipe, handled):
    """As an event loop does, in the same thread."""
    before = signal.set_wakeup_fd(pipe[1])
    try:
        threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGUSR1]).start()
        reading, writing = os.pipe()
        wait({reading: select.POLLIN}, LONG_SECONDS)
        assert os.read(pipe[0], 10) == bytes([signal.SIGUSR1])
        assert signal.set_wakeup_fd(pipe[1]) == pipe[1]
        os.close(reading)
        os.close(writing)
    finally:
        signal.set_wakeup_fd(before)


def test_in_a_thread_that_gets_no_signals(pipe):
    past = []
    other = threading.Thread(target=lambda: past.append(took({pipe[0]: select.POLLIN}, 0.05)))
    other.start()
    other.join(LONG_SECONDS)
    assert len(past) == 1
    assert past[0] >= 0.05


def test_a_child_has_a_pipe_of_its_own(pipe):
    wait({pipe[0]: select.POLLIN}, 0)
    assert waiting._pipe
    child = os.fork()
    if not child:
        os._exit(0 if waiting._pipe is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_child_of_another_thread_has_no_signals_in_its_files(pipe, handled, tmp_path):
    """The main thread waits meanwhile; the child's file gets the number of what it waited with."""
    codes = []

    def fork():
        time.sleep(0.05)
        child = os.fork()
        if not child:
            files = [os.open(tmp_path / str(number), os.O_WRONLY | os.O_CREAT) for number in range(4)]
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(0)
            os._exit(sum(os.fstat(file).st_size for file in files) or not handled)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        os.write(pipe[1], b"x")

    other = threading.Thread(target=fork)
    other.start()
    wait({pipe[0]: select.POLLIN}, LONG_SECONDS)
    other.join()
    assert codes == [0]


def test_a_handler_that_makes_a_child(pipe, tmp_path):
    """In the child, which goes on behind the wait, nothing is read from a file that got the number of its pipe."""
    contents = tmp_path / "file"
    contents.write_bytes(b"x")
    children = []

    def fork(number, frame):
        child = os.fork()
        if not child:
            children.append([os.open(contents, os.O_RDONLY) for _ in range(4)])
        else:
            children.append(child)

    before = signal.signal(signal.SIGUSR1, fork)
    try:
        threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGUSR1]).start()
        wait({pipe[0]: select.POLLIN}, LONG_SECONDS)
    finally:
        signal.signal(signal.SIGUSR1, before)
    [child] = children
    if isinstance(child, list):
        os._exit(any(os.lseek(file, 0, os.SEEK_CUR) for file in child))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
