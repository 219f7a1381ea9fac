"""What a recording is: what `onlooker show FILE` answers."""

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from textwrap import wrap
from typing import Any, ClassVar

from ..answers import Answer, Row
from ..answers.page import Page
from ..counted import counted
from ..escaping import escape
from ..events import EVENTS, TASK_EVENTS, UNCOUNTED
from ..recordings.manifest import Manifest
from ..recordings.recording import Recording
from ..recordings.segments import bytes_of, numbers, sealed_path
from ..records import Batch
from ..summary import Summary

_OPTIONS = {"comm": "filter", "buffer_bytes": "buffer-size", "context": "with", "max_args_bytes": "max-args-bytes"}
_USUAL = {"events": ["all"], "resolve": True, "buffer_bytes": 16 << 20, "max_args_bytes": 256 << 10}
_STATES = {
    "finished": "finished",
    "being written": "still being written",
    "broke off": "broke off: not all could be written",
    "unfinished": "never finished: its recorder was killed, or the machine stopped",
}
_CAUSE = re.compile(r"written \((.+?)\)")  # in a verdict: why not all was written
_INDENT = 13


class Facts(Answer):
    """What a recording says of itself, and what is in it, by reading all of it."""

    events: ClassVar[tuple[str, ...]] = tuple(TASK_EVENTS)
    failed: ClassVar[bool] = False
    waits_for: ClassVar[str] = "nothing"
    where: ClassVar[tuple[str, ...]] = ()

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._events: Counter[str] = Counter()
        self._lost: Counter[tuple[str, str]] = Counter()
        self._cut = 0

    def take(self, batch: Batch) -> Iterable[Row]:
        """Count."""
        self._events.update(batch.counts())
        self._cut += batch.cut
        for loss in batch.lost():
            self._lost[loss.of, loss.reason] += loss.count
        return ()

    def show(self, rows: Iterable[Row], page: Page) -> Iterator[str]:
        """Nothing is shown at once."""
        return iter(())

    def rows(self) -> Iterator[Row]:
        """One object."""
        manifest = self._recording.manifest
        row: Row = {"what": "recording", "recording": str(self._recording.path)}
        if manifest:
            row |= {
                "id": manifest.id,
                "command": manifest.command,
                "directory": manifest.directory,
                "host": manifest.host,
                "kernel": manifest.kernel,
                "machine": manifest.machine,
                "onlooker": manifest.onlooker,
                "start": manifest.start,
                "settings": manifest.settings,
                "redacted": manifest.redacted,
                "rotated": manifest.rotated or None,
            }
            if manifest.end:
                row |= {
                    "end": manifest.end.time,
                    "seconds": manifest.end.seconds,
                    "exit_code": manifest.end.exit_code,
                }
        segments, sealed = self._segments()
        summary = self._summary()
        row |= {
            "state": self._state(),
            "bytes": self._bytes(),
            "segments": segments,
            "sealed": sealed,
            "events": self._counts(),
            "cut": self._cut or None,
            "lost": [{"of": of, "reason": why, "count": count} for (of, why), count in self._lost.items()],
            "complete": summary.complete,
            "verdict": summary.verdict,
        }
        yield row

    def lines(self, page: Page) -> Iterator[str]:
        """For people: a name and what it is."""
        recording, manifest = self._recording, self._recording.manifest
        words = shlex.join(manifest.command) if manifest and manifest.command else "the whole machine"
        yield page.fit(f"{escape(str(recording.path))}  {escape(words) if manifest else '?'}")
        for name, text in self._facts(manifest):
            if text:
                yield from _wrapped(f"  {name:{_INDENT - 2}}", text, page.width)

    def _facts(self, manifest: Manifest | None) -> Iterator[tuple[str, str]]:
        if manifest:
            end = manifest.end
            took = f", for {end.seconds:.3f} s" if end else ""
            yield "recorded", f"{escape(manifest.start[:23].replace('T', ' '))} UTC{took}"
            yield "in", escape(manifest.directory or "")
            yield "on", f"{escape(manifest.host)}, Linux {escape(manifest.kernel)}, {escape(manifest.machine)}"
            yield "by", f"onlooker {escape(manifest.onlooker)}"
            taken_out = () if "redact" in manifest.settings or not manifest.redacted else ("--redact",)
            options = " ".join((*_options(manifest.settings), *taken_out))
            yield "options", options or ("all events" if manifest.rotated else "none: all events")
            yield "redacted", escape(", ".join(manifest.redacted))
            yield "exit code", self._exit_code(manifest)
        yield "state", self._said_state(manifest)
        segments, sealed = self._segments()
        form = "sealed" if sealed == segments else f"{sealed} of them sealed" if sealed else "a log"
        yield "size", f"{size_of(self._bytes())}, {counted(segments, 'segment')}, {form}"
        counts = self._counts()
        kinds = ", ".join(f"{count} {name}" for name, count in counts.items())
        yield "events", f"{sum(counts.values())}{f': {kinds}' if kinds else ''}"
        if manifest and manifest.rotated:
            yield "removed", f"the oldest {counted(manifest.rotated, 'event')}"

    def _counts(self) -> dict[str, int]:
        return {name: self._events[name] for name in EVENTS if self._events[name] and name not in UNCOUNTED}

    def _state(self) -> str:
        recording = self._recording
        if recording.is_being_written or not recording.is_finished:
            return "being written" if recording.is_being_written else "unfinished"
        end = recording.manifest.end if recording.manifest else None
        return "broke off" if end and end.unwritten else "finished"

    def _said_state(self, manifest: Manifest | None) -> str:
        """In words."""
        if manifest is None:
            return "unknown: its recording.json is missing or unreadable"
        state = self._state()
        cause = _CAUSE.search(manifest.end.verdict) if state == "broke off" and manifest.end else None
        return f"broke off: {escape(cause[1].replace(' is ', ' was '))}" if cause else _STATES[state]

    def _exit_code(self, manifest: Manifest) -> str:
        """The command's, in words; nothing where there is none, or none yet."""
        if manifest.end and manifest.end.exit_code is not None:
            return str(manifest.end.exit_code)
        if manifest.command is None or self._recording.is_being_written:
            return ""
        return "unknown: the recording ended before the command"

    def _bytes(self) -> int:
        path = self._recording.path
        return bytes_of(path) if path.is_dir() else path.stat().st_size

    def _segments(self) -> tuple[int, int]:
        """How many there are, and how many of them are sealed."""
        path = self._recording.path
        with suppress(OSError):
            found = numbers(path)
            return len(found), sum(sealed_path(path, number).is_dir() for number in found)
        return 1, 0  # a log alone

    def _summary(self) -> Summary:
        return Summary(lost=self._lost, cut=self._cut)


def _wrapped(name: str, text: str, width: int) -> list[str]:
    """In as many lines as it needs; width 0: in one."""
    if not width:
        return [name + text]
    return wrap(text, max(width, 2 * _INDENT), initial_indent=name, subsequent_indent=" " * _INDENT)


def _options(settings: dict[str, Any]) -> Iterator[str]:
    """What was asked for, as options of the command."""
    for name, value in settings.items():
        if value == _USUAL.get(name):
            continue
        option = f"--{_OPTIONS.get(name, name).replace('_', '-')}"
        if value is True:
            yield escape(option)
        elif isinstance(value, list) and name in ("where", "exclude", "path", "arg", "exe", "cgroup"):
            yield from (escape(f"{option} {shlex.quote(str(each))}") for each in value)
        else:
            text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
            yield escape(f"{option} {shlex.quote(text)}")
    if settings and "resolve" not in settings:
        yield "--no-resolve"


def size_of(number: float) -> str:
    """So many bytes, for people.

    >>> size_of(1234), size_of(56_789_000)
    ('1.2 kB', '57 MB')
    """
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            break
        number /= 1000
    return f"{number:.1f} {unit}" if number < 10 and unit != "bytes" else f"{number:.0f} {unit}"
