"""Signals, and word to systemd."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from onlooker.cli.shutdown import ECHO_SECONDS, GRACE_SECONDS, LATE_SECONDS, SIGNALS, Shutdown, notify_systemd


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_stops(number):
    before = [signal.getsignal(each) for each in SIGNALS]
    stopped = []
    with Shutdown(lambda: stopped.append(number)) as shutdown:
        assert not shutdown.gives_up()
        os.kill(os.getpid(), number)
        assert stopped == [number]
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_an_echo_is_no_second_one(monkeypatch):
    """make(1) and sudo(8) pass on what the terminal has sent already; one that comes later is meant."""
    now, raised, stopped = [100.0], [], []
    monkeypatch.setattr("onlooker.cli.shutdown.time.monotonic", lambda: now[0])
    monkeypatch.setattr("onlooker.cli.shutdown.signal.raise_signal", raised.append)
    with Shutdown(lambda: stopped.append(None)) as shutdown:
        os.kill(os.getpid(), signal.SIGINT)
        now[0] += ECHO_SECONDS
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert not shutdown.is_dropped
        now[0] += 0.1
        os.kill(os.getpid(), signal.SIGTERM)
        assert shutdown.is_dropped
        now[0] += ECHO_SECONDS
        os.kill(os.getpid(), signal.SIGTERM)
        assert raised == []
        now[0] += 0.1
        os.kill(os.getpid(), signal.SIGTERM)
        assert raised == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert stopped == [None]


BLOCKED = """
import os, signal, sys
from onlooker.cli.shutdown import SIGNALS, Shutdown
number = int(sys.argv[1])
signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
os.kill(os.getpid(), number)
with Shutdown(lambda: print("waited", flush=True)):
    print("begun", flush=True)
with Shutdown(lambda: print("came", flush=True)):
    os.kill(os.getpid(), number)
assert set(SIGNALS) <= signal.pthread_sigmask(signal.SIG_BLOCK, ())
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_the_parent_had_blocked(number):
    """It may have come before, and waits; the mask is put back."""
    ended = subprocess.run([sys.executable, "-c", BLOCKED, str(int(number))], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "waited\nbegun\ncame\n", "")


def test_its_time(monkeypatch):
    """A signal right at that time does not drop what was seen, one later does."""
    now = [100.0]
    monkeypatch.setattr("onlooker.cli.shutdown.time.monotonic", lambda: now[0])
    with Shutdown(lambda: None) as shutdown:
        shutdown.ends_in(None)
        assert shutdown.seconds_over() == -float("inf")
        shutdown.ends_in(5.0)
        assert shutdown.seconds_over() == -5
        now[0] += 5.5
        os.kill(os.getpid(), signal.SIGINT)
        assert not shutdown.is_dropped
        now[0] += 2 * ECHO_SECONDS
        os.kill(os.getpid(), signal.SIGINT)
        assert shutdown.is_dropped


DROPS = [
    (signal.SIGINT, True, "Ctrl-C again drops it"),
    (signal.SIGTERM, True, "Ctrl-C drops it"),
    (None, True, "Ctrl-C drops it"),
    (signal.SIGINT, False, "SIGINT again drops it"),
    (signal.SIGTERM, False, "SIGTERM again drops it"),
    (None, False, "SIGTERM drops it"),
]


@pytest.mark.parametrize(("number", "is_terminal", "how"), DROPS)
def test_it_says_once_that_it_still_writes(monkeypatch, number, is_terminal, how):
    now, said = [100.0], []
    monkeypatch.setattr("onlooker.cli.shutdown.has_terminal", lambda: is_terminal)
    monkeypatch.setattr("onlooker.cli.shutdown.time.monotonic", lambda: now[0])
    with Shutdown(lambda: None, said.append) as shutdown:
        shutdown.remind()
        if number:
            os.kill(os.getpid(), number)
        else:
            shutdown.ends_in(1e-9)
        now[0] += ECHO_SECONDS if number else LATE_SECONDS
        shutdown.remind()
        assert said == []
        now[0] += 0.1
        shutdown.remind()
        shutdown.gives_up()
        assert said == [f"writing what was seen; {how}"]


def test_it_says_at_once_that_something_waits(monkeypatch):
    """And a second Ctrl-C half a second later is heard."""
    now, said = [100.0], []
    monkeypatch.setattr("onlooker.cli.shutdown.time.monotonic", lambda: now[0])
    with Shutdown(lambda: None, said.append) as shutdown:
        shutdown.remind(at_once=True)
        os.kill(os.getpid(), signal.SIGINT)
        now[0] += 0.01
        shutdown.remind()
        assert said == []
        shutdown.remind(at_once=True)
        shutdown.remind(at_once=True)
        assert len(said) == 1
        now[0] += 0.49
        os.kill(os.getpid(), signal.SIGINT)
        assert shutdown.is_dropped


@pytest.mark.parametrize("at", ["stdin", "stderr", None])
def test_where_there_is_a_terminal(at):
    code = "from onlooker.cli.shutdown import has_terminal; print(has_terminal())"
    parent, child = os.openpty()
    with os.fdopen(parent), os.fdopen(child) as terminal:
        streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, **({at: terminal} if at else {})}
        run = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, **streams)
    assert run.stdout == f"{at is not None}\n"


def test_its_time_without_an_alarm(monkeypatch):
    """Where the session could start no thread for it."""
    now, stopped = [100.0], []
    monkeypatch.setattr("onlooker.cli.shutdown.time.monotonic", lambda: now[0])
    with Shutdown(lambda: stopped.append(None)) as shutdown:
        shutdown.ends_in(5.0)
        shutdown.gives_up()
        assert stopped == []
        now[0] += 5
        shutdown.gives_up()
        assert stopped


def test_without_a_signal_all_is_as_before():
    before = [signal.getsignal(each) for each in SIGNALS]
    with pytest.raises(ZeroDivisionError), Shutdown(lambda: None):
        assert before != [signal.getsignal(each) for each in SIGNALS]
        raise ZeroDivisionError
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_it_gives_up_some_time_after_the_signal(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("onlooker.cli.shutdown.time.monotonic", lambda: now[0])
    with Shutdown(lambda: None) as shutdown:
        now[0] += 1000
        assert not shutdown.gives_up()
        os.kill(os.getpid(), signal.SIGTERM)
        now[0] += GRACE_SECONDS
        assert not shutdown.gives_up()
        now[0] += 0.1
        assert shutdown.gives_up()


def test_it_can_give_up_without_a_signal(monkeypatch):
    """Its time was up."""
    with Shutdown(lambda: None) as shutdown:
        shutdown.ends_in(3600)
        now = time.monotonic() + 3600 + GRACE_SECONDS
        monkeypatch.setattr("onlooker.cli.shutdown.time.monotonic", lambda: now - 1)
        assert not shutdown.gives_up()
        monkeypatch.setattr("onlooker.cli.shutdown.time.monotonic", lambda: now + 1)
        assert shutdown.gives_up()


THRICE = """
import os, sys
import onlooker.cli.shutdown
from onlooker.cli.shutdown import Shutdown
onlooker.cli.shutdown.ECHO_SECONDS = 0
first, second = map(int, sys.argv[1:])
with Shutdown(lambda: print("stop", flush=True)) as shutdown:
    os.kill(os.getpid(), first)
    os.kill(os.getpid(), first)
    print("dropped", shutdown.is_dropped, flush=True)
    os.kill(os.getpid(), second)
    print("still there")
"""


@pytest.mark.parametrize("second", SIGNALS)
@pytest.mark.parametrize("first", SIGNALS[:2])
def test_the_third_signal_ends_the_process(first, second):
    command = [sys.executable, "-c", THRICE, str(int(first)), str(int(second))]
    ended = subprocess.run(command, capture_output=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-second, b"stop\ndropped True\n", b"")


IGNORED = """
import os, signal
from onlooker.cli.shutdown import Shutdown
for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, signal.SIG_IGN)
for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    with Shutdown(lambda: print(each.name, flush=True)):
        os.kill(os.getpid(), each)
    assert signal.getsignal(each) is signal.SIG_IGN
"""


def test_only_a_hang_up_stays_ignored():
    """As nohup(1) wants it; an interrupt was ignored only because a shell started us in the background."""
    ended = subprocess.run([sys.executable, "-c", IGNORED], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "SIGINT\nSIGTERM\n", "")


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path, monkeypatch):
    """The socket of a service manager; its address is in the environment."""
    address = str(tmp_path / "notify") if request.param == "path" else f"@onlooker-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(address.replace("@", "\0"))
        made.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        yield made


def test_systemd_is_told(manager):
    notify_systemd("READY=1")
    notify_systemd("STOPPING=1")
    assert [manager.recv(100), manager.recv(100)] == [b"READY=1", b"STOPPING=1"]


@pytest.mark.parametrize("address", [None, "", "relative", "vsock:2:1234", "/nowhere/at/all", "@nobody-there-at-all"])
def test_nobody_to_tell_is_no_error(monkeypatch, address):
    if address is None:
        monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    else:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify_systemd("READY=1")
