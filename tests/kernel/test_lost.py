"""Floods: what fits is all there, and what does not is counted, to the last event."""

from collections import Counter

import pytest

from onlooker import Exec, Exit, Fork, Lost, Monitor, Open
from onlooker.probe import setup

from .conftest import Workloads
from .flavours import flavours
from .running import SLOWER, Process, collect, drain, losses, run_workload, without_skipped

SMALL = 1 << 20  # bytes of a ring
FLOOD = 20_000  # twice what the small ring holds, at least; with longer paths, many times that
BURST = max(FLOOD, 200_000 // SLOWER)
FORKS = 1_523  # together with their ends, twice what the small ring keeps free for them, at least
FLOODS = 9  # at most: what the reader takes meanwhile decides whether all of one finds room
PARTS = 8  # of a burst
LONG = 1_023  # many times what the small ring holds of the longest paths and arguments
COUNT = 23


@pytest.fixture
def no_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fits is then the ring and little more, and a flood need not be as large as the default takes."""
    monkeypatch.setattr(setup, "BACKLOG", 1 / SMALL)


def opening(count: int, path: str = "/") -> tuple[str | int, ...]:
    return ("openat", "plain", -100, path, 0, 0, 0, count)


@pytest.mark.parametrize("method", flavours())
def test_a_burst_is_whole(workloads: Workloads, method: str) -> None:
    program = workloads.renamed("open")
    with Monitor(comm=[program.name], attach=method) as monitor:
        run, [run.events] = collect(Process(program, *opening(BURST)), [monitor])
        monitor.stop()
        assert drain(monitor) == []  # the end tells of losses too
        assert monitor.ended
        stats = monitor.stats()
    assert len(run.opens()) == BURST
    assert stats.complete
    assert stats.events["open"] == len(run.of(Open))
    assert stats.cut == 0
    assert {(event.path, event.fd) for event in run.opens()} == {("/", 3)}
    times = [event.boot_ns for event in run.events]
    assert times == sorted(times)


@pytest.mark.parametrize("method", flavours())
@pytest.mark.usefixtures("no_backlog")
def test_a_flood_of_opens_is_counted_and_leaves_room(workloads: Workloads, method: str) -> None:
    opener, forker = workloads.renamed("open"), workloads.renamed("fork")
    with Monitor(comm=[opener.name, forker.name], attach=method, buffer_bytes=SMALL) as monitor:
        own = len(run_workload(monitor, forker, "fork", 1).of(Open))  # what a start opens
        for _ in range(2):
            run = Process(opener, *opening(FLOOD // 4, "/" * 400)).wait()  # nobody reads meanwhile
            forks = Process(forker, "fork", COUNT).wait()
            run.events = drain(monitor)
            lost = losses(run.events)
            assert set(lost) == {("open", "headroom")}
            assert 0 < len(run.opens()) < FLOOD // 4
            assert len(run.opens()) + lost["open", "headroom"] == FLOOD // 4 + own
            assert [fork.child_pid for fork in run.forks] == forks.numbers
            assert Counter(event.pid for event in run.exits) == Counter([run.pid, forks.pid, *forks.numbers])
            assert [event.pid for event in run.of(Exec)] == [run.pid, forks.pid]
        monitor.stop()
        stats = monitor.stats()
    assert not stats.complete
    assert set(stats.lost) == {("open", "headroom")}


@pytest.mark.usefixtures("no_backlog")
def test_a_flood_of_processes_is_counted(workloads: Workloads) -> None:
    opener, program = workloads.renamed("open"), workloads.renamed("fork")
    with Monitor(comm=[opener.name, program.name], buffer_bytes=SMALL) as monitor:
        for _ in range(FLOODS):
            Process(opener, *opening(LONG, "/" * 4000)).wait()
            run = Process(program, "fork", FORKS).wait()
            run.events = [event for event in drain(monitor) if event.event == "lost" or event.comm == program.name]
            lost, skipped = without_skipped(losses(run.events))
            assert lost.pop(("open", "headroom"))
            assert 0 <= FORKS - len(run.forks) - lost.get(("fork", "ring full"), 0) <= skipped
            assert 0 <= FORKS + 1 - len(run.exits) - lost.get(("exit", "ring full"), 0) <= skipped
            forked = iter(run.numbers)
            assert skipped or all(fork.child_pid in forked for fork in run.forks)  # in their order
            if lost:
                break
        assert set(lost) == {("fork", "ring full"), ("exit", "ring full")}
        assert lost.items() <= monitor.stats().lost.items()
        # and then it goes on
        after = run_workload(monitor, program, "fork", COUNT)
        assert (len(after.of(Fork)), len(after.of(Exit))) == (COUNT, COUNT + 1)
        assert after.of(Exec)


@pytest.mark.parametrize("method", flavours())
@pytest.mark.usefixtures("no_backlog")
def test_a_flood_of_failed_execs_is_counted(workloads: Workloads, method: str) -> None:
    """They have no part in what is kept free for process events: those that come after the flood are all there."""
    program, forker = workloads.renamed("exec"), workloads.renamed("fork")
    events = ["fork", "exec", "exit"]
    with Monitor(comm=[program.name, forker.name], events=events, attach=method, buffer_bytes=SMALL) as monitor:
        run = Process(program, "again", 0, LONG, "missing", "x" * 4000).wait()
        forks = Process(forker, "fork", COUNT).wait()
        run.events = drain(monitor)
        lost = losses(run.events)
        failed = [event for event in run.of(Exec) if event.errno]
        assert set(lost) == {("exec", "headroom")}
        assert len(failed) + lost["exec", "headroom"] == LONG
        assert {event.errno for event in failed} == {"ENOENT"}
        assert [fork.child_pid for fork in run.forks] == forks.numbers
        assert Counter(event.pid for event in run.exits) == Counter([run.pid, forks.pid, *forks.numbers])
        assert [event.pid for event in run.of(Exec) if not event.errno] == [run.pid, forks.pid]


@pytest.mark.parametrize("kib", [7, 9, 33, 100])  # up to 8 in the scratch memory, above in larger rooms
@pytest.mark.usefixtures("no_backlog")
def test_many_arguments_take_no_more_of_the_buffer_than_they_are_long(workloads: Workloads, kib: int) -> None:
    program = workloads.renamed("nothing")
    argument = "x" * (kib << 10)
    fit = SMALL // (len(argument) + 1024)  # what else is in a record
    tried = 4 * SMALL // len(argument)  # the reader takes up to two and a half times as much
    with Monitor(comm=[program.name], events=["exec"], buffer_bytes=SMALL) as monitor:
        for _ in range(tried):
            Process(program, argument).wait()
        events = drain(monitor)
    execs = [event for event in events if isinstance(event, Exec)]
    assert {(event.argv[1], event.cut) for event in execs} == {(argument, ())}
    lost = losses(events)
    assert set(lost) == {("exec", "ring full")}
    assert fit <= len(execs) == tried - lost["exec", "ring full"]


@pytest.mark.parametrize("method", flavours())
@pytest.mark.usefixtures("no_backlog")
def test_a_flood_of_long_paths_is_counted(workloads: Workloads, method: str) -> None:
    program = workloads.renamed("open")
    with Monitor(comm=[program.name], events=["open"], attach=method, buffer_bytes=SMALL) as monitor:
        run = Process(program, *opening(LONG, "/" * 4000)).wait()
        run.events = drain(monitor)
        lost = losses(run.events)
        assert set(lost) == {("open", "headroom")}
        assert len(run.opens()) + lost["open", "headroom"] == LONG
        assert {event.path for event in run.opens()} == {"/" * 4000}


@pytest.mark.usefixtures("no_backlog")
def test_a_loss_is_an_event(workloads: Workloads) -> None:
    program = workloads.renamed("open")
    with Monitor(comm=[program.name], buffer_bytes=SMALL) as monitor:
        run = Process(program, *opening(FLOOD)).wait()
        run.events = drain(monitor)
    [lost] = [event for event in run.events if isinstance(event, Lost)]
    assert (lost.event, lost.of, lost.reason, lost.cut) == ("lost", "open", "headroom", ())
    assert lost.count == FLOOD - len(run.opens())
    assert lost.boot_ns > run.only(Exit).boot_ns
    assert lost.time > run.only(Exit).time


def test_a_reader_that_sleeps_loses_nothing_yet(workloads: Workloads) -> None:
    """Records are taken out of the ring although nobody polls: what waits may be several times its size."""
    program = workloads.renamed("open")
    with Monitor(comm=[program.name], buffer_bytes=8 * SMALL // SLOWER) as monitor:
        for _ in range(PARTS):  # a thread on a busy machine may come late, and each part fits in the ring
            Process(program, *opening(BURST // PARTS)).wait()
        opens = [event for event in drain(monitor) if isinstance(event, Open) and event.path == "/"]
        assert len(opens) == BURST
        assert len(opens) * 100 > 2 * 8 * SMALL // SLOWER
        assert monitor.stats().complete


@pytest.mark.usefixtures("no_backlog")
def test_nothing_is_refused_for_a_flood_that_is_over(workloads: Workloads) -> None:
    program = workloads.renamed("open")
    with Monitor(comm=[program.name], events=["open"], buffer_bytes=SMALL) as monitor:
        Process(program, *opening(FLOOD)).wait()
        assert set(without_skipped(losses(drain(monitor)))[0]) == {("open", "headroom")}
        for _ in range(COUNT):  # each alone, so that no other could have looked at the ring for it
            after = Process(program, *opening(1)).wait()
            after.events = drain(monitor)
            assert losses(after.events) == {}
            assert len(after.opens()) == 1
