"""Options that are short for an expression."""

import os

import pytest

from onlooker.errors import UsageError
from onlooker.events import DEFAULT_EVENTS, TASK_EVENTS
from onlooker.filters import Filter, has_failed, sugar
from onlooker.filters.check import check
from onlooker.records import Batch
from onlooker.testing import make

from . import reference


def passing(events, **options):
    """The numbers of the events that pass; natively as by plain Python."""
    wanted = Filter.of(events=["all"], **options)
    found = [number for number, event in enumerate(events) if len(Batch.of([event])[0].matching(wanted.matcher()))]
    assert found == [number for number, event in enumerate(events) if reference.matches(wanted.where, event)]
    return found


FILES = (
    make("open", path="x", real_path="/srv/a/x"),
    make("open", path="/srv/ab"),
    make("rename", path="/tmp/x", new_path="y", joined_path="/tmp/x", joined_new_path="/srv/./a/y"),
    make("exec", path="/srv/a/script", exe="/usr/bin/dash", interpreter="/bin/sh"),
    make("exec", path="sh", exe="/srv/a/sh"),
    make("exit"),
    make("fork"),
)


def test_path(tmp_path, monkeypatch):
    assert passing(FILES, path=["/srv/a"]) == [0, 2, 3, 4]
    assert passing(FILES, path=["/srv/../srv//a/"]) == [0, 2, 3, 4]
    assert passing(FILES, path=["/srv/ab", "/tmp"]) == [1, 2]
    monkeypatch.chdir(tmp_path)
    opened = [make("open", path="x", real_path=f"{tmp_path}/{name}") for name in ("a/x", "b/x")]
    assert passing(opened, path=["a"]) == [0]
    assert passing(opened, path=["."]) == [0, 1]
    assert passing(opened, path=["../"]) == [0, 1]


def test_a_path_means_where_its_links_lead_too(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    opened = [
        make("open", path=f"{tmp_path}/link/x", real_path=f"{os.path.realpath(tmp_path)}/real/x"),
        make("open", path=f"{tmp_path}/link/x", joined_path=f"{tmp_path}/link/x", errno="ENOENT"),
    ]
    assert passing(opened, path=[f"{tmp_path}/link"]) == [0, 1]


def test_a_path_of_any_bytes():
    assert passing([make("open", path="/\udcff' *")], path=["/\udcff' *"]) == [0]


WRITES = (
    make("open", flags=("O_RDONLY", "O_CLOEXEC")),
    make("open", flags=("O_WRONLY",)),
    make("open", flags=("O_RDWR", "O_APPEND")),
    make("open", flags=("O_RDWR", "O_PATH")),
    make("open", flags=("O_RDONLY", "O_CREAT")),
    make("open", flags=("O_RDONLY", "O_CREAT"), created=True),
    make("open", flags=("O_RDONLY", "O_CREAT"), errno="EACCES"),
    make("open", flags=("O_WRONLY",), errno="EACCES"),
    make("open", flags=("O_RDONLY", "O_TRUNC")),
    make("exec"),
    make("exit"),
    make("unlink", errno="ENOENT"),
)


def test_writes():
    assert passing(WRITES, writes=True) == [1, 2, 5, 6, 7, 8, 11]


def test_every_change_is_one():
    """Each kind of event is of a process, looks or changes."""
    looks = {"open", "access", "stat", "readlink", "chdir"}
    assert {"fork", "exec", "exit", *looks} == set(TASK_EVENTS) - set(sugar.CHANGES)
    assert passing([make(name) for name in TASK_EVENTS], writes=True) == [
        number for number, name in enumerate(TASK_EVENTS) if name in sugar.CHANGES
    ]


def test_success_is_what_has_not_failed():
    events = (
        *WRITES,
        make("exit", exit_code=1),
        make("exit", signal="SIGKILL"),
        make("fork"),
        make("exec", errno="EPERM"),
    )
    assert passing(events, success=True) == [number for number, event in enumerate(events) if not has_failed(event)]


def test_arguments():
    events = [make("exec", argv=argv) for argv in (("sh", "-c", "x y"), ("sh", "-c"), ("sh", "x"))] + [make("open")]
    assert passing(events, arg=["-c"]) == [0, 1]
    assert passing(events, arg=["sh", "x y"]) == [0]
    assert passing(events, arg=["x"]) == [2]


def test_exclude():
    events = [make("open", uid=uid, path=path) for uid, path in ((0, "/a"), (1, "/a"), (1, "/b"))]
    assert passing(events, exclude=["uid == 0", "path == '/b'"]) == [1]
    assert passing(events, exclude="uid == 0 or path == '/b'") == [1]
    assert passing(events, exclude="errno exists") == [0, 1, 2]


HIDDEN = {
    "loader": ("/etc/ld.so.cache", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/python3/x.cpython-311.so"),
    "locale": ("/usr/lib/locale/locale-archive", "/usr/share/zoneinfo/UTC", "/usr/lib/x86_64-linux-gnu/gconv/a.so"),
    "proc": ("/proc/1/stat", "/sys/devices/system/cpu"),
    "path-search": (),
}
SHOWN = ("/etc/passwd", "/usr/bin/ls", "/srv/proc/x", "/home/a/x.source", "/usr/lib/python3/os.py")


def test_hidden_sets():
    """Each has examples here; what is written is never hidden, and neither is what was found in PATH."""
    assert HIDDEN.keys() == sugar.sets().keys()
    for name, paths in HIDDEN.items():
        looks = [make(event, path=path) for path in paths for event in ("open", "stat", "access", "readlink")]
        assert passing(looks, hide=[name]) == []
        assert passing(looks, hide=["noise"]) == []
        writes = [make("open", path=path, flags=("O_WRONLY",)) for path in paths]
        shown = [*writes, *(make(event, path=path) for path in paths for event in ("unlink", "exec"))]
        shown += [make("open", path=path) for path in SHOWN]
        assert passing(shown, hide=["noise"]) == list(range(len(shown)))
    search = [
        make("exec", path="/usr/local/bin/x", errno="ENOENT", joined_path="/usr/local/bin/x"),
        make("stat", path="/usr/sbin/x", errno="ENOENT", joined_path="/usr/sbin/x"),
        make("exec", path="/usr/bin/x", exe="/usr/bin/x"),
        make("exec", path="./x", errno="ENOENT", joined_path="/srv/./x"),
        make("exec", path="/usr/bin/x", errno="EACCES", joined_path="/usr/bin/x"),
    ]
    assert passing(search, hide=["path-search"]) == [2, 3, 4]


def test_hidden_sets_make_sense():
    for _, expression in sugar.sets().values():
        check(expression, TASK_EVENTS, str(expression))
    for expression in (sugar.writes(), sugar.success()):
        check(expression, TASK_EVENTS, str(expression))


@pytest.mark.parametrize(
    ("options", "events"),
    [
        ({}, DEFAULT_EVENTS),
        ({"success": True, "hide": ["noise"], "where": "uid == 0"}, DEFAULT_EVENTS),
        ({"path": ["/"]}, ("exec", "open", *sugar.CHANGES)),
        ({"writes": True}, ("open", *sugar.CHANGES)),
        ({"path": ["/"], "writes": True}, ("open", *sugar.CHANGES)),
        ({"arg": ["x"], "path": ["/"]}, ("exec",)),
        ({"path": ["/"], "events": ["unlink"]}, ("unlink",)),
    ],
)
def test_what_is_watched_where_no_events_are_chosen(options, events):
    assert set(Filter.of(**options).events) == set(events)


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"writes": True, "arg": ["x"]}, "no event is what writes and arg ask for together", "leave one of them out"),
        ({"path": "/etc"}, "path is a list, not '/etc'", "path=['/etc']"),
        ({"arg": b"x"}, "arg is a list, not b'x'", "arg=['--verbose']"),
        ({"hide": None}, "hide is a list, not None", "hide=['loader']"),
        ({"exclude": 7}, "exclude is an expression, or a list of some, not 7", "exclude=\"comm == 'nginx'\""),
        ({"path": [""]}, "not a path: ''", "as in /etc"),
        ({"path": ["a\0"]}, r"not a path: 'a\x00'", "as in /etc"),
        ({"path": [7]}, "not a text: 7", "a str; os.fsdecode makes one of bytes"),
        ({"arg": [""]}, "not an argument: ''", "as in --verbose"),
        ({"hide": ["lodaer"]}, "unknown set to hide 'lodaer'", "did you mean 'loader'?"),
        ({"writes": "no"}, "writes is True or False, not 'no'", "writes=True"),
        ({"success": 1}, "success is True or False, not 1", "success=True"),
        ({"success": True, "failed": True}, "nothing has both failed and succeeded", "failed or success"),
        ({"exclude": "fil == 'a'"}, "unknown field 'fil'", None),
        ({"arg": ["x"], "events": ["open"]}, "none of the chosen events is what arg asks for", None),
        ({"path": ["/"], "events": ["exit"]}, "none of the chosen events is what path asks for", None),
    ],
)
def test_mistakes(options, message, hint):
    with pytest.raises(UsageError) as caught:
        Filter.of(**options)
    assert str(caught.value) == message
    assert caught.value.hint == hint or (hint is None and caught.value.hint)
