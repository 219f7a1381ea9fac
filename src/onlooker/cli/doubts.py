"""What a recording was not asked for, so that it can't answer everything."""

from collections.abc import Sequence
from typing import NamedTuple

from ..events import TASK_EVENTS
from ..recordings.recording import Recording
from ..recordings.scope import contexts, kinds, names_of, narrowed
from ..records.fold import CONTEXT_NAMES
from .log import Log

_MOST_NAMED = 6  # kinds of events that are not there; of more, it is shorter to name those that are


class Doubts(NamedTuple):
    """Words for the user; which events it does not have at all; by which options it has not all of the others."""

    notes: list[str]
    absent: list[str]
    narrowed: list[str]


def doubts(recording: Recording, events: Sequence[str]) -> Doubts:
    """Why the recording has only a part of what happened, for who asks about these events."""
    notes: list[str] = []
    settings = recording.manifest.settings if recording.manifest else {}
    absent: list[str] = []
    if (held := kinds(settings)) is not None:
        absent = list(dict.fromkeys(name for name in events if name in TASK_EVENTS and name not in held))
        if absent:
            has = f"no {', '.join(absent)}"
            if len(absent) > _MOST_NAMED and (there := [name for name in TASK_EVENTS if name in held]):
                has = f"only {', '.join(there)}"
            said = f"it was recorded with --events {','.join(names_of(settings.get('events')))}"
            notes.append(f"{str(recording.path)!r} has {has}: {said}")
    options = [f"--{'filter' if name == 'comm' else name}" for name in narrowed(settings)]
    if options:
        said = f"it was recorded with {', '.join(options)}"
        notes.append(f"{str(recording.path)!r} has only a part of what happened: {said}")
    return Doubts(notes, absent, options)


def tell_of_context(recording: Recording, asked: Sequence[str], log: Log) -> None:
    """What of the processes was asked for now and not when it was recorded. A log alone does not say what it has."""
    held = contexts(recording.manifest)
    asked = tuple(dict.fromkeys(asked))
    missing = [name for name in asked if name not in held]
    if recording.manifest and missing and (not held or len(asked) < len(CONTEXT_NAMES)):
        said = f"it was recorded without --with {','.join(missing)}"
        log("warning", f"{str(recording.path)!r} says nothing of {', '.join(missing)}: {said}")


def tell_of_doubts(recording: Recording, events: Sequence[str], log: Log) -> list[str]:
    """The same, told to the user. Returns which of the events it does not have at all."""
    found = doubts(recording, events)
    for note in found.notes:
        log("warning", note)
    return found.absent
