"""All events: the classes that the files in this directory declare."""

from importlib import import_module
from pathlib import Path

from .base import OwnEvent, TaskEvent

_LATER = ("alert", "lost")  # they need what is found here
_FIRST = "lost"  # of those that onlooker adds


def _declared() -> dict[str, type[TaskEvent]]:
    """Those that the probe sends, by name, in the order of their numbers. Raises TypeError where these are not 1, 2, 3
    and so on.
    """
    # pkgutil, which would list them, imports inspect, ast and dis: 5 ms
    for name in sorted(file.stem for file in Path(__file__).parent.glob("[!_]*.py")):
        if name not in (*_LATER, "registry"):
            _import(name)
    found = sorted(TaskEvent.__subclasses__(), key=lambda cls: cls.number)
    numbers = [cls.number for cls in found]
    if numbers != list(range(1, len(found) + 1)):
        raise TypeError(f"the events' numbers are not 1 to {len(found)}: {numbers}")
    return {cls.event: cls for cls in found}


def _import(name: str) -> None:
    import_module(f"{__name__.rpartition('.')[0]}.{name}")


def own_events() -> dict[str, type[OwnEvent]]:
    """Those that onlooker adds, by name: reports of losses, and then the others in the order of their names."""
    for name in _LATER:
        _import(name)
    found = sorted(OwnEvent.__subclasses__(), key=lambda cls: (cls.event != _FIRST, cls.event))
    return {cls.event: cls for cls in found}


TASK_EVENTS = _declared()
