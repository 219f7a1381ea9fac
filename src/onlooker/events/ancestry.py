"""Which processes a process comes from."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import boolean, doc, texts, unsigned
from .base import OwnEvent


class Ancestry(OwnEvent, frozen=True, gc=False, omit_defaults=True, tag="ancestry"):
    """The ancestors of a process, its parent first, as they were when it was created.

    A parent is the process that created another; of a process older than the monitor it is its parent of then. Source:
    the events, and before them /proc.
    """

    event: ClassVar[str] = "ancestry"
    is_counted: ClassVar[bool] = False
    context: ClassVar[dict[str, tuple[str, ...]]] = {
        "ancestors": ("ancestors", "ancestor_pids", "ancestor_exes", "ancestors_cut")
    }

    pid: Annotated[int, unsigned(32), doc("Process id.")]
    start_ns: Annotated[int, unsigned(64), doc("When the process started, in nanoseconds since boot.")]
    ancestors: Annotated[
        tuple[str, ...] | None, texts(absent=0), doc("Names of its ancestors, the parent first; absent without any.")
    ] = None
    ancestor_pids: Annotated[tuple[str, ...] | None, texts(absent=0), doc("Their process ids.")] = None
    ancestor_exes: Annotated[
        tuple[str, ...] | None,
        texts(absent=0),
        doc("The programs that they had executed; empty where that is not known."),
    ] = None
    ancestors_cut: Annotated[
        bool, boolean(), doc("Whether there are more of them: too many, or the next one is not known.")
    ] = False

    who: ClassVar[str] = "Process onlooker (PID:{own_pid})"
    phrase: ClassVar[str] = "knows process {pid}{ancestors? [ancestors {ancestors}]}"
    result: ClassVar[str] = ""
    details: ClassVar[str] = "{ancestors? [ancestors {ancestors}{ancestors_cut? ...}]}"
    example: ClassVar[dict[str, Any]] = {
        "ancestors": ("bash", "sshd", "systemd"),
        "ancestor_pids": ("812", "790", "1"),
        "ancestor_exes": ("/usr/bin/bash", "/usr/sbin/sshd", "/usr/lib/systemd/systemd"),
    }
