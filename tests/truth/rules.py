"""Differences that are nobody's mistake, by name. Each rule says exactly what it takes for explained, and why.

A rule is given what strace alone and what onlooker alone told, removes what it explains from both lists, and returns
how many differences that were. What no rule removes is a mistake.
"""

from collections.abc import Callable
from dataclasses import replace

from .facts import UNKNOWN, Change, Exec, Fact, Open

Rule = Callable[[list[Fact], list[Fact]], int]


def script(missing: list[Fact], extra: list[Fact]) -> int:
    """a script's arguments: strace shows what was passed, onlooker what the interpreter was then started with."""
    return pair(missing, extra, _is_script)


def _is_script(told: Fact, seen: Fact) -> bool:
    if not (isinstance(told, Exec) and isinstance(seen, Exec)) or seen.interpreter is None:
        return False
    # fs/binfmt_script.c: the interpreter, what stands behind it in the first line, the script, the arguments
    end = (told.path, *told.argv[1:])
    starts = seen.argv[0] == seen.interpreter and len(seen.argv) > len(end)
    return starts and seen.argv[-len(end) :] == end and replace(seen, argv=told.argv) == told


def killed(missing: list[Fact], extra: list[Fact]) -> int:
    """killed in a call: strace does not learn the result; or killed where strace had stopped it, before it began."""
    count = pair(missing, extra, _is_killed)
    for each in [each for each in missing if isinstance(each, Exec | Open) and each.result == UNKNOWN]:
        missing.remove(each)
        count += 1
    return count


def _is_killed(told: Fact, seen: Fact) -> bool:
    if not (isinstance(told, Exec | Open) and isinstance(seen, Exec | Open)) or told.result != UNKNOWN:
        return False
    return replace(seen, result=UNKNOWN) == told


def marked(missing: list[Fact], extra: list[Fact]) -> int:
    """arguments of a failed exec that onlooker marks as cut, and that begin as strace shows them."""
    return pair(missing, extra, _is_marked)


def _is_marked(told: Fact, seen: Fact) -> bool:
    if not (isinstance(told, Exec) and isinstance(seen, Exec)) or "argv" not in seen.cut or seen.result == "0":
        return False
    *whole, last = seen.argv or (b"",)
    begins = list(told.argv[: len(whole)]) == whole and b"".join(told.argv[len(whole) :][:1]).startswith(last)
    return begins and replace(seen, argv=told.argv, cut=seen.cut - {"argv"}) == told


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


def pair(missing: list[Fact], extra: list[Fact], fits: Callable[[Fact, Fact], bool]) -> int:
    """Remove the pairs that fit; returns how many."""
    count = 0
    for told in tuple(missing):
        seen = next((each for each in extra if fits(told, each)), None)
        if seen is not None:
            missing.remove(told)
            extra.remove(seen)
            count += 1
    return count


RULES: tuple[Rule, ...] = (script, killed, marked, unreadable)


def reason(rule: Rule) -> str:
    """What the rule explains, in words."""
    return (rule.__doc__ or "").strip().removesuffix(".")
