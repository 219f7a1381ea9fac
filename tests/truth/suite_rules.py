"""Differences that strace's test programs show and that are nobody's mistake, beside those of `rules.py`."""

from collections.abc import Callable

from .facts import Change, Exec, Fact, Open


def cut_short(missing: list[Fact], extra: list[Fact]) -> int:
    """ended at the time limit: strace does not tell of the call that a task was in."""
    found: dict[int, Fact] = {}
    for each in extra:
        if isinstance(each, Exec | Open | Change):
            found.setdefault(each.tid, each)
    for each in found.values():
        extra.remove(each)
    return len(found)


def missed(calls: int) -> Callable[[list[Fact], list[Fact]], int]:
    """The rule for a run of which strace has missed so many calls."""

    def after_garbage(missing: list[Fact], extra: list[Fact]) -> int:
        """strace prints garbage for the exec of a thread, and misses the call that follows."""
        found = [each for each in extra if isinstance(each, Exec | Open | Change)][:calls]
        for each in found:
            extra.remove(each)
        return len(found)

    return after_garbage
