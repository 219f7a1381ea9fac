"""All events that the probe sends: the classes that the files in this directory declare."""

from importlib import import_module
from pkgutil import iter_modules

from .base import TaskEvent

_OTHERS = {"lost", "registry"}  # they need what is found here


def _declared() -> dict[str, type[TaskEvent]]:
    """By name, in the order of their numbers. Raises TypeError where these are not 1, 2, 3, ..."""
    package = __name__.rpartition(".")[0]
    for module in iter_modules(import_module(package).__path__):
        if module.name not in _OTHERS:
            import_module(f"{package}.{module.name}")
    found = sorted(TaskEvent.__subclasses__(), key=lambda cls: cls.number)
    numbers = [cls.number for cls in found]
    if numbers != list(range(1, len(found) + 1)):
        raise TypeError(f"the events' numbers are not 1 to {len(found)}: {numbers}")
    return {cls.event: cls for cls in found}


TASK_EVENTS = _declared()
