"""Answers to made events: what they say for people and as JSON."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from onlooker import Monitor
from onlooker.answers.denied import Denied
from onlooker.answers.files import Reads, Writes
from onlooker.answers.missing import Missing
from onlooker.answers.page import Page
from onlooker.answers.who import Who
from onlooker.enrich.processes import ProcessTable
from onlooker.testing import FakeSource, make

from .asking import SCREEN, ask, miss, opened, rows

READ = [
    make("exec", path="cat", exe="/usr/bin/cat", comm="cat"),
    opened("/etc/b", comm="cat"),
    opened("/etc/a", comm="cat"),
    opened("/etc/b", comm="grep"),
    opened("/etc/w", "O_WRONLY", comm="cat"),
    miss("/etc/no", comm="cat"),
    make("exec", path="no", errno="EACCES", comm="cat"),
]


def test_reads():
    assert ask(Reads(), READ) == [
        "TIMES  HOW       FILE",
        "    1  executed  /usr/bin/cat",
        "    2  read      /etc/b",
        "    1  read      /etc/a",
        "read 3 files, 4 times by cat, grep",
    ]
    first, second, _ = rows(Reads(), READ)
    assert first["file"] == "/usr/bin/cat"
    assert second == {
        "file": "/etc/b", "kind": "file", "time": READ[1].time, "count": 2, "actions": ["read"],
        "comms": ["cat", "grep"],
    }  # fmt: skip


def test_nothing_happened():
    answers = Reads(), Writes(), Missing(), Denied(), Who(["/x"], ProcessTable(None))
    assert [ask(answer, []) for answer in answers] == [
        ["read 0 files, 0 times"],
        ["wrote 0 files, 0 times"],
        ["missed 0 names, 0 times; 0 found elsewhere"],
        ["denied 0 times, 0 files"],
        ["0 changes by 0 processes"],
    ]


def test_writes():
    events = [
        opened("/tmp/new", "O_WRONLY", "O_CREAT", created=True),
        opened("/tmp/new", "O_WRONLY", "O_APPEND"),
        make("rename", path="/tmp/new", new_path="/tmp/old"),
        make("unlink", path="/tmp/gone"),
        make("unlink", path="/tmp/stays", errno="EPERM"),
        make("chmod", path=None, fd=3, real_path="/tmp/old"),
        opened("/etc/b"),
    ]
    assert ask(Writes(), events) == [
        "TIMES  HOW                                  FILE",
        "    2  renamed to, chmod                    /tmp/old",
        "    1  removed                              /tmp/gone",
        "    3  created, written, appended, renamed  /tmp/new",
        "wrote 1 file, 2 times by fake; 1 file removed, 1 temporary file",
    ]
    assert [(row["file"], row["kind"]) for row in rows(Writes(), events)] == [
        ("/tmp/old", "file"), ("/tmp/gone", "removed"), ("/tmp/new", "temporary"),
    ]  # fmt: skip


def test_temporary_files_are_one_row():
    """In a terminal; they and devices are no files that were written. What is made again is no temporary file."""
    temporary = [
        make_
        for number in range(6)
        for make_ in (
            opened(f"/tmp/x/{number}", "O_WRONLY", "O_CREAT", created=True),
            make("unlink", path=f"/tmp/x/{number}"),
        )
    ]
    again = [opened("/tmp/x/5", "O_WRONLY", "O_CREAT", created=True)]
    others = [
        make("open", path="/tmp", flags=("O_RDWR", "O_TMPFILE"), real_path="/tmp/#1", file_state="tmpfile"),
        opened("/dev/null", "O_WRONLY"),
        opened("/dev/shm/x", "O_WRONLY"),
        make("mkdir", path="/srv/site"),
        opened("/srv/site/six.py", "O_WRONLY", "O_CREAT", created=True),
    ]
    events = [*temporary, *others, *again]
    assert ask(Writes(), events, SCREEN) == [
        "TIMES  HOW                        FILE",
        "    3  created, written, removed  /tmp/x/5",
        "    1  written                    /dev/shm/x",
        "    1  created                    /srv/site",
        "    1  created, written           /srv/site/six.py",
        "    1  written                    /dev/null",
        "   11  removed again              /tmp/ (6 temporary files)",
        "wrote 4 files, 6 times by fake; 1 device, 6 temporary files",
    ]
    assert len(ask(Writes(), events)) == 13


def test_a_file_has_half_the_page():
    words = ("O_WRONLY", "O_CREAT"), ("O_RDWR",), ("O_WRONLY", "O_TRUNC"), ("O_WRONLY", "O_APPEND")
    path = "/usr/lib/python3/dist-packages/pip"
    events = [
        *(opened(path, *flags, created="O_CREAT" in flags) for flags in words),
        make("chmod", path=path),
        make("utime", path=path),
    ]
    _, row, _ = ask(Writes(), events, SCREEN)
    assert row == f"    6  created, written and 5 more  {path}"


def test_thousands_of_files_are_a_screenful():
    """Only in a terminal."""
    events = [opened(f"/usr/lib/{place}/{number}", "O_WRONLY") for number in range(300) for place in "abc"]
    made = ask(Writes(), [opened("/etc/x", "O_WRONLY"), *events], SCREEN)
    assert made == [
        "TIMES  HOW      FILE",
        "    1  written  /etc/x",
        *(f"  300  written  /usr/lib/{place}/ (300 files)" for place in "abc"),
        "wrote 901 files, 901 times by fake",
    ]
    assert len(ask(Writes(), events)) == 902


@pytest.mark.parametrize("answer", [Reads, Writes, Missing, Denied])
def test_there_is_a_bound(answer, monkeypatch):
    for name in ("files.MOST_FILES", "missing.MOST_SEARCHES", "denied.MOST_ROWS"):
        monkeypatch.setattr(f"onlooker.answers.{name}", 3)
    fields = {"errno": "ENOENT"} if answer is Missing else {"errno": "EPERM"} if answer is Denied else {}
    events = [opened(f"/{number}", "O_RDWR", **fields) for number in range(10)]
    *found, last = rows(answer(), events)
    assert (len(found), last) == (3, {"not_listed": 7})
    assert ask(answer(), events)[-2] == "not listed: 7 others, for which there was no room"
    assert "3 " in ask(answer(), events)[-1] and "7 " not in ask(answer(), events)[-1]


def test_denied():
    events = [
        opened("/etc/shadow", errno="EACCES", comm="cat", pid=7),
        opened("/etc/shadow", errno="EACCES", comm="cat", pid=8),
        make("unlink", path="/etc/x", errno="EPERM", comm="rm", pid=9),
        make("mkdir", path="/proc/x", errno="EROFS", comm="mkdir", pid=9),
        make("exec", path="/x", errno="EACCES", comm="sh", pid=9),
        miss("/etc/no"),
    ]
    assert ask(Denied({1000: "me"}.__getitem__), events) == [
        "TIMES  PROCESS     USER  WANTED   ERROR   FILE",
        "    2  cat (7 +1)  me    read     EACCES  /etc/shadow",
        "    1  rm (9)      me    remove   EPERM   /etc/x",
        "    1  mkdir (9)   me    create   EROFS   /proc/x",
        "    1  sh (9)      me    execute  EACCES  /x",
        "denied 5 times, 4 files",
    ]
    first = rows(Denied(), events)[0]
    said = {"comm": "cat", "wanted": ["read"], "errno": "EACCES", "file": "/etc/shadow", "count": 2, "pids": [7, 8]}
    assert said.items() <= first.items()


def test_a_library_that_is_denied_is_not_hidden():
    """It may be why a program fails."""
    events = [opened(f"/lib/lib{error}.so", errno=error) for error in ("ENOENT", "EACCES")]
    which = {"events": Denied.events, "failed": True, "where": Denied.where, "hide": ["noise"]}
    with Monitor(**which, source=FakeSource(events)) as monitor:
        assert list(monitor) == events[1:]


def test_who(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    events = [
        make("exec", pid=1000, ppid=1, start_ns=5, comm="bash", argv=("bash",)),
        make("fork", pid=1000, ppid=1, start_ns=5, comm="bash", child_pid=7, child_start_ns=9, child_ppid=1000),
        make("exec", pid=7, ppid=1000, start_ns=9, comm="sh", argv=("sh", "-c", "x > /tmp/x/a b"), uid=33),
        *[opened("/tmp/x/a", "O_WRONLY", pid=7, start_ns=9, ppid=1000, comm="sh", uid=33)] * 3,
        opened("/tmp/x/a", "O_RDONLY", pid=7, start_ns=9, ppid=1000, comm="sh"),
        opened("/tmp/xy", "O_WRONLY", pid=7, start_ns=9, ppid=1000, comm="sh"),
        make("rename", path="/tmp/y", new_path="/tmp/x/b", pid=7, start_ns=9, ppid=1000, comm="sh"),
        make("rename", path="/tmp", new_path="/tmq", pid=7, start_ns=9, ppid=1000, comm="sh"),
        make("unlink", path="/tmp/x/no", errno="ENOENT"),
        make("rmdir", path="/tmp/x/", errno="EPERM", pid=8, ppid=4, start_ns=3, comm="late"),
    ]
    made = ask(Who(["/tmp/x"], ProcessTable(None), {33: "www", 1000: "me"}.__getitem__), events)
    assert [line if line[2:4].isalpha() or line[0] != " " else line[16:] for line in made] == [
        "www  sh (7)  sh -c 'x > /tmp/x/a b'",
        "  by bash (1000) < ? (1)",
        "written           /tmp/x/a",
        "renamed           /tmp/y -> /tmp/x/b",
        "renamed           /tmp -> /tmq",
        "me  late (8)  its arguments are not known",
        "  by ? (4)",
        "tried to remove: EPERM  /tmp/x",
        "3 changes and 1 failed attempt by 2 processes, 6 times in all",
    ]
    first, *_ = rows(Who(["/tmp/x"], ProcessTable(None)), events)
    assert (first["argv"], first["parents"], first["unknown_parent"]) == (["sh", "-c", "x > /tmp/x/a b"], ["bash"], 1)
    assert (first["actions"], first["file"]) == (["written"], "/tmp/x/a")


def touched(number, **fields):
    """A short process."""
    who = {"pid": 100 + number, "ppid": 50, "start_ns": number, "comm": "touch", **fields}
    return [
        make("exec", argv=("touch", f"/d/{number}"), **who),
        opened(f"/d/{number}", "O_WRONLY", "O_CREAT", created=True, **who),
        make("utime", path=f"/d/{number}", **who),
    ]


def test_processes_alike_are_a_screenful():
    """In a terminal; elsewhere all is shown. Others are shown meanwhile."""
    events = [event for number in range(60) for event in touched(number)]
    other = [make("unlink", path="/d/0", pid=500, comm="rm"), make("unlink", path="/d/1", pid=500, comm="rm")]
    made = ask(Who(["/d"], ProcessTable(None)), [*events, *other], SCREEN)
    assert len(made) < SCREEN.height and sum("  touch (" in line for line in made[:-3]) == 4
    assert any("rm (500)" in line for line in made)
    assert made[-3:] == [
        "more of the same, which -o FILE has in full:",
        "    113 by touch (57 processes): set times, created, written below /d/",
        "122 changes by 61 processes",
    ]
    assert len(ask(Who(["/d"], ProcessTable(None)), [*events, *other])) == 60 * 4 + 4 + 1
    assert len(rows(Who(["/d"], ProcessTable(None)), events)) == 120


def test_what_happens_again_after_a_while_is_shown():
    """Not only at the end."""
    soon = [event for number in range(20) for event in touched(number)]
    late = touched(20, time="2030-01-01T00:00:00.000000000Z")
    made = ask(Who(["/d"], ProcessTable(None)), [*soon, *late], SCREEN)
    assert any("touch (120)" in line for line in made)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=20).filter(lambda data: not {0, 47} & {*data} and data not in (b".", b"..")))
def test_who_asks_only_for_what_it_needs(data):
    """Whatever the path holds: what is there, what moves a directory above it, and the life of processes."""
    path = f"/srv/{decoded(data)}"
    wanted = [
        opened(path, "O_WRONLY"),
        opened(f"{path}/x", "O_WRONLY"),
        make("rename", path="/a", new_path=f"{path}/x"),
        make("rename", path="/srv", new_path="/x"),
        make("fork"),
        make("exit"),
    ]
    others = [
        opened(f"{path}2", "O_WRONLY"),
        opened("/srv", "O_WRONLY"),
        make("rename", path="/tmp/srv", new_path="/x"),
    ]
    who = Who([path], ProcessTable(None))
    with Monitor(events=who.events, where=who.where, source=FakeSource([*wanted, *others])) as monitor:
        assert list(monitor) == wanted


NAMES = st.binary(min_size=1, max_size=90).filter(lambda data: 0 not in data)


def decoded(data):
    return data.decode("utf-8", "surrogateescape")


@settings(deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=30), st.sampled_from(["ENOENT", "EACCES", None]), st.integers(40, 100))
def test_whatever_a_name_holds_lines_are_harmless_and_fit(names, errno, width):
    fields = {"errno": errno} if errno else {}
    events = [opened(decoded(b"/" + name), "O_RDWR", comm=decoded(name[:15]), **fields) for name in names]
    for asked in (Reads(), Writes(), Missing(), Denied(), Who(["/"], ProcessTable(None))):
        made = ask(asked, events, Page(width, 24))
        assert len(made) <= 3 * len(names) + 3
        assert all(line.isprintable() for line in made)
        assert all(cell_len(line) <= width for line in made), made
