"""From the texts that a user gives to one expression."""

from collections.abc import Iterable

from ..errors import UsageError
from .check import check
from .expression import And, Expression
from .parse import parse


def expression_of(texts: str | Iterable[str], events: Iterable[str]) -> Expression | None:
    """All of them together, checked for the chosen events; None for none. Raises ExpressionError.

    >>> print(expression_of(["uid == 0 or uid == 1", "comm == 'cat'"], ["open"]))
    (uid == 0 or uid == 1) and comm == 'cat'
    """
    if isinstance(texts, bytes) or not isinstance(texts, Iterable):
        raise UsageError(f"where is an expression, or a list of some, not {texts!r:.100}", "where=\"comm == 'nginx'\"")
    found = []
    for text in [texts] if isinstance(texts, str) else texts:
        expression = parse(text)
        check(expression, events, text)
        found.append(expression)
    return joined(found)


def joined(expressions: Iterable[Expression]) -> Expression | None:
    """All of them; None for none."""
    terms = tuple(expressions)
    return And(terms) if len(terms) > 1 else terms[0] if terms else None
