"""The files of a recording, in sections."""

import pytest

from onlooker.answers import inventory
from onlooker.answers.declared import Declared
from onlooker.answers.files import Writes
from onlooker.answers.inputs import Inputs
from onlooker.answers.inventory import Inventory, Undeclared, keeps
from onlooker.answers.uses import MOVED_AWAY, SECTIONS, Uses
from onlooker.records import Batch
from onlooker.testing import make

from .asking import SCREEN, WIDE, ask, miss, opened, rows

WRITE = ("O_WRONLY", "O_CREAT")
EVENTS = [
    make("exec", path="/bin/cc", exe="/bin/cc", pid=7, comm="cc"),
    *[opened("/src/a.c", pid=7, comm="cc")] * 3,
    opened("/src/b.c", pid=8, comm="cc"),
    opened("/out/a.o", *WRITE, created=True, pid=7, comm="cc"),
    opened("/out/a.o", "O_RDWR", pid=8, comm="ld"),
    opened("/out/log", "O_WRONLY", "O_APPEND", pid=8, comm="ld"),
    make("rename", path="/out/a", new_path="/out/b", joined_path="/out/a", joined_new_path="/out/b", pid=8, comm="ld"),
    make("unlink", path="/out/c", joined_path="/out/c", pid=8, comm="ld"),
    make("chmod", path="/out/b", joined_path="/out/b", pid=8, comm="ld"),
    miss("/src/none.h", pid=7, comm="cc"),
    make("stat", path="/src/none.h", joined_path="/src/none.h", errno="ENOENT", pid=8, comm="cc"),
    make("stat", path="/src/a.c", joined_path="/src/a.c", pid=8, comm="cc"),
    opened("/secret", errno="EACCES"),
    opened("/proc/self/maps"),
    opened("/src", "O_RDONLY", "O_DIRECTORY"),
    opened("/tmp/gone", file_state="deleted"),
]


def test_all_sections():
    assert ask(Inventory(is_kept=keeps((), special=False)), EVENTS) == [
        "read: 4 files, 6 times",
        "TIMES  HOW       FILE",
        "    1  executed  /bin/cc",
        "    3  read      /src/a.c",
        "    1  read      /src/b.c",
        "    1  read      /out/a.o",
        "written: 3 files, 4 times",
        "TIMES  HOW       FILE",
        "    2  written   /out/a.o",
        "    1  appended  /out/log",
        "    1  chmod     /out/b",
        "created: 2 files, 2 times",
        "TIMES  HOW         FILE",
        "    1  created     /out/a.o",
        "    1  renamed to  /out/b",
        "removed: 2 files, 2 times",
        "TIMES  HOW      FILE",
        "    1  renamed  /out/a",
        "    1  removed  /out/c",
        "missing: 1 file, 2 times",
        "TIMES  HOW         FILE",
        "    2  read, stat  /src/none.h",
    ]


def test_some_sections():
    assert [line.split(":")[0] for line in ask(Inventory(["created", "read"]), EVENTS) if ":" in line] == [
        "created",
        "read",
    ]
    assert ask(Inventory(["removed"]), EVENTS[:3]) == ["no file was removed"]
    assert ask(Inventory(), []) == ["no file was read, written, created, removed, missing"]


def test_what_a_section_needs():
    assert "stat" in Inventory().needs and "stat" not in Inventory(["read"]).needs


def test_under_and_special():
    for under, special, files in (
        (["/src"], False, ["/src/a.c", "/src/b.c"]),
        (["/src/a.c", "/out/"], False, ["/src/a.c", "/out/a.o"]),
        (["/"], False, ["/bin/cc", "/src/a.c", "/src/b.c", "/out/a.o"]),
        (["/proc"], True, ["/proc/self/maps"]),
        (["/proc"], False, []),
    ):
        found = rows(Inventory(["read"], is_kept=keeps(under, special=special)), EVENTS)
        assert [row["file"] for row in found] == files


def test_by_process():
    lines = ask(Inventory(["read"], by="process", is_kept=keeps((), special=False)), EVENTS)
    assert lines == [
        "read: 4 files, 6 times by 2 processes",
        "TIMES  PROCESS  HOW       FILE",
        "    1  cc (7)   executed  /bin/cc",
        "    3  cc (7)   read      /src/a.c",
        "    1  cc (8)   read      /src/b.c",
        "    1  cc (8)   read      /out/a.o",
    ]
    found = rows(Inventory(["read"], by="process"), EVENTS)
    assert (found[1]["pid"], found[1]["file"], found[1]["read"]) == (7, "/src/a.c", 3)


def test_by_directory():
    lines = ask(Inventory(["read", "created"], by="directory", is_kept=keeps(["/src", "/out"], special=False)), EVENTS)
    assert lines == [
        "read: 3 files, 5 times",
        "TIMES  FILES  DIRECTORY",
        "    4      2  /src/",
        "    1      1  /out/",
        "created: 2 files, 2 times",
        "TIMES  FILES  DIRECTORY",
        "    2      2  /out/",
    ]
    found = rows(Inventory(["read"], by="directory"), EVENTS)
    assert found[1] == {"directory": "/src/", "files": 2, "read": 4, "comms": ["cc"]}


def test_rows_say_all_of_a_file():
    found = {row["file"]: row for row in rows(Inventory(), EVENTS)}
    assert found["/out/a.o"] == {
        "file": "/out/a.o",
        "kind": "file",
        "time": EVENTS[0].time,
        "read": 1,
        "written": 2,
        "created": 1,
        "how": ["created", "written", "read"],
        "comms": ["cc", "ld"],
    }
    kinds = [found[file]["kind"] for file in ("/out/b", "/out/c", "/src/none.h", "/proc/self/maps")]
    assert kinds == ["file", "removed", "missing", "file"]
    assert "/secret" not in found and "/src" not in found and "/tmp/gone" not in found


def test_temporary_files_are_one_row_in_a_terminal():
    events = []
    for number in range(5):
        path = f"/tmp/{number}"
        events += [opened(path, *WRITE, created=True), make("unlink", path=path, joined_path=path)]
    assert {row["kind"] for row in rows(Inventory(), events)} == {"temporary"}
    lines = ask(Inventory(["created", MOVED_AWAY]), events, SCREEN)
    assert lines[2:4] == ["    5  created  /tmp/ (5 temporary files)", "removed: 5 files, 5 times"]
    assert len(ask(Inventory(["created"]), events)) == 7


@pytest.mark.parametrize("by", [None, "process", "directory"])
def test_it_fits_the_terminal(by):
    events = [opened(f"/src/{n}/\x1b[31m{'漢' * 60}/{n}", pid=5 + n % 30, comm="a\nb") for n in range(300)]
    lines = ask(Inventory(by=by), events, SCREEN)
    assert all(SCREEN.fit(line) == line for line in lines) and "\x1b" not in "".join(lines)
    assert len(lines) < 60
    assert len(ask(Inventory(by=by), events, WIDE)) == 302


def test_no_room():
    uses = Uses(most=2)
    for number in range(5):
        uses.add(opened(f"/{number}"))
    assert uses.beyond == {"read": 3} and len(uses.of("read")) == 2


@pytest.mark.parametrize("by", [None, "process"])
def test_what_is_missing_leaves_room_for_what_is_there(by, monkeypatch):
    monkeypatch.setattr(inventory, "Uses", lambda **how: Uses(2, **how))
    missed = [miss(f"/none/{n}") for n in range(7)]
    made = [opened("/in"), opened("/out", "O_WRONLY", "O_CREAT", created=True)]
    lines = ask(Inventory(by=by), [*missed, *made])
    assert [line.split()[-1] for line in lines if "/none" not in line][2:9:3] == ["/in", "/out", "/out"]
    said = "not listed: 5 uses of other files, for which there was no room; --under DIR makes room"
    assert lines[-1] == said and not any(line.startswith("no file was") for line in lines)
    assert rows(Inventory(by=by), [*missed, *made])[-1] == {"not_listed": 5, "missing": 5}
    assert said not in ask(Inventory(["read", "written"], by=by), [*missed, *made])


def undeclared(*lines, events=EVENTS, page=WIDE):
    inputs = Inputs()
    for batch in Batch.of(events):
        inputs.take(batch)
    return Undeclared(inputs, Declared(lines, "/src"), is_kept=keeps((), special=False))


def test_what_is_not_declared():
    assert ask(undeclared("a.c"), EVENTS) == [
        "TIMES  BY  HOW       FILE",
        "    1  cc  executed  /bin/cc",
        "    1  cc  read      /src/b.c",
        "2 of 3 files that were read: not declared",
    ]
    assert ask(undeclared("*.c", "/bin/"), EVENTS) == ["3 files that were read: declared"]
    [row] = rows(undeclared("*.c"), EVENTS)
    assert (row["file"], row["read"], row["comms"]) == ("/bin/cc", 1, ["cc"])
    assert undeclared().is_whole


def test_what_was_renamed_is_declared_by_either_name():
    moved = make("rename", path="/src/x", new_path="/out/x", joined_path="/src/x", joined_new_path="/out/x")
    events = [moved, opened("/out/x"), opened("/out/x")]
    for name in ("/src/x", "/out/x"):
        assert ask(undeclared(name, events=events), events) == ["1 file that was read: declared"]
    [row] = rows(undeclared("/none", events=events), events)
    assert (row["file"], row["read"]) == ("/src/x", 2)


def test_only_processes_with_files_are_kept():
    asked = Inventory(["read"], by="process")
    ask(asked, [opened(f"/{n}", pid=n + 1, errno="EACCES") for n in range(9)])
    assert not asked._names and not asked._uses.groups


def test_sections_are_in_their_order():
    assert SECTIONS == ("read", "written", "created", "removed", "missing")


def changed(path, *, created=False):
    return opened(path, "O_WRONLY", *(["O_CREAT"] if created else []), created=created)


def removed(path):
    return make("unlink", path=path, joined_path=path)


def test_a_file_that_was_looked_for_before_it_was_made_is_temporary():
    life = [changed("/m1", created=True), removed("/m1"), changed("/m2", created=True), removed("/m2")]
    found = {row["file"]: row for row in rows(Inventory(), [miss("/m1"), *life])}
    assert {file: (row["kind"], row.get("missing"), row["created"]) for file, row in found.items()} == {
        "/m1": ("temporary", None, 1),
        "/m2": ("temporary", None, 1),
    }
    assert {row["file"]: row["kind"] for row in rows(Writes(), life)} == {"/m1": "temporary", "/m2": "temporary"}


def test_what_came_later_is_not_missing():
    events = [miss("/a"), miss("/b"), opened("/b"), miss("/c"), changed("/c", created=True), removed("/c"), miss("/c")]
    assert [line.split()[-1] for line in ask(Inventory(["missing"]), events)[2:]] == ["/a", "/c"]
    assert [row["kind"] for row in rows(Inventory(), events)] == ["missing", "file", "temporary"]


def test_a_file_that_was_there_is_removed():
    events = [opened("/a"), removed("/a"), changed("/a", created=True), removed("/a")]
    assert [row["kind"] for row in rows(Inventory(), events)] == ["removed"]


def test_shared_memory_is_no_device():
    wanted = keeps((), special=False)
    assert wanted("/dev/shm/a") and wanted("/dev/mqueue/a") and wanted("/device")
    assert not wanted("/dev/null") and not wanted("/dev/shm-not") and not wanted("/proc/1/stat") and not wanted("/sys")
