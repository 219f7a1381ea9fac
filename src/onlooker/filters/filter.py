"""What a monitor reports: one value that the probe, the fake source and the tests all understand alike."""

from collections.abc import Iterable
from typing import Self

import msgspec

from ..errors import UsageError
from ..events import DEFAULT_EVENTS, EVENT_GROUPS, TASK_EVENTS, Event, Exit, Fork, Lost, TaskEvent
from .comm import CommPattern, comm_pattern

HIGHEST_ID = 2**32 - 1


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Alternatives within one field, all fields together. An empty `comm`, `pid` or `uid` restricts nothing.

    They speak of the process that did it: for a fork the creator, for an exec the process under its new name. The name
    is the process's, its main thread's; `uid` is the real user id.
    """

    events: tuple[str, ...] = DEFAULT_EVENTS
    comm: tuple[CommPattern, ...] = ()
    pid: tuple[int, ...] = ()
    uid: tuple[int, ...] = ()
    failed: bool = False
    threads: bool = False

    @classmethod
    def of(
        cls,
        *,
        events: Iterable[str] | None = None,
        comm: Iterable[str] = (),
        pid: Iterable[int] = (),
        uid: Iterable[int | str] = (),
        failed: bool = False,
        threads: bool = False,
    ) -> Self:
        """Check and gather. In `events`, "default" and "all" stand for several.

        Raises UsageError for an unknown event or user, an empty choice or a number out of range.
        """
        for what, given in (("events", () if events is None else events), ("comm", comm), ("pid", pid), ("uid", uid)):
            if given is None or isinstance(given, str | bytes) or not isinstance(given, Iterable):
                hint = "leave it out" if given is None else f"{what}=[{given!r}]"
                raise UsageError(f"{what} is a list, not {given!r}", hint)
        check_bool("failed", failed)
        check_bool("threads", threads)
        chosen = _events(("default",) if events is None else events)
        if not chosen:
            raise UsageError("no event is chosen", f"default, all, or some of {', '.join(TASK_EVENTS)}")
        if failed and set(chosen) <= {"fork"}:
            raise UsageError("a fork that failed is not reported", "--failed goes with every other event")
        return cls(
            events=chosen,
            comm=tuple(comm_pattern(text) for text in comm),
            pid=_ids("process id", pid),
            uid=_ids("user id", map(_user, uid)),
            failed=failed,
            threads=threads,
        )

    def notes(self) -> list[str]:
        """What the user should know about how the filter is understood."""
        return [pattern.note for pattern in self.comm if pattern.note]

    def matches(self, event: Event) -> bool:
        """Whether the event is to be reported; what the probe decides in the kernel. A loss always is."""
        if isinstance(event, Lost):
            return True
        assert isinstance(event, TaskEvent)
        if event.event not in self.events or (self.failed and not has_failed(event)):
            return False
        if isinstance(event, Fork) and event.thread and not self.threads:
            return False
        if self.pid and event.pid not in self.pid:
            return False
        if self.uid and event.uid not in self.uid:
            return False
        comm = event.comm.encode("utf-8", "surrogateescape")
        return not self.comm or any(pattern.matches(comm) for pattern in self.comm)


def has_failed(event: TaskEvent) -> bool:
    """A call with an error; an exit with another code than 0, or by a signal."""
    if isinstance(event, Exit):
        return event.exit_code != 0
    return getattr(event, "errno", None) is not None


def _events(names: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        if not isinstance(name, str) or (name not in TASK_EVENTS and name not in EVENT_GROUPS):
            raise UsageError.unknown("event", name, (*TASK_EVENTS, *EVENT_GROUPS))
        found += EVENT_GROUPS.get(name, (name,))
    return tuple(dict.fromkeys(found))


def _user(user: int | str) -> int:
    """The number of a user who is given by name; what is a number already stays."""
    if not isinstance(user, str):
        return user
    if user.isascii() and user.isdigit() and len(user) <= len(str(HIGHEST_ID)):
        return int(user)
    import pwd  # seldom needed

    try:
        return pwd.getpwnam(user).pw_uid
    except (KeyError, ValueError):  # ValueError: a NUL in it, or no UTF-8
        error = UsageError.unknown("user", user, [entry.pw_name for entry in pwd.getpwall()])
        if not error.hint.startswith("did you mean"):
            error.hint = "a user's name, or a number from 0 to 4294967295"
        raise error from None


def _ids(what: str, numbers: Iterable[int]) -> tuple[int, ...]:
    found = tuple(numbers)
    for number in found:
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= HIGHEST_ID:
            raise UsageError(f"not a {what}: {number!r}", f"a number from 0 to {HIGHEST_ID}")
    return tuple(dict.fromkeys(found))


def check_bool(what: str, value: bool) -> None:
    """Raises UsageError for what only passes as true or false, such as "no"."""
    if not isinstance(value, bool):
        raise UsageError(f"{what} is True or False, not {value!r}", f"{what}=True")
