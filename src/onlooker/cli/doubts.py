"""What a recording was not asked for, so that it can't answer everything."""

from collections.abc import Sequence
from typing import NamedTuple

from ..events import EVENT_GROUPS, TASK_EVENTS
from ..recordings.recording import Recording

# of what a recording was asked for, what leaves something out
_NARROWING = ("comm", "pid", "uid", "exe", "cgroup", "where", "exclude", "hide", "path", "arg", "rate")
_NARROWING_MARKS = ("failed", "success", "writes", "first")


class Doubts(NamedTuple):
    """Words for the user; which events it does not have at all; by which options it has not all of the others."""

    notes: list[str]
    absent: list[str]
    narrowed: list[str]


def names_of(value: object) -> list[str]:
    """Of what a recording says of itself, which may be anything."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def doubts(recording: Recording, events: Sequence[str]) -> Doubts:
    """Why the recording has only a part of what happened, for who asks about these events."""
    notes: list[str] = []
    settings = recording.manifest.settings if recording.manifest else {}
    absent: list[str] = []
    if names := names_of(settings.get("events")):
        held = {name for each in names for name in EVENT_GROUPS.get(each, (each,))}
        absent = list(dict.fromkeys(name for name in events if name in TASK_EVENTS and name not in held))
        if absent:
            said = f"{', '.join(absent)}: it was recorded with --events {','.join(names)}"
            notes.append(f"{str(recording.path)!r} has no {said}")
    narrowed = [name for name in (*_NARROWING, *_NARROWING_MARKS) if settings.get(name)]
    options = [f"--{'filter' if name == 'comm' else name}" for name in narrowed]
    if options:
        said = f"it was recorded with {', '.join(options)}"
        notes.append(f"{str(recording.path)!r} has only a part of what happened: {said}")
    return Doubts(notes, absent, options)
