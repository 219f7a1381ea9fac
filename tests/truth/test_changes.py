"""What strace says of calls that change files, and what of it onlooker's events must say."""

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
    return changes.from_strace(call, 7, 8)


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
