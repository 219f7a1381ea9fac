"""onlooker shows what a Linux machine does: every process that is created, what it executes, how it ends, and every
file it opens, live from inside the kernel.

>>> import onlooker
>>> with onlooker.Monitor(events=["exec", "open"], comm=["nginx"]) as monitor:  # doctest: +SKIP
...     for event in monitor:
...         print(event.time, event.pid, event.path)

`Monitor` watches; `Event` and its kinds `Fork`, `Exec`, `Exit`, `Open`, `Lost` are what it gives; `FakeSource` and
`fake_open` and the like stand in for the kernel in tests; `OnlookerError` is the root of all errors. Names are imported
when they are first used, so that `import onlooker` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .doctor import Check, Diagnosis, diagnose
    from .errors import (
        AttachError,
        CapabilityError,
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
    from .events import Event, Exec, Exit, Fork, Lost, Open, TaskEvent
    from .monitor import Monitor, Stats
    from .probe.fake import FakeSource, fake_exec, fake_exit, fake_fork, fake_open
    from .probe.source import Attachment, Source

_MODULES = {
    "doctor": ("Check", "Diagnosis", "diagnose"),
    "errors": (
        "AttachError",
        "CapabilityError",
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
    "events": ("Event", "Exec", "Exit", "Fork", "Lost", "Open", "TaskEvent"),
    "monitor": ("Monitor", "Stats"),
    "probe.fake": ("FakeSource", "fake_exec", "fake_exit", "fake_fork", "fake_open"),
    "probe.source": ("Attachment", "Source"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "AttachError",
    "Attachment",
    "CapabilityError",
    "Check",
    "Diagnosis",
    "Event",
    "Exec",
    "Exit",
    "FakeSource",
    "Fork",
    "KernelTooOldError",
    "LibbpfError",
    "LoadError",
    "LockdownError",
    "Lost",
    "Monitor",
    "NoBtfError",
    "NotLinuxError",
    "OnlookerError",
    "Open",
    "OutputError",
    "ResourceError",
    "Source",
    "Stats",
    "TaskEvent",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "diagnose",
    "fake_exec",
    "fake_exit",
    "fake_fork",
    "fake_open",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'onlooker' has no attribute {name!r}")
    value = getattr(import_module(f"onlooker.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
