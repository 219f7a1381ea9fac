"""Repetitions and rates: records/sieve.py."""

import random
from collections import Counter

import msgspec
import pytest

from onlooker import Batch
from onlooker.records.sieve import Sieve
from onlooker.testing import make

SECOND = 10**9


def batch_of(events):
    """One, whatever their clocks."""
    return Batch(b"".join(batch.data for batch in Batch.of(events)), 0)


def by_each(event, pids):
    """The same event of many processes."""
    pattern = 0xABCDEF
    [batch] = Batch.of([msgspec.structs.replace(event, pid=pattern)])
    before, after = batch.data.split(pattern.to_bytes(4, "little"))
    return Batch(b"".join(before + pid.to_bytes(4, "little") + after for pid in pids), 0)


def sifted(sieve, events):
    return [event for batch in Batch.of(events) for event in sieve.sifted(batch)]


def test_each_process_and_file_passes_once():
    events = [make("open", pid=pid, path=path) for pid in (1, 2) for path in ("a", "b", "a", "")]
    assert sifted(Sieve(first=True), events) == [*events[:2], events[3], *events[4:6], events[7]]


def test_a_process_with_the_same_id_is_another_one():
    events = [make("open", path="a", start_ns=start) for start in (5, 6, 5)]
    assert sifted(Sieve(first=True), events) == events[:2]


@pytest.mark.parametrize(
    "other",
    [
        make("open", path="a", errno="ENOENT"),  # another result
        make("unlink", path="a"),  # another thing that it does
        make("open", path="a", real_path="/a"),  # it may be another file
    ],
)
def test_what_differs_is_no_repetition(other):
    events = [make("open", path="a"), other]
    assert sifted(Sieve(first=True), [*events, *events]) == events


def test_of_two_paths_both_count():
    pairs = [("a", "b"), ("a", "c"), ("ab", ""), ("", "ab"), ("a", "b")]
    events = [make("rename", path=path, new_path=new) for path, new in pairs]
    assert sifted(Sieve(first=True), events) == events[:4]


def test_what_has_no_file_always_passes():
    events = [make("fork"), make("exit"), make("fork"), make("exit"), make("lost"), make("lost")]
    assert sifted(Sieve(first=True, rate=100), events) == events


@pytest.mark.parametrize("seed", range(3))
def test_as_many_as_python_says(seed):
    chance = random.Random(seed)
    events = [
        make("open", pid=chance.randrange(50), path="x" * chance.randrange(40), errno=chance.choice([None, "ENOENT"]))
        for _ in range(5000)
    ]
    sieve = Sieve(first=True)
    first = {(event.pid, event.path, event.errno): event for event in reversed(events)}
    found = sifted(sieve, events)
    assert Counter(found) == Counter(first.values())
    assert sieve.repeated == len(events) - len(found)


def test_more_than_it_remembers():
    """It forgets all at once, says so, and never leaves out what it has not seen."""
    sieve = Sieve(first=True)
    for path in range(60):
        batch = by_each(make("open", path=str(path)), range(20_000))
        assert len(sieve.sifted(batch)) == 20_000
    assert sieve.forgot == 1
    assert sieve.repeated == 0


def test_a_rate():
    moments = [second * SECOND + n for second in (0, 1) for n in range(5)]
    events = [make("open", pid=pid, boot_ns=moment) for moment in moments for pid in (1, 2)]
    events += [make("exit", pid=3, comm="quiet", boot_ns=2 * SECOND)]
    sieve = Sieve(rate=3)
    found = sieve.sifted(batch_of(events))
    assert found.counts() == {"open": 12, "exit": 1, "lost": 1}
    [lost] = found.lost()
    assert (lost.count, lost.of, lost.reason, lost.boot_ns) == (8, "open", "rate", 2 * SECOND)
    assert sieve.over() == [(4, 2, make("open").comm), (4, 1, make("open").comm)]
    assert not sieve.sifted(Batch.of([make("exit", boot_ns=3 * SECOND)])[0]).lost()


def test_repetitions_do_not_count_for_the_rate():
    events = [make("open", path="a")] * 100 + [make("open", path="b")]
    assert [event.path for event in sifted(Sieve(first=True, rate=2), events)] == ["a", "b"]


def test_many_processes_and_a_rate():
    """Those that are gone make room; where there is none, nothing is left out."""
    sieve = Sieve(rate=1)
    for second in range(3):
        batch = by_each(make("exit", boot_ns=second * SECOND), range(1, 40_001))
        assert sieve.sifted(batch).counts() == {"exit": 40_000}
    again = [make("exit", pid=1, boot_ns=3 * SECOND), make("exit", pid=1, boot_ns=3 * SECOND)]
    assert [event.event for event in sifted(sieve, again)] == ["exit", "lost"]


def test_the_same_batch_again():
    """A signal's handler may raise before the caller has the answer; it asks again."""
    sieve = Sieve(first=True, rate=2)
    batch = batch_of([make("open", path=path) for path in "abcda"])
    found = [sieve.sifted(batch).data for _ in range(2)]
    assert found[0] == found[1]
    assert (Batch(found[0], 0).counts(), sieve.repeated) == ({"open": 2, "lost": 1}, 1)
