"""All events that the probe sends: the classes that the files in this directory declare."""

from importlib import import_module
from pathlib import Path

from .base import TaskEvent

_OTHERS = {"lost", "registry"}  # they need what is found here


def _declared() -> dict[str, type[TaskEvent]]:
    """By name, in the order of their numbers. Raises TypeError where these are not 1, 2, 3, ..."""
    package = __name__.rpartition(".")[0]
    # pkgutil, which would list them, imports inspect, ast and dis: 5 ms
    for name in sorted(file.stem for file in Path(__file__).parent.glob("[!_]*.py")):
        if name not in _OTHERS:
            import_module(f"{package}.{name}")
    found = sorted(TaskEvent.__subclasses__(), key=lambda cls: cls.number)
    numbers = [cls.number for cls in found]
    if numbers != list(range(1, len(found) + 1)):
        raise TypeError(f"the events' numbers are not 1 to {len(found)}: {numbers}")
    return {cls.event: cls for cls in found}


TASK_EVENTS = _declared()
