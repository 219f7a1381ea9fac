"""Events without a kernel: for tests of programs that use onlooker."""

from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import UsageError
from ..events import (
    Chmod,
    Chown,
    Event,
    Exec,
    Exit,
    Fork,
    Link,
    Lost,
    Mkdir,
    Open,
    Rename,
    Rmdir,
    Symlink,
    Truncate,
    Unlink,
)
from ..filters import Filter
from .source import Attachment, Rest


class FakeSource:
    """Gives the events of a list, in batches of `batch`, filtered as the probe would have done.

    >>> import onlooker
    >>> event = onlooker.fake_open(path="/etc/hostname", comm="cat")
    >>> with onlooker.Monitor(comm=["cat"], source=onlooker.FakeSource([event])) as monitor:
    ...     [seen.path for seen in monitor]
    ['/etc/hostname']
    """

    def __init__(self, events: Iterable[Event], *, batch: int = 1000) -> None:
        self._events = list(events)
        for event in self._events:
            if not isinstance(event, Event):
                raise UsageError(f"not an event: {event!r}", "FakeSource([onlooker.fake_open()])")
        if not isinstance(batch, int) or batch < 1:
            raise UsageError(f"not a size of batches: {batch!r}", "a whole number from 1 on")
        self._batch = batch
        self._wanted = Filter()
        self._found: list[Event] = []

    def start(self, wanted: Filter) -> None:
        """Take the filter."""
        self._wanted = wanted

    def poll(self, timeout: float) -> list[Event]:
        """The next events; never waits."""
        while self._events and not self._found:
            found = [event for event in self._events[: self._batch] if self._wanted.matches(event)]
            self._found, self._events = found, self._events[self._batch :]
        return self._found

    def taken(self, batch: Sequence[Event]) -> None:
        """What `poll` gave has arrived."""
        if batch is self._found:
            self._found = []

    def stop(self) -> None:
        """Nothing to stop: what is left can still be polled."""

    @property
    def exhausted(self) -> bool:
        """Whether the list is empty."""
        return not self._events and not self._found

    @property
    def attached(self) -> tuple[Attachment, ...]:
        """Nothing."""
        return ()

    def close(self) -> Rest:
        """Drop what is left, and tell how much that is."""
        left = [event for event in (*self._found, *self._events) if self._wanted.matches(event)]
        self._events, self._found = [], []
        lost = [event for event in left if isinstance(event, Lost)]
        return Rest(lost, len(left) - len(lost))


_WHO: dict[str, Any] = {
    "time": "2026-01-31T12:00:00.000000000Z",
    "boot_ns": 60_000_000_000,
    "pid": 1234,
    "tid": 1234,
    "ppid": 1000,
    "uid": 1000,
    "gid": 1000,
    "comm": "fake",
    "start_ns": 59_000_000_000,
    "cgroup_id": 1,
    "ns_pid": 1234,
}


def fake_fork(**fields: Any) -> Fork:
    """A `Fork` with plausible values for the fields that are not given."""
    child = {
        "child_pid": 1235,
        "child_tid": 1235,
        "child_start_ns": 60_000_000_000,
        "child_ppid": 1234,
        "thread": False,
        "kernel": False,
    }
    how = {"syscall": "clone", "clone_flags": ("SIGCHLD",)}
    return Fork(**{**_WHO, **child, **how, **fields})


def fake_exec(**fields: Any) -> Exec:
    """An `Exec` with plausible values for the fields that are not given."""
    return Exec(**{**_WHO, "path": "/usr/bin/fake", "argv": ("fake",), **fields})


def fake_exit(**fields: Any) -> Exit:
    """An `Exit` with plausible values for the fields that are not given: it exited with code 0 after a second."""
    code = {} if "signal" in fields else {"exit_code": 0}
    return Exit(**{**_WHO, "core_dumped": False, "duration_ns": 1_000_000_000, **code, **fields})


def fake_open(**fields: Any) -> Open:
    """An `Open` with plausible values for the fields that are not given: read-only, and a success unless `errno` is."""
    result = {} if "errno" in fields else {"fd": 3}
    how = {"syscall": "openat", "path": "/etc/fake.conf", "flags": ("O_RDONLY",), "dirfd": -100}
    return Open(**{**_WHO, **how, **result, **fields})


def fake_rename(**fields: Any) -> Rename:
    """A `Rename` with plausible values for the fields that are not given; a success unless `errno` is."""
    return Rename(**{**_WHO, "syscall": "rename", "path": "/srv/fake", "new_path": "/srv/new", **fields})


def fake_unlink(**fields: Any) -> Unlink:
    """An `Unlink` with plausible values for the fields that are not given; a success unless `errno` is."""
    return Unlink(**{**_WHO, "syscall": "unlink", "path": "/srv/fake", **fields})


def fake_mkdir(**fields: Any) -> Mkdir:
    """A `Mkdir` with plausible values for the fields that are not given; a success unless `errno` is."""
    return Mkdir(**{**_WHO, "syscall": "mkdir", "path": "/srv/fake.d", "mode": 0o777, **fields})


def fake_rmdir(**fields: Any) -> Rmdir:
    """An `Rmdir` with plausible values for the fields that are not given; a success unless `errno` is."""
    return Rmdir(**{**_WHO, "syscall": "rmdir", "path": "/srv/fake.d", **fields})


def fake_link(**fields: Any) -> Link:
    """A `Link` with plausible values for the fields that are not given; a success unless `errno` is."""
    return Link(**{**_WHO, "syscall": "link", "path": "/srv/fake", "new_path": "/srv/new", **fields})


def fake_symlink(**fields: Any) -> Symlink:
    """A `Symlink` with plausible values for the fields that are not given; a success unless `errno` is."""
    return Symlink(**{**_WHO, "syscall": "symlink", "target": "fake", "path": "/srv/new", **fields})


def fake_chmod(**fields: Any) -> Chmod:
    """A `Chmod` with plausible values for the fields that are not given; a success unless `errno` is."""
    return Chmod(**{**_WHO, "syscall": "chmod", "mode": 0o644, "path": "/srv/fake", **fields})


def fake_chown(**fields: Any) -> Chown:
    """A `Chown` with plausible values for the fields that are not given; a success unless `errno` is."""
    return Chown(**{**_WHO, "syscall": "chown", "owner": 1000, "group": 1000, "path": "/srv/fake", **fields})


def fake_truncate(**fields: Any) -> Truncate:
    """A `Truncate` with plausible values for the fields that are not given; a success unless `errno` is."""
    return Truncate(**{**_WHO, "syscall": "truncate", "length": 0, "path": "/srv/fake", **fields})
