"""The data of a page."""

import zlib

from msgspec import json

from ..recordings.lives import build, end, execute, fork, life
from .surveyed import opened, report

MODULE = "onlooker.report.contents"


def test_processes_are_columns():
    made = report(*build())
    processes, texts = made.data["processes"], made.data["texts"]
    assert {len(column) for column in processes.values()} == {11} and made.processes == 11
    assert processes["parent"] == [-1, 0, 1, 0, 3, 0, 5, 0, 7, 0, 9]
    assert [texts[each] for each in processes["name"][:3]] == ["sh", "gcc", "cc1"]
    assert processes["start"][:3] == [0, 1_000_000, 1_100_000] and processes["wall"][:2] == [10_000_000, 900_000]
    assert processes["row"][:3] == [0, 1, 2]
    assert processes["argv"][1] == "gcc -c src/f0.c" and texts[processes["exe"][1]] == "/usr/bin/gcc"
    assert [texts[each] for each in processes["end"][:8]] == ["exit 2", "", "", "", "", "", "", "exit 1"]
    assert made.data["span"] == 10_000_000
    assert json.decode(json.encode(made.data))["sections"] == ["read", "written", "created", "removed", "missing"]


def test_those_come_first_by_which_others_failed():
    assert [each.program.name for each in report(*build()).failed] == ["gcc", "sh"]


def test_one_that_is_older_than_the_recording_begins_with_it():
    made = report(opened(500, "/a", pid=7, start=1), opened(502, "/b", pid=7, start=1), is_command=False)
    assert (made.data["processes"]["start"], made.data["processes"]["wall"], made.data["span"]) == (
        [0],
        [2_000_000],
        2e6,
    )


def test_files_of_processes():
    made = report(*build(), opened(12, "/a"), opened(12.1, "/a"), opened(12.2, "/b", errno="ENOENT"))
    uses, files = made.data["uses"], made.data["files"]
    paths = files["path"]
    executed = [5 * paths.index("/usr/bin/sh"), 1]
    assert uses["flat"][: uses["ends"][0]] == [*executed, 5 * paths.index("/a"), 2, 5 * paths.index("/b") + 4, 1]
    assert files["counts"][0][paths.index("/a")] == 2 and files["totals"][4] == (1, 1)


def many(number):
    events = [execute(10.001, 100, 10, "make", "-j16")]
    for each in range(number):
        start = 11 + each / 100
        code = {"exit_code": 1} if each == 3 else {}
        events += life(100, 10, 1000 + each, start, "cc", f"{each}.c", until=start + (each % 7 + 1) / 100, **code)
        events.append(opened(start + 0.001, f"/src/{each}", pid=1000 + each, start=start))
    return [*events, end(11 + number / 100 + 1, 100, 10)]


def test_the_page_says_what_it_does_not_show():
    made = report(*many(50), most=20)
    processes = made.data["processes"]
    assert len(processes["pid"]) == 20 and made.processes == 51 and processes["folded"][0] == 31
    assert sum(processes["failed"]) == 1
    assert made.folded == [
        "31 short processes are not on the timeline, but counted with their parents: "
        "shown are those that failed, and those that took longest."
    ]
    assert [(each.name, each.runs) for each in made.programs] == [("cc", 50), ("make", 1)]


def test_files_that_are_too_many(monkeypatch):
    monkeypatch.setattr(f"{MODULE}.MOST_FILES", 10)
    made = report(*many(50), *(opened(40, "/often") for _ in range(3)))
    files, uses = made.data["files"]["path"], made.data["uses"]
    assert "/often" in files and len(files) == 10
    assert len(uses["flat"]) // 2 + uses["without"] == 102
    assert made.folded == [
        "Of 53 files those are listed that were used most.",
        f"{uses['without']} uses of files are counted, but not listed with the processes.",
    ]


def test_each_process_has_its_share_of_files(monkeypatch):
    monkeypatch.setattr(f"{MODULE}.MOST_USES", 22)
    events = [*build(), *(opened(11.2 + number / 100, f"/src/{number}") for number in range(30))]
    made = report(*events)
    lengths = [
        end - start for start, end in zip([0, *made.data["uses"]["ends"]], made.data["uses"]["ends"], strict=False)
    ]
    assert lengths == [4] + 10 * [2] and made.data["uses"]["without"] == 29


def test_arguments_have_their_share_of_room(monkeypatch):
    monkeypatch.setattr(f"{MODULE}.MOST_ARGV_CHARS", 300)
    made = report(execute(10.001, 100, 10, "sh", "x" * 500), fork(11, 100, 10, 200), end(12, 200, 11))
    assert made.data["processes"]["argv"] == [f"sh {'x' * 146}…", ""]


def test_it_is_small():
    packed = zlib.compress(json.encode(report(*many(2000)).data))
    assert len(packed) < 120_000


def test_a_recording_may_be_empty():
    made = report()
    assert made.data["processes"]["pid"] == [] and made.processes == 0 and made.folded == []
