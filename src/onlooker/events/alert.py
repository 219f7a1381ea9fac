"""A rule has found an event."""

from typing import Annotated, Any, ClassVar

from ..schema.fields import choice, cut_mask, doc, name, text, texts, unsigned, walked
from .base import CHILD_AND_PARENT, OwnEvent
from .file import Errno
from .registry import TASK_EVENTS

LEVELS = ("informational", "low", "medium", "high", "critical")  # as Sigma has them, the least first


class Alert(OwnEvent, frozen=True, gc=False, omit_defaults=True, tag="alert"):
    """An event is what a rule looks for. The alert comes right behind it, and says all of it that matters in one
    object: which rule, who did it, what it was, and the process's ancestors. See `docs/rules.md`.
    """

    event: ClassVar[str] = "alert"
    is_asked: ClassVar[bool] = True

    pid: Annotated[int, unsigned(32), doc("Process id of the process that did it, in the initial pid namespace.")]
    tid: Annotated[int, unsigned(32), doc("Thread id of the thread that did it.")]
    ppid: Annotated[int, unsigned(32), doc("Process id of the parent; 0 where there is none.")]
    uid: Annotated[int, unsigned(32), doc("Real user id, in the initial user namespace.")]
    gid: Annotated[int, unsigned(32), doc("Real group id, in the initial user namespace.")]
    comm: Annotated[str, name(), doc("Name of the process, as the kernel keeps it: 15 bytes.")]
    start_ns: Annotated[
        int, unsigned(64), doc("When the process started, in nanoseconds since boot; unique together with pid.")
    ]
    cgroup_id: Annotated[int, unsigned(64), doc("Id of the process's cgroup in the version 2 hierarchy.")]
    ns_pid: Annotated[int, unsigned(32), doc("Process id in the process's own pid namespace.")]
    rule: Annotated[str, text(), doc("The rule's id.")]
    title: Annotated[str, text(), doc("What the rule looks for, in its own words.")]
    level: Annotated[str, choice(*LEVELS), doc("How serious it is: informational, low, medium, high or critical.")]
    matched: Annotated[str, choice(*TASK_EVENTS), doc("Which event it was, by its name.")]
    record: Annotated[str, text(), doc("The event that matched, as its own JSON line.")]
    tags: Annotated[
        tuple[str, ...], texts(), doc('The rule\'s tags, such as "attack.t1059", of MITRE ATT&CK where it has some.')
    ] = ()
    exe: Annotated[
        str | None,
        walked(),
        doc("The program that the process runs, where that is known; of an exec the new one."),
    ] = None
    argv: Annotated[tuple[str, ...], texts(), doc("Its arguments, up to 4 KiB of them, where they are known.")] = ()
    path: Annotated[
        str | None, text(absent=0), doc("Which file the event is about; not of an exec, whose file is exe.")
    ] = None
    new_path: Annotated[
        str | None, text(absent=0), doc("The other name, where the event has two: of a rename or a link the new one.")
    ] = None
    errno: Errno = None
    ancestors: Annotated[
        tuple[str, ...], texts(), doc("Names of its ancestors, the parent first, as far as they are known.")
    ] = ()
    ancestor_pids: Annotated[tuple[str, ...], texts(), doc("Their process ids.")] = ()
    ancestor_exes: Annotated[
        tuple[str, ...], texts(), doc("The programs that they run; empty where that is not known.")
    ] = ()
    cut: Annotated[tuple[str, ...], cut_mask(), doc("Names of the fields that are incomplete.")] = ()

    who: ClassVar[str] = CHILD_AND_PARENT
    phrase: ClassVar[str] = (
        "raised alert {level}: {title} [rule: {rule}]"
        " [{matched}{errno? failed: {errno}}{path? {path}{new_path? to {new_path}}|{exe? {exe}}}]"
        "{argv? [runs: {argv}]}{ancestors? [ancestors: {ancestors}]}"
    )
    result: ClassVar[str] = "{level}"
    details: ClassVar[str] = (
        "{title} [{matched}{errno? failed: {errno}}{path? {path}{new_path? to {new_path}}}]{argv? [runs: {argv}]}"
    )
    example: ClassVar[dict[str, Any]] = {
        "rule": "fake-rule",
        "title": "A fake rule",
        "level": "low",
        "matched": "exec",
        "record": "{}",
    }
