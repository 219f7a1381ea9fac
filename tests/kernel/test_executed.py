"""Only what processes do that have executed a program: by whatever name, script or binary, and what they create."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from onlooker import Event, Exec, Exit, Fork, Monitor, Open
from onlooker.filters.selected import Exe
from onlooker.probe import executed, kernel, setup
from onlooker.probe._libbpf import Probe
from onlooker.probe.kernel import Feature

from .commands import WATCH, run, started, watching
from .conftest import Workloads, fresh_name
from .running import SLOWER, Process, Run, collect, drain, losses
from .test_privileges import UNSHARE

COUNT = 23
ROUNDS = 5
MANY = 600
MOST_ENDING = (os.cpu_count() or 1) if kernel.lacks(Feature("sched_process_exit", arguments=2)) else 0
SETTLE = executed.settle
LIVES = 300 // SLOWER


@pytest.fixture
def program(workloads: Workloads) -> Iterator[Path]:
    """A copy of a workload under a name of its own."""
    yield from copy(workloads, "where")


@pytest.fixture
def workers(workloads: Workloads) -> Iterator[Path]:
    yield from copy(workloads, "workers")


def copy(workloads: Workloads, name: str) -> Iterator[Path]:
    made = workloads.renamed(name)
    yield made
    made.unlink()


def script(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)
    return path


def opening(path: str) -> tuple[str | int, ...]:
    """The arguments of the workload that opens a path COUNT times."""
    return "openat", -100, path, os.O_RDONLY, COUNT


def watched(process: Process, *exe: str, **how: object) -> tuple[Run, list[Event]]:
    """What a process was that waited when the monitor started."""
    with Monitor(exe=exe, **how) as monitor:  # type: ignore[arg-type]
        ended, [events] = collect(process, [monitor])
    assert losses(events) == {}
    return ended, events


def opened(events: list[Event]) -> list[str]:
    """Without what the dynamic loader opens, and shells at their beginning."""
    paths = [event.path for event in events if isinstance(event, Open)]
    return [path for path in paths if "/" not in path and path != "begin"]


def kinds(events: list[Event]) -> list[tuple[str, int]]:
    return [(event.event, getattr(event, "pid", 0)) for event in events if not isinstance(event, Open)]


@pytest.mark.usefixtures("each_object")
def test_a_script_however_it_is_asked_for(scratch: Path) -> None:
    name = fresh_name()
    (scratch / "a/b").mkdir(parents=True)
    script(scratch / "a/b" / name, ": < inside")
    paths = [name, f"{scratch}/a/b/{name}", f"a/b/{name}", f"./a/../a/b/{name}"]
    asked = [f"{scratch}/a/b/{name}", f"a/b/{name}", f"./a/b/{name}", f"../{scratch.name}/a/b/{name}"]
    monitors = [Monitor(exe=[path]) for path in paths]
    for monitor in monitors:
        monitor.start()
    try:
        for path in asked:
            with started(path) as process:
                process.wait()
            for monitor in monitors:
                events = drain(monitor)
                assert [type(event) for event in events if not isinstance(event, Open)] == [Exec, Exit], (path, events)
                assert {event.pid for event in events} == {process.pid}  # type: ignore[union-attr]
                assert "inside" in opened(events)
        for words in (("sh", f"a/b/{name}"), ("true", name), ("cat", f"a/b/{name}")):
            subprocess.run(words, check=False, capture_output=True)
            assert [drain(monitor) for monitor in monitors] == [[]] * len(monitors)
    finally:
        for monitor in monitors:
            monitor.close()


def test_only_that_path(scratch: Path, program: Path) -> None:
    """A file of the same name elsewhere is another program; and a path in whose middle it is."""
    for directory in ("a", "b", "a/a"):
        (scratch / directory).mkdir()
        script(scratch / directory / program.name, f": < {directory[0]}")
    with Monitor(exe=["a/" + program.name], events=["open"]) as monitor:
        for path in ("b/", "a/a/", "./b/", "a/../b/", str(scratch) + "/b/", str(program.parent) + "/"):
            with started(path + program.name, *map(str, opening("c"))) as process:
                process.communicate()
        assert drain(monitor) == []
        os.chdir("a")
        subprocess.run([f"./a/{program.name}"], check=False)
        subprocess.run([f"../b/{program.name}"], check=False)
        assert drain(monitor) == []
        subprocess.run([f"./{program.name}"], check=False, stderr=subprocess.DEVNULL)
        assert opened(drain(monitor))[-1:] == ["a"]


@pytest.mark.usefixtures("each_object")
def test_it_stays_what_it_has_executed(program: Path, scratch: Path) -> None:
    """A script executes a program; subshells are the script's, and what they execute is not. By each way of events."""
    file = script(scratch / fresh_name(), f"( : < sub; : ); cat child; exec {program} openat -100 last 0 {COUNT}")
    for events in (["open"], ["open", "exec"], ["all"]):
        for failed in (False, True):
            with Monitor(exe=[file.name], events=events, failed=failed) as monitor:
                subprocess.run([file], check=False, capture_output=True, stdin=subprocess.DEVNULL)
                found = drain(monitor)
            assert losses(found) == {}
            assert [path for path in opened(found) if path in ("sub", "child", "last")] == ["sub", *["last"] * COUNT]
            executed = [event.path for event in found if isinstance(event, Exec) and not event.errno]
            assert executed == ([str(file), str(program)] if "open" not in events[-1] and not failed else [])


@pytest.mark.usefixtures("each_object")
def test_workers_that_call_themselves_something_else(workers: Path, program: Path, scratch: Path) -> None:
    """They are of the program that created them, until they execute another one; one that ran before, and one that
    comes.
    """
    (scratch / "worker").touch()
    before = Process(workers, COUNT, "other")
    with Monitor(exe=[workers.name]) as monitor:
        for process in (before, Process(workers, COUNT, "other")):
            ended, [events] = collect(process, [monitor])
            assert losses(events) == {}
            assert [event.pid for event in events if isinstance(event, Exit)] == [*ended.numbers, ended.pid]
            assert [event.child_pid for event in events if isinstance(event, Fork)] == ended.numbers
            assert {event.comm for event in events if isinstance(event, Fork)} == {"other"}
            assert opened(events) == ["worker"] * COUNT
        ended, [events] = collect(Process(workers, COUNT, "other", program, *opening("later")), [monitor])
        assert opened(events) == ["worker"] * COUNT
        assert [event.pid for event in events if isinstance(event, Exit)] == [ended.pid]
    _, events = watched(Process(workers, 2, "other", program, *opening("later")), program.name, workers.name)
    assert opened(events) == ["worker", *["later"] * COUNT] * 2


@pytest.mark.usefixtures("each_object")
def test_links(program: Path, scratch: Path) -> None:
    """The name that was asked for counts, and the file's own; of a process that comes, and of one that runs."""
    for name in ("link", "other"):
        (scratch / f"{program.name}-{name}").symlink_to(program)
    link, other = f"{program.name}-link", f"{program.name}-other"
    yes = [link, program.name, f"./{link}", str(program)]
    for exe in (*yes, other, f"./{other}"):
        ran = Process(scratch / link, *opening("before"))
        with Monitor(exe=[exe], events=["open"]) as monitor:
            _, [events] = collect(ran, [monitor])
            assert opened(events) == (["before"] * COUNT if exe in yes else []), exe
            _, [events] = collect(Process(scratch / link, *opening("later")), [monitor])
            assert opened(events) == (["later"] * COUNT if exe in yes else []), exe


def test_a_script_that_runs(scratch: Path) -> None:
    """Its arguments tell, and its first line; not those of who only reads it, or of a shell that does not run it."""
    file = script(scratch / fresh_name(), "read x", "( : < inside )")
    (scratch / "env").write_text(file.read_text().replace("/bin/sh", "/usr/bin/env -S sh -u"))
    (scratch / "env").chmod(0o755)
    for exe in (file.name, f"./{file.name}"):
        _, events = watched(Process(file), exe, events=["open"])
        assert opened(events) == ["inside"]
        _, events = watched(Process(Path("..", scratch.name, file.name)), exe, events=["open"])
        assert opened(events) == ["inside"]
    process = Process(scratch / "env")
    time.sleep(0.2)  # env executes the shell
    _, events = watched(process, f"{scratch}/env", events=["open"])
    assert opened(events) == ["inside"]
    _, events = watched(Process(Path("/bin/cat"), "-", file), file.name, events=["open"])
    assert events == []


@pytest.mark.usefixtures("each_object")
def test_no_process_is_missed_while_the_monitor_starts(
    workloads: Workloads, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A storm of forks, of a binary and of a script's subshells, begins just before running processes are looked at:
    whoever ends after the start is of it. Before Linux 6.16, the kernel lets go of a process's memory, and with it of
    what runs, before it tells of its end: then one on each processor may be between the two.
    """
    storm = workloads.renamed("storm")
    Path("in").touch()
    shells = script(scratch / fresh_name(), "read x", f"for i in $(seq {LIVES}); do ( ( : < in ) & ) ; done")
    late = 0
    for turn in range(ROUNDS):
        for path, args in ((storm, [LIVES]), (shells, [])):
            process = Process(path, *args)
            monkeypatch.setattr(executed, "settle", releasing(process, 0.002 * turn))
            with Monitor(events=["fork", "exec", "exit"], comm=[path.name]) as everything:
                with Monitor(exe=[path.name], events=["exit"]) as monitor:
                    since = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
                    process.wait()
                    time.sleep(0.2)  # orphans
                    found = drain(monitor)
                all_events = drain(everything)
            assert losses(found) == {}
            ended = {event.pid for event in all_events if isinstance(event, Exit) and event.boot_ns > since}
            shown = {event.pid for event in found if isinstance(event, Exit)}
            assert len(ended - shown) <= MOST_ENDING, (path, ended - shown)
            assert shown <= {event.pid for event in all_events if isinstance(event, Exit)}
            late += len(ended)
    assert late > LIVES
    storm.unlink()


def releasing(process: Process, seconds: float) -> Callable[..., list[str]]:
    """Looks at the running processes a moment after one of them was released."""

    def settle(probe: Probe, wanted: Sequence[Exe]) -> list[str]:
        if wanted:
            process.release()
            time.sleep(seconds)
        return SETTLE(probe, wanted)

    return settle


@pytest.mark.usefixtures("each_object")
def test_many_names_and_long_ones(program: Path, scratch: Path) -> None:
    long = scratch / ("n" * 255)
    deep = scratch.joinpath(*["d" * 200] * 18) / program.name
    deep.parent.mkdir(parents=True)
    for path in (long, deep):
        script(path, ": < inside")
    others = [f"{fresh_name()}{at}" for at in range(29)]
    with Monitor(exe=[*others, long.name, str(deep), program.name], events=["open"]) as monitor:
        for path in (str(long), str(deep)):
            subprocess.run([path], check=False, stderr=subprocess.DEVNULL)
            assert opened(drain(monitor)) == ["inside"]
        os.chdir(deep.parent.parent)
        subprocess.run([f"./{'d' * 200}/{program.name}"], check=False, stderr=subprocess.DEVNULL)
        assert opened(drain(monitor)) == ["inside"]
        _, [events] = collect(Process(program, *opening("a")), [monitor])
        assert opened(events) == ["a"] * COUNT
        subprocess.run([str(long)[:-1] + "m"], check=False, executable="/bin/true")
        assert drain(monitor) == []


def test_an_exec_by_another_thread(workloads: Workloads, program: Path, scratch: Path) -> None:
    """The process goes on under its own id, and is then of the program that it executed, and of the one before."""
    first = workloads.renamed("exec")
    for name in (first.name, program.name):
        process = Process(first, "thread", 0, 0, program, program.name, *opening("a"))
        ended, events = watched(process, name, events=["open", "exit"])
        assert opened(events) == ["a"] * COUNT
        assert [event.pid for event in events if isinstance(event, Exit)] == [ended.pid]
    first.unlink()


@pytest.mark.usefixtures("each_object")
def test_a_subshell_that_runs(scratch: Path) -> None:
    """It has executed nothing itself, and so is of the script until it executes something else."""
    for name in ("inside", "later", "end"):
        Path(name).touch()
    file = script(scratch / fresh_name(), "( read x; : < inside; exec /bin/cat later )", ": < end")
    process = Process(file)
    time.sleep(0.2)  # the script makes the subshell
    ended, events = watched(process, file.name, events=["open", "exec", "exit"])
    assert opened(events) == ["inside", "end"]
    assert kinds(events) == [("exit", ended.pid)]


def test_a_script_that_runs_in_the_monitor_s_pid_namespace(scratch: Path) -> None:
    """There /proc has other ids than the events."""
    file = script(scratch / fresh_name(), "read x", "exit 7")
    code = f"""if True:
        from subprocess import PIPE, Popen
        from onlooker import Monitor
        process = Popen([{str(file)!r}], stdin=PIPE)
        with Monitor(exe=[{file.name!r}], events=["exit"]) as monitor:
            process.communicate()
            monitor.stop()
            for event in monitor:
                print(event.ns_pid == process.pid != event.pid, event.exit_code)
    """
    done = subprocess.run((*UNSHARE, sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert done.stdout == "True 7\n"


def test_what_finds_no_room_is_a_loss(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has found room is seen to the end, and so is what has ended since."""
    file = script(scratch / fresh_name(), "exec 3<&0", f"for i in $(seq {MANY}); do ( read x ) <&3 & done", "wait")
    monkeypatch.setattr(setup, "SET_ENTRIES", MANY // 2)
    with Monitor(exe=[file.name], events=["fork", "exit"]) as monitor:
        process, events = Process(file), []
        while sum(isinstance(event, Fork) and event.pid == process.pid for event in events) < MANY + 1:  # and seq
            events += monitor.poll(0.1)
        process.release()
        events += collect(process, [monitor])[1][0]
    lost = losses(events)
    assert set(lost) == {("fork", "unfollowed")}
    assert sum(isinstance(event, Exit) for event in events) == MANY + 1 - lost["fork", "unfollowed"]
    assert not monitor.stats().complete


def test_without_resolve(program: Path, scratch: Path) -> None:
    _, events = watched(Process(program, *opening("a")), str(program), resolve=False)
    assert opened(events) == ["a"] * COUNT
    with Monitor(exe=[program.name], resolve=False, events=["exec"]) as monitor:
        with started(program, *map(str, opening("a"))) as process:
            process.communicate()
        [event] = drain(monitor)
    assert isinstance(event, Exec)
    assert (event.path, event.exe, event.cwd, event.inode, event.file_state, event.cut) == (
        str(program), None, None, None, None, (),
    )  # fmt: skip


def test_the_command(program: Path, scratch: Path) -> None:
    """With a command, what it starts that has executed the program; and words for what may not be meant so."""
    words = f"cat a; {program} openat -100 found 0 {COUNT}"
    ended = run("--exe", program.name, "-e", "open,exit", "-o", "out", "--", "sh", "-c", words, command=WATCH)
    assert ended.code == 0
    text = Path("out").read_text()
    assert (text.count(" open file found"), text.count(" open file a"), text.count(" exited ")) == (COUNT, 0, 1)
    with watching("--exe", "nobody*", "--exe", "/none/x", "--exe", str(scratch), "--exe", fresh_name()) as watch:
        said = watch.end().err
    assert "'nobody*' is compared as it is" in said
    assert "there is no '/none/x' yet" in said
    assert f"{str(scratch)!r} is a directory, which nobody executes" in said
    assert said.count("is on PATH, and no running process is known to have executed one; it may come") == 1
    ended = run("--exe", "", command=WATCH)
    assert (ended.code, ended.err) == (2, "onlooker: not a program: ''\n\nhint: as in nginx or /usr/sbin/nginx\n")
