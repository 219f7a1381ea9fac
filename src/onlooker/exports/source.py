"""What an export is made of: the batches of a recording, and what is said of it."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from .. import _version
from ..events import UNCOUNTED
from ..filters.compile import matcher
from ..filters.where import Asked
from ..recordings.manifest import Manifest, wall_ns
from ..recordings.recording import Recording
from ..recordings.redact import Redactor
from ..records import Batch, Matcher
from ..summary import Summary

_STILL_WRITTEN = "incomplete: the recording is still being written"


class Source:
    """A recording that is exported. `redactor` takes secrets out; `digests`: whether files that were only read are
    digested; `notes`: what is to be said of it beside the verdict; `absent`: kinds of events that it needs and does not
    have; `progress` gets a text now and then.

    What `complete`, `verdict`, `notes` and `about` say is known when `batches` was read to its end.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        redactor: Redactor | None = None,
        digests: bool = True,
        notes: Sequence[str] = (),
        absent: Sequence[str] = (),
        progress: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.recording = recording
        self.redactor = redactor
        self.digests = digests
        self._notes = [*recording.notes, *notes]
        self._absent = tuple(absent)
        self.progress = progress
        self._forget()

    def _forget(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lost: Counter[tuple[str, str]] = Counter()
        self._cut = 0

    def batches(self, *, context: bool = False) -> Iterator[Batch]:
        """All, without secrets, and with `context` what is known of processes. May be called again. Raises
        RecordingError.
        """
        self._forget()
        for batch in self.recording.batches(context=context):
            for loss in batch.lost():
                self._lost[loss.of, loss.reason] += loss.count
            self._counts.update(batch.counts())
            self._cut += batch.cut
            yield self.redactor.redacted(batch) if self.redactor else batch
            self.progress(f"{self.events} events")

    @property
    def notes(self) -> list[str]:
        """What is not as it should be."""
        return [*self._notes, *self.recording.damage]

    def survey(self) -> None:
        """Read it once, for what is said of it."""
        for _ in self.batches():
            pass

    @property
    def events(self) -> int:
        """How many there are, not counting reports of losses."""
        return sum(count for name, count in self._counts.items() if name not in UNCOUNTED)

    @property
    def manifest(self) -> Manifest | None:
        """What the recording says of itself, with its secrets."""
        return self.recording.manifest

    @property
    def is_of_this_machine(self) -> bool:
        """Whether the files that it names can be looked for."""
        return self.manifest is not None and self.manifest.host == os.uname().nodename

    @property
    def end_ns(self) -> int | None:
        """When it ended, by the wall clock; None where nobody knows."""
        end = self.manifest.end if self.manifest else None
        return wall_ns(end.time) if end else None

    @property
    def complete(self) -> bool:
        """Whether it has all that happened until the end, and has ended."""
        end = self.manifest.end if self.manifest else None
        return end is not None and end.complete and self._found.complete

    @property
    def verdict(self) -> str:
        """One line."""
        end = self.manifest.end if self.manifest else None
        found = self._found
        if end is not None and not end.complete and not end.unwritten:
            return end.verdict
        if found.complete and not self.complete:
            return _STILL_WRITTEN
        return found.verdict

    @property
    def _found(self) -> Summary:
        return Summary(lost=self._lost, cut=self._cut, absent=self._absent)

    @property
    def redacted(self) -> tuple[str, ...]:
        """The rules by which secrets were taken out, when it was recorded or now."""
        before = self.manifest.redacted if self.manifest else ()
        return tuple(dict.fromkeys((*before, *(self.redactor.names if self.redactor else ()))))

    @property
    def command(self) -> list[str]:
        """That was recorded, without secrets."""
        words = (self.manifest.command if self.manifest else None) or ()
        return self.redactor.words(words) if self.redactor else list(words)

    def about(self) -> dict[str, Any]:
        """What `recording.json` says, without secrets; and whether the export is complete."""
        manifest = self.manifest
        said: dict[str, Any] = msgspec.to_builtins(manifest) if manifest else {}
        said = self._without_secrets(said)
        if manifest and manifest.command is not None:
            said["command"] = self.command
        return {
            **said,
            "name": self.recording.path.name,
            "exported_by": _version.__version__,
            "events": {name: count for name, count in self._counts.items() if name not in UNCOUNTED},
            "lost": [{"of": of, "reason": reason, "count": count} for (of, reason), count in self._lost.items()],
            "cut": self._cut,
            "complete": self.complete,
            "verdict": self.verdict,
            "redacted": list(self.redacted),
            "notes": self.notes,
        }

    def _without_secrets(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._without_secrets(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._without_secrets(each) for each in value]
        if isinstance(value, str) and self.redactor:
            return os.fsdecode(self.redactor.text(os.fsencode(value)))
        return value


def matcher_of(where: str, events: tuple[str, ...]) -> Matcher:
    """What finds the events of these kinds that an expression asks for."""
    expression = Asked(where=where).expression(events)
    assert expression is not None
    return matcher(expression)


def plain(value: Any) -> Any:
    r"""The same with texts that any JSON can hold: what is not UTF-8 becomes U+FFFD. What is None is left out.

    >>> plain({"argv": ("a\udcff",), "exit_code": None})
    {'argv': ['a�']}
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, dict):
        return {plain(name): plain(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def json_text(value: Any) -> bytes:
    """As JSON on one line."""
    return msgspec.json.encode(plain(value))


def json_page(value: Any) -> bytes:
    """As JSON for people."""
    return msgspec.json.format(json_text(value), indent=2) + b"\n"
