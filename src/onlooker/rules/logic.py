"""Expressions out of parts, some of which can be decided before there is an event: what has no such field, or no such
user, does not match.
"""

from collections.abc import Iterable

from ..filters.expression import COMPARISONS, And, Expression, Not, Or, Test

NEVER, ALWAYS = Or(()), And(())
_ORDER = (*(op for op in COMPARISONS if op != "=="), "exists")


def all_of(terms: Iterable[Expression]) -> Expression:
    """All of them, without those that always hold."""
    found = tuple(each for term in terms for each in (term.terms if isinstance(term, And) else (term,)))
    if NEVER in found:
        return NEVER
    return found[0] if len(found) == 1 else And(found)


def any_of(terms: Iterable[Expression]) -> Expression:
    """One of them, without those that never hold; tests that differ in their values only become one."""
    found: dict[object, Expression] = {}
    for number, each in enumerate(_flat(terms)):
        if each == ALWAYS:
            return ALWAYS
        key: object = number
        if isinstance(each, Test) and each.op not in _ORDER:
            key = each.field, each.op.replace("==", "in"), each.ignore_case
            before = found.get(key)
            if isinstance(before, Test):
                values = tuple(dict.fromkeys((*before.values, *each.values)))
                op = "in" if each.op in ("==", "in") and len(values) > 1 else each.op
                each = Test(each.field, op, values, ignore_case=each.ignore_case)
        found[key] = each
    made = tuple(found.values())
    return made[0] if len(made) == 1 else Or(made)


def opposite(term: Expression) -> Expression:
    """Where it does not hold."""
    if term in (NEVER, ALWAYS):
        return ALWAYS if term == NEVER else NEVER
    return Not(term)


def _flat(terms: Iterable[Expression]) -> Iterable[Expression]:
    for each in terms:
        if isinstance(each, Or):
            yield from _flat(each.terms)
        else:
            yield each
