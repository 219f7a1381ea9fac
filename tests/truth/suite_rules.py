"""Differences that strace's test programs show and that are nobody's mistake, beside those of `rules.py`."""

from collections.abc import Callable
from dataclasses import replace

from .rules import RULES as COMMON
from .rules import pair
from .story import Change, Exec, Fact, Open


def unreadable(missing: list[Fact], extra: list[Fact]) -> int:
    """a text that ends where memory does: strace shows its address, onlooker what can be read, marked as cut."""
    return pair(missing, extra, _is_unreadable)


def _is_unreadable(told: Fact, seen: Fact) -> bool:
    if isinstance(told, Change) and isinstance(seen, Change):
        return bool(told.cut) and told == replace(seen, arguments=_without(seen, told.cut, told))
    if isinstance(told, Open) and isinstance(seen, Open):
        return "path" in told.cut and told == replace(seen, path=told.path, place=told.place)
    if isinstance(told, Exec) and isinstance(seen, Exec):
        return bool(told.cut) and told == replace(seen, argv=told.argv, path=told.path, place=told.place)
    return False


def _without(seen: Change, cut: frozenset[str], told: Change) -> tuple[tuple[str, object], ...]:
    """The arguments, with strace's word for those that it could not read."""
    words = dict(told.arguments)
    return tuple((name, words.get(name) if name in cut else value) for name, value in seen.arguments)


RULES = (*COMMON, unreadable)


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
