"""Another configuration for an agent that runs: what can be changed without detaching, and what can't."""

import msgspec
from msgspec.structs import replace

from ..errors import OnlookerError
from ..monitor import Monitor
from .config import ASKED, Config, Watch, load

# how a reload ends: all holds now, or a part, or nothing of what differs; or the file is wrong
RESULTS = DONE, PARTLY, RESTART, REFUSED = "done", "partly", "restart", "refused"


class Reloaded(msgspec.Struct, frozen=True):
    """`config` holds now; `has_changed`: whether that differs from before; `waiting`: keys whose values do not hold
    before a restart.
    """

    config: Config
    has_changed: bool
    waiting: tuple[str, ...]

    @property
    def result(self) -> str:
        """One of RESULTS."""
        if not self.waiting:
            return DONE
        return PARTLY if self.has_changed else RESTART

    def words(self, file: str) -> str:
        """One line."""
        waits = f"not applied until a restart: {', '.join(self.waiting)}"
        if not self.has_changed:
            return f"{file}: {waits}" if self.waiting else f"reloaded {file}: nothing has changed"
        return f"reloaded {file}: the filter has changed{f'; {waits}' if self.waiting else ''}"


def reload(file: str, before: Config, monitor: Monitor) -> Reloaded:
    """Read the file again, and change the filter of the monitor to what it says.

    Raises OnlookerError where the file is wrong: then nothing is changed.
    """
    after = load(file)
    held = before
    waiting: list[str] = []
    if after.watch != before.watch:
        if _is_only_refined(before.watch, after.watch):
            monitor.refine(**after.watch.asked)
            held = replace(held, watch=after.watch)
        else:
            waiting += (f"watch.{name}" for name in _changed(before.watch, after.watch))
    waiting += (name for name in ("host", "sinks", "metrics") if getattr(before, name) != getattr(after, name))
    return Reloaded(held, held is not before, tuple(waiting))


def _is_only_refined(before: Watch, after: Watch) -> bool:
    """Whether only the expression differs: `path` and `writes` can imply other events, too. What rules and
    ancestors need of the events is settled at the start.
    """
    if before.rules or {"ancestors", "all"} & set(before.context):
        return False
    if any(getattr(before, name) != getattr(after, name) for name in _not_asked() if name != "events"):
        return False
    try:
        return replace(before.filter, where=None) == replace(after.filter, where=None)
    except OnlookerError:  # a user who is not there any more
        return False


def _changed(before: Watch, after: Watch) -> list[str]:
    changed = [name for name in _not_asked() if getattr(before, name) != getattr(after, name)]
    return changed or [name for name in ASKED if getattr(before, name) != getattr(after, name)]


def _not_asked() -> list[str]:
    return [name for name in Watch.__struct_fields__ if name not in ASKED]
