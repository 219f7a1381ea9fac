"""The classic lines, to the letter."""

import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker import Lost, UsageError
from onlooker.output import formatter
from onlooker.output.text import TextFormatter
from onlooker.testing import make

from ..batches import formatted
from ..hostile import events

WHO = {"time": "2023-10-20T15:30:45.123456789Z", "comm": "bash", "pid": 1234, "ppid": 1000}


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def line(event):
    return formatted(TextFormatter(), [event]).decode()


BASH = "[2023-10-20 15:30:45.123456] Process bash (PID:1234, PPID:1000) "
OPENER = "[2023-10-20 15:30:45.123456] Process bash (PID:1234) "
LINES = [
    (make("fork", **WHO, syscall="clone"), BASH + "called sys_clone [child 1235]"),
    (make("fork", **WHO, syscall="clone3"), BASH + "called sys_clone3 [child 1235]"),
    (make("fork", **WHO, syscall="fork"), BASH + "called sys_fork [child 1235]"),
    (make("fork", **WHO, syscall="vfork"), BASH + "called sys_vfork [child 1235]"),
    (make("fork", **WHO, thread=True, child_tid=1240), BASH + "called sys_clone [thread 1240]"),
    (make("fork", **WHO, syscall=None), BASH + "called kernel_clone [child 1235]"),
    (make("fork", **WHO, syscall=None, kernel=True), BASH + "called kernel_clone [kernel thread 1235]"),
    (make("fork", **WHO, cut=("clone_flags",)), BASH + "called sys_clone [child 1235] [cut: clone_flags]"),
    (make("exec", **WHO, path="/bin/ls", argv=("ls", "-l", "a b")), BASH + "executed file /bin/ls: ls -l 'a b'"),
    (
        make("exec", **WHO, path="./x y", interpreter="/bin/sh", argv=("./x y",)),
        BASH + "executed file ./x y by /bin/sh: './x y'",
    ),
    (make("exec", **WHO, path="/bin/ls", argv=("a\n",)), BASH + r"executed file /bin/ls: $'a\n'"),
    (
        make("exec", **WHO, path="/bin/ls", argv=("ls",), cut=("path", "argv")),
        BASH + "executed file /bin/ls: ls [cut: path, argv]",
    ),
    (
        make("exec", **WHO, path="/nowhere", argv=("now", "here"), errno="ENOENT"),
        BASH + "failed to execute file /nowhere: ENOENT [now here]",
    ),
    (
        make("exec", **WHO, path="", argv=("x",), errno="EFAULT", cut=("path",)),
        BASH + 'failed to execute file "": EFAULT [x] [cut: path]',
    ),
    (
        make("exec", **WHO, path="/bin/sh", argv=("sh",), exe="/usr/bin/dash", cwd="/"),
        BASH + "executed file /bin/sh: sh",
    ),
    (make("exec", **WHO, path="./x", argv=("x",), exe="/a/x"), BASH + "executed file ./x: x [file: /a/x]"),
    (
        make("exec", **WHO, path="x", interpreter="/bin/sh", argv=("x",), exe="/usr/bin/dash", cut=("argv",)),
        BASH + "executed file x by /bin/sh: x [file: /usr/bin/dash] [cut: argv]",
    ),
    (
        make("exec", **WHO, path="/dev/fd/3", argv=(), exe="memfd:x", file_state="memfd"),
        BASH + "executed file /dev/fd/3:  [file: memfd:x] [memfd]",
    ),
    (
        make("exec", **WHO, path="x", argv=("x",), errno="ENOENT", joined_path="/a/x"),
        BASH + "failed to execute file x: ENOENT [x] [joined: /a/x]",
    ),
    (make("exit", **WHO, duration_ns=1_572_099), BASH + "exited with code 0 after 0.001572 s"),
    (make("exit", **WHO, exit_code=255, duration_ns=90 * 10**9), BASH + "exited with code 255 after 90.000000 s"),
    (make("exit", **WHO, signal="SIGKILL"), BASH + "was killed by SIGKILL after 1.000000 s"),
    (
        make("exit", **WHO, signal="SIGSEGV", core_dumped=True),
        BASH + "was killed by SIGSEGV (core dumped) after 1.000000 s",
    ),
    (make("open", **WHO, path="/etc/nginx/nginx.conf"), OPENER + "opened file /etc/nginx/nginx.conf"),
    (make("open", **WHO, path="a b\\\x1b[0m\udcff\n"), OPENER + r"opened file a b\\\x1b[0m\xff\n"),
    (make("open", **WHO, path="/lo", cut=("path",)), OPENER + "opened file /lo [cut: path]"),
    (make("open", **WHO, path="/none", errno="ENOENT"), OPENER + "failed to open file /none: ENOENT"),
    (make("open", **WHO, path="/x", real_path="/y"), OPENER + "opened file /x [file: /y]"),
    (make("open", **WHO, path="/etc/f", flags=("O_WRONLY",)), OPENER + "opened file /etc/f [write]"),
    (
        make("open", **WHO, path="f", flags=("O_RDWR", "O_CREAT"), created=True, real_path="/a/f", unproven=True),
        OPENER + "opened file f [read, write, created] [file: /a/f] [unproven]",
    ),
    (
        make("open", **WHO, path="/f", flags=("O_WRONLY", "O_CREAT", "O_TRUNC"), errno="EACCES", cut=("path",)),
        OPENER + "failed to open file /f: EACCES [write, create, truncate] [cut: path]",
    ),
    (make("open", **WHO, path="x", real_path="/a b\n/x"), OPENER + r"opened file x [file: /a b\n/x]"),
    (make("open", **WHO, path="", real_path="/x"), OPENER + 'opened file "" [file: /x]'),
    (
        make("open", **WHO, path="x", real_path="/tmp/x", file_state="deleted"),
        OPENER + "opened file x [file: /tmp/x] [deleted]",
    ),
    (make("open", **WHO, path="/x", real_path="/x", file_state="deleted"), OPENER + "opened file /x [deleted]"),
    (
        make("open", **WHO, path="/tmp", real_path="/tmp/#23", file_state="tmpfile"),
        OPENER + "opened file /tmp [tmpfile]",
    ),
    (make("open", **WHO, path="x", file_state="pseudo"), OPENER + "opened file x [pseudo]"),
    (
        make("open", **WHO, path="x", real_path="c/x", cut=("real_path",)),
        OPENER + "opened file x [file: c/x] [cut: real_path]",
    ),
    (
        make("open", **WHO, path="x", errno="ENOENT", joined_path="/a\udcff/x"),
        OPENER + r"failed to open file x: ENOENT [joined: /a\xff/x]",
    ),
    (make("open", **WHO, path="/x", errno="ENOENT", joined_path="/x"), OPENER + "failed to open file /x: ENOENT"),
    (
        make("open", **WHO, path="x", errno="ENOENT", joined_path="b/x", cut=("joined_path",)),
        OPENER + "failed to open file x: ENOENT [joined: b/x] [cut: joined_path]",
    ),
    (
        make("open", **WHO, path="", errno="EFAULT", cut=("path",)),
        OPENER + 'failed to open file "": EFAULT [cut: path]',
    ),
    (
        Lost(WHO["time"], 1, 45, "open", "ring full"),
        f"[2023-10-20 15:30:45.123456] Process onlooker (PID:{os.getpid()}) lost events: 45 open (ring full)",
    ),
    (
        Lost(WHO["time"], 1, 5, "unknown", "recursion"),
        f"[2023-10-20 15:30:45.123456] Process onlooker (PID:{os.getpid()}) "
        "may have lost events: up to 5 unknown (recursion)",
    ),
    (
        Lost(WHO["time"], 1, 1, "exit", "rate"),
        f"[2023-10-20 15:30:45.123456] Process onlooker (PID:{os.getpid()}) left out events: 1 exit (rate)",
    ),
    (
        Lost(WHO["time"], 1, 3, "unknown", "unfollowed"),
        f"[2023-10-20 15:30:45.123456] Process onlooker (PID:{os.getpid()}) could not follow processes: 3",
    ),
]


@pytest.mark.parametrize(("event", "expected"), LINES, ids=range(len(LINES)))  # an id that changes would stop xdist
def test_line(event, expected):
    assert line(event) == expected + "\n"


@pytest.mark.parametrize(("event", "expected"), LINES, ids=range(len(LINES)))
def test_an_event_prints_as_its_line(event, expected):
    assert str(event) == f"{event}" == expected


def test_a_name_is_escaped():
    assert line(make("open", **{**WHO, "comm": "a\n\x1b\u202e"})) == (
        r"[2023-10-20 15:30:45.123456] Process a\n\x1b\u202e (PID:1234) opened file /etc/fake.conf" + "\n"
    )
    assert line(make("exit", **{**WHO, "comm": "\udcff"})).startswith(
        r"[2023-10-20 15:30:45.123456] Process \xff (PID:1234, PPID:1000) exited"
    )


def test_nothing_stands_before_the_first_line():
    assert formatter("text", 1).head() == b""


def test_a_batch_is_its_lines_in_order():
    whole = formatted(TextFormatter(), [event for event, _ in LINES])
    assert whole.decode().splitlines() == [expected for _, expected in LINES]
    assert formatted(TextFormatter(), []) == b""


@settings(deadline=None, max_examples=150)
@given(batch=st.lists(events, max_size=4))
def test_each_event_is_one_printable_line(batch):
    text = formatted(TextFormatter(), batch).decode()
    assert text.replace("\n", "").isprintable()
    assert len(text.splitlines()) == text.count("\n") == len(batch)


@pytest.mark.parametrize(
    ("zone", "time_", "local"),
    [
        ("UTC", "2023-10-20T15:30:45.123456789Z", "2023-10-20 15:30:45.123456"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2023-07-01T22:30:00.000000999Z", "2023-07-02 00:30:00.000000"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2023-12-31T23:59:59.999999999Z", "2024-01-01 00:59:59.999999"),
        ("XXX24:59:59", "2023-10-20T15:30:45.123456789Z", "2023-10-19 14:30:46.123456"),
        ("XXX-24", "2023-10-20T15:30:45.123456789Z", "2023-10-21 15:30:45.123456"),
        ("\udcff", "2023-10-20T15:30:45.123456789Z", "2023-10-20 15:30:45.123456"),
        ("XXX+3:30", "2024-02-29T00:00:00.000001000Z", "2024-02-28 20:30:00.000001"),
    ],
)
def test_time_is_local(monkeypatch, zone, time_, local):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    assert line(make("open", time=time_)).startswith(f"[{local}] ")


def test_time_goes_on_from_second_to_second():
    for moment in ("15:30:45.999999", "15:30:45.000001", "15:30:46.000000", "16:30:46.000000"):
        assert line(make("open", time=f"2023-10-20T{moment}123Z")).startswith(f"[2023-10-20 {moment}] ")


def test_another_format_has_its_nearest_match():
    with pytest.raises(UsageError, match="unknown output format 'jsn'") as raised:
        formatter("jsn", 1)
    assert raised.value.hint == "did you mean 'json'?"
