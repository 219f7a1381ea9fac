"""onlooker shows what a Linux machine does: every process that is created, what it executes, how it ends, and every
file it opens, live from inside the kernel.

>>> import onlooker
>>> with onlooker.Monitor(events=["exec", "open"], comm=["nginx"]) as monitor:  # doctest: +SKIP
...     for event in monitor:
...         print(event)

An event prints as its line, harmless for a terminal, and `event.to_json()` is its JSON.

`Monitor` watches; `Event` and its kinds `Fork`, `Exec`, `Exit`, `Open`, `Rename`, ..., `Lost` are what it gives;
`Batch` is many of them as the kernel wrote them; `onlooker.testing` makes events for tests; `OnlookerError` is the root
of all errors.
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
        ResourceError,
        UnsupportedError,
        UsageError,
    )
    from .events import (
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
        TaskEvent,
        Truncate,
        Unlink,
    )
    from .monitor import Monitor, Stats
    from .probe.fake import FakeSource
    from .probe.source import Attachment, Rest, Source
    from .records.batch import Batch

_MODULES = {
    "doctor": ("Check", "Diagnosis", "diagnose"),
    "errors": (
        "AttachError",
        "CapabilityError",
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
        "ResourceError",
        "UnsupportedError",
        "UsageError",
    ),
    "events": (
        "Chmod",
        "Chown",
        "Event",
        "Exec",
        "Exit",
        "Fork",
        "Link",
        "Lost",
        "Mkdir",
        "Open",
        "Rename",
        "Rmdir",
        "Symlink",
        "TaskEvent",
        "Truncate",
        "Unlink",
    ),
    "monitor": ("Monitor", "Stats"),
    "probe.fake": ("FakeSource",),
    "probe.source": ("Attachment", "Rest", "Source"),
    "records.batch": ("Batch",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "AttachError",
    "Attachment",
    "Batch",
    "CapabilityError",
    "Check",
    "Chmod",
    "Chown",
    "Diagnosis",
    "Event",
    "Exec",
    "Exit",
    "FakeSource",
    "ForbiddenError",
    "Fork",
    "ForkedError",
    "KernelTooOldError",
    "LibbpfError",
    "Link",
    "LoadError",
    "LockdownError",
    "Lost",
    "Mkdir",
    "Monitor",
    "NoBtfError",
    "NotLinuxError",
    "OnlookerError",
    "Open",
    "OutputError",
    "Rename",
    "ResourceError",
    "Rest",
    "Rmdir",
    "Source",
    "Stats",
    "Symlink",
    "TaskEvent",
    "Truncate",
    "Unlink",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "diagnose",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'onlooker' has no attribute {name!r}")
    value = getattr(import_module(f"onlooker.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__]
