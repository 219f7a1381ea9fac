"""Another configuration for an agent that runs: what can be changed without detaching, and what can't."""

from msgspec.structs import replace

from ..errors import OnlookerError
from ..monitor import Monitor
from .config import ASKED, Config, Watch, load


def reload(file: str, before: Config, monitor: Monitor) -> tuple[Config, list[str]]:
    """Read the file again, and change the filter of the monitor to what it says. Returns the configuration that holds
    now, and what was done, in words.

    Raises OnlookerError where the file is wrong: then nothing is changed.
    """
    after = load(file)
    done: list[str] = []
    held = before
    if after.watch != before.watch:
        if _is_only_refined(before.watch, after.watch):
            monitor.refine(**after.watch.asked)
            held = replace(held, watch=after.watch)
            done.append("the filter has changed")
        else:
            done.append(f"watch: {', '.join(_changed(before.watch, after.watch))}: needs a restart")
    others = [name for name in ("host", "sinks", "metrics") if getattr(before, name) != getattr(after, name)]
    if others:
        done.append(f"{', '.join(others)}: needs a restart")
    return held, done or ["nothing has changed"]


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
