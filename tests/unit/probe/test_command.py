"""A command that is started and waits: who it runs as, where it is found, and how it ends."""

import errno
import os
import pwd
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from onlooker import CommandError, Monitor, UsageError
from onlooker.probe.command import Command, command_of, user_of
from onlooker.testing import FakeSource

COUNT = 23
NOBODY = pwd.getpwnam("nobody")
SUDO = {"SUDO_UID": str(NOBODY.pw_uid), "SUDO_GID": str(NOBODY.pw_gid), "SUDO_USER": "nobody", "SUDO_COMMAND": "x"}
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")


def ended(*words, **how):
    command = Command(words, **how)
    command.start()
    command.release()
    return command.wait()


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 23", 23), ("kill -TERM $$", -signal.SIGTERM)])
def test_it_ends_as_the_program_does(script, code):
    assert ended("sh", "-c", script) == code


def test_it_waits_until_it_is_let_go(tmp_path):
    made = tmp_path / "made"
    command = Command(["touch", str(made)])
    command.start()
    assert command.poll() is None
    assert not made.exists()
    command.release()
    assert command.wait() == 0
    assert made.exists()


def test_one_that_is_never_let_go_does_nothing(tmp_path):
    made = tmp_path / "made"
    command = Command(["touch", str(made)])
    command.start()
    command.cancel()
    assert command.is_over
    assert not made.exists()


def test_nothing_is_left_open():
    before = sorted(Path("/proc/self/fd").iterdir())
    for _ in range(COUNT):
        assert ended("true") == 0
        with pytest.raises(CommandError):
            Command(["/nowhere"]).start()
    assert sorted(Path("/proc/self/fd").iterdir()) == before


def test_it_inherits_no_descriptor(tmp_path):
    listing = tmp_path / "listing"
    words = ["sh", "-c", f"ls /proc/$$/fd > {listing}"]
    subprocess.run(words, check=True, close_fds=False)
    usual = listing.read_text()
    assert ended(*words) == 0
    assert listing.read_text() == usual


def test_signals_are_as_they_were(tmp_path):
    """Python ignores SIGPIPE, and a monitor blocks what it passes on."""
    status = tmp_path / "status"
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        command = Command(["cp", "/proc/self/status", str(status)])
        with_more = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        command.start()
        command.release()
        assert command.wait() == 0
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, with_more)
        signal.signal(signal.SIGUSR1, before)
    fields = dict(line.split(":\t") for line in status.read_text().splitlines() if line.startswith("Sig"))
    assert int(fields["SigBlk"], 16) == 0
    assert int(fields["SigIgn"], 16) & 1 << (signal.SIGUSR1 - 1)
    assert not int(fields["SigIgn"], 16) & 1 << (signal.SIGPIPE - 1)


def test_a_signal_reaches_it():
    command = Command(["sleep", "100"])
    command.start()
    command.release()
    command.send(signal.SIGTERM)
    assert command.wait() == -signal.SIGTERM
    command.send(signal.SIGTERM)  # nobody is there, and nothing happens


def refused(*words):
    command = Command(words)
    with pytest.raises(CommandError) as caught:
        command.start()
    assert command.is_over
    return caught.value


def test_a_program_that_is_not_there(tmp_path, monkeypatch):
    error = refused("nosuchprogram")
    assert (error.errno, error.exit_code) == (errno.ENOENT, 127)
    assert str(error) == "cannot run 'nosuchprogram': No such file or directory"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").touch(0o755)
    assert refused("here").hint == "type its path: ./here"


def test_a_program_that_may_not_be_executed(tmp_path):
    plain = tmp_path / "plain"
    plain.touch(0o644)
    for path in (plain, tmp_path):
        error = refused(str(path))
        assert (error.errno, error.exit_code) == (errno.EACCES, 126)


def test_path_is_searched_as_a_shell_does(tmp_path, monkeypatch):
    """A file that may not be executed does not hide another behind it, and is named if there is none."""
    for name in "ab":
        (tmp_path / name).mkdir()
    (tmp_path / "a/program").touch(0o644)
    monkeypatch.setenv("PATH", f"{tmp_path}/none:{tmp_path}/a:{tmp_path}/b")
    assert refused("program").errno == errno.EACCES
    (tmp_path / "b/program").write_text("#!/bin/sh\nexit 23\n")
    (tmp_path / "b/program").chmod(0o755)
    assert ended("program") == 23


@pytest.mark.parametrize(
    ("content", "number", "code", "hint"),
    [
        ("#!/nowhere\n", errno.ENOENT, 127, "check the interpreter in its first line"),
        ("exit 0\n", errno.ENOEXEC, 126, "if it is a script, name what runs it: sh {}"),
    ],
)
def test_a_program_that_the_kernel_refuses(tmp_path, content, number, code, hint):
    """That is known only when it is executed; the events of it are shown before."""
    program = tmp_path / "program"
    program.write_text(content)
    program.chmod(0o755)
    command = Command([str(program)])
    command.start()
    command.release()
    assert command.wait() == code
    assert (command.error.errno, command.error.exit_code) == (number, code)
    assert command.error.hint == hint.format(program)


@pytest.mark.parametrize("words", ["ls -l", b"ls", [], [""], [1], ["ls", "a\0b"], None])
def test_what_is_no_command(words):
    with pytest.raises(UsageError):
        Command(words)


@pytest.mark.parametrize("options", [{"user": "nobody", "detach": False}, {"user": None, "detach": True}])
def test_options_of_a_command_need_one(options):
    with pytest.raises(UsageError, match="is for a command"):
        command_of(None, **options)
    assert command_of(None, None, detach=False) is None


def test_a_list_of_events_follows_nothing():
    with pytest.raises(UsageError, match="only the kernel"):
        Monitor(command=["true"], source=FakeSource([]))


def identity(**how):
    """Of a command: its ids, groups and capabilities, and some of its variables."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o777)
        out = Path(made, "out")
        script = 'cat /proc/self/status; echo "env: $HOME $USER $LOGNAME [$SUDO_UID$SUDO_USER]"'
        assert ended("sh", "-c", f"({script}) > {out}", **how) == 0
        return dict(line.split(":", 1) for line in out.read_text().splitlines())


def assert_nobody(found):
    uid, gid = str(NOBODY.pw_uid), str(NOBODY.pw_gid)
    assert found["Uid"].split() == [uid] * 4
    assert found["Gid"].split() == [gid] * 4
    assert found["Groups"].split() == [str(group) for group in os.getgrouplist("nobody", NOBODY.pw_gid)]
    assert {int(found[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
    assert found["env"].strip() == f"{NOBODY.pw_dir} nobody nobody []"
    assert found["NoNewPrivs"].strip() == "0"


@as_root
def test_sudo_s_caller_runs_it(monkeypatch):
    for name, value in SUDO.items():
        monkeypatch.setenv(name, value)
    assert_nobody(identity())


@as_root
@pytest.mark.parametrize("user", ["nobody", NOBODY.pw_uid])
def test_a_chosen_user_runs_it(user):
    assert_nobody(identity(user=user))


@as_root
def test_root_runs_it_if_that_is_said(monkeypatch):
    for name, value in SUDO.items():
        monkeypatch.setenv(name, value)
    found = identity(user="root")
    assert found["Uid"].split() == ["0"] * 4
    assert found["env"].strip() == f"{pwd.getpwuid(0).pw_dir} root root []"


@as_root
def test_who_is_in_no_database(monkeypatch):
    monkeypatch.setenv("SUDO_UID", "54321")
    monkeypatch.setenv("SUDO_GID", "54322")
    found = user_of(None)
    assert (found.uid, found.gid, found.groups) == (54321, 54322, (54322,))
    assert "HOME" not in found.variables
    monkeypatch.delenv("SUDO_GID")
    assert user_of(None) == user_of(54321) == user_of("54321")
    assert (user_of(54321).gid, user_of(54321).groups) == (65534, (65534,))


@as_root
@pytest.mark.parametrize("gid", ["", "x", "-1", "4294967295", None])
def test_without_a_group_it_is_the_user_s_own(monkeypatch, gid):
    for name, value in SUDO.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SUDO_GID")
    if gid is not None:
        monkeypatch.setenv("SUDO_GID", gid)
    assert_nobody(identity())


@pytest.mark.parametrize("uid", ["0", ""])
def test_without_a_caller_nobody_else_runs_it(monkeypatch, uid):
    monkeypatch.setenv("SUDO_UID", uid)
    monkeypatch.setenv("SUDO_GID", "1")
    assert user_of(None) is None
    assert Command(["true"]).note == ""


@as_root
@pytest.mark.parametrize("uid", ["x", "-1", "4294967295", "9" * 5000])
def test_a_caller_that_cannot_be_is_told(monkeypatch, uid):
    """4294967295 would mean not to change the user."""
    monkeypatch.setenv("SUDO_UID", uid)
    assert Command(["true"]).user is None
    assert Command(["true"]).note.startswith(f"SUDO_UID is no user id: {uid!r:.50}; the command runs as root (--user")
    assert Command(["true"], user="root").note == ""


def test_an_unknown_user():
    with pytest.raises(UsageError, match="unknown user 'nobodi'"):
        user_of("nobodi")
