"""Examples of rules, right and wrong."""

import msgspec
import pytest

from onlooker.records import Batch
from onlooker.rules.trying import alerts_in, try_rule
from onlooker.testing import make

from ..recordings.made import recording
from .made import own, rule

SHELL = "event == 'exec' and parent.comm == 'nginx' and ancestor.comm == 'init'"


def tried(tmp_path, where, **tests):
    return try_rule(msgspec.structs.replace(rule(tmp_path, own(where)), tests=tests or None))


def test_parents_and_the_process_itself(tmp_path):
    good = {"event": "exec", "parent": {"comm": "nginx", "parent": {"comm": "init"}}}
    bad = [{"event": "exec", "parent": {"comm": "nginx"}}, {"event": "exec"}]
    found = tried(tmp_path, SHELL, match=[good], no_match=bad)
    assert (found.match, found.no_match, found.failed) == (1, 2, ())


def test_a_story(tmp_path):
    story = [
        {"event": "exec", "pid": 7, "start_ns": 1, "comm": "x"},
        {"event": "fork", "pid": 7, "start_ns": 1, "comm": "x", "child_pid": 8, "child_ppid": 7, "child_start_ns": 2},
        {"event": "open", "pid": 8, "start_ns": 2, "flags": ["O_RDWR"]},
    ]
    found = tried(tmp_path, "event == 'open' and parent.comm == 'x'", match=[story], no_match=[story[2:]])
    assert found.failed == ()


@pytest.mark.parametrize(
    ("tests", "failed"),
    [
        ({"match": [{"event": "open"}]}, "match 1: no alert: {'event': 'open'}"),
        ({"no_match": [{"event": "exec"}]}, 'no_match 1: an alert, and there must be none: {"event":"exec"'),
        ({"match": [{"event": "exek"}]}, "match 1: unknown event 'exek' (did you mean 'exec'?)"),
        ({"match": [{"event": "exec", "pth": "x"}]}, "match 1: unknown field of exec 'pth' (did you mean 'path'?)"),
        ({"match": [{"event": "exec", "uid": -1}]}, "match 1: not a value of exec.uid: -1"),
        ({"match": [{"event": "exec", "parent": 7}]}, "match 1: parent is a process: 7"),
        ({"match": [{"event": "exec", "parent": {"x": 7}}]}, "match 1: unknown field of a parent 'x'"),
        ({"match": [7]}, "match 1: not an example: 7"),
        ({"match": 7}, "match is a list of examples: "),
        ({"match": [{"recording": "nothing.onlook"}]}, "match 1: "),
        ({"matches": []}, "its tests are match and no_match"),
    ],
)
def test_what_fails(tmp_path, tests, failed):
    [found] = tried(tmp_path, "event == 'exec'", **tests).failed
    assert found.startswith(failed)


def test_no_examples(tmp_path):
    found = tried(tmp_path, "uid == 0")
    assert (found.match, found.no_match, found.failed) == (0, 0, ())


def test_a_recording_as_an_example(tmp_path):
    recording(tmp_path / "x.onlook", [make("exec", uid=0)])
    found = tried(tmp_path, "uid == 0", match=[{"recording": "x.onlook"}])
    assert (found.match, found.failed) == (1, ())
    found = tried(tmp_path, "uid == 0", no_match=[{"recording": "x.onlook"}])
    assert len(found.failed) == 1


def test_alerts_in_batches(tmp_path):
    batches = Batch.of([make("open", uid=0), make("open")])
    assert [alert.rule for alert in alerts_in([rule(tmp_path, own("uid == 0"))], batches)] == ["rule"]
