"""Differences that strace's test programs show and that are nobody's mistake, beside those of `rules.py`."""

from collections.abc import Callable

from .story import Change, Exec, Fact, Open


def killed_at_entry(missing: list[Fact], extra: list[Fact]) -> int:
    """killed where strace had stopped it, at a call's entry: onlooker shows ENOSYS, which stands for no call."""
    found = [each for each in extra if isinstance(each, Exec | Open | Change) and each.result == "ENOSYS"]
    for each in found:
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
