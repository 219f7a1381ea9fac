"""Expressions, which say what events are wanted, as data: `parse.py` reads them, and reads what is printed the same."""

from collections.abc import Container, Iterator

import msgspec

Value = bytes | int | bool

COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
TEXT_TESTS = ("startswith", "endswith", "contains", "glob")
REGEX = "matches"
OPERATORS = (*COMPARISONS, "in", "exists", *TEXT_TESTS, REGEX, "under")
SCOPES = ("parent", "ancestor", "process")
MOST_KIN_TESTS = 64  # of other processes: each is a bit; as many of what is known of processes


class And(msgspec.Struct, frozen=True, tag="and"):
    """All of them."""

    terms: tuple["Expression", ...]

    def __str__(self) -> str:
        return " and ".join(f"({term})" if isinstance(term, And | Or) else str(term) for term in self.terms)


class Or(msgspec.Struct, frozen=True, tag="or"):
    """Any of them."""

    terms: tuple["Expression", ...]

    def __str__(self) -> str:
        return " or ".join(f"({term})" if isinstance(term, Or) else str(term) for term in self.terms)


class Not(msgspec.Struct, frozen=True, tag="not"):
    """The opposite."""

    term: "Expression"

    def __str__(self) -> str:
        return f"not ({self.term})" if isinstance(self.term, And | Or) else f"not {self.term}"


class Test(msgspec.Struct, frozen=True, tag="test"):
    """One question about one field: whether `op` holds for any of `values`; of "exists" there are none.

    `field` has its prefix, as in "parent.comm". `op` is one of OPERATORS. Where the field does not apply to an event
    the test is false, whether it is `negated` or not. `ignore_case`: of ASCII letters. It stands from `start` to `end`
    in the text, and its values at `places`; 0 and none for what was made by hand.
    """

    field: str
    op: str
    values: tuple[Value, ...] = ()
    negated: bool = False
    ignore_case: bool = False
    start: int = 0
    end: int = 0
    places: tuple[tuple[int, int], ...] = ()

    @property
    def scope(self) -> str:
        """Whose field: "" is the event's own."""
        return self.field.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The field without its prefix."""
        return self.field.rpartition(".")[2]

    @property
    def bare(self) -> "Test":
        """Without places."""
        return msgspec.structs.replace(self, start=0, end=0, places=())

    def __str__(self) -> str:
        if self.op == "exists":
            return f"{self.field} exists"
        words = ("not " if self.negated else "") + ("i" if self.ignore_case else "") + self.op
        values = ", ".join(map(literal, self.values))
        return f"{self.field} {words} {values if len(self.values) == 1 and self.op != 'in' else f'({values})'}"


Expression = And | Or | Not | Test


def tests_of(expression: Expression) -> Iterator[Test]:
    """All tests, from left to right."""
    if isinstance(expression, Test):
        yield expression
    else:
        for term in (expression.term,) if isinstance(expression, Not) else expression.terms:
            yield from tests_of(term)


def kin_tests(expression: Expression) -> tuple[Test, ...]:
    """Those of what is known of processes: of it, its parent or an ancestor; each once and without places."""
    return tuple(dict.fromkeys(test.bare for test in tests_of(expression) if test.scope))


def context_tests(expression: Expression, fields: Container[str]) -> tuple[Test, ...]:
    """Those of these fields, each once and without places."""
    return tuple(dict.fromkeys(test.bare for test in tests_of(expression) if test.field in fields))


def without_places(expression: Expression) -> Expression:
    """The same as if it was made by hand: what is equal then, means the same."""
    if isinstance(expression, Test):
        return expression.bare
    if isinstance(expression, Not):
        return Not(without_places(expression.term))
    return type(expression)(tuple(map(without_places, expression.terms)))


def literal(value: Value) -> str:
    r"""A value as it is written in an expression.

    >>> print(literal(True), literal(-1), literal(b"it's\n\xff"))
    true -1 'it\'s\x0a\xff'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return f"'{''.join(map(_escaped, value.decode('utf-8', 'surrogateescape')))}'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
