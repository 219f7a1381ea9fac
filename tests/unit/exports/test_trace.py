"""Chrome's trace events: by the rules that Perfetto documents, and with what the recording has.

https://perfetto.dev/docs/getting-started/other-formats#chrome-json-format
"""

import random
from itertools import pairwise

import pytest
from msgspec import json

from onlooker.exports import trace
from onlooker.exports.source import Source
from onlooker.recordings.recording import Recording

from ..recordings.lives import BILLION, build, end, event, execute, fork, life
from ..recordings.made import recording


def exported(path, events, **how):
    made = bytearray()
    trace.export(Source(Recording(recording(path, sorted(events, key=lambda each: each.boot_ns), **how))), made.extend)
    found = json.decode(bytes(made))
    check(found["traceEvents"])
    return found


def check(events):
    """What the format asks for."""
    open_until: dict[int, list[tuple[int, int]]] = {}
    for each in events:
        assert {"ph", "name", "pid", "tid"} <= each.keys() and each["name"]
        assert all(isinstance(each[name], int) and 0 <= each[name] < 2**32 for name in ("pid", "tid"))
        if each["ph"] != "M":
            assert isinstance(each["ts"], int)
        if each["ph"] == "X":
            assert each["dur"] >= 0
            open_until.setdefault(each["tid"], []).append((each["ts"], each["ts"] + each["dur"]))
    for slices in open_until.values():  # none overlap: executions of a process follow each other
        slices.sort()
        assert all(before[1] <= after[0] for before, after in pairwise(slices))
    starts = {each["id"]: each for each in events if each["ph"] == "s"}
    ends = {each["id"]: each for each in events if each["ph"] == "f"}
    assert starts.keys() == ends.keys()
    for each in (*starts.values(), *ends.values()):  # an arrow binds to the slice that is open
        assert any(begin <= each["ts"] <= until for begin, until in open_until[each["tid"]])
    assert all(each["bp"] == "e" for each in ends.values())


def of(found, phase, **fields):
    return [
        each
        for each in found["traceEvents"]
        if each["ph"] == phase and all(each.get(name) == value for name, value in fields.items())
    ]


def test_a_build(tmp_path):
    found = exported(tmp_path / "r", build())
    names = {each["pid"]: each["args"]["name"] for each in of(found, "M", name="process_name")}
    assert names[100] == "sh" and names[200] == "gcc" and names[300] == "cc1" and len(names) == 11
    order = [
        each["pid"] for each in sorted(of(found, "M", name="process_sort_index"), key=lambda e: e["args"]["sort_index"])
    ]
    assert order == [100, 200, 300, 201, 301, 202, 302, 203, 303, 204, 304]
    [forked, executed] = of(found, "X", pid=200)
    assert (forked["name"], forked["ts"], forked["dur"]) == ("sh (forked)", 11_000_000, 10_000)
    assert (executed["name"], executed["ts"], executed["dur"]) == ("gcc", 11_010_000, 890_000)
    said = executed["args"]
    assert (said["argv"], said["command"]) == (["gcc", "-c", "src/f0.c"], "gcc -c src/f0.c")
    assert (said["uid"], said["ppid"], said["exit_code"], said["duration_ns"]) == (1000, 100, 0, 9 * BILLION // 10)
    assert {each["id"] for each in of(found, "s", pid=100)} == {200, 201, 202, 203, 204}
    labels = {each["pid"]: each["args"]["labels"] for each in of(found, "M", name="process_labels")}
    assert labels == {100: "exit 2", 203: "exit 1"}
    about = found["otherData"]
    assert (about["verdict"], about["complete"], about["command"]) == ("complete", True, ["make"])
    assert [each["name"] for each in of(found, "i", s="g")] == ["onlooker: complete"]


def test_each_execution_is_a_slice(tmp_path):
    found = exported(
        tmp_path / "r",
        [execute(1, 7, 1, "env", "python3", "a.py"), execute(2, 7, 1, "python3", "a.py"), end(4, 7, 1, comm="python3")],
    )
    assert [(each["name"], each["ts"], each["dur"]) for each in of(found, "X")] == [
        ("env", 1_000_000, 1_000_000),
        ("python3", 2_000_000, 2_000_000),
    ]


def test_a_signal_and_failures_are_instants(tmp_path):
    denied = event("open", 1.5, 7, 1, path="/etc/shadow", errno="EACCES", fd=None)
    wanted = event("open", 1.6, 7, 1, path="/nowhere", errno="ENOENT", fd=None)
    killed = end(2, 7, 1, signal="SIGSEGV", core_dumped=True)
    found = exported(tmp_path / "r", [execute(1, 7, 1, "tool"), denied, wanted, killed])
    [failure] = of(found, "i", cat="failed")
    assert (failure["name"], failure["ts"], failure["tid"]) == ("open: EACCES", 1_500_000, 7)
    assert (failure["args"]["path"], failure["s"]) == ("/etc/shadow", "t")
    [signal] = of(found, "i", cat="signal")
    assert (signal["name"], signal["ts"]) == ("SIGSEGV, core dumped", 2_000_000)


def test_an_id_that_is_used_again_is_another_track(tmp_path):
    found = exported(tmp_path / "r", [*life(1, 0, 7, 1, "one"), *life(1, 0, 7, 2, "two"), *life(1, 0, 7, 3, "three")])
    names = {each["args"]["name"]: each["pid"] for each in of(found, "M", name="process_name")}
    tracks = [names["one"], names["two (PID:7)"], names["three (PID:7)"]]
    assert tracks[0] == 7 and len({*tracks}) == 3
    assert {each["args"]["pid"] for each in of(found, "X") if each["pid"] in tracks} == {7}


def test_one_that_runs_on(tmp_path):
    events = [event("open", 5, 3, 1, comm="old"), execute(6, 7, 6, "new"), event("open", 9, 3, 1, comm="old")]
    found = exported(tmp_path / "r", events)
    assert of(found, "X", pid=3) == []  # a process is known by its forks, executions and its end
    [new] = of(found, "X", pid=7)
    assert (new["args"]["end"], new["dur"]) == ("running", 3_000_000)


def test_one_that_began_before(tmp_path):
    found = exported(tmp_path / "r", [fork(5, 3, 1, 7, comm="old"), end(9, 3, 1, comm="old")])
    [old] = of(found, "X", pid=3)
    assert (old["name"], old["ts"], old["dur"]) == ("old (began before)", 5_000_000, 4_000_000)


def test_no_event(tmp_path):
    assert [each["ph"] for each in exported(tmp_path / "r", [])["traceEvents"]] == ["i"]


def test_names_that_are_not_utf_8(tmp_path):
    found = exported(tmp_path / "r", [execute(1, 7, 1, "a\udcff", path="/a\udcff", exe=None, comm="a\udcff")])
    [slice_] = of(found, "X")
    assert slice_["name"] == "a\N{REPLACEMENT CHARACTER}" and slice_["args"]["command"] == "$'a\\xff'"


@pytest.mark.parametrize("seed", range(20))
def test_any_lives_keep_the_rules(tmp_path, seed):
    choose = random.Random(seed)
    events = []
    for _ in range(60):
        pid, start = choose.randrange(1, 9), choose.randrange(1, 20)
        what = choose.choice(["fork", "exec", "end", "failed"])
        second = start + choose.random() * 5
        if what == "fork":
            events.append(fork(second, pid, start, choose.randrange(1, 9)))
        elif what == "exec":
            events.append(execute(second, pid, start, choose.choice(["a", "b"])))
        elif what == "end":
            events.append(end(second, pid, start))
        else:
            events.append(event("open", second, pid, start, errno="EACCES", fd=None))
    exported(tmp_path / "r", events)


def test_it_is_written_in_pieces(tmp_path):
    pieces = []
    failed = [event("open", 1 + number / 1000, 7, 1, errno="EACCES", fd=None) for number in range(2000)]
    path = recording(tmp_path / "r", failed)
    trace.export(Source(Recording(path)), pieces.append)
    assert len(pieces) > 2 and max(map(len, pieces)) < 2 * trace._PIECE
    assert len(json.decode(b"".join(pieces))["traceEvents"]) > 2000
