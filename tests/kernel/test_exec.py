"""Exec events: the program, its arguments byte for byte, and what failed."""

import os
import shutil
import signal
import struct
from errno import errorcode
from itertools import pairwise
from pathlib import Path
from signal import SIGSEGV

import pytest

from onlooker import Exec, Exit, Fork, Monitor, Open, TaskEvent
from onlooker.probe import kernel

from ..conftest import file_system
from .commands import wait_until
from .conftest import Workloads
from .mounts import in_a_chroot
from .running import Process, Run, collect, run_workload

COUNT = 23
OTHER_UID = 2323
AT_FDCWD, AT_EMPTY_PATH = -100, 0x1000
KIB = 1024


def execute(monitor: Monitor, workloads: Workloads, how: str, path: Path | bytes, *args: str | bytes) -> Run:
    return run_workload(monitor, workloads["exec"], how, AT_FDCWD, 0, os.fsencode(path), *args)


def as_bytes(event: Exec) -> list[bytes]:
    return [os.fsencode(arg) for arg in event.argv]


ARGUMENTS = {
    "plain": [b"nothing", b"-x", b"two words"],
    "trailing empty": [b"nothing", b"", b"a", b""],
    "only empty ones": [b"", b"", b""],
    "newlines and tabs": [b"no\nthing", b"\n", b"a\tb\r\n"],
    "escape sequences": [b"nothing", b"\x1b[2J\x1b]0;title\x07", b"\xc2\x9b31m", b"\x7f"],
    "not UTF-8": [b"\xff\xfe", b"caf\xe9", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xe2\x80\xae"],
    "just below a record's room": [b"a" * 511],
    "just a record's room": [b"a" * 510, b""],
    "one page": [b"a" * 4095],
    "one page and a byte": [b"b" * 4095, b""],
    "32 KiB": [b"c" * (32 * KIB - 1)],
    "32 KiB and a byte": [b"c" * (32 * KIB - 1), b""],
    "200 KiB": [b"d%05d" % i + b"-" * 1017 for i in range(200)],
    "256 KiB": [b"e" * (64 * KIB - 1)] * 4,
    "many": [b"%d" % i for i in range(2323)],
}


CAPPED = {  # what is passed, how much is kept, and what is left
    "inside an argument": ([b"a" * 99, b"b" * 99], 150, [b"a" * 99, b"b" * 50]),
    "between two": ([b"a" * 99, b"b" * 99], 100, [b"a" * 99]),
    "nothing is kept": ([b"a"], 0, []),
    "all fits": ([b"a" * 99, b"b" * 99], 200, [b"a" * 99, b"b" * 99]),
    "of many KiB": ([b"c" * (100 * KIB)], 16 * KIB, [b"c" * (16 * KIB)]),
    "more than the scratch memory": ([b"d" * (100 * KIB)] * 2, 100 * KIB, [b"d" * (100 * KIB)]),
}


@pytest.mark.parametrize("name", CAPPED)
def test_arguments_are_cut_where_they_are_to_be(workloads: Workloads, name: str) -> None:
    passed, most, kept = CAPPED[name]
    with Monitor(comm=[f"{workloads.prefix}*"], events=["exec"], max_args_bytes=most) as monitor:
        run = execute(monitor, workloads, "execve", workloads["nothing"], *passed)
        failed = execute(monitor, workloads, "execve", b"/nowhere/at/all", *(word[:2000] for word in passed))
    [event] = run.execs()
    assert as_bytes(event) == kept
    assert event.cut == (("argv",) if kept != passed else ())
    assert event.exe and event.cwd
    [event] = [each for each in failed.of(Exec) if each.errno]
    found = b"".join(word + b"\0" for word in as_bytes(event))
    whole = b"".join(word[:2000] + b"\0" for word in passed)
    assert whole.startswith(found[:-1])
    assert (len(found.rstrip(b"\0")), event.cut) == (
        (len(whole) - 1, ()) if len(whole) <= most else (len(whole[:most].rstrip(b"\0")), ("argv",))
    )
    assert event.joined_path == "/nowhere/at/all"


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_program_is_executed(monitor: Monitor, workloads: Workloads, name: str) -> None:
    run = execute(monitor, workloads, "execve", workloads["nothing"], *ARGUMENTS[name])
    [event] = run.execs()
    assert event.path == str(workloads["nothing"])
    assert as_bytes(event) == ARGUMENTS[name]
    assert (event.pid, event.tid, event.ppid) == (run.pid, run.pid, os.getpid())
    assert event.comm == workloads["nothing"].name[:15]
    assert (event.interpreter, event.errno, event.cut) == (None, None, ())
    assert len({event.start_ns for event in run.events}) == 1


@pytest.mark.parametrize("extra", [1, 23, 100 * KIB])
def test_more_than_256_kib_of_arguments_are_cut(monitor: Monitor, workloads: Workloads, extra: int) -> None:
    args = [b"f" * (64 * KIB - 1)] * 4 + [b"g" * (extra - 1)]
    [event] = execute(monitor, workloads, "execve", workloads["nothing"], *args).execs()
    assert as_bytes(event) == args[:4]
    assert event.cut == ("argv",)


def test_no_argument_at_all(monitor: Monitor, workloads: Workloads) -> None:
    [event] = execute(monitor, workloads, "bare", workloads["nothing"]).execs()
    # since Linux 5.18 the kernel itself puts in an empty one (bprm_stack_limits, fs/exec.c)
    assert event.argv in ((), ("",))
    assert event.cut == ()


@pytest.mark.parametrize("length", [127, 128, 255, 256, 4095])
def test_a_long_path(monitor: Monitor, workloads: Workloads, length: int) -> None:
    path = os.fsencode(workloads["nothing"])
    path = b"/" * (length - len(path)) + path
    [event] = execute(monitor, workloads, "execve", path, b"nothing").execs()
    assert (os.fsencode(event.path), event.argv, event.cut) == (path, ("nothing",), ())


def test_a_script(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    script = scratch / f"{workloads.prefix}script\n\xe9"
    script.write_text(f"#!{workloads['nothing']} -x y\n")
    script.chmod(0o755)
    [event] = execute(monitor, workloads, "execve", script, b"script", b"1", b"").execs()
    assert (event.path, event.interpreter) == (str(script), str(workloads["nothing"]))
    assert event.argv == (str(workloads["nothing"]), "-x y", str(script), "1", "")
    assert event.comm.encode("utf-8", "surrogateescape") == os.fsencode(script.name)[:15]
    assert event.cut == ()


def test_a_script_by_a_script(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """Each interpreter is looked at in turn; it is one exec, of the first file by the last program."""
    programs = [workloads["nothing"], *(scratch / f"{workloads.prefix}{i}" for i in range(4))]
    for runs, script in pairwise(programs):
        script.write_text(f"#!{runs} {script.name}\n")
        script.chmod(0o755)
    [event] = execute(monitor, workloads, "execve", programs[-1], b"script", b"").execs()
    assert (event.path, event.interpreter) == (str(programs[-1]), str(programs[0]))
    expected = [word for program in programs[1:] for word in (program.name, str(program))]
    assert event.argv == (str(programs[0]), *expected, "")
    assert event.comm == programs[-1].name[:15]


@pytest.mark.skipif(in_a_chroot(), reason="nobody in a chroot gets a user namespace")
def test_a_file_that_the_kernel_has_an_interpreter_for(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """Linux Documentation/admin-guide/binfmt-misc.rst; since 6.7 each user namespace has its own."""
    file = scratch / f"{workloads.prefix}x.{workloads.prefix}y"
    file.write_text("not a program\n")
    file.chmod(0o755)
    (scratch / "binfmt_misc").mkdir()
    register = f":{workloads.prefix}:E::{workloads.prefix}y::{workloads['nothing']}:"
    script = f'mount -t binfmt_misc none "$0" && echo "{register}" > "$0/register" && exec "$@"'
    under = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, f"{scratch}/binfmt_misc"]
    run = run_workload(monitor, workloads["exec"], "execve", 0, 0, file, "zero", "one", under=under, code=None)
    if kernel.version(kernel.release()) < (6, 7):
        pytest.skip("binfmt_misc in a user namespace: Linux 6.7")
    assert run.code == 0
    [event] = run.execs()
    assert (event.path, event.interpreter) == (str(file), str(workloads["nothing"]))
    assert event.argv == (str(workloads["nothing"]), str(file), "one")


def test_the_user_is_who_executes(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """Not whose rights the program gets by its set-user-id bit."""
    scratch.chmod(0o755)
    program = scratch / f"{workloads.prefix}setuid"
    shutil.copy(workloads["open"], program)
    program.chmod(0o4755)
    process = Process(
        program, "openat", "plain", -100, "/", 0, 0, 0, 1, under=["setpriv", f"--reuid={OTHER_UID}", "--clear-groups"]
    )
    wait_until(lambda: Path(f"/proc/{process.pid}/comm").read_text() == f"{program.name[:15]}\n")
    status = Path(f"/proc/{process.pid}/status").read_text()
    assert f"\nUid:\t{OTHER_UID}\t0\t0\t0\n" in status, status
    run, [run.events] = collect(process, [monitor])
    assert run.only(Exec).path == str(program)
    assert {event.uid for event in run.events if isinstance(event, TaskEvent)} == {OTHER_UID}


def test_arguments_are_those_of_the_call(monitor: Monitor, workloads: Workloads) -> None:
    """A program that writes over its arguments, as for a title in ps(1), does not change what is shown."""
    process = Process(workloads["exec"], "retitle", 0, 0, "", "secret")
    process.release()
    shown = Path(f"/proc/{process.pid}/cmdline")
    wait_until(lambda: b"secret" not in shown.read_bytes() and b"######" in shown.read_bytes())
    os.kill(process.pid, signal.SIGKILL)
    run, [run.events] = collect(process, [monitor])
    assert run.only(Exec).argv == (str(workloads["exec"]), "retitle", "0", "0", "", "secret")


def test_execveat(monitor: Monitor, workloads: Workloads) -> None:
    name = workloads["nothing"].name
    directory = os.open(workloads.directory, os.O_PATH)
    os.set_inheritable(directory, True)
    run = run_workload(monitor, workloads["exec"], "execveat", directory, 0, name, b"nothing", b"\xff", b"")
    os.close(directory)
    [event] = run.execs()
    assert event.path == f"/dev/fd/{directory}/{name}"  # as the kernel names it, alloc_bprm in fs/exec.c
    assert as_bytes(event) == [b"nothing", b"\xff", b""]
    assert (event.errno, event.cut) == (None, ())


def test_execveat_of_a_descriptor(workloads: Workloads) -> None:
    descriptor = os.open(workloads["nothing"], os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    process = Process(workloads["exec"], "execveat", descriptor, AT_EMPTY_PATH, "", "nothing", "-x")
    os.close(descriptor)
    # by pid, because before Linux 6.14 the process is then named after the descriptor's number
    with Monitor(pid=[process.pid]) as monitor:
        run, [run.events] = collect(process, [monitor])
    event = run.only(Exec)
    assert (event.path, event.argv) == (f"/dev/fd/{descriptor}", ("nothing", "-x"))
    assert (event.interpreter, event.errno, event.cut) == (None, None, ())


def test_a_thread_executes(monitor: Monitor, workloads: Workloads) -> None:
    for _ in range(COUNT):
        run = execute(monitor, workloads, "thread", workloads["nothing"], "nothing", "x")
        [event] = run.execs()
        assert (event.pid, event.tid) == (run.pid, run.pid)
        assert event.argv == ("nothing", "x")
        assert run.forks == []
        assert run.exits == [run.only(Exit, run.pid)]
        assert {each.start_ns for each in run.events} == {event.start_ns}


def failed(run: Run, *, by_thread: bool = False) -> Exec:
    """The one failed exec, checked against what the workload saw."""
    [event] = run.execs()
    [number] = run.numbers
    assert event.errno == errorcode[number]
    assert (event.pid, event.tid == run.pid, event.interpreter) == (run.pid, not by_thread, None)
    assert event.comm == Path(run.of(Exec)[0].path).name[:15]
    return event


@pytest.mark.parametrize(
    ("name", "content", "mode", "errno"),
    [
        ("missing", None, 0, "ENOENT"),
        ("plain", b"text", 0o644, "EACCES"),
        ("garbage", b"\0garbage", 0o755, "ENOEXEC"),
        ("orphan", b"#!/missing/interpreter\n", 0o755, "ENOENT"),
        ("caf\udce9\x1b[0m", None, 0, "ENOENT"),
    ],
)
def test_an_exec_fails(
    monitor: Monitor,
    workloads: Workloads,
    scratch: Path,
    name: str,
    content: bytes | None,
    mode: int,
    errno: str,
) -> None:
    path = scratch / name
    if content:
        path.write_bytes(content)
        path.chmod(mode)
    args = [b"zero", b"", b"\xff\n\x1b[31m", b""]
    event = failed(execute(monitor, workloads, "execve", path, *args))
    assert (event.path, event.errno) == (str(path), errno)
    assert as_bytes(event) == args
    assert event.cut == ()


@pytest.mark.parametrize("length", [255, 256, 1023, 1024, 4094, 4095])
def test_a_long_path_fails(monitor: Monitor, workloads: Workloads, length: int) -> None:
    path = b"/" * (length - 7) + b"missing"
    event = failed(execute(monitor, workloads, "execve", path, b"zero"))
    assert (os.fsencode(event.path), event.argv, event.cut) == (path, ("zero",), ())


def test_a_path_that_is_too_long(monitor: Monitor, workloads: Workloads) -> None:
    event = failed(execute(monitor, workloads, "execve", b"/" * 4090 + b"missing", b"zero"))
    assert (event.errno, event.cut) == ("ENAMETOOLONG", ("path", "joined_path"))
    assert os.fsencode(event.path) == b"/" * 4090 + b"missi"


@pytest.mark.parametrize(
    "args", [[b"a" * 1023], [b"b" * 1024], [b"c" * 4000], [b"d" * 4095], [b"e" * 40] * 99, [b"f"] * 255]
)
def test_4_kib_of_a_failed_execs_arguments_are_whole(monitor: Monitor, workloads: Workloads, args: list[bytes]) -> None:
    event = failed(execute(monitor, workloads, "execve", b"missing", *args))
    assert (as_bytes(event), event.cut) == (args, ())


@pytest.mark.parametrize("args", [[b"a" * 4096], [b"b" * 9000, b""], [b"c" * 40] * 200, [b"d"] * 256])
def test_more_of_a_failed_execs_arguments_are_cut(monitor: Monitor, workloads: Workloads, args: list[bytes]) -> None:
    event = failed(execute(monitor, workloads, "execve", b"missing", *args))
    assert event.cut == ("argv",)
    whole, last = as_bytes(event)[:-1], as_bytes(event)[-1]
    assert whole == args[: len(whole)]
    assert args[len(whole)].startswith(last)
    assert len(event.argv) == 256 or len(b"\0".join([*whole, last])) >= 4095


def test_arguments_that_are_nowhere(monitor: Monitor, workloads: Workloads) -> None:
    event = failed(execute(monitor, workloads, "lost", workloads["nothing"]))
    assert (event.errno, event.argv, event.cut) == ("EFAULT", (), ("argv",))


def test_an_argument_whose_end_is_not_there(monitor: Monitor, workloads: Workloads) -> None:
    event = failed(execute(monitor, workloads, "edge", b"missing", "zero", "x" * 230, "two"))
    assert (event.argv, event.cut) == (("zero", "x" * 230), ("argv",))


def test_a_loader_that_is_missing(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    script = scratch / "script"
    script.write_bytes(b"#!/missing/interpreter -x\n")
    script.chmod(0o755)
    for path in (b"./script", bytes(script)):
        event = failed(execute(monitor, workloads, "execve", path, "zero"))
        # file systems in memory forget at once that a name is missing (always_delete_dentry, fs/libfs.c)
        is_known = kernel.version(kernel.release()) >= (5, 12) and file_system(Path("/")) not in ("rootfs", "tmpfs")
        assert event.missing_interpreter == ("/missing/interpreter" if is_known else None)
    event = failed(execute(monitor, workloads, "execve", b"./missing", "zero"))
    assert event.missing_interpreter is None


def test_execveat_fails(monitor: Monitor, workloads: Workloads) -> None:
    event = failed(run_workload(monitor, workloads["exec"], "execveat", AT_FDCWD, 0, "missing", "zero", b"\xff"))
    assert (event.path, as_bytes(event), event.errno, event.cut) == ("missing", [b"zero", b"\xff"], "ENOENT", ())


def test_too_many_arguments(monitor: Monitor, workloads: Workloads) -> None:
    event = failed(execute(monitor, workloads, "many", workloads["nothing"], "x" * 23))
    assert (event.errno, set(event.argv), event.cut) == ("E2BIG", {"x" * 23}, ("argv",))


def test_a_failure_past_the_point_of_no_return(monitor: Monitor, workloads: Workloads, scratch: Path) -> None:
    """The caller's memory is gone, so its words are too; the kernel kills the process."""
    broken = scratch / f"{workloads.prefix}broken"
    broken.write_bytes(with_a_bad_segment(workloads["nothing"].read_bytes()))
    broken.chmod(0o755)
    run = run_workload(monitor, workloads["exec"], "execve", 0, 0, broken, "zero", code=-SIGSEGV)
    [event] = run.execs()
    assert (event.errno, event.path, event.argv, event.cut) == ("EINVAL", "", (), ("path", "argv"))
    assert event.comm == broken.name[:15]
    assert run.only(Exit).signal == "SIGSEGV"


def with_a_bad_segment(image: bytes) -> bytes:
    """A 64-bit ELF file whose last segment takes less memory than it has bytes, which is noticed when it is mapped."""
    program_headers, size, count = struct.unpack_from("=Q", image, 32)[0], *struct.unpack_from("=HH", image, 54)
    at = [program_headers + i * size for i in range(count)]
    last = [header for header in at if struct.unpack_from("=I", image, header) == (1,)][-1]  # PT_LOAD
    changed = bytearray(image)
    struct.pack_into("=Q", changed, last + 40, 1)  # p_memsz
    return bytes(changed)


def test_a_child_that_fails(monitor: Monitor, workloads: Workloads) -> None:
    """Its exec is its own, under the name of its creator."""
    run = execute(monitor, workloads, "child", b"missing", b"zero")
    child = run.only(Fork).child_pid
    event = run.only(Exec, child)
    assert (event.ppid, event.errno) == (run.pid, "ENOENT")
    assert event.start_ns == run.only(Exit, child).start_ns == run.only(Fork).child_start_ns
    assert run.opens(run.pid) == []
    assert run.of(Open, child) == []
