"""A command that is started once all is attached, and follows nobody's rights but those of who asked for it."""

import errno
import os
import select
import signal
import struct
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from ..errors import CommandError, ResourceError, UsageError
from ..filters import user_id
from .waiting import wait

SETTLE_SECONDS = 1.0
_SAID = struct.Struct("=ii")  # a step and an errno: probe/launch.h
_USER, _SEARCH, _READY, _EXEC = 1, 2, 3, 4
_DEFAULT_PATH = "/bin:/usr/bin"  # execvp(3)


class User(msgspec.Struct, frozen=True):
    """Who a command runs as; `variables` are those of its environment that differ, None for one that is taken out."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    variables: Mapping[str, str | None]
    name: str


class Command:
    """A program and its arguments, to be started by a monitor that follows it.

    `pid` is None before it is started, `returncode` until it has ended: its exit code, or minus the signal that killed
    it. `error`: why it could not be executed. A monitor notes both when it ends, or else when it is closed; `poll` and
    `wait` do so meanwhile. `note`: why it runs as another user than one might think, or "".
    """

    def __init__(self, words: Iterable[str], *, user: str | int | None = None) -> None:
        """As `user`, a name or a number; without one as the user who called sudo(8), or else who runs this.

        Raises UsageError for what is no command, or no user.
        """
        self.words = _checked(words)
        self.user = user_of(user)
        self.note = _note_on_the_caller() if user is None else ""
        self.pid: int | None = None
        self.returncode: int | None = None
        self.error: CommandError | None = None
        self._descriptor: int | None = None
        self._go: int | None = None
        self._said: int | None = None
        # what is blocked later, to pass signals on, is not blocked in the command
        self._blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())

    @property
    def name(self) -> str:
        """The program's name, as it was given."""
        return self.words[0]

    def start(self) -> None:
        """Create the process, which then waits for `release`. Raises CommandError where it can't be executed."""
        from ._system import launch

        waits, self._go = os.pipe2(os.O_CLOEXEC)
        self._said, says = os.pipe2(os.O_CLOEXEC)
        environment = self._environment()
        try:
            self.pid = launch(
                [os.fsencode(path) for path in self._candidates(environment)],
                [os.fsencode(word) for word in self.words],
                [os.fsencode(f"{name}={value}") for name, value in environment.items()],
                (self.user.uid, self.user.gid, self.user.groups) if self.user else None,
                (waits, self._go),
                says,
                sum(1 << (number - 1) for number in self._blocked),
            )
        except OSError as error:
            raise ResourceError(error, f"start {self.name}") from error
        finally:
            os.close(waits)
            os.close(says)
        self._descriptor = os.pidfd_open(self.pid)
        step, number = self._heard() or (_READY, 0)  # nothing: a signal has ended it
        os.set_blocking(self._said, False)
        if step != _READY:
            self.cancel()
            raise self._refusal(step, number)

    def release(self) -> None:
        """Let it execute the program."""
        if self._go is not None:
            with suppress(BrokenPipeError):  # a signal has ended it
                os.write(self._go, b"1")
            os.close(self._go)
            self._go = None

    def fileno(self) -> int:
        """A descriptor that can be read once it has ended. Raises ValueError where there is none."""
        if self._descriptor is None:
            raise ValueError("the command is not started, or its end is known")
        return self._descriptor

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and that was noticed, or it was never started."""
        return self._descriptor is None

    def poll(self) -> int | None:
        """Its `returncode`, if it has ended."""
        return self._reap(os.WNOHANG)

    def wait(self) -> int | None:
        """Wait for its end; its `returncode`, or None where somebody else has reaped it or it was never started."""
        return self._reap(0)

    def settle(self) -> None:
        """Note its end, which is seen already: it can be waited for in a moment, unless a debugger keeps it."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while self._descriptor is not None and self.poll() is None and (left := deadline - time.monotonic()) > 0:
            wait({self._descriptor: select.POLLIN}, left)  # a signal ends it, too

    def send(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        if self._descriptor is not None:
            with suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(self._descriptor, number)

    def cancel(self) -> None:
        """Without `release`, it never executes anything, and is gone after this."""
        if self._go is not None:
            os.close(self._go)
            self._go = None
            self.wait()

    def _reap(self, how: int) -> int | None:
        if self.pid is None or self._descriptor is None:
            return self.returncode
        try:
            pid, status = os.waitpid(self.pid, how)
        except ChildProcessError:
            self._ended()
            return None
        if pid:
            self.returncode = os.waitstatus_to_exitcode(status)
            said = self._heard()
            self.error = self._refusal(*said) if said else None
            self._ended()
        return self.returncode

    def _ended(self) -> None:
        for descriptor in (self._descriptor, self._said):
            if descriptor is not None:
                os.close(descriptor)
        self._descriptor = self._said = None

    def _heard(self) -> tuple[int, int] | None:
        """The step at which it failed, and its errno; None where it has closed the pipe without a word."""
        assert self._said is not None
        try:
            said = os.read(self._said, _SAID.size)
        except BlockingIOError:  # another child of this program has inherited the other end
            return None
        return _SAID.unpack(said) if len(said) == _SAID.size else None

    def _environment(self) -> dict[str, str]:
        variables: dict[str, str | None] = {**os.environ, **(self.user.variables if self.user else {})}
        return {name: value for name, value in variables.items() if value is not None}

    def _candidates(self, environment: Mapping[str, str]) -> list[str]:
        """Where the program may be, as execvp(3) looks for it."""
        if "/" in self.name:
            return [self.name]
        directories = environment.get("PATH", _DEFAULT_PATH).split(":")
        return [f"{directory or '.'}/{self.name}" for directory in directories]

    def _refusal(self, step: int, number: int) -> CommandError:
        if step == _USER:
            assert self.user
            return CommandError(f"{self.name!r} as {self.user.name}", number, "sudo gives the right to run it so")
        return CommandError(repr(self.name), number, self._hint(number))

    def _hint(self, number: int) -> str:
        from shlex import quote

        if number == errno.ENOENT:
            near = Path(self.name).is_file()
            if "/" not in self.name:
                return f"type its path: ./{self.name}" if near else "check the name: no directory of PATH has it"
            return "check the interpreter in its first line" if near else f"ls {quote(str(Path(self.name).parent))}"
        if number == errno.EACCES:
            return f"ls -ld {quote(self.name)} shows who may execute it" if "/" in self.name else "type its whole path"
        if number == errno.ENOEXEC:
            return f"if it is a script, name what runs it: sh {quote(self.name)}"
        return "try it without onlooker"


def command_of(words: Iterable[str] | None, user: str | int | None, *, detach: bool) -> Command | None:
    """The command, if there are words. Raises UsageError as `Command` does, and where only its options are given."""
    if words is not None:
        return Command(words, user=user)
    if user is not None:
        hint = "onlooker watch --user NAME -- COMMAND, or for what a user does: onlooker watch --uid NAME"
        raise UsageError("user is for a command", "command=[...], or for what a user does: uid=[...]", hint)
    if detach:
        raise UsageError("detach is for a command", "command=[...]", "onlooker watch --detach -- COMMAND")
    return None


def _checked(words: Iterable[str]) -> tuple[str, ...]:
    hint = 'command=["ls", "-l"]'
    if isinstance(words, str | bytes) or not isinstance(words, Iterable):
        raise UsageError(f"command is a list, not {words!r}", hint)
    found = tuple(words)
    if not found or not found[0]:
        raise UsageError("no command is given", hint, "onlooker watch -- ls -l")
    for word in found:
        if not isinstance(word, str) or "\0" in word:
            raise UsageError(f"not an argument of a command: {word!r}", hint)
    return found


def user_of(user: str | int | None) -> User | None:
    """Who a command is to run as; None: who runs this."""
    if user is None:
        return _caller_of_sudo()
    return _as(user_id(user), None)


_NO_SUDO = dict.fromkeys(("SUDO_UID", "SUDO_GID", "SUDO_USER", "SUDO_COMMAND", "SUDO_HOME"))
_NOBODY_S_GROUP = 65534  # DEFAULT_OVERFLOWGID, include/linux/highuid.h: it owns nothing


def _as(uid: int, gid: int | None) -> User:
    """A user with that group, or else the one of the user database; with nobody's where there is no entry."""
    entry = _entry(uid)
    if entry is None:
        gid = _NOBODY_S_GROUP if gid is None else gid
        return User(uid, gid, (gid,), _NO_SUDO, str(uid))
    name, own, variables = entry
    gid = own if gid is None else gid
    return User(uid, gid, tuple(os.getgrouplist(name, gid)), {**variables, **_NO_SUDO}, name)


def _caller_of_sudo() -> User | None:
    """sudo(8) says in the environment who has called it."""
    uid, gid = (_id_in(name) for name in ("SUDO_UID", "SUDO_GID"))
    return _as(uid, gid) if uid and os.getuid() == 0 else None


def _id_in(variable: str) -> int | None:
    with suppress(UsageError, ValueError):
        text = os.environ.get(variable, "")
        return user_id(int(text)) if text.isascii() and text.isdigit() else None
    return None


def _note_on_the_caller() -> str:
    """What is to be said where the environment names a caller that can't be, so that the command runs as root."""
    said = os.environ.get("SUDO_UID", "")
    if os.getuid() or not said or _id_in("SUDO_UID") is not None:
        return ""
    return f"SUDO_UID is no user id: {said!r:.50}; the command runs as root (--user NAME chooses another)"


def _entry(uid: int) -> tuple[str, int, dict[str, str | None]] | None:
    """A user's name and group, and the variables that a login sets."""
    import pwd  # rarely needed

    try:
        found = pwd.getpwuid(uid)
    except KeyError:
        return None
    variables = {"HOME": found.pw_dir, "USER": found.pw_name, "LOGNAME": found.pw_name, "SHELL": found.pw_shell}
    return found.pw_name, found.pw_gid, {**variables}
