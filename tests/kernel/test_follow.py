"""Following a command: it and all that descends from it are seen, and nothing else, until the last has ended."""

import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from onlooker import Event, Exec, Exit, Fork, Monitor, Open, TaskEvent
from onlooker.probe import setup

from .commands import ONLOOKER, run
from .conftest import Workloads
from .running import SLOWER, Process, losses

COUNT = 23
LIVES = 523 // SLOWER
CLONE_PARENT, CLONE_VM, CLONE_VFORK = 0x8000, 0x100, 0x4000
FOLLOW = (*ONLOOKER, "watch", "-q")


def followed(words: Sequence[object], **options: Any) -> tuple[list[Event], int | None]:
    """The events of a command until nothing of it was left, and how it ended. Nothing was lost."""
    with Monitor(command=[str(word) for word in words], **options) as monitor:
        events = list(monitor)
        assert monitor.ended
        assert monitor.command
        code = monitor.command.returncode
        assert code is not None
    assert losses(events) == {}
    assert monitor.stats().complete
    return events, code


def of(events: Sequence[Event], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def assert_a_tree(events: Sequence[Event]) -> int:
    """Every event is of the command, whose exec comes first, or of what something of it has created before, and each of
    them ends. Returns how many there are.
    """
    first = events[0]
    assert isinstance(first, Exec)
    alive, count = {(first.pid, first.start_ns)}, 1
    for event in events:
        assert isinstance(event, TaskEvent)
        assert (event.pid, event.start_ns) in alive, event
        if isinstance(event, Fork):
            alive.add((event.child_pid, event.child_start_ns))
            count += 1
        elif isinstance(event, Exit):
            alive.remove((event.pid, event.start_ns))
    assert alive == set()
    return count


def test_the_first_event_is_the_command_s_exec(workloads: Workloads) -> None:
    """Nothing is seen of the process that waits for it."""
    events, code = followed([workloads["exit"], "code", COUNT])
    first, *_, last = events
    assert (first.event, first.path, first.ppid) == ("exec", str(workloads["exit"]), os.getpid())
    assert (last.event, last.pid, last.exit_code, code) == ("exit", first.pid, COUNT, COUNT)
    assert assert_a_tree(events) == 1


@pytest.mark.usefixtures("each_object")
def test_a_tree_of_many_at_once(workloads: Workloads, scratch: Path) -> None:
    events, _ = followed([workloads["storm"], LIVES])
    assert assert_a_tree(events) == LIVES
    assert len(of(events, Fork)) == LIVES - 1
    assert len(of(events, Exit)) == LIVES


@pytest.mark.parametrize(
    ("how", "flags"),
    [("fork", 0), ("vfork", 0), ("clone", CLONE_PARENT), ("clone3", 0), ("from-thread", 0), ("from-ended-thread", 0)],
)
def test_every_way_to_create_a_process(workloads: Workloads, scratch: Path, how: str, flags: int) -> None:
    """Where the creator's parent is the child's, too, the children are the test's, which waits for them."""
    script = '"$@" > out'
    words = ["sh", "-c", script, "sh", workloads["fork"], how, COUNT, flags, signal.SIGCHLD.value]
    events, code = followed(words)
    assert code == 0
    children = [int(word) for word in Path("out").read_text().split()]
    assert len(children) == COUNT
    assert {event.pid for event in of(events, Exit)} >= set(children)
    assert_a_tree(events)


DAEMON = "( setsid sh -c '( sleep 0.2; cat /etc/hostname; exit 23 ) &' & ) ; exit 5"


def test_a_daemon_outlives_the_command(scratch: Path) -> None:
    """It forks twice, leads a session of its own, and its parents are gone."""
    events, code = followed(["sh", "-c", DAEMON])
    assert code == 5
    assert_a_tree(events)
    last = of(events, Exit)[-1]
    assert (last.exit_code, last.ppid) == (23, 1)
    assert [event.path for event in of(events, Open)].count("/etc/hostname") == 1


def test_the_end_of_the_command_is_the_end_if_that_is_said(scratch: Path) -> None:
    words = ["sh", "-c", "( sleep 0.3; echo late > late ) & exit 5"]
    with Monitor(command=words, detach=True) as monitor:
        events = list(monitor)
        assert monitor.command
        assert monitor.command.wait() == 5
        assert not Path("late").exists()
    assert "late" not in [event.path for event in of(events, Open)]
    followed(["sh", "-c", "while ! [ -e late ]; do sleep 0.01; done"])  # leave nothing behind


def test_a_flood_outside_costs_no_event(workloads: Workloads, scratch: Path) -> None:
    """The smallest ring, which the flood would fill many times over."""
    Path("gate").touch()
    words = ["sh", "-c", "while [ -e gate ]; do sleep 0.01; done; exit 5"]
    with Monitor(command=words, buffer_bytes=1 << 20) as monitor:
        for _ in range(3):
            flood = Process(workloads["open"], "openat", "plain", -100, "missing", 0, 0, 0, 200_000 // SLOWER).wait()
            assert flood.code == 0
        Path("gate").unlink()
        events = list(monitor)
        assert monitor.command
        assert monitor.command.wait() == 5
    assert losses(events) == {}
    assert_a_tree(events)
    assert Counter(event.path for event in of(events, Open))["missing"] == 0


def test_filters_choose_among_the_followed(workloads: Workloads) -> None:
    """Forks and ends are not among the events, and the tree is known all the same."""
    words = ["sh", "-c", f"{workloads['exit']} code 3; {workloads['exit']} code 0; true & wait; exit 5"]
    events, _ = followed(words, events=["exec"])
    assert [event.path for event in of(events, Exec)] == ["/usr/bin/sh", *[str(workloads["exit"])] * 2]
    assert len(of(events, Exec)) == len(events)
    events, _ = followed(words, events=["exit", "fork"], failed=True, comm=[f"{workloads.prefix}*"])
    assert [(event.event, event.exit_code) for event in events] == [("exit", 3)]


def test_what_finds_no_room_is_a_loss(workloads: Workloads, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The set never forgets anybody to make room: who is in it is seen to the end."""
    monkeypatch.setattr(setup, "SET_ENTRIES", 8)
    with Monitor(command=["sh", "-c", "for i in $(seq 23); do sleep 0.5 & done; wait; exit 5"]) as monitor:
        events = list(monitor)
        assert monitor.command
        code = monitor.command.wait()
    lost = losses(events)
    assert code == 5
    assert set(lost) == {("fork", "unfollowed")}
    assert len(of(events, Fork)) == COUNT + 1
    ended = of(events, Exit)
    assert ended[-1].exit_code == 5
    assert len(ended) == COUNT + 2 - lost["fork", "unfollowed"]
    assert not monitor.stats().complete


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 23", 23), ("kill -TERM $$", 143)])
def test_the_exit_code_is_the_command_s(scratch: Path, script: str, code: int) -> None:
    ended = run("-o", "events", "--", "sh", "-c", f"echo out; echo err >&2; {script}", command=FOLLOW)
    assert (ended.code, ended.out, ended.err) == (code, "out\n", "err\n")
    assert Path("events").read_text().splitlines()[0].endswith(f"sh -c 'echo out; echo err >&2; {script}'")


@pytest.mark.parametrize("command", [["watch", "--events", "fork"], ["reads"], ["top"]])
def test_what_goes_on_after_the_command_is_said_once(command: list[str]) -> None:
    done = run(*command, "--", "sh", "-c", f"setsid sleep {2 * SLOWER} & exit 3")
    assert (done.code, done.err.count(" has ended; ")) == (3, 1)
    said = r"onlooker: sh has ended; still following 1 process: sleep \(PID:\d+\); Ctrl-C ends it\n"
    assert re.search(said, done.err)


@pytest.mark.parametrize(
    ("option", "script"), [("--quiet", f"setsid sleep {2 * SLOWER} & exit 3"), ("--names", "setsid true & exit 3")]
)
def test_what_ends_soon_after_the_command_is_not_worth_a_word(option: str, script: str) -> None:
    """Nor is anything if that is said."""
    done = run("watch", "-e", "fork", option, "--", "sh", "-c", script)
    assert (done.code, done.err.count(" has ended; ")) == (3, 0)


def test_who_is_followed() -> None:
    with Monitor(command=["sh", "-c", "sleep 60 & sleep 60; :"], events=["exec"]) as monitor:
        assert monitor.command
        seen = [next(iter(monitor)) for _ in range(3)]
        assert {event.pid for event in of(seen, Exec)} == set(monitor.followed())
        assert monitor.followed()[0] == monitor.command.pid
        for pid in monitor.followed():
            os.kill(pid, signal.SIGKILL)
        list(monitor)
        assert monitor.followed() == ()
    assert monitor.followed() == ()


def test_events_are_on_standard_error(scratch: Path) -> None:
    ended = run("--events", "exec", "--", "cat", command=FOLLOW, input="a\nb\n")
    assert (ended.code, ended.out) == (0, "a\nb\n")
    assert ended.err.endswith(" executed file /usr/bin/cat: cat\n")
    ended = run("--events", "exec", "-o", "-", "--", "true", command=FOLLOW)
    assert ended.err == ""
    assert ended.out.endswith(": true\n")


@pytest.mark.parametrize("script, code", [("exit 23", 23), ("kill -9 $$", -9), ("setsid sleep 0.3 & exit 5", 5)])
def test_the_end_is_known_when_the_monitor_has_ended(script: str, code: int) -> None:
    with Monitor(command=["sh", "-c", script], events=["exec"]) as monitor:
        assert monitor.command
        assert monitor.command.returncode is None
        for _ in monitor:
            pass
        assert monitor.command.returncode == code
    assert monitor.command.wait() == code


def test_the_refusal_is_known_when_the_monitor_has_ended(scratch: Path) -> None:
    program = scratch / "data"
    program.write_bytes(b"\x7fELF")
    program.chmod(0o755)
    with Monitor(command=[str(program)]) as monitor:
        list(monitor)
        assert monitor.command and monitor.command.error
    assert monitor.command.error.exit_code == 126


def test_an_end_after_the_last_look_is_known_when_the_monitor_is_closed() -> None:
    with Monitor(command=["sh", "-c", "exit 7"]) as monitor:
        assert monitor.command
        os.waitid(os.P_PIDFD, monitor.command.fileno(), os.WEXITED | os.WNOWAIT)
        assert monitor.command.returncode is None
    assert monitor.command.returncode == 7


@pytest.mark.parametrize(
    ("word", "code", "error"),
    [
        ("nosuchprogram", 127, "cannot run 'nosuchprogram': No such file or directory"),
        ("/etc/passwd", 126, "cannot run '/etc/passwd': Permission denied"),
        ("/", 126, "cannot run '/': Permission denied"),
    ],
)
def test_a_command_that_cannot_be_started(word: str, code: int, error: str) -> None:
    ended = run("--", word, command=FOLLOW)
    assert ended.code == code
    message, blank, hint = ended.err.splitlines()
    assert (message, blank) == (f"onlooker: {error}", "")
    assert hint.startswith("hint: ")


def test_a_program_that_the_kernel_refuses_is_seen_first(scratch: Path) -> None:
    Path("script").write_text("#!/nowhere\n")
    Path("script").chmod(0o755)
    ended = run("--events", "exec,exit", "--", "./script", command=FOLLOW)
    assert ended.code == 127
    failed, exited, message, blank, _ = ended.err.splitlines()
    assert "failed to execute file ./script" in failed
    assert "exited with code 127" in exited
    assert (message, blank) == ("onlooker: cannot run './script': No such file or directory", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGINT])
def test_signals_reach_the_command(scratch: Path, number: signal.Signals) -> None:
    script = f"trap 'echo {number.name}; exit 5' {number.name[3:]}; echo ready; while :; do sleep 0.01; done"
    words = [*FOLLOW, "-o", "/dev/null", "--", "sh", "-c", script]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.read() == f"{number.name}\n"
        assert process.wait() == 5
