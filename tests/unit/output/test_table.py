"""The table: its columns line up, whatever the names are; colours only where they are wanted."""

import fcntl
import os
import pty
import re
import struct
import termios
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from onlooker import Batch, Lost
from onlooker.output import formatter
from onlooker.output.sink import LineSink
from onlooker.output.table import COLUMNS, TableFormatter
from onlooker.output.writer import ClosedPipeError
from onlooker.testing import make

from ..batches import formatted
from ..hostile import events

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
DETAILS_AT = sum(width + 1 for _, width, _ in COLUMNS[:-1])
WHO = {"comm": "bash", "pid": 1234, "ppid": 1000, "uid": 0}


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def row(event, *, colour=False, width=0):
    text = formatted(TableFormatter(colour=colour, width=width), [event]).decode()
    assert text.endswith("\n")
    return text[:-1]


ROWS = [
    (make("fork", **WHO), "fork        1234    1000     0 bash            1235         process by clone SIGCHLD"),
    (
        make("fork", **WHO, thread=True, child_tid=1240, cut=("clone_flags",)),
        "fork        1234    1000     0 bash            1240         thread by clone SIGCHLD [cut: clone_flags]",
    ),
    (
        make("fork", **WHO, syscall=None, kernel=True, clone_flags=()),
        "fork        1234    1000     0 bash            1235         kernel thread by kernel_clone",
    ),
    (
        make("exec", **WHO, path="./a", interpreter="/bin/sh", argv=("./a", "b c")),
        "exec        1234    1000     0 bash            ok           ./a by /bin/sh: ./a 'b c'",
    ),
    (
        make("exec", **WHO, path="/a", argv=("a",), errno="ENAMETOOLONG"),
        "exec        1234    1000     0 bash            ENAMETOOLONG /a: a",
    ),
    (make("exit", **WHO, exit_code=7), "exit        1234    1000     0 bash            7            after 1.000000 s"),
    (
        make("exit", **WHO, signal="SIGRTMIN+15", core_dumped=True),
        "exit        1234    1000     0 bash            SIGRTMIN+15  after 1.000000 s, core dumped",
    ),
    (
        make("open", **WHO, path="/a b\n", flags=("O_WRONLY", "O_CREAT")),
        "open        1234    1000     0 bash            fd 3         /a b\\n  O_WRONLY O_CREAT",
    ),
    (
        make("open", **WHO, path="a", flags=("O_RDONLY",), real_path="/b/a", file_state="deleted"),
        "open        1234    1000     0 bash            fd 3         a [file: /b/a] [deleted]  O_RDONLY",
    ),
    (
        make("open", **WHO, path="", flags=("O_RDONLY",), errno="ENOENT", joined_path="/b/"),
        'open        1234    1000     0 bash            ENOENT       "" [joined: /b/]  O_RDONLY',
    ),
    (
        make("rename", **WHO, path="a", new_path="/b", joined_path="/c/a"),
        "rename      1234    1000     0 bash            ok           file a to /b [joined: /c/a to /b]",
    ),
    (
        Lost("2026-01-31T12:00:00.000000000Z", 1, 45, "open", "ring full"),
        "lost                                                        events: 45 open (ring full)",
    ),
    (
        Lost("2026-01-31T12:00:00.000000000Z", 1, 5, "unknown", "recursion"),
        "lost                                                        events: up to 5 unknown (recursion)",
    ),
]


@pytest.mark.parametrize(("event", "expected"), ROWS)
def test_row(event, expected):
    assert row(event) == f"12:00:00.000000 {expected}"


def test_the_head_names_the_columns():
    assert TableFormatter(colour=False, width=0).head() == (
        b"TIME            EVENT        PID    PPID   UID NAME            RESULT       DETAILS\n"
    )


NAMES = ["a", "fifteen bytes ok", "漢字漢字漢", "漢字漢字漢", "e\u0301" * 5, "\x1b\udcff\u202e"]


@pytest.mark.parametrize("comm", NAMES)
def test_columns_stand_below_each_other(comm):
    line = row(make("open", comm=comm, path="/here"))
    before, found, _ = line.partition("/here")
    assert found
    assert cell_len(before) == DETAILS_AT
    assert line.isprintable()


def test_a_name_that_is_too_wide_is_marked():
    assert r"\x1b\x1b\x1b\x… fd 3" in row(make("open", comm="\x1b" * 15))


def test_a_number_is_never_cut():
    assert " 4294967295 " in row(make("open", uid=2**32 - 1))


@settings(deadline=None, max_examples=200)
@given(event=events, width=st.sampled_from([0, 20, 40, 71, 80, 133]))
def test_a_row_is_printable_and_not_too_wide(event, width):
    line = row(event, width=width)
    assert line.isprintable()
    assert not width or cell_len(line) <= width


@settings(deadline=None, max_examples=100)
@given(event=events, width=st.sampled_from([0, 80]))
def test_colours_change_nothing_else(event, width):
    coloured = row(event, colour=True, width=width)
    assert COLOUR.sub("", coloured) == row(event, width=width)


def test_a_row_that_is_too_wide_is_cut_and_marked():
    whole = row(make("open", path="/" + 100 * "x"))
    assert row(make("open", path="/" + 100 * "x"), width=160) == whole[:159] + "…"
    assert (
        row(make("open", path="/" + 100 * "漢"), width=DETAILS_AT + 95) == whole[:DETAILS_AT] + "/" + 46 * "漢" + " …"
    )


def test_what_can_not_be_shown_is_not_escaped():
    event = make("exec", argv=("a", "\x1b" * 130_000, "b" * 130_000))
    assert row(event, width=100).endswith("…")
    [batch] = Batch.of([event])
    [shown] = batch.details(400)
    assert shown.endswith("…") and len(shown) < 2500


def test_accents_without_end_are_cut_and_marked():
    line = row(make("open", path="/e" + 100_000 * "\u0301"), width=100)
    assert "…" in line and len(line) < 1000


FAILED = [
    make("open", errno="ENOENT"),
    make("open", errno="600"),
    make("exec", errno="EACCES"),
    make("exit", exit_code=1),
    make("exit", signal="SIGKILL"),
]


@pytest.mark.parametrize("event", FAILED)
def test_what_failed_is_red(event):
    assert row(event, colour=True).startswith("\x1b[31m")


@pytest.mark.parametrize("event", [make("open"), make("exec"), make("exit"), make("fork")])
def test_what_succeeded_is_not(event):
    assert "\x1b[31m" not in row(event, colour=True)


@pytest.fixture
def terminal():
    """A terminal of 90 columns."""
    if not Path("/dev/pts/ptmx").exists():
        pytest.skip("no terminals here: /dev/pts is not mounted")
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 90, 0, 0))
    yield slave
    os.close(master)
    os.close(slave)


def shown_on(descriptor):
    return formatted(formatter("table", descriptor), [make("open", path="/" + 200 * "x", errno="ENOENT")]).decode()


def test_a_terminal_that_is_resized(terminal):
    """The next row fits; so does one after the terminal is gone."""
    made = formatter("table", terminal)
    event = make("open", path="/" + 300 * "x")
    for width in (90, 60, 200):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        assert cell_len(COLOUR.sub("", formatted(made, [event]).decode().rstrip("\n"))) == width
    made._terminal = -1
    assert cell_len(COLOUR.sub("", formatted(made, [event]).decode().rstrip("\n"))) == 200


@pytest.mark.parametrize("whole", range(4))
def test_what_a_resized_terminal_did_not_take(whole):
    """The head that is shown again is no event."""

    class Torn:
        def __init__(self):
            self.taken = 0

        def write(self, data):
            lines = bytes(data).splitlines(keepends=True)
            self.taken = sum(map(len, lines[:whole])) + 3
            raise ClosedPipeError

    made = TableFormatter(colour=False, width=90)
    made.head()
    made._width = 60
    [batch] = Batch.of([make("exit", exit_code=code) for code in range(3)])
    sink = LineSink(made, Torn())
    with pytest.raises(ClosedPipeError):
        sink.write(batch)
    assert [event.exit_code for event in sink.unwritten] == list(range(3))[max(0, whole - 1) :]


def test_a_terminal_gets_colours_and_rows_of_its_width(monkeypatch, terminal):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = shown_on(terminal)
    assert COLOUR.search(text)
    assert cell_len(COLOUR.sub("", text).rstrip("\n")) == 90


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_gets_no_colours_where_none_are_wanted(monkeypatch, terminal, name, value):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv(name, value)
    assert "\x1b" not in shown_on(terminal)


def test_a_terminal_without_a_name_gets_no_colours(monkeypatch, terminal):
    monkeypatch.delenv("TERM", raising=False)
    assert "\x1b" not in shown_on(terminal)


def test_an_empty_no_color_means_nothing(monkeypatch, terminal):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "")
    assert COLOUR.search(shown_on(terminal))


def test_a_pipe_gets_whole_rows_without_colours(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    reader, writer = os.pipe()
    text = shown_on(writer)
    os.close(reader)
    os.close(writer)
    assert "\x1b" not in text
    assert 200 * "x" in text


HEADS = {
    80: "EVENT        PID NAME       RESULT  DETAILS",
    100: "TIME     EVENT        PID NAME       RESULT       DETAILS",
    130: "TIME            EVENT        PID NAME            RESULT       DETAILS",
    200: "TIME            EVENT        PID    PPID   UID NAME            RESULT       DETAILS",
}


@pytest.mark.parametrize(("width", "head"), HEADS.items())
def test_a_narrow_terminal_has_fewer_columns(width, head):
    assert TableFormatter(colour=False, width=width).head().decode() == head + "\n"


@pytest.mark.parametrize("user", [None, str])
def test_a_path_gets_at_least_half_of_the_width(user):
    for width in range(34, 250):
        shown = formatted(TableFormatter(colour=False, width=width, user=user), [make("open", path="/" + 250 * "x")])
        path = shown.decode().rstrip("\n")[-(width // 2) :]
        assert set(path.lstrip("/")) == {"x", "…"}


def test_a_very_narrow_terminal_shows_what_was_done_to_which_file():
    formatter = TableFormatter(colour=False, width=40)
    rows = formatter.head() + formatted(
        formatter, [make("open", path="/etc/hostname", comm="cat", errno="ENAMETOOLONG")]
    )
    assert rows.decode().splitlines() == [
        "EVENT    RESULT  DETAILS",
        "open     ENAMET… /etc/hostname  O_RDONLY",
    ]


NAMES_OF_USERS = {0: "root", 1000: "w\x1bw"}.get


def test_users_have_names_on_request():
    made = TableFormatter(colour=False, width=80, user=NAMES_OF_USERS)
    rows = made.head() + formatted(made, [make("open", uid=uid, comm="cat", path="/a") for uid in (0, 1000)])
    assert rows.decode().splitlines() == [
        "EVENT    USER     NAME       RESULT  DETAILS",
        "open     root     cat        fd 3    /a  O_RDONLY",
        "open     w\\x1bw   cat        fd 3    /a  O_RDONLY",
    ]
