"""The summary: what was seen, what was lost, the verdict."""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum

import msgspec

from .escaping import escape
from .events import EVENTS, PROCESS_REASONS, UNCERTAIN_REASONS, UNCOUNTED, UNKNOWN_REASONS, WANTED_REASONS

UNWRITTEN = "unwritten"
# not simply so many
_OTHER_REASONS = UNCERTAIN_REASONS | UNKNOWN_REASONS | WANTED_REASONS | PROCESS_REASONS | {UNWRITTEN}
_WIDEST = 70  # of 80 columns, without the name of the program


class End(Enum):
    """Why the watching ended; the value is what the verdict says of it."""

    ASKED = ""
    CLOSED = "the output was closed"
    INTERRUPTED = "it was interrupted"
    DROPPED = "it was stopped at once"
    UNWRITTEN = "the output was not written completely"
    FAILED = "it ended with an error"


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What was written (`shown`, by kind), lost (by kind and reason), seen and not written, not whole (`cut`); why it
    ended, and the `cause` of that where the system has named one. `repeated` and `over_rate` as in `Stats`. `absent`:
    kinds of events that are needed and were not recorded.

    >>> print(Summary(shown={"open": 3, "exec": 1}, seconds=1.5))
    4 events in 1.5 s: 1 exec, 3 open
    lost: nothing
    complete
    """

    shown: Mapping[str, int] = {}
    lost: Mapping[tuple[str, str], int] = {}
    cut: int = 0
    seconds: float = 0.0
    unwritten: int = 0
    end: End = End.ASKED
    cause: str = ""
    repeated: int = 0
    over_rate: tuple[tuple[int, int, str], ...] = ()
    absent: tuple[str, ...] = ()

    def __str__(self) -> str:
        kinds = [f"{self.shown[name]} {name}" for name in EVENTS if self.shown.get(name) and name not in UNCOUNTED]
        total = sum(count for name, count in self.shown.items() if name not in UNCOUNTED)
        seen = f"{_events(total)} in {self.seconds:.1f} s"
        first = ": ".join(filter(None, (seen, ", ".join(kinds))))
        lost = f"lost: {', '.join(self._losses()) or 'nothing'}"
        return "\n".join((first, *self._left_out(), lost, self.verdict))

    @property
    def brief(self) -> str:
        """The time and the verdict, in lines that fit a terminal.

        >>> print(Summary(seconds=1.5, cut=2).brief)
        1.5 s; complete
        2 events have a field that is not whole (marked: cut)
        """
        lines = [f"{self.seconds:.1f} s"]
        for part in self.verdict.split("; "):
            if len(lines[-1]) + len("; ;") + len(part) > _WIDEST:
                lines.append(part)
            else:
                lines[-1] += f"; {part}"
        return "\n".join(lines)

    @property
    def complete(self) -> bool:
        """Whether everything that happened until the end was written."""
        return not any(self._gaps())

    @property
    def verdict(self) -> str:
        """One line: "complete", or what is missing.

        >>> Summary(lost={("open", "ring full"): 45}).verdict
        'incomplete: 45 events are missing; a larger --buffer-size or a narrower --filter may help'
        """
        gaps = list(self._gaps())  # what the user asked to be left out is none
        if gaps:
            said = ["incomplete: " + gaps[0], *gaps[1:]]
        else:
            said = [f"complete until {self.end.value}" if self.end in (End.CLOSED, End.INTERRUPTED) else "complete"]
        if wanted := self._lost("rate".__eq__):
            said.append(f"{_events(wanted, 'was', 'were')} left out, over the --rate")
        if removed := self._lost("rotated".__eq__):
            said.append(f"the oldest {_events(removed, 'was', 'were')} removed to keep the recording small")
        if self.cut:
            said.append(f"{_events(self.cut, 'has', 'have')} a field that is not whole (marked: cut)")
        if any(reason in ("ring full", "headroom") for _, reason in self.lost):
            said.append("a larger --buffer-size or a narrower --filter may help")
        return "; ".join(said)

    def _left_out(self) -> Iterator[str]:
        """What the user asked to be left out."""
        if self.repeated:
            yield f"left out: {self.repeated} repetition{'' if self.repeated == 1 else 's'}"
        if over := self._lost("rate".__eq__):
            worst = (f"{escape(comm)} (PID:{pid}) {count}" for count, pid, comm in self.over_rate)
            yield f"over the rate: {_events(over)}: {', '.join(worst)}"

    def _lost(self, counts: Callable[[str], bool]) -> int:
        return sum(count for (_, reason), count in self.lost.items() if counts(reason))

    def _losses(self) -> Iterator[str]:
        for (of, reason), count in self.lost.items():
            if reason in WANTED_REASONS:
                continue
            if reason in PROCESS_REASONS:
                yield f"{_processes(count)} ({reason})"
                continue
            known = "" if reason in UNKNOWN_REASONS else f"{count} "
            yield f"{'up to ' if reason in UNCERTAIN_REASONS else ''}{known}{of} ({reason})"
        if self.unwritten:
            yield f"{self.unwritten} seen and not written"

    def _gaps(self) -> Iterator[str]:
        """What keeps the report from being complete."""
        cause = f" ({self.cause})" if self.cause else ""
        unwritten = f"{_events(self.unwritten, 'was', 'were')} seen and not written"
        if self.unwritten and self.end is End.UNWRITTEN:  # the number says what the end would
            yield unwritten + cause
        else:
            if self.end in (End.UNWRITTEN, End.FAILED) or (self.unwritten and self.end is not End.ASKED):
                yield self.end.value + cause
            if self.unwritten:
                yield unwritten
        if self._lost(UNKNOWN_REASONS.__contains__):
            yield "the recording is damaged or was never finished: nobody knows how many events are missing"
        if unrecorded := self._lost(UNWRITTEN.__eq__):
            yield (
                f"the recording broke off, as on a full disk: {_events(unrecorded, 'was', 'were')} seen and not "
                "written, and nothing is known of what came later"
            )
        if self.absent:
            yield f"no {', '.join(self.absent)} events were recorded"
        if certain := self._lost(lambda reason: reason not in _OTHER_REASONS):
            yield f"{_events(certain, 'is', 'are')} missing"
        if uncertain := self._lost(UNCERTAIN_REASONS.__contains__):
            yield f"up to {_events(uncertain)} may be missing"
        if unfollowed := self._lost(PROCESS_REASONS.__contains__):
            yield f"{_processes(unfollowed)} could not be followed, with all descendants"


def _processes(count: int) -> str:
    return f"{count} process{'' if count == 1 else 'es'}"


def _events(count: int, one: str = "", more: str = "") -> str:
    return f"{count} event{'' if count == 1 else 's'} {one if count == 1 else more}".rstrip()
