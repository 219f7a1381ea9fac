"""`onlooker watch` with a list in place of the kernel: what it prints, what it says at the end, and its exit code."""

import os
import re
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from errno import ENOSPC
from pathlib import Path

import pytest

from onlooker import Attachment, CapabilityError, FakeSource, LoadError, Lost, Monitor, fake_exec, fake_exit, fake_open
from onlooker.cli.ending import ECHO_SECONDS
from onlooker.cli.main import main
from onlooker.output.text import TextFormatter
from onlooker.probe.source import Rest

CUT = fake_open(cut=("path",))
LOST = Lost("2026-01-31T12:00:00.000000000Z", 1, 45, "open", "ring full")
HEAD = "onlooker: watching fork, exec, exit, open; Ctrl-C ends it\n"


class Watch:
    """Runs the command with events from a list; `given` is what it asked the monitor for."""

    def __init__(self, capfd):
        self._capfd = capfd
        self.source = FakeSource([])
        self.given = {}

    def monitor(self, **given):
        self.given = given
        return Monitor(**given, source=self.source)

    def __call__(self, *arguments, events=(), source=None):
        self.source = source or FakeSource(events)
        code = main(["watch", *arguments])
        out, err = self._capfd.readouterr()
        return code, out, re.sub(r" in \d+\.\d s", " in 0.0 s", err)


@pytest.fixture
def watch(capfd, monkeypatch):
    made = Watch(capfd)
    monkeypatch.setattr("onlooker.cli.watch.Monitor", made.monitor)
    return made


def said(first, *rest):
    """The end of standard error."""
    return "".join(f"onlooker: {line}\n" for line in (first, *rest))


COMPLETE = said("lost: nothing", "complete")


def test_events_on_standard_output_the_rest_on_standard_error(watch):
    events = [fake_exec(), fake_open(), fake_exit()]
    code, out, err = watch(events=events)
    assert (code, out) == (0, TextFormatter().format(events).decode())
    assert err == HEAD + said("3 events in 0.0 s: 1 exec, 1 exit, 1 open") + COMPLETE


def test_what_was_lost_is_the_verdict_and_the_exit_code(watch):
    code, out, err = watch(events=[fake_open(), LOST, CUT])
    assert code == 1
    assert out.count("\n") == 3
    assert err == HEAD + said(
        "2 events in 0.0 s: 2 open",
        "lost: 45 open (ring full)",
        "incomplete: 45 events are missing; 1 event has a field that is not whole (marked: cut); "
        "a larger --buffer-size or a narrower --filter may help",
    )


@pytest.mark.parametrize(("count", "cut"), [(1, ""), (3, "; 1 event has a field that is not whole (marked: cut)")])
def test_after_the_count_nothing_is_shown_and_nothing_counts(watch, count, cut):
    events = [fake_open(), fake_open(), CUT, CUT, fake_open()]
    code, out, err = watch("--count", str(count), events=events)
    assert (code, out) == (0, TextFormatter().format(events[:count]).decode())
    number = f"{count} event{'s' if count > 1 else ''}"
    assert err == HEAD + said(f"{number} in 0.0 s: {count} open", "lost: nothing", f"complete{cut}")


def test_json_and_table(watch):
    code, out, _ = watch("--output-format", "json", events=[fake_open(path="/x")])
    assert (code, out.count("\n")) == (0, 1)
    assert '"path":"/x"' in out
    code, out, _ = watch("--output-format", "table", events=[fake_open(path="/x")])
    assert (code, out.count("\n")) == (0, 2)
    assert out.startswith("TIME ")


def test_every_option_reaches_the_monitor(watch):
    options = "--events exec,exit --events open --filter a --filter b* --pid 1,2 --pid 3 --uid root --failed --threads"
    options += " --max-args-bytes 4K"
    code, _, err = watch(*options.split(), "--uid", " 5\n6 ", "--buffer-size", "1M", "--attach", "raw")
    assert code == 0
    assert watch.given == {
        "events": ["exec", "exit", "open"],
        "comm": ["a", "b*"],
        "pid": [1, 2, 3],
        "uid": ["root", "5", "6"],
        "failed": True,
        "threads": True,
        "buffer_bytes": 1 << 20,
        "max_args_bytes": 4 << 10,
        "attach": "raw",
        "resolve": True,
        "least_rights": True,
    }
    assert err.startswith("onlooker: watching exec, exit, open of some processes; only what failed; Ctrl-C ends it\n")


def test_without_options_everything_is_watched(watch):
    assert watch()[0] == 0
    assert watch.given == {
        "events": None,
        "comm": [],
        "pid": [],
        "uid": [],
        "failed": False,
        "threads": False,
        "buffer_bytes": 16 << 20,
        "max_args_bytes": 256 << 10,
        "attach": None,
        "resolve": True,
        "least_rights": True,
    }


@pytest.mark.parametrize("option", ["--filter", "--events", "--pid", "--uid"])
def test_every_list_is_taken_alike(watch, option):
    name, items = {
        "--filter": ("comm", ["a", "b c", "d"]),
        "--events": ("events", ["exec", "exit", "open"]),
        "--pid": ("pid", [1, 2, 3]),
        "--uid": ("uid", ["0", "1", "root"]),
    }[option]
    one, two, three = (f"'{item}'" if " " in str(item) else str(item) for item in items)
    for words in (
        [one, two, three],
        [f"{one},{two}", three],
        [f"{one} {two}\n{three}\n"],
        [f" {one}, {two}\t,{three},"],
    ):
        arguments = [word for value in words for word in (option, value)]
        assert watch(*arguments)[0] == 0
        assert watch.given[name] == items


def test_a_name_with_a_space_that_a_process_has_is_noted(watch):
    said_ = "'a b' is taken as 2 names; for one with a space type --filter '\"a b\"'"
    before = Path("/proc/self/comm").read_bytes()[:-1]
    Path("/proc/self/comm").write_bytes(b"a b")
    try:
        assert said("warning: " + said_) in watch("--filter", "a b")[2]
        assert "warning" not in watch("--filter", '"a b"')[2]
        assert watch.given["comm"] == ["a b"]
    finally:
        Path("/proc/self/comm").write_bytes(before)
    assert "warning" not in watch("--filter", "a b")[2]


def test_a_user_without_processes_is_noted_for_debugging(watch):
    users = f"4294967293,0004294967,{os.getuid()}"
    note = said("debug: no process belongs to these users now: 4294967293, 0004294967")
    assert note in watch("--uid", users, "--log-level", "debug")[2]
    assert "no process" not in watch("--uid", users, "--log-level", "info")[2]


class Doubtful(FakeSource):
    """Where not every process id can match."""

    notes = ("no such process: 7",)


def test_process_ids_that_can_match_nothing_are_noted(watch):
    assert said("warning: no such process: 7") in watch("--pid", "7,8", source=Doubtful([]))[2]


def test_the_look_up_of_files_can_be_left_out(watch):
    assert watch("--no-resolve")[0] == 0
    assert watch.given["resolve"] is False


def test_a_long_name_is_noted(watch):
    _, _, err = watch("--filter", "a-name-of-17-byte")
    assert err.startswith("onlooker: warning: process names have at most 15 bytes: comparing with 'a-name-of-17-by'\n")
    assert "warning" not in watch("--filter", "a-name-of-17-byte", "--log-level", "error")[2]


class Attached(FakeSource):
    """One that does not see everything."""

    attached = (
        Attachment("exec", "success", "raw tracepoint", ("on_exec",), "a reason"),
        Attachment("open", "all", "raw tracepoint", ("on_call_exit",), "another", "a few"),
    )


@pytest.mark.parametrize(
    ("level", "lines"),
    [
        ("warning", ["warning: does not see a few: open (all) by raw tracepoint"]),
        (
            "info",
            [
                "info: exec (success): raw tracepoint, on_exec: a reason",
                "info: open (all): raw tracepoint, on_call_exit: another",
                "warning: does not see a few: open (all) by raw tracepoint",
            ],
        ),
    ],
)
def test_how_events_are_observed_is_told(watch, level, lines):
    _, _, err = watch("--log-level", level, source=Attached([]))
    head = HEAD.replace("fork, exec, exit, open", "exec, open")
    assert err == "".join(map(said, lines)) + head + said("0 events in 0.0 s") + COMPLETE


@pytest.mark.parametrize("options", [["-q"], ["--quiet"], ["--log-level", "error"], ["-q", "--log-level", "debug"]])
def test_events_and_errors_only(watch, options):
    code, out, err = watch(*options, "--filter", "/a/name", source=Attached([fake_open(comm="name")]))
    assert (code, out, err) == (0, "", "")
    code, out, err = watch(*options, events=[fake_open(), LOST])
    assert (code, out.count("\n")) == (1, 2)
    hint = "a larger --buffer-size or a narrower --filter may help"
    assert err == said(f"incomplete: 45 events are missing; {hint}")


def test_a_file_that_cannot_be_written(watch, tmp_path):
    code, out, err = watch("-q", "-o", str(tmp_path), events=[fake_open()])
    assert (code, out) == (1, "")
    where = f"cannot write the output: '{tmp_path}': Is a directory"
    assert err == f"onlooker: {where}\n\nhint: choose another file: -o FILE\n"


class Refused(FakeSource):
    """Cannot start."""

    def __init__(self, error):
        super().__init__([])
        self._error = error

    def start(self, wanted):
        raise self._error


def test_what_this_user_cannot_is_told(watch):
    code, out, err = watch(source=Refused(CapabilityError(("CAP_BPF", "CAP_PERFMON"))))
    assert (code, out) == (3, "")
    assert err == (
        "onlooker: not permitted to observe the kernel: CAP_BPF and CAP_PERFMON are missing\n\n"
        "hint: run it as root: sudo onlooker\n"
    )


def test_the_verifiers_words_are_for_debugging(watch):
    error = LoadError("the kernel refused the probe", "line 1\nline 2\n")
    code, _, err = watch(source=Refused(error))
    assert (code, err) == (3, f"onlooker: the kernel refused the probe\n\nhint: {error.hint}\n")
    _, _, err = watch("--log-level", "debug", source=Refused(error))
    assert err.startswith("onlooker: debug: line 1\nonlooker: line 2\nonlooker: the kernel refused the probe\n")


def test_a_full_disk(watch, monkeypatch):
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        code, _, err = watch(events=[fake_open()])
    assert code == 1
    assert err == HEAD + said(
        "0 events in 0.0 s",
        "lost: 1 seen and not written",
        "incomplete: the output was not written to its end (the disk is full); 1 event was seen and not written",
        "cannot write the output: No space left on device",
    ) + ("\nhint: make room or choose another place for the output, and run it again\n")


def test_a_full_disk_takes_some_events(watch, monkeypatch, tmp_path):
    """What counts as shown is what was written, whole lines of it; also beside losses that come after it."""
    events = [fake_open(), fake_exec(), fake_open(cut=("path",)), LOST, fake_exit()]
    lines = TextFormatter().format(events)
    room = len(b"".join(lines.splitlines(keepends=True)[:2])) + 7
    left = [room]

    def append(descriptor, data):
        if not left[0]:
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        taken = os.write(descriptor, data[: min(left[0], 50)])
        left[0] -= taken
        return taken

    monkeypatch.setattr("onlooker.output.writer.append", append)
    with (tmp_path / "out").open("w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        code, _, err = watch(events=events)
    assert (tmp_path / "out").read_bytes() == lines[:room]
    assert code == 1
    assert err.startswith(
        HEAD
        + said(
            "2 events in 0.0 s: 1 exec, 1 open",
            "lost: 45 open (ring full), 2 seen and not written",
            "incomplete: the output was not written to its end (the disk is full); 2 events were seen and not written; "
            "45 events are missing; a larger --buffer-size or a narrower --filter may help",
        )
    )


def test_a_reader_that_has_gone_before_all_was_written(watch, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        code, _, err = watch(source=FakeSource([fake_open()] * 23, batch=5))
    assert (code, err) == (
        1,
        HEAD
        + said(
            "0 events in 0.0 s",
            "lost: 23 seen and not written",
            "incomplete: the output was closed; 23 events were seen and not written",
        ),
    )


class Idle(FakeSource):
    """Goes on for ever after its events; `close` tells a loss."""

    exhausted = False

    def poll(self, timeout):
        return super().poll(timeout) or time.sleep(timeout) or []

    def close(self):
        return Rest([LOST], 0)


@pytest.mark.parametrize("lost", [[], [LOST]], ids=["", "lost"])
def test_a_reader_that_goes_after_all_was_written(watch, monkeypatch, lost):
    """The last count is asked for, too."""
    reader, writer = os.pipe()

    class Gone(Idle):
        def poll(self, timeout):
            found = super().poll(timeout)
            if not found:
                with suppress(OSError):
                    os.close(reader)
            return found

        def close(self):
            return Rest(lost)

    with os.fdopen(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        code, _, err = watch(source=Gone([fake_open()]))
    assert code == len(lost)
    assert err.startswith(
        HEAD + said("1 event in 0.0 s: 1 open", f"lost: {'45 open (ring full)' if lost else 'nothing'}")
    )
    assert err.endswith("may help\n") if lost else err.endswith("onlooker: complete until the output was closed\n")


def test_after_the_count_losses_are_counted_a_last_time(watch):
    code, out, err = watch("--count", "2", source=Idle([fake_open()] * 5))
    assert (code, out.count("\n")) == (1, 2)
    assert "2 events in 0.0 s: 2 open\nonlooker: lost: 45 open (ring full)\nonlooker: incomplete: 45 " in err


def test_a_loss_is_no_event_of_the_count(watch):
    _, out, err = watch("--count", "2", events=[fake_open(), LOST, fake_open(), fake_open()])
    assert out.count("\n") == 3
    assert " 2 events in 0.0 s: 2 open\n" in err


@pytest.mark.parametrize("where", ["poll", "format"])
def test_an_exception_passes_the_last_count_and_is_not_hidden(watch, monkeypatch, capfd, where):
    def fail(*given):
        raise ZeroDivisionError

    source = Idle([fake_open()] * 3)
    if where == "poll":
        monkeypatch.setattr(source, "poll", fail)
    else:
        monkeypatch.setattr("onlooker.output.text.TextFormatter.format", fail)
    with pytest.raises(ZeroDivisionError):
        watch(source=source)
    lines = capfd.readouterr().err.splitlines()[-2:]
    unwritten = ", 3 seen and not written" if where == "format" else ""
    assert lines[0] == f"onlooker: lost: 45 open (ring full){unwritten}"
    assert lines[1].startswith("onlooker: incomplete: it ended with an error; ")


def unread_pipe(monkeypatch):
    """Standard output is a pipe that nobody reads."""
    reader, writer = os.pipe()
    monkeypatch.setattr(sys, "stdout", os.fdopen(writer, "w"))
    return reader


class Signalled(FakeSource):
    """Sends this process signals once it is started, when each is handled: (seconds from the one before, signal)."""

    def __init__(self, events, *steps):
        super().__init__(events)
        self._steps = steps

    def start(self, wanted):
        super().start(wanted)
        threading.Thread(target=self._send).start()

    def _send(self):
        for seconds, number in self._steps:
            time.sleep(seconds)
            os.kill(os.getpid(), number)


EVENTS = 5000  # more than a pipe takes
SAID = r"(\d+) events in 0\.0 s: \1 open\nonlooker: lost: (\d+) seen and not written\nonlooker: incomplete: "


def test_a_second_signal_ends_it_with_a_verdict(watch, monkeypatch):
    """Although the reader does not read; and it is said before that it can."""
    monkeypatch.setattr("onlooker.cli.ending.GRACE_SECONDS", 60)
    reader = unread_pipe(monkeypatch)
    steps = (0.5, signal.SIGINT), (0.01, signal.SIGTERM), (ECHO_SECONDS + 0.5, signal.SIGTERM)
    code, _, err = watch(source=Signalled([fake_open()] * EVENTS, *steps))
    assert code == 1
    assert "onlooker: writing what was seen; Ctrl-C again drops it\n" in err
    found = re.search(SAID + r"it was ended at once; \2 events were seen and not written\n$", err)
    assert found, err
    assert os.read(reader, 1 << 20).count(b"\n") == int(found[1]) == EVENTS - int(found[2]) > 0
    os.close(reader)


def test_a_reader_that_stalls(watch, monkeypatch):
    monkeypatch.setattr("onlooker.cli.ending.GRACE_SECONDS", 0.1)
    reader = unread_pipe(monkeypatch)
    code, _, err = watch(source=Signalled([fake_open()] * EVENTS, (0.5, signal.SIGTERM)))
    assert code == 1
    found = re.search(
        SAID
        + r"the output was not written to its end \(its reader has stalled\); \2 events were seen and not written\n",
        err,
    )
    assert found, err
    assert os.read(reader, 1 << 20).count(b"\n") == int(found[1]) == EVENTS - int(found[2]) > 0
    os.close(reader)


def test_the_duration_holds_although_the_reader_does_not_read(watch, monkeypatch):
    """It is stopped in time, while the write waits."""
    monkeypatch.setattr("onlooker.cli.ending.GRACE_SECONDS", 1.0)
    reader = unread_pipe(monkeypatch)
    source = FakeSource([fake_open()] * EVENTS)
    begin, stopped = time.monotonic(), []
    monkeypatch.setattr(source, "stop", lambda: stopped.append(time.monotonic() - begin))
    code, _, _ = watch("--duration", "300ms", source=source)
    assert code == 1
    assert 0.3 <= stopped[0] < 1.0 < time.monotonic() - begin
    os.close(reader)


def test_systemd_is_told(watch, monkeypatch, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        assert watch()[0] == 0
        assert [manager.recv(100), manager.recv(100)] == [b"READY=1", b"STOPPING=1"]
