"""What a monitor reports: one value that the probe, the fake source and the tests all understand alike."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol, Self

import msgspec
from msgspec.structs import replace

from ..errors import UsageError
from ..events import ASKED_EVENTS, DEFAULT_EVENTS, EVENT_GROUPS, OWN_EVENTS, TASK_EVENTS, Event, TaskEvent
from ..events.exit import Exit
from ..events.fork import Fork
from ..records import Matcher
from .comm import CommPattern, comm_pattern
from .expression import Expression, Test, kin_tests, tests_of
from .selected import Exe, cgroups, exes

if TYPE_CHECKING:
    from .where import Asked

HIGHEST_PID = 2**31 - 1  # pid_t is an int
HIGHEST_UID = 2**32 - 2
NO_USER = 2**32 - 1  # (uid_t)-1: uid_valid(), include/linux/uidgid.h
EXAMPLES: dict[str, list[str] | list[int] | list[object]] = {
    "events": ["exec", "open"],
    "comm": ["nginx"],
    "pid": [1234],
    "uid": [1000, "www-data"],
    "exe": ["nginx", "/usr/bin/python3"],
    "cgroup": ["/system.slice/nginx.service"],
}


class Answers(Protocol):
    """What is known of users and containers, now."""

    def find(self, event: str, first: int, second: int, pid: int) -> bytes:
        """The record of an event such as "cgroup", by its key; `pid` is a process of it."""

    def bound(self, test: Test, upper: bool) -> Expression | bool:
        """What the kernel can ask instead of a test: see `necessary.Bound`."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Any item of a field, and all fields together. An empty `comm`, `pid`, `uid`, `exe` or `cgroup` restricts nothing.

    They speak of the process that did it: for a fork the creator, for an exec the process under its new name. The name
    is the process's, its main thread's; `uid` is the real user id.
    """

    events: tuple[str, ...] = DEFAULT_EVENTS
    comm: tuple[CommPattern, ...] = ()
    pid: tuple[int, ...] = ()
    uid: tuple[int, ...] = ()
    exe: tuple[Exe, ...] = ()
    cgroup: tuple[str, ...] = ()
    failed: bool = False
    threads: bool = False
    where: Expression | None = None
    follow: bool = False
    refinable: bool = False  # the kernel decides also an expression that comes only later
    answers: Answers | None = None  # to what `where` asks of users and containers, where the stream does not say it

    @classmethod
    def of(
        cls,
        *,
        events: Iterable[str] | None = None,
        comm: Iterable[str] = (),
        pid: Iterable[int] = (),
        uid: Iterable[int | str] = (),
        exe: Iterable[str] = (),
        cgroup: Iterable[str] = (),
        failed: bool = False,
        threads: bool = False,
        **asked: Any,
    ) -> Self:
        """Check and gather. In `events`, "default" and "all" mean several; `asked` is what `where.Asked` takes: where,
        exclude, path, writes, success, arg, hide.

        Raises UsageError for an unknown event or user, an empty choice, a number out of range or a wrong expression.
        """
        lists = {"comm": comm, "pid": pid, "uid": uid, "exe": exe, "cgroup": cgroup}
        if events is not None:
            lists["events"] = events
        for what, given in lists.items():
            if given is None or isinstance(given, str | bytes) or not isinstance(given, Iterable):
                raise UsageError(
                    f"{what} is a list, not {given!r}", "leave it out" if given is None else _as_list(what, given)
                )
        check_bool("failed", failed)
        check_bool("threads", threads)
        wanted = _asked(asked)
        implied = wanted.events() if wanted and events is None else ()
        chosen = implied or _events(("default",) if events is None else events)
        if not chosen:
            raise UsageError("no event is chosen", f"default, all, or some of {', '.join(TASK_EVENTS)}")
        if failed and set(chosen) <= {"fork"}:
            raise UsageError(
                "a fork that failed is not reported",
                "failed=True goes with every other event",
                "--failed goes with every other event",
            )
        if failed and wanted and wanted.success:
            raise UsageError("nothing has both failed and succeeded", "failed or success", "--failed or --success")
        return cls(
            events=chosen,
            comm=tuple(comm_pattern(text) for text in comm),
            pid=tuple(dict.fromkeys(map(process_id, pid))),
            uid=tuple(dict.fromkeys(map(user_id, uid))),
            exe=exes(tuple(exe)),
            cgroup=cgroups(tuple(cgroup)),
            failed=failed,
            threads=threads,
            where=wanted.expression(chosen) if wanted else None,
        )

    def refined(self, **asked: Any) -> Self:
        """The same with another expression, of what `where.Asked` takes, for the same events. Raises UsageError."""
        wanted = _asked(asked)
        found = replace(self, where=wanted.expression(self.events) if wanted else None)
        if self.asks_for_kin or found.asks_for_kin:
            hint = "begin another monitor with that expression"
            raise UsageError("tests of parents and ancestors can't be changed while it runs", hint)
        return found

    def notes(self) -> list[str]:
        """Notes for the user on what the filter means."""
        found = [pattern.note for pattern in self.comm if pattern.note]
        if self.threads and self.failed:
            found.append("threads adds only fork events, and a fork that failed is not reported")
        elif self.threads and Fork.event not in self.events:
            found.append("threads adds only fork events, and fork is not among the events")
        if self.where is not None:
            from .check import doubts

            found += doubts(self.where)
        return found

    @property
    def named_pids(self) -> tuple[int, ...]:
        """The process ids that the user named, which must be there: also where `pid` does not restrict the source."""
        return self.pid

    @property
    def asks_for_kin(self) -> bool:
        """Whether `where` asks for parents or ancestors."""
        return self.where is not None and bool(kin_tests(self.where))

    @property
    def asked_context(self) -> tuple[str, ...]:
        """What `where` asks for of users and containers, as `Monitor` calls it: "user", "container"."""
        return what_is_asked(tests_of(self.where)) if self.where is not None else ()

    def look(self) -> None:
        """Before the source starts, and when it has: for a filter that must know which processes there are."""

    def matcher(self) -> Matcher | None:
        """For `Batch.matching`, which decides what `where` says; None where it says nothing."""
        if self.where is None:
            return None
        from .compile import matcher  # some milliseconds, as below

        return matcher(self.where, find=self.answers.find if self.answers else None)

    @property
    def has_rules(self) -> bool:
        """Whether the kernel may decide a part of an expression."""
        return self.where is not None or self.refinable

    def rules(self) -> bytes:
        """What the kernel decides of `where`, for the probe."""
        from .rules import Rules

        return Rules(self.where, self.events, self.answers.bound if self.answers else None).to_bytes()

    def matches(self, event: Event) -> bool:
        """Whether to report the event, as the probe decides it in the kernel, without `where`, `exe` and `cgroup`.
        What onlooker adds is always reported, as losses are.
        """
        if not isinstance(event, TaskEvent):
            return True
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


def what_is_asked(tests: Iterable[Test]) -> tuple[str, ...]:
    """What tests ask for of users and containers: "user", "container" and the like."""
    asked = {test.field for test in tests}
    return tuple(
        what for event in OWN_EVENTS.values() for what, fields in event.context.items() if asked.intersection(fields)
    )


def asks_for_context(expressions: Iterable[Expression]) -> bool:
    """Whether one of them asks for users or containers."""
    return any(what_is_asked(tests_of(each)) for each in expressions)


def has_failed(event: TaskEvent) -> bool:
    """A call with an error; an exit with another code than 0, or by a signal."""
    if isinstance(event, Exit):
        return event.exit_code != 0
    return getattr(event, "errno", None) is not None


def _events(names: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        if not isinstance(name, str) or (name not in ASKED_EVENTS and name not in EVENT_GROUPS):
            raise _unknown_event(name)
        found += EVENT_GROUPS.get(name, (name,))
    return tuple(dict.fromkeys(found))


def _unknown_event(name: object) -> UsageError:
    """A system call is known, too, and with it how strace takes several: `trace=openat`."""
    error = UsageError.unknown("event", name, (*TASK_EVENTS, *EVENT_GROUPS))
    call = str(name).removeprefix("trace=")
    for event, cls in TASK_EVENTS.items():
        if call == event or call in (each.name for each in cls.syscalls):
            error.hint = f"did you mean {event!r}?"
    return error


def _asked(given: dict[str, Any]) -> "Asked | None":
    """What asks for some; None where nothing does, which is usual and saves some milliseconds."""
    for name in ("writes", "success"):
        check_bool(name, given.get(name, False))
    some = {name: value for name, value in given.items() if value is not False and value not in ((), [])}
    if not some:
        return None
    from .where import Asked

    return Asked(**some)


def _as_list(what: str, given: object) -> str:
    """What to type instead of `given`: a list of it if it can be an item, else an example."""
    example = EXAMPLES[what]
    return f"{what}={[given] if type(given) in {type(item) for item in example} else example}"


def user_id(user: int | str) -> int:
    """The id of a user, given by number or name. Raises UsageError if no such user can exist."""
    number = _number_of(user) if isinstance(user, str) else user
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= NO_USER:
        raise UsageError(f"not a user id: {number!r}", USER_HINT)
    if number == NO_USER:
        raise UsageError(f"no process has user id {number}: it is (uid_t)-1, which means no user", USER_HINT)
    return number


USER_HINT = f"a user's name, or a number from 0 to {HIGHEST_UID}"


def _number_of(user: str) -> int:
    if user.isascii() and user.isdigit() and len(user) <= len(str(HIGHEST_UID)):
        return int(user)
    import pwd  # rarely needed

    try:
        return pwd.getpwnam(user).pw_uid
    except (KeyError, ValueError):  # ValueError: it has a NUL, or is not UTF-8
        error = UsageError.unknown("user", user, [entry.pw_name for entry in pwd.getpwall()])
        if not error.hint.startswith("did you mean"):
            error.hint = USER_HINT
        raise error from None


def process_id(pid: int) -> int:
    """The same. Raises UsageError for what can't be one."""
    if not isinstance(pid, int) or isinstance(pid, bool) or not 1 <= pid <= HIGHEST_PID:
        raise process_id_error(pid)
    return pid


def process_id_error(given: object) -> UsageError:
    """`given` is the id of no process."""
    hint = f"process ids are numbers from 1 to {HIGHEST_PID}: "
    return UsageError(f"not a process id: {given!r}", hint + "pid=[1234]", hint + "--pid 1234")


def check_bool(what: str, value: bool) -> None:
    """Raises UsageError for a value that is not a bool, such as "no"."""
    if not isinstance(value, bool):
        raise UsageError(f"{what} is True or False, not {value!r}", f"{what}=True")
