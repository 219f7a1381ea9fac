"""What a recording was asked for, so that it has not all of what happened."""

from typing import Any

from ..events import EVENT_GROUPS
from ..events.exit import Exit
from .manifest import Manifest, wall_ns

# of what a recording was asked for, what leaves something out
_NARROWING = ("comm", "pid", "uid", "exe", "cgroup", "where", "exclude", "hide", "path", "arg", "rate")
_LONGEST_SECONDS = 1e9
_NARROWING_MARKS = ("failed", "success", "writes", "first")


def names_of(value: object) -> list[str]:
    """Of what a recording says of itself, which may be anything."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def kinds(settings: dict[str, Any]) -> set[str] | None:
    """The kinds of events that it can have; None for any."""
    names = names_of(settings.get("events"))
    return {name for each in names for name in EVENT_GROUPS.get(each, (each,))} if names else None


def narrowed(settings: dict[str, Any]) -> list[str]:
    """The settings by which it has not all events of these kinds."""
    return [name for name in (*_NARROWING, *_NARROWING_MARKS) if settings.get(name)]


def contexts(manifest: Manifest | None) -> tuple[str, ...]:
    """What of the processes was recorded, too: "user", "container" and the like. A log alone does not say it."""
    return tuple(names_of(manifest.settings.get("context"))) if manifest else ()


def said_end(manifest: Manifest | None) -> tuple[int, int] | None:
    """When it ended by the wall clock, and how long after its last event that can be, in nanoseconds: no longer than it
    took, even if the clock was set, or the description is damaged. None where it does not say so.
    """
    end = manifest.end if manifest else None
    time = wall_ns(end.time) if end else None
    if end is None or time is None:
        return None
    return time, round(max(0.0, min(end.seconds, _LONGEST_SECONDS)) * 1e9)


def said_start(manifest: Manifest | None) -> tuple[int, int] | None:
    """When it began by the wall clock, and how long before its first event that can be, in nanoseconds. None where it
    does not say so, or its oldest events were removed: what is left begins with the first one.
    """
    time = wall_ns(manifest.start) if manifest and not manifest.rotated else None
    if manifest is None or time is None:
        return None
    seconds = manifest.end.seconds if manifest.end else _LONGEST_SECONDS
    return time, round(max(0.0, min(seconds, _LONGEST_SECONDS)) * 1e9)


def has_every_exit(manifest: Manifest | None) -> bool:
    """Whether the end of each process was to be recorded. What was over the --rate is reported as lost."""
    settings = manifest.settings if manifest else {}
    held = kinds(settings)
    return (held is None or Exit.event in held) and not {*narrowed(settings)} - {"rate"}
