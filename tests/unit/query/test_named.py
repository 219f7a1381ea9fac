"""The queries that come with onlooker, each against events of which the answer is known."""

import os
import pwd

import pytest

from onlooker.errors import UsageError
from onlooker.query.names import named, query_of, user_directories

from ..recordings.lives import OFFSET, at, end, event, execute, fork
from .made import asked, record

READ, WRITE = ("O_RDONLY",), ("O_WRONLY", "O_CREAT")
MAKE = {"comm": "make", "ppid": 1, "uid": 1000}
CC = {"comm": "cc", "ppid": 100, "uid": 1000}
AOUT = {"comm": "a.out", "ppid": 100, "uid": 33}


def of_make(name, second, **fields):
    return event(name, second, 100, 9, **{**MAKE, **fields})


def of_cc(name, second, **fields):
    return event(name, second, 200, 11, **{**CC, **fields})


def file(path, inode):
    return {"path": path, "real_path": f"/srv/{path}", "device": 1, "inode": inode}


EVENTS = [
    execute(10, 100, 9, "make", **MAKE),
    of_make("open", 10.1, **file("Makefile", 1), flags=READ),
    of_make("open", 10.2, path="config.h", joined_path="/srv/config.h", errno="ENOENT"),
    of_make("open", 10.3, path="config.h", joined_path="/srv/config.h", errno="ENOENT"),
    of_make("readlink", 10.35, path="Makefile", errno="EINVAL"),
    of_make("open", 10.4, **file(".", 9), flags=("O_RDONLY", "O_DIRECTORY")),
    fork(11, 100, 9, 200, **MAKE),
    execute(11.1, 200, 11, "cc", "-c", "a.c", **CC),
    of_cc("open", 11.2, **file("a.c", 2), flags=READ),
    of_cc("open", 11.3, **file("a.tmp", 3), flags=WRITE, created=True),
    of_cc("rename", 11.4, path="a.tmp", joined_path="/srv/a.tmp", new_path="a.out", joined_new_path="/srv/a.out"),
    of_cc("open", 11.5, **file("log", 4), flags=("O_WRONLY", "O_APPEND")),
    of_cc("open", 11.6, path="/dev/null", real_path="/dev/null", flags=("O_RDWR",)),
    end(11.9, 200, 11, exit_code=0, duration_ns=at(0.01), **CC),
    of_make("open", 12.1, **file("log", 4), flags=("O_WRONLY", "O_APPEND")),
    of_make("open", 12.2, **file("run.sh", 5), flags=("O_RDWR", "O_TRUNC")),
    of_make("truncate", 12.3, path="run.sh", joined_path="/srv/run.sh", errno=None),
    of_make("open", 12.4, **file("find", 6), flags=("O_RDONLY", "O_PATH")),
    fork(13, 100, 9, 300, **MAKE),
    execute(13.1, 300, 13, "a.out", path="./a.out", exe="/srv/a.out", device=1, inode=3, **AOUT),
    execute(13.2, 300, 13, "sh", path="./run.sh", exe="/bin/sh", interpreter="/bin/sh", cwd="/srv", **AOUT),
    event("stat", 13.3, 300, 13, path="/etc/x", joined_path="/etc/x", errno="EACCES", **AOUT),
    end(14, 300, 13, signal="SIGSEGV", duration_ns=at(1), cpu_user_ns=7, cpu_system_ns=8, **AOUT),
    end(15, 100, 9, exit_code=2, duration_ns=at(6), **MAKE),
]
EVENTS.sort(key=lambda each: each.boot_ns)


def when(second):
    return OFFSET + at(second)


ANSWERS = {
    "slowest": [
        (100, "make", "make", 6.0, 0.004, 2, None, False),
        (300, "a.out", "sh", 1.0, 15e-9, None, "SIGSEGV", False),
        (200, "cc", "cc -c a.c", 0.01, 0.004, 0, None, False),
    ],
    "files-written": [
        ("/dev/null", 1, ["opened"], ["cc"]),
        ("/srv/a.out", 1, ["renamed"], ["cc"]),
        ("/srv/a.tmp", 1, ["created"], ["cc"]),
        ("/srv/log", 2, ["opened"], ["cc", "make"]),
        ("/srv/run.sh", 2, ["opened", "truncated"], ["make"]),
    ],
    "files-read": [
        ("/dev/null", 1, ["cc"]),
        ("/srv/Makefile", 1, ["make"]),
        ("/srv/a.c", 1, ["cc"]),
        ("/srv/run.sh", 1, ["make"]),
    ],
    "failed": [("EACCES", "stat", "/etc/x", 1, ["a.out"])],
    "missing": [("/srv/config.h", 2, ["open"], ["make"])],
    "most-opened": [
        ("/srv/config.h", 2, 2, 1, ["make"]),
        ("/srv/log", 2, 0, 2, ["cc", "make"]),
        *((f"/srv/{name}" if name[0] != "/" else name, 1, 0, 1, [who]) for name, who in (
            ("/dev/null", "cc"), (".", "make"), ("Makefile", "make"), ("a.c", "cc"), ("a.tmp", "cc"), ("find", "make"),
            ("run.sh", "make"),
        )),
    ],
    "short-lived": [("/usr/bin/cc", 1, 0.01, 0.004, 10.0)],
    "never-read": [("/srv/log", 2, ["cc", "make"])],
    "programs": [
        ("/bin/sh", 1, 1, [33], ["./run.sh"]),
        ("/srv/a.out", 1, 1, [33], ["./a.out"]),
        ("/usr/bin/cc", 1, 1, [1000], None),
        ("/usr/bin/make", 1, 1, [1000], None),
    ],
    "exit-codes": [
        ("/usr/bin/make", 2, None, 1),
        ("/usr/bin/cc", 0, None, 1),
        ("/bin/sh", None, "SIGSEGV", 1),
    ],
    "losses": [("damaged", "unknown", 1)],
    "by-user": [(1000, 2, 2, 9, 5, 3, 20, 0.008), (33, 1, 2, 0, 0, 1, 4, 15e-9)],
    "changed-twice": [("/srv/log", 2, 2, ["cc", "make"]), ("/srv/run.sh", 2, 1, ["make"])],
    "executed-after-written": [
        ("/srv/a.out", "cc", 200, when(11.3), when(13.1), 300, "a.out"),
        ("/srv/run.sh", "make", 100, when(12.2), when(13.2), 300, "sh"),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    with asked(record(tmp_path_factory.mktemp("named") / "r", EVENTS, finish=False, tail=[])) as run:
        yield run


def test_all_are_tested():
    assert {each.name for each in named().values() if not each.path} == {*ANSWERS}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_is_right(ask, name):
    times = {"written": "epoch_ns(written) AS written", "executed": "epoch_ns(executed) AS executed"}
    columns = [row[0] for row in ask(f"DESCRIBE {query_of(name)}")]
    shown = [times.get(each, each) for each in columns if each not in ("recording", "first", "last")]
    assert ask(f"SELECT {', '.join(shown)} FROM ({query_of(name)})") == ANSWERS[name]


@pytest.mark.parametrize("name", ANSWERS)
def test_each_says_what_it_is(name):
    description = named()[name].description
    assert 10 < len(description) < 90 and description[0].islower() and not description.endswith(".")


@pytest.mark.parametrize("name", ANSWERS)
def test_each_works_where_nothing_was_recorded(tmp_path, name):
    with asked(record(tmp_path / "r", [])) as run:
        assert run(query_of(name)) == []


def test_those_of_the_user_count_more(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    directory = tmp_path / "onlooker/queries"
    directory.mkdir(parents=True)
    (directory / "slowest.sql").write_text("SELECT 1")
    (directory / "x y.sql").write_text("SELECT 2")
    (directory / "no.txt").write_text("SELECT 3")
    assert (query_of("slowest"), query_of("x y")) == ("SELECT 1", "SELECT 2")
    assert named()["slowest"].description == ""
    with pytest.raises(UsageError, match="unknown named query 'no'"):
        query_of("no")
    (directory / "bad.sql").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="not UTF-8"):
        named()


def test_under_sudo_those_of_the_caller_count_too(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "root"))
    monkeypatch.setenv("SUDO_USER", "somebody")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", lambda name: pwd.struct_passwd(("x", "x", 1, 1, "", str(tmp_path / name), "")))
    wanted = [tmp_path / home / ".config/onlooker/queries" for home in ("somebody", "root")]
    assert [*user_directories()] == wanted
    monkeypatch.setattr(os, "geteuid", lambda: 1)
    assert [*user_directories()] == wanted[1:]
