"""strace's output taken apart: every form of line, as strace 6.1 printed it."""

import doctest
from types import ModuleType

import pytest

from . import facts as facts_module
from . import strace
from .facts import Exec, Exit, Fork, Open
from .strace import Call, End, Garbled, Superseded, UnclearError, number, parse, split, string
from .strace_facts import KILLED, KILLED_FORK, Account

PATH = '"' + "".join(f"\\x{byte:02x}" for byte in b"/tmp/\xff,)\n") + '"'
BEGIN = r'execve("\x2f\x78", ["\x78"], 0x7ffd2a2e9498 /* 1 var */) = 0'
EXEC = r'execve("\x2f\x61", ["\x61", "\x62"], 0x7ffd2a2e9498 /* 35 vars */'


def only(line: str) -> Call:
    [call] = parse(line + "\n")
    assert isinstance(call, Call)
    return call


def shown(**lines: str) -> list[object]:
    """What is said to have happened, given each task's lines."""
    return facts_of(**lines)[0]


def facts_of(**lines: str) -> tuple[list[object], dict[str, int]]:
    """And what is noted beside it. The first task is the command `x`."""
    first = min(lines, key=lambda tid: int(tid[1:]))
    lines[first] = f"{BEGIN}\n{lines[first]}"
    account = Account({int(tid[1:]): list(parse(text)) for tid, text in lines.items()}, ["x"])
    return list(account.facts())[1:], dict(account.notes)


def opened(line: str) -> Open:
    [fact] = shown(t7=line)
    assert isinstance(fact, Open)
    return fact


def test_a_call_and_what_is_behind_its_descriptor() -> None:
    call = only(rf"openat(AT_FDCWD<\x2f>, {PATH}, O_RDONLY|O_CLOEXEC) = 3<\x2f\x78>")
    assert (call.name, call.result, call.path, call.deleted) == ("openat", "3", b"/x", False)
    assert call.arguments == (r"AT_FDCWD<\x2f>", PATH, "O_RDONLY|O_CLOEXEC")
    assert string(call.arguments[1]) == (b"/tmp/\xff,)\n", True)


def test_a_file_that_is_no_longer_there() -> None:
    call = only(r"openat(AT_FDCWD<\x2f>, ".rstrip() + rf" {PATH}, O_RDWR|O_TMPFILE, 0700) = 3<\x2f\x78>(deleted)")
    assert (call.path, call.deleted) == (b"/x", True)


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ("17", "17"),
        ("-1 ENOENT (No such file or directory)", "ENOENT"),
        ("? ERESTARTSYS (To be restarted if SA_RESTART is set)", "ERESTARTSYS"),
        ("?", "?"),
    ],
)
def test_results(result: str, outcome: str) -> None:
    assert only(f'open("\\x61", O_RDONLY)    = {result}').result == outcome


def test_a_call_in_which_the_task_was_killed() -> None:
    assert only('openat(AT_FDCWD, "\\x61", O_RDONLY <unfinished ...>) = ?').arguments[-1] == "O_RDONLY"


def test_ends() -> None:
    text = "+++ exited with 23 +++\n+++ killed by SIGSEGV (core dumped) +++\n+++ killed by SIGRT_8 +++\n"
    assert list(parse(text)) == [End(23, None, False), End(None, "SIGSEGV", True), End(None, "SIGRT_8", False)]
    assert shown(t7="+++ killed by SIGRT_8 +++\n") == [Exit(7, "SIGRTMIN+6", False)]
    assert shown(t7="+++ killed by SIGRT_2 +++\n") == [Exit(7, "SIGRTMIN", False)]


def test_places() -> None:
    missing = "-1 ENOENT (No such file or directory)\n"
    assert opened(r'open("\x61", O_RDONLY) = 3<\x2f\x78>' + "\n").place == b"/x"
    gone = opened(r'openat(AT_FDCWD<\x2f>, "\x2e", O_RDWR|O_TMPFILE, 0) = 3<\x2f\x78>(deleted)' + "\n")
    assert (gone.place, gone.state) == (b"/x", "tmpfile")
    assert opened(rf'openat(5<\x2f\x78>, "\x61", O_RDONLY) = {missing}').place == b"/x/a"
    assert opened(rf'openat(5<\x2f\x78>(deleted), "\x61", O_RDONLY) = {missing}').place is None
    assert opened(rf'openat(-1, "\x61", O_RDONLY) = {missing}').place is None
    assert opened(rf'open("\x2f\x61", O_RDONLY) = {missing}').place == b"/a"
    assert opened(rf'open("\x61", O_RDONLY) = {missing}').place is None


@pytest.mark.parametrize("module", [strace, facts_module])
def test_the_examples_in_the_docstrings(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def test_signals_are_passed_over() -> None:
    assert list(parse("--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=12} ---\n")) == []


def test_garbage_is_a_call_that_strace_misses() -> None:
    line = "<... execve resumed>)                   = -1 (errno 18446744073709551359)"  # --seccomp-bpf and a thread
    assert list(parse(line)) == [Garbled()]
    assert Account({7: [*parse(f"{BEGIN}\n{line}")]}, ["x"]).misses == 1


def test_a_result_that_strace_could_not_read_is_unclear() -> None:
    with pytest.raises(UnclearError, match="could not read the result of clone3: -1"):
        list(parse("clone3({flags=CLONE_VM}, 88) = -1 (errno 18446744073709551613)"))


@pytest.mark.parametrize(
    "line",
    [
        "something else",
        'open("\\x61", O_RDONLY) = whatever',
        "<... openat resumed>) = 3",
    ],
)
def test_what_is_not_known_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not known"):
        list(parse(line))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("AT_FDCWD", -100),
        ("AT_FDCWD<\\x2f>", -100),
        ("3<\\x2f>", 3),
        ("0640", 0o640),
        ("0", 0),
        ("0x1f", 31),
        ("-1", -1),
    ],
)
def test_numbers(text: str, value: int) -> None:
    assert number(text) == value


def test_arguments_within_arguments() -> None:
    assert split('{a=1, b=[2, 3]}, ["\\x2c", f(4, 5)] /* 2 vars */, 0') == (
        "{a=1, b=[2, 3]}",
        '["\\x2c", f(4, 5)] /* 2 vars */',
        "0",
    )
    assert split("") == ()


def test_ways_to_open() -> None:
    assert opened('creat("\\x61", 0700) = 3\n') == Open(
        7, 7, "creat", None, b"a", frozenset({"O_WRONLY", "O_CREAT", "O_TRUNC"}), 0o700, frozenset(), "3", frozenset()
    )
    how = "{flags=O_RDWR|O_CREAT, mode=0600, resolve=RESOLVE_BENEATH|0x800000}"
    assert opened(f'openat2(5<\\x2f>, "\\x61", {how}, 24) = -1 EINVAL (Invalid argument)\n') == Open(
        7,
        7,
        "openat2",
        5,
        b"a",
        frozenset({"O_RDWR", "O_CREAT"}),
        0o600,
        frozenset({"RESOLVE_BENEATH", "0x800000"}),
        "EINVAL",
        frozenset(),
        b"/a",
    )


def test_what_strace_cannot_read() -> None:
    bad = "= -1 EFAULT (Bad address)\n"
    assert (opened(f"open(NULL, O_RDONLY) {bad}").path, opened(f"open(0x8, O_RDONLY) {bad}").cut) == (b"", {"path"})
    assert opened(f'openat2(AT_FDCWD, "\\x61", 0x8, 24) {bad}').cut == {"flags"}
    assert opened('open("\\x61"..., O_RDONLY) = -1 ENAMETOOLONG (File name too long)\n').cut == {"path"}
    assert shown(t7=EXEC.replace('["\\x61", "\\x62"]', "0x8") + f") {bad}") == [
        Exec(7, 7, b"/a", (), "EFAULT", frozenset({"argv"}), b"/a")
    ]
    assert shown(t7='execve("\\x61", NULL, NULL) = 0\n') == [Exec(7, 7, b"a", (), "0", frozenset())]


def test_a_program_relative_to_a_directory_is_named_as_the_kernel_does() -> None:
    assert shown(t7='execveat(5<\\x2f>, "\\x61", ["\\x61"], 0x1 /* 1 var */, 0) = 0\n')[0].path == b"/dev/fd/5/a"
    assert shown(t7='execveat(5<\\x2f>, "", ["\\x61"], 0x1 /* 1 var */, AT_EMPTY_PATH) = 0\n')[0].path == b"/dev/fd/5"
    assert shown(t7='execveat(5<\\x2f>, "\\x61", ["\\x61"], 0x1, 0) = -1 EACCES (No)\n')[0].path == b"a"


def test_processes_and_threads() -> None:
    facts = shown(
        t7="clone3({flags=CLONE_THREAD|CLONE_VM, exit_signal=0, stack_size=0x7f} => {parent_tid=[8]}, 88) = 8\n"
        "clone(child_stack=NULL, flags=0) = ? ERESTARTNOINTR (To be restarted)\n"
        "+++ exited with 3 +++\n",
        t8="vfork() = 9\n+++ exited with 3 +++\n",
        t9="fork() = 10\n+++ exited with 4 +++\n",
        t10="+++ killed by SIGKILL +++\n",
    )
    assert facts == [
        Fork(7, 7, "clone3", 7, 8, frozenset({"CLONE_THREAD", "CLONE_VM"})),
        Exit(7, "3", False),
        Fork(7, 8, "vfork", 9, 9, frozenset({"CLONE_VM", "CLONE_VFORK", "SIGCHLD"})),
        Fork(9, 9, "fork", 10, 10, frozenset({"SIGCHLD"})),
        Exit(9, "4", False),
        Exit(10, "SIGKILL", False),
    ]


def test_a_thread_executes_a_program() -> None:
    facts = shown(
        t7="clone(child_stack=0x7f, flags=CLONE_THREAD) = 8\n+++ superseded by execve in pid 8 +++\n"
        '<... execve resumed>)                   = 0\nopen("\\x61", O_RDONLY) = 3\n+++ exited with 0 +++\n',
        t8=f"{EXEC} <pid changed to 7 ...>\n",
    )
    assert facts[1] == Exec(7, 7, b"/a", (b"a", b"b"), "0", frozenset())
    assert [type(each) for each in facts] == [Fork, Exec, Open, Exit]
    assert Superseded(8) in parse("+++ superseded by execve in pid 8 +++")


LEADER = "clone(child_stack=0x7f, flags=CLONE_THREAD <unfinished ...>\n???( <unfinished ...>\n"
MOVED = "+++ superseded by execve in pid 8 +++\n<... execve resumed>) = 0\n"


def test_a_creator_that_did_not_live_to_see_what_it_created() -> None:
    facts, notes = facts_of(t7=f"{LEADER}{MOVED}+++ exited with 0 +++\n", t8=f"{EXEC} <pid changed to 7 ...>\n")
    assert facts[:2] == [
        Fork(7, 7, "clone", 7, 8, frozenset({"CLONE_THREAD"})),
        Exec(7, 7, b"/a", (b"a", b"b"), "0", frozenset()),
    ]
    assert notes == {KILLED_FORK: 1, KILLED: 1}
    with pytest.raises(UnclearError, match="0 calls that can have created the task 9"):
        facts_of(t7="+++ exited with 0 +++\n", t9="+++ exited with 0 +++\n")


def test_there_is_one_beginning() -> None:
    end = "+++ exited with 0 +++\n"
    with pytest.raises(ValueError, match="2 tasks that began with"):
        shown(t7=end, t8=f"{BEGIN}\n{end}")
    with pytest.raises(ValueError, match="0 tasks that began with"):
        Account({7: list(parse(end))}, ["x"])
