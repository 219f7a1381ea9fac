"""What strace says of calls that change files, and what of it onlooker's events must say."""

import pytest

import onlooker

from . import changes
from .facts import Change
from .rules import RULES
from .strace import Call, parse
from .suite_rules import cut_short, missed

TASK = {"pid": 7, "tid": 8, "ppid": 1, "uid": 0, "gid": 0, "comm": "x", "start_ns": 1, "cgroup_id": 1, "ns_pid": 7}
HEAD = {"time": "2026-01-01T00:00:00.000000000Z", "boot_ns": 1, **TASK}


def expected(line: str) -> Change:
    [call] = parse(line)
    assert isinstance(call, Call)
    found = changes.from_strace(call, 7, 8)
    assert found
    return found


def test_a_rename() -> None:
    line = (
        r'renameat2(AT_FDCWD<\x2f>, "\x61", 3<\x2f\x62>, "\x63", RENAME_NOREPLACE|0x8) = -1 EINVAL (Invalid argument)'
    )
    event = onlooker.Rename(
        **HEAD,
        syscall="renameat2",
        path="a",
        new_path="c",
        errno="EINVAL",
        dirfd=-100,
        new_dirfd=3,
        flags=("RENAME_NOREPLACE", "0x8"),
    )
    assert expected(line) == changes.seen(event)


def test_unlinkat_of_a_directory_is_an_rmdir() -> None:
    line = r'unlinkat(AT_FDCWD<\x2f>, "\x61", AT_REMOVEDIR|AT_RECURSIVE|0xffff60ff) = -1 EINVAL (Invalid argument)'
    event = onlooker.Rmdir(**HEAD, syscall="unlinkat", path="a", errno="EINVAL", dirfd=-100)
    assert expected(line) == changes.seen(event)


def test_owners_that_stay() -> None:
    event = onlooker.Chown(**HEAD, syscall="fchown", owner=None, group=5, fd=4)
    assert expected(r"fchown(4<\x2f\x61>, -1, 5) = 0") == changes.seen(event)
    assert expected(r"fchown(4<\x2f\x61>, 0, 5) = 0") != changes.seen(event)


AT_HOME = r"AT_FDCWD<\x2f>"
QUESTIONS = {
    f'faccessat2({AT_HOME}, "\\x61", R_OK|0x70, AT_EACCESS) = -1 EINVAL (Invalid argument)': onlooker.Access(
        **HEAD,
        syscall="faccessat2",
        path="a",
        access_mode=("R_OK", "0x70"),
        flags=("AT_EACCESS",),
        dirfd=-100,
        errno="EINVAL",
    ),
    r'statx(3<\x2f>, "\x61", AT_STATX_SYNC_AS_STAT|AT_NO_AUTOMOUNT, STATX_ALL, {stx_mask=0, ...}) = 0': onlooker.Stat(
        **HEAD, syscall="statx", path="a", dirfd=3, flags=("AT_NO_AUTOMOUNT",)
    ),
    r'readlink("\x6c", "\x61\x62", 2) = 2': onlooker.Readlink(**HEAD, syscall="readlink", path="l", target="ab"),
    r'readlink("\x6c", 0x7ffd, 2) = -1 ENOENT (No such file or directory)': onlooker.Readlink(
        **HEAD, syscall="readlink", path="l", errno="ENOENT"
    ),
    r"fchdir(3<\x2f>) = 0": onlooker.Chdir(**HEAD, syscall="fchdir", fd=3),
    r'mknod("\x66", S_IFCHR|0644, makedev(0x1, 0x3)) = 0': onlooker.Mknod(
        **HEAD, syscall="mknod", path="f", file_type="S_IFCHR", mode=0o644, rdev=0x103
    ),
    r'mknod("\x66", 0644) = 0': onlooker.Mknod(**HEAD, syscall="mknod", path="f", file_type="S_IFREG", mode=0o644),
    r'bind(4<socket:[1]>, {sa_family=AF_UNIX, sun_path=@"\x61\x0a"}, 5) = 0': onlooker.Bind(
        **HEAD, syscall="socketcall", fd=4, abstract="a\n"
    ),
    r'lsetxattr("\x67", "\x75\x2e\x6e", "", 0, XATTR_CREATE) = 0': onlooker.Xattr(
        **HEAD, syscall="lsetxattr", path="g", attribute="u.n", size=0, flags=("XATTR_CREATE",)
    ),
    r'fremovexattr(3<\x67>, "\x75\x2e\x6e") = 0': onlooker.Xattr(**HEAD, syscall="fremovexattr", fd=3, attribute="u.n"),
    r"utimensat(5<\x67>, NULL, NULL, 0) = 0": onlooker.Utime(**HEAD, syscall="utimensat", fd=5),
}


@pytest.mark.parametrize("line", QUESTIONS)
def test_questions_and_new_changes(line: str) -> None:
    assert expected(line) == changes.seen(QUESTIONS[line])


@pytest.mark.parametrize(
    "line",
    [
        r'newfstatat(3<\x2f>, "", {st_mode=S_IFREG|0644, ...}, AT_EMPTY_PATH) = 0',
        r"bind(4<socket:[1]>, {sa_family=AF_INET, sin_port=htons(0)}, 16) = 0",
    ],
)
def test_what_is_no_event(line: str) -> None:
    [call] = parse(line)
    assert isinstance(call, Call)
    assert changes.from_strace(call, 7, 8) is None


def test_a_path_that_strace_can_not_read() -> None:
    line = "chmod(0x7f0000000ffe, 0600) = -1 EFAULT (Bad address)"
    event = onlooker.Chmod(**HEAD, syscall="chmod", mode=0o600, path="x", errno="EFAULT", cut=("path",))
    missing, extra = [expected(line)], [changes.seen(event)]
    assert missing != extra
    assert [rule(missing, extra) for rule in RULES] == [*[0] * (len(RULES) - 1), 1]
    assert not missing
    assert not extra


def test_another_mode_is_not_explained() -> None:
    line = "chmod(0x7f0000000ffe, 0600) = -1 EFAULT (Bad address)"
    event = onlooker.Chmod(**HEAD, syscall="chmod", mode=0o640, path="x", errno="EFAULT", cut=("path",))
    missing, extra = [expected(line)], [changes.seen(event)]
    assert not any(rule(missing, extra) for rule in RULES)


def test_ended_in_its_last_call() -> None:
    extra = [expected(f'unlink("\\x61") = {result}') for result in ("-1 ENOSYS (Function not implemented)", "0")]
    assert cut_short([], extra) == 1
    assert [each.result for each in extra] == ["0"]


def test_no_more_than_strace_has_missed() -> None:
    extra = [expected('unlink("\\x61") = 0')] * 3
    assert missed(1)([], extra) == 1
    assert len(extra) == 2
