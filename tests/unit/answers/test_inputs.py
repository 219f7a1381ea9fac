"""What was read before it was made, and lists of what may be read."""

import pytest

from onlooker.answers.declared import Declared
from onlooker.answers.inputs import Inputs
from onlooker.records import Batch
from onlooker.testing import make

READ, WRITE, UPDATE = ("O_RDONLY",), ("O_WRONLY", "O_CREAT", "O_TRUNC"), ("O_RDWR",)
DEVICE = 5


def opened(path, flags=READ, inode=None, **fields):
    device = DEVICE if inode else None
    return make("open", path=path, real_path=path, flags=flags, inode=inode, device=device, **fields)


def made(path, inode=None):
    return opened(path, WRITE, inode, created=True)


def renamed(old, new, event="rename", **fields):
    if event == "rename":
        fields = {"syscall": "rename", **fields}
    return make(event, path=old, new_path=new, joined_path=old, joined_new_path=new, **fields)


def inputs(*events, **how):
    found = Inputs(**how)
    for batch in Batch.of(events):
        found.take(batch)
    return found.files


@pytest.mark.parametrize("inode", [None, 7])
@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (lambda n: [opened("/a", inode=n)], {"/a": "/a"}),
        (lambda n: [made("/a", n), opened("/a", inode=n)], {}),
        (lambda n: [opened("/a", inode=n), made("/a", 8), opened("/a", inode=8)], {"/a": "/a"}),
        (lambda n: [opened("/a", WRITE, n), opened("/a", inode=n)], {}),
        (lambda n: [opened("/a", ("O_WRONLY",), n), opened("/a", inode=n)], {"/a": "/a"}),
        (lambda n: [opened("/a", UPDATE, n)], {"/a": "/a"}),
        (lambda n: [opened("/a", READ, n, file_state="deleted")], {}),
        (lambda n: [opened("/a", errno="EACCES")], {}),
        (lambda n: [opened("/a", ("O_PATH",), n), opened("/a", ("O_RDONLY", "O_DIRECTORY"), n)], {}),
        (lambda n: [made("/a", n), renamed("/a", "/b"), opened("/b", inode=n)], {}),
        (lambda n: [made("/a", n), renamed("/a", "/b", "link"), opened("/b", inode=n), opened("/a", inode=n)], {}),
        (lambda n: [renamed("/a", "/b"), renamed("/b", "/c"), opened("/c", inode=n)], {"/c": "/a"}),
        (
            lambda n: [renamed("/a", "/b", "link"), opened("/b", inode=n), opened("/a", inode=n)],
            {"/b": "/a", "/a": "/a"},
        ),
        (lambda n: [renamed("/a", "/b"), made("/a", n), opened("/a", inode=n)], {}),
        (lambda n: [made("/a", 9), renamed("/old", "/a"), opened("/a", inode=n)], {"/a": "/old"}),
        (
            lambda n: [
                made("/a", n),
                renamed("/a", "/b", flags=("RENAME_EXCHANGE",)),
                opened("/a", inode=8),
                opened("/b", inode=n),
            ],
            {"/a": "/b"},
        ),
        (lambda n: [make("exec", path="/bin/a", exe="/bin/a", inode=n, device=n and DEVICE)], {"/bin/a": "/bin/a"}),
        (lambda n: [made("/t", n), make("exec", path="/t", exe="/t", inode=n, device=n and DEVICE)], {}),
    ],
)
def test_inputs(events, expected, inode):
    assert inputs(*events(inode)) == expected


def test_an_inode_knows_a_file_by_any_name():
    """A directory was renamed, or leads there by a link."""
    assert inputs(made("/d/a", 7), renamed("/d", "/e"), opened("/e/a", inode=7)) == {}
    assert inputs(made("/d/a", 7), opened("/d/a", inode=8)) == {"/d/a": "/d/a"}


def test_what_is_removed_is_made_no_more():
    gone = make("unlink", path="/a", joined_path="/a", syscall="unlink")
    assert inputs(made("/a"), gone, opened("/a")) == {"/a": "/a"}


def test_no_room():
    found = Inputs(most=2)
    for number in range(9):
        found.learn(made(f"/{number}"))
    assert not found.is_whole


@pytest.mark.parametrize(
    ("line", "inside", "outside"),
    [
        ("/a/b", ["/a/b"], ["/a/b/c", "/a"]),
        ("b", ["/srv/b"], ["/b"]),
        ("./x/../b", ["/srv/b"], ["/srv/x/b"]),
        ("/a//b/", ["/a/b", "/a/b/c", "/a/b/c/d"], ["/a/bc", "/a"]),
        ("src/", ["/srv/src/a"], ["/srv/a"]),
        ("/", ["/a", "/a/b"], []),
        ("*.c", ["/srv/a.c"], ["/srv/d/a.c", "/srv/a.cc"]),
        ("**/*.c", ["/srv/a.c", "/srv/d/e/a.c"], ["/a.c"]),
        ("/a/**", ["/a/b/c"], ["/b"]),
        ("/a/?", ["/a/b"], ["/a/", "/a/bc"]),
        ("/a*/", ["/ab/c/d"], ["/b/c"]),
        (r"/a\*", ["/a*"], ["/ab"]),
        ("  /a/b \r", ["/a/b"], []),
        ("/a\udcff/b.c", ["/a\udcff/b.c"], ["/a"]),
        ("/x.c", ["/x.c"], ["/xyc"]),
        ("/a[bc]", ["/a[bc]"], ["/ab"]),
        ("# /a", [], ["/a", "# /a"]),
        ("", [], ["/srv", "/srv/"]),
    ],
)
def test_declared(line, inside, outside):
    declared = Declared([line, "/other", "/more/*"], "/srv")
    assert [path for path in inside if path not in declared] == []
    assert [path for path in outside if path in declared] == []


def test_links_are_followed_where_that_is_wanted(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for line in ("link/", "link/a"):
        assert f"{tmp_path}/real/a" in Declared([line], str(tmp_path), follows_links=True)
        assert f"{tmp_path}/real/a" not in Declared([line], str(tmp_path))
