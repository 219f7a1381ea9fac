"""What a recording was not asked for, so that it can't answer everything."""

from collections.abc import Sequence
from typing import NamedTuple

from ..events import TASK_EVENTS
from ..recordings.recording import Recording
from ..recordings.scope import kinds, names_of, narrowed


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
            said = f"{', '.join(absent)}: it was recorded with --events {','.join(names_of(settings.get('events')))}"
            notes.append(f"{str(recording.path)!r} has no {said}")
    options = [f"--{'filter' if name == 'comm' else name}" for name in narrowed(settings)]
    if options:
        said = f"it was recorded with {', '.join(options)}"
        notes.append(f"{str(recording.path)!r} has only a part of what happened: {said}")
    return Doubts(notes, absent, options)
