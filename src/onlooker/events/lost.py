"""Events that happened and could not be reported."""

from typing import Annotated, ClassVar

from ..schema.fields import choice, doc, unsigned
from .base import OwnEvent
from .registry import TASK_EVENTS

# counted by the probe, for each kind of event; the order is the wire's
PROBE_REASONS = ("ring full", "headroom", "busy", "untracked", "unfollowed")
# found by the reader, the kernel and what checks the records
REASONS = (*PROBE_REASONS, "unfinished", "recursion", "corrupt", "rate", "damaged", "unwritten", "rotated", "unsent")
# counted before the filter, or shown without their path: an upper bound
UNCERTAIN_REASONS = frozenset({"recursion", "untracked"})
# not events, but processes of which nothing more is shown
PROCESS_REASONS = frozenset({"unfollowed"})
# left out because the user asked for it
WANTED_REASONS = frozenset({"rate", "rotated"})
# nobody knows how many
UNKNOWN_REASONS = frozenset({"damaged"})


def _how_many(at_most: str, exactly: str) -> str:
    for reason in sorted(UNCERTAIN_REASONS):
        exactly = f"{{reason~{reason}?{at_most}|{exactly}}}"
    return exactly


class Lost(OwnEvent, frozen=True, gc=False, omit_defaults=True, tag="lost"):
    """Some events were lost since the last such report. Silence means that nothing was.

    Reasons: "ring full" (no room in the buffer), "headroom" (the last quarter of the buffer is kept for process
    events), "busy" (too many calls of one cpu were interrupted half-way in the probe), "untracked" (there was no room
    left to remember what had begun, or what ended had begun before the monitor: at most so many are missing),
    "unfollowed" (there was no room for so many processes among those that are followed, or have executed a program that
    was asked for; or of one it is not known what it executed: of them and their descendants nothing is shown, or not
    all), "unfinished" (a record was never finished), "recursion" (the kernel skipped the program
    because one was already running there; for which process is not known, so at most so many are missing), "corrupt" (a
    record made no sense), "rate" (one process did more in a second than the user wants to see: `--rate`). Of a
    recording: "damaged" (a part of it can't be read, or its end was never written: nobody knows how many are missing),
    "unwritten" (the recorder saw them and could not write them, as on a full disk), "rotated" (the oldest were removed,
    as `--max-size` and `--keep` ask for). Of a sink: "unsent" (the server was not reached, and there was no more room
    for what waits).
    """

    event: ClassVar[str] = "lost"
    is_counted: ClassVar[bool] = False

    count: Annotated[
        int,
        unsigned(64),
        doc(
            "How many events were lost; for recursion, at most so many; for damaged, unknown; for unfollowed, how many "
            "processes."
        ),
    ]
    of: Annotated[
        str,
        choice(*TASK_EVENTS, "unknown"),
        doc('Which events, by their name, or "unknown".'),
    ]
    reason: Annotated[
        str,
        choice(*REASONS),
        doc(
            "Why: ring full, headroom, busy, untracked, unfollowed, unfinished, recursion, corrupt, rate, damaged, "
            "unwritten, rotated or unsent."
        ),
    ]

    who: ClassVar[str] = "Process onlooker (PID:{own_pid})"
    # the number stands behind the noun, which has one form then
    phrase: ClassVar[str] = (
        _how_many(
            "may have lost", "{reason~rate?left out|{reason~rotated?removed|{reason~unfollowed?could not follow|lost}}}"
        )
        + " {reason~unfollowed?processes|events}: "
        + _how_many("up to ", "")
        + "{count}{reason~unfollowed?| {of} ({reason})}"
    )
    result: ClassVar[str] = ""
    details: ClassVar[str] = (
        "{reason~unfollowed?processes|events}: "
        + _how_many("up to ", "")
        + "{count}{reason~unfollowed?| {of}} ({reason})"
    )
