"""onlooker shows what a Linux machine does: every process that is created, what it executes, how it ends, and every
file it opens, live from inside the kernel.

>>> import onlooker
>>> with onlooker.Monitor(events=["exec", "open"], comm=["nginx"]) as monitor:  # doctest: +SKIP
...     for event in monitor:
...         print(event)

An event prints as its line, harmless for a terminal, and `event.to_json()` is its JSON.

`Monitor` watches; `Event` and its kinds `Fork`, `Exec`, `Exit`, `Open`, `Rename`, ..., `Lost` are what it gives;
`Batch` is many of them as the kernel wrote them; `open` opens a recording; `onlooker.testing` makes events for tests;
`OnlookerError` is the root of all errors.
Names are imported when they are first used, so that `import onlooker` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .doctor import Check, Diagnosis, diagnose
    from .errors import (
        AttachError,
        CapabilityError,
        CommandError,
        ExpressionError,
        ExtraError,
        ForbiddenError,
        ForkedError,
        KernelTooOldError,
        LibbpfError,
        LoadError,
        LockdownError,
        NoBtfError,
        NotLinuxError,
        OnlookerError,
        OutputError,
        QueryError,
        RecordingError,
        ResourceError,
        UnsupportedError,
        UsageError,
    )
    from .events import Event, Lost, OwnEvent, TaskEvent

    # begin events
    from .events.access import Access
    from .events.alert import Alert
    from .events.ancestry import Ancestry
    from .events.bind import Bind
    from .events.cgroup import Cgroup
    from .events.chdir import Chdir
    from .events.chmod import Chmod
    from .events.chown import Chown
    from .events.exec import Exec
    from .events.exit import Exit
    from .events.fork import Fork
    from .events.link import Link
    from .events.mkdir import Mkdir
    from .events.mknod import Mknod
    from .events.open import Open
    from .events.readlink import Readlink
    from .events.rename import Rename
    from .events.rmdir import Rmdir
    from .events.stat import Stat
    from .events.symlink import Symlink
    from .events.truncate import Truncate
    from .events.unlink import Unlink
    from .events.user import User
    from .events.utime import Utime
    from .events.xattr import Xattr

    # end events
    from .monitor import Monitor
    from .probe.command import Command
    from .probe.fake import FakeSource
    from .probe.source import Attachment, Rest, Source
    from .query.recording import RecordedTable, Recording, open  # noqa: A004
    from .recordings.process import Execution, ProcessRecord
    from .records.batch import Batch
    from .records.fold import KnownContext
    from .records.table import Batches, Table
    from .session import Session, Sink
    from .stats import Stats
    from .summary import Summary

_MODULES = {
    "doctor": ("Check", "Diagnosis", "diagnose"),
    "errors": (
        "AttachError",
        "CapabilityError",
        "CommandError",
        "ExpressionError",
        "ExtraError",
        "ForbiddenError",
        "ForkedError",
        "KernelTooOldError",
        "LibbpfError",
        "LoadError",
        "LockdownError",
        "NoBtfError",
        "NotLinuxError",
        "OnlookerError",
        "OutputError",
        "QueryError",
        "RecordingError",
        "ResourceError",
        "UnsupportedError",
        "UsageError",
    ),
    "events": ("Event", "Lost", "OwnEvent", "TaskEvent"),
    "monitor": ("Monitor",),
    "probe.command": ("Command",),
    "probe.fake": ("FakeSource",),
    "probe.source": ("Attachment", "Rest", "Source"),
    "recordings.process": ("Execution", "ProcessRecord"),
    "query.recording": ("RecordedTable", "Recording", "open"),
    "records.batch": ("Batch",),
    "records.fold": ("KnownContext",),
    "records.table": ("Batches", "Table"),
    "session": ("Session", "Sink"),
    "stats": ("Stats",),
    "summary": ("Summary",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "AttachError",
    "Attachment",
    "Batch",
    "Batches",
    "CapabilityError",
    "Check",
    "Command",
    "CommandError",
    "Diagnosis",
    "Event",
    "Execution",
    "ExpressionError",
    "ExtraError",
    "FakeSource",
    "ForbiddenError",
    "ForkedError",
    "KernelTooOldError",
    "KnownContext",
    "LibbpfError",
    "LoadError",
    "LockdownError",
    "Lost",
    "Monitor",
    "NoBtfError",
    "NotLinuxError",
    "OnlookerError",
    "OutputError",
    "OwnEvent",
    "ProcessRecord",
    "QueryError",
    "RecordedTable",
    "Recording",
    "RecordingError",
    "ResourceError",
    "Rest",
    "Session",
    "Sink",
    "Source",
    "Stats",
    "Summary",
    "Table",
    "TaskEvent",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "diagnose",
    "open",
]

# begin names of events
__all__ += [
    "Access",
    "Alert",
    "Ancestry",
    "Bind",
    "Cgroup",
    "Chdir",
    "Chmod",
    "Chown",
    "Exec",
    "Exit",
    "Fork",
    "Link",
    "Mkdir",
    "Mknod",
    "Open",
    "Readlink",
    "Rename",
    "Rmdir",
    "Stat",
    "Symlink",
    "Truncate",
    "Unlink",
    "User",
    "Utime",
    "Xattr",
]
# end names of events


def __getattr__(name: str) -> Any:
    """Import what is asked for, once."""
    if name in _HOMES:
        value = getattr(import_module(f"onlooker.{_HOMES[name]}"), name)
    elif name.startswith("_"):
        value = None
    else:
        classes = import_module("onlooker.events").EVENTS.values()
        value = next((cls for cls in classes if cls.__name__ == name), None)
    if value is None:
        raise AttributeError(f"module 'onlooker' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__]
