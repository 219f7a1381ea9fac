"""What is looked for and is not there, of made events."""

import time

import pytest
from rich.cells import cell_len

from onlooker import Monitor
from onlooker.answers.missing import Missing
from onlooker.answers.page import Page, listed
from onlooker.testing import FakeSource, make

from .asking import SCREEN, ask, failed_exec, miss, opened, rows


def test_a_search_is_one_row():
    events = [
        *(failed_exec(f"/{place}/git", comm="sh", pid=7) for place in ("usr/local/sbin", "usr/local/bin")),
        failed_exec("/usr/local/bin/git", comm="sh", pid=8),
        make("exec", path="/usr/bin/git", exe="/usr/lib/git", comm="git", pid=7),
        miss("/etc/ld.so.preload", comm="git", pid=7),
        miss("lib.so", comm="git", pid=7),
    ]
    assert ask(Missing(), events) == [
        "TIMES  PROGRAM  WANTED   MISSING",
        "    3  sh       execute  git: not in /usr/local/sbin, /usr/local/bin; found in /usr/bin, not by 1 process",
        "    1  git      read     /etc/ld.so.preload",
        "    1  git      read     lib.so",
        "missed 3 names, 5 times; 1 found elsewhere",
    ]
    first = rows(Missing(), events)[0]
    assert (first["places"], first["found"]) == (["/usr/local/sbin/", "/usr/local/bin/"], "/usr/bin/")
    assert (first["wanted"], first["unfound"]) == (["execute"], 1)


def test_what_a_child_executes_its_parent_has_found():
    events = [
        make("stat", path="/a/as", errno="ENOENT", pid=7, start_ns=3),
        make("exec", path="/usr/bin/as", exe="/usr/bin/x-as", pid=8, ppid=7, start_ns=9),
    ]
    [row] = rows(Missing(), events)
    assert row["found"] == "/usr/bin/" and "unfound" not in row


@pytest.mark.parametrize(
    ("event", "fields", "wanted", "said"),
    [
        ("unlink", {}, "remove", "/d/f"),
        ("rmdir", {}, "remove", "/d/f"),
        ("mkdir", {}, "create", "/d/f"),
        ("mknod", {}, "create", "/d/f"),
        ("symlink", {}, "symlink", "/d/f"),
        ("chmod", {}, "chmod", "/d/f"),
        ("chown", {}, "chown", "/d/f"),
        ("truncate", {}, "truncate", "/d/f"),
        ("utime", {}, "set times", "/d/f"),
        ("xattr", {}, "remove xattr", "/d/f"),
        ("bind", {}, "bind", "/d/f"),
        ("access", {"access_mode": ("R_OK",)}, "ask", "/d/f"),
        ("rename", {"new_path": "/e/g"}, "rename", "/d/f, or the directory of /e/g"),
        ("link", {"new_path": "/e/g"}, "link", "/d/f, or the directory of /e/g"),
    ],
)
def test_every_call_on_a_file_may_miss_it(event, fields, wanted, said):
    events = [make(event, path="/d/f", errno="ENOENT", **fields)]
    with Monitor(events=Missing.events, where=Missing.where, source=FakeSource(events)) as monitor:
        seen = list(monitor)
    assert ask(Missing(), seen)[1].split(maxsplit=2)[2] == f"{wanted:<{max(6, len(wanted))}}  {said}"


def test_what_is_made_elsewhere_was_not_found():
    events = [miss("/a/x", pid=7), make("mkdir", path="/b/x", pid=7)]
    with Monitor(events=Missing.events, where=Missing.where, source=FakeSource(events)) as monitor:
        assert [row.get("found") for row in rows(Missing(), list(monitor))] == [None]


LOADED = [
    miss("/etc/ld.so.preload"),
    *[
        event
        for name in ("libfound.so.1", "libnope.so")
        for place in ("/lib/hwcaps/v3", "/lib/hwcaps", "/lib", "/usr/lib")
        for event in (miss(f"{place}/{name}"), *([make("stat", path=place, errno="ENOENT")] if "hw" in place else []))
    ],
    opened("/opt/libfound.so.1"),
    miss("/etc/my.conf"),
]


def test_a_library_that_is_nowhere_is_not_hidden():
    """Of the loader's search, what it found is hidden, and where no directory is."""
    assert ask(Missing(hide=["loader"]), LOADED)[1:] == [
        "    4  fake     read    libnope.so: not in /lib, /usr/lib",
        "    1  fake     read    /etc/my.conf",
        "missed 2 names, 5 times; 0 found elsewhere",
    ]
    assert [row["name"] for row in rows(Missing(hide=["loader"]), LOADED)] == ["libnope.so", "my.conf"]
    assert [row["name"] for row in rows(Missing(), LOADED)] == [
        "ld.so.preload", "libfound.so.1", "v3", "hwcaps", "libnope.so", "my.conf",
    ]  # fmt: skip


def test_a_program_that_is_nowhere_is_not_hidden():
    events = [
        *(miss(f"{place}/{name}") for place in ("/usr/local/bin", "/bin") for name in ("cat", "nope")),
        opened("/usr/bin/cat"),
        miss("/home/bin.txt"),
    ]
    assert [row["name"] for row in rows(Missing(hide=["path-search"]), events)] == ["nope", "bin.txt"]


def test_a_million_names_in_one_directory(monkeypatch):
    """Time and room are bounded, whatever is missing: it took minutes, since each list was made anew for each name."""
    monkeypatch.setattr("onlooker.answers.missing.MOST_SEARCHES", 20_000)
    [_, row, *_] = ask(Missing(), [miss(f"/d/{number}") for number in range(30_000)], SCREEN)
    assert row.startswith("20000  fake     read    /d: 0, 1, 2, ") and row.endswith(" more")
    names = [str(number) for number in range(1_000_000)]
    began = time.process_time()
    assert listed(names, 60).endswith(" and 999986 more")
    assert time.process_time() - began < 1


def test_what_another_process_finds_was_not_found():
    """Nor what this one itself made in the meantime, in the same place."""
    events = [
        miss("/a/x", pid=7),
        opened("/b/x", pid=8),
        miss("/a/y", pid=7),
        opened("/a/y", "O_WRONLY", "O_CREAT", created=True, pid=7),
        opened("/b/x", pid=7, start_ns=1),
    ]
    assert [row.get("found") for row in rows(Missing(), events)] == [None, None]


def test_an_interpreter_that_is_missing():
    events = [failed_exec("/srv/run.py", missing_interpreter="/usr/bin/python2", comm="sh")]
    assert ask(Missing(), events)[1] == "    1  sh       execute  /usr/bin/python2, which /srv/run.py names"


def test_an_empty_path_is_told_from_one_that_is_not_known():
    events = [make("stat", path="", errno="ENOENT"), make("open", path="", cut=("path",), errno="ENOENT")]
    assert ask(Missing(), events)[1:-1] == ["    1  fake     stat    ''", "    1  fake     read    ?"]
    assert [row["name"] for row in rows(Missing(), events)] == ["", "?"]


def test_names_of_one_long_directory_are_seen():
    long = "/srv/" + "very-long-name/" * 6
    events = [opened(f"{long}{name * 30}", errno="ENOENT") for name in "abcdefghijklmnopqrstuvwxyz"]
    [_, row, _] = ask(Missing(), events, SCREEN)
    assert "…" in row and "aaa" in row and "and 25 more" in row and cell_len(row) <= 80


def test_too_much_that_is_missing_is_put_together():
    events = [miss(f"/locale/{number}", comm=comm) for number in range(30) for comm in ("git", "sed")]
    made = ask(Missing(), events, SCREEN)
    assert len(made) == 4
    assert made[1].startswith("   30  git      read    /locale: 0, 1, 2, ") and made[1].endswith(" more")
    events = [miss(f"/locale/{number}", comm=f"p{comm}") for number in range(3) for comm in range(30)]
    assert ask(Missing(), events, SCREEN)[1] == "   90  p0 +29   read    /locale: 0, 1, 2"


@pytest.mark.parametrize("found", [False, True])
@pytest.mark.parametrize("names", [1, 6])
@pytest.mark.parametrize("width", range(47, 120, 3))
def test_names_are_whole_and_directories_too(width, names, found):
    """What is missing is seen first; of its directories as many as fit, or their number."""
    places = [f"/usr/lib/gcc/x86_64-linux-gnu/12/include-{number}" for number in range(4)]
    events = [miss(f"{place}/bits{number}", pid=7) for number in range(names) for place in places]
    events += [opened(f"/usr/include/bits{number}", pid=7) for number in range(names) if found]
    page = Page(width, 10)  # that the names are put together
    row = ask(Missing(), [*events, *[miss(f"/{number}") for number in range(9)]], page)[1]
    text = row.split(maxsplit=3)[3]
    assert text.startswith("bits0") and "…" not in text.partition("; found")[0], row
    assert ("; found" in text) == found
    shown = text.partition(": not in ")[2].partition("; found")[0]
    assert not shown or "4 directories" in shown or places[0] in shown
