"""Differences that are nobody's mistake, by name. Each rule says exactly what it takes for explained, and why.

A rule gets the facts that only strace shows and those that only onlooker shows. It removes from both lists what it
explains, and returns how many differences that were. What no rule removes is a mistake.
"""

from collections.abc import Callable
from dataclasses import replace

from .facts import UNKNOWN, Change, Exec, Fact, Open

Rule = Callable[[list[Fact], list[Fact]], int]


def script(missing: list[Fact], extra: list[Fact]) -> int:
    """a script's arguments: strace shows what was passed, onlooker what the interpreter was then started with."""
    return pair(missing, extra, _is_script)


def _is_script(expected: Fact, seen: Fact) -> bool:
    if not (isinstance(expected, Exec) and isinstance(seen, Exec)) or seen.interpreter is None:
        return False
    # fs/binfmt_script.c: the interpreter, the rest of the first line, the script, the arguments
    end = (expected.path, *expected.argv[1:])
    starts = seen.argv[0] == seen.interpreter and len(seen.argv) > len(end)
    return starts and seen.argv[-len(end) :] == end and replace(seen, argv=expected.argv) == expected


def killed(missing: list[Fact], extra: list[Fact]) -> int:
    """killed in a call: strace does not learn the result; or killed where strace had stopped it, before it began."""
    count = pair(missing, extra, _is_killed)
    for each in [each for each in missing if isinstance(each, Exec | Open) and each.result == UNKNOWN]:
        missing.remove(each)
        count += 1
    return count


def _is_killed(expected: Fact, seen: Fact) -> bool:
    if not (isinstance(expected, Exec | Open) and isinstance(seen, Exec | Open)) or expected.result != UNKNOWN:
        return False
    return replace(seen, result=UNKNOWN) == expected


def marked(missing: list[Fact], extra: list[Fact]) -> int:
    """arguments of a failed exec that onlooker marks as cut, and that begin as strace shows them."""
    return pair(missing, extra, _is_marked)


def _is_marked(expected: Fact, seen: Fact) -> bool:
    if not (isinstance(expected, Exec) and isinstance(seen, Exec)) or "argv" not in seen.cut or seen.result == "0":
        return False
    *whole, last = seen.argv or (b"",)
    begins = list(expected.argv[: len(whole)]) == whole and b"".join(expected.argv[len(whole) :][:1]).startswith(last)
    return begins and replace(seen, argv=expected.argv, cut=seen.cut - {"argv"}) == expected


def unreadable(missing: list[Fact], extra: list[Fact]) -> int:
    """a text that ends where memory does: strace shows its address, onlooker what can be read, marked as cut."""
    return pair(missing, extra, _is_unreadable)


def _is_unreadable(expected: Fact, seen: Fact) -> bool:
    if isinstance(expected, Change) and isinstance(seen, Change):
        return bool(expected.cut) and expected == replace(seen, arguments=_without(seen, expected.cut, expected))
    if isinstance(expected, Open) and isinstance(seen, Open):
        return "path" in expected.cut and expected == replace(seen, path=expected.path, place=expected.place)
    if isinstance(expected, Exec) and isinstance(seen, Exec):
        return bool(expected.cut) and expected == replace(
            seen, argv=expected.argv, path=expected.path, place=expected.place
        )
    return False


def _without(seen: Change, cut: frozenset[str], expected: Change) -> tuple[tuple[str, object], ...]:
    """The arguments, with strace's word for those that it could not read."""
    words = dict(expected.arguments)
    return tuple((name, words.get(name) if name in cut else value) for name, value in seen.arguments)


def pair(missing: list[Fact], extra: list[Fact], fits: Callable[[Fact, Fact], bool]) -> int:
    """Remove the pairs that fit; returns how many."""
    count = 0
    for expected in tuple(missing):
        seen = next((each for each in extra if fits(expected, each)), None)
        if seen is not None:
            missing.remove(expected)
            extra.remove(seen)
            count += 1
    return count


RULES: tuple[Rule, ...] = (script, killed, marked, unreadable)


def reason(rule: Rule) -> str:
    """What the rule explains, in words."""
    return (rule.__doc__ or "").strip().removesuffix(".")
