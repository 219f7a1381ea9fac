"""Execs that fail where it is hard to say what was tried: searches, threads, filters, missing pages."""

from errno import EPERM
from pathlib import Path

import pytest

from onlooker import Exec, Monitor
from onlooker.probe import kernel

from .conftest import Workloads
from .flavours import by_functions
from .running import Process, collect, run_workload
from .test_exec import COUNT, KIB, execute, failed


def test_scripts_without_an_end(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    script = scratch / "script"
    script.write_text(f"#!{script}\n")
    script.chmod(0o755)
    event = failed(execute(monitor, workloads, "execve", script, b"script"))
    assert (event.path, event.errno, event.argv) == (str(script), "ELOOP", ("script",))


def test_arguments_that_are_not_there_any_more(monitor: Monitor, workloads: Workloads) -> None:
    """Their page is missing if the kernel did not come to read them, and then they are not taken for empty ones. Before
    about Linux 6.8 it reads them first, and so gives them a page that is empty.
    """
    event = failed(execute(monitor, workloads, "gone", b"missing", b"zero", b"one", b"two"))
    assert event.path == "missing"
    assert (event.argv, event.cut) in ((("zero",), ("argv",)), (("zero", "", "two"), ()))
    assert event.cut or kernel.version(kernel.release()) < (6, 8)


def test_a_thread_fails(monitor: Monitor, workloads: Workloads) -> None:
    event = failed(execute(monitor, workloads, "thread", b"missing", b"zero"), by_thread=True)
    assert (event.path, event.argv, event.errno) == ("missing", ("zero",), "ENOENT")


def test_a_search(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """execvp(3) tries one directory after the other: all but the last fail."""
    places = [f"/missing/{i}" for i in range(COUNT - 1)]
    program = workloads["nothing"]
    words = ["search", ":".join([*places, str(program.parent)]), 0, program.name, "nothing", ""]
    *failures, event = run_workload(monitor, workloads["exec"], *words).execs()
    assert [(each.path, each.errno) for each in failures] == [(f"{each}/{program.name}", "ENOENT") for each in places]
    assert (event.path, event.errno) == (str(program), None)
    assert {each.argv for each in [*failures, event]} == {("nothing", "")}
    assert {each.cut for each in [*failures, event]} == {()}


def test_a_search_that_ends_with_a_shell(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """execvp(3) gives a file that is no program to a shell; the shell's opens are then its own."""
    script = scratch / f"{workloads.prefix}script"
    script.write_text("exit 23\n")
    script.chmod(0o755)
    with Monitor(comm=[f"{workloads.prefix}*", "sh"], events=["exec", "exit"]) as both:
        process = Process(workloads["exec"], "search", str(scratch), 0, script.name, "zero", "")
        run, [_, events] = collect(process, [monitor, both])
    _, first, second = [event for event in events if isinstance(event, Exec) and event.pid == run.pid]
    assert run.code == 23
    assert (first.path, first.errno, first.argv) == (str(script), "ENOEXEC", ("zero", ""))
    assert (second.path, second.errno, second.argv) == ("/bin/sh", None, ("/bin/sh", str(script), ""))


def test_an_argument_that_is_too_long(monitor: Monitor, workloads: Workloads) -> None:
    """MAX_ARG_STRLEN, include/uapi/linux/binfmts.h."""
    event = failed(execute(monitor, workloads, "long", workloads["nothing"], "zero", "xyz"))
    assert (event.errno, event.cut) == ("E2BIG", ("argv",))
    assert event.argv == ("zero", "x" * len(event.argv[1]))
    assert len(event.argv[1]) >= 4 * KIB - 1


@pytest.mark.parametrize("value", [0, EPERM])
def test_a_filter_keeps_an_exec_from_the_kernel(monitor: Monitor, workloads: Workloads, value: int) -> None:
    """seccomp(2) can make it give anything, such as 0; only what the kernel did counts as a success."""
    run = run_workload(monitor, workloads["seccomp"], "execve", value, workloads["nothing"])
    assert run.numbers == [-1 if value else 0, value]
    expected = [("EPERM", str(workloads["nothing"]))] if value and not by_functions(monitor) else []
    assert [(event.errno, event.path) for event in run.execs()] == expected
