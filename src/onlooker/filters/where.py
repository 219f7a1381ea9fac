"""From what a user asks for to one expression."""

from collections.abc import Iterable, Iterator

import msgspec

from ..errors import UsageError
from . import sugar
from .check import check, check_kin_tests
from .expression import And, Expression
from .parse import parse


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Expressions that must all hold (`where`), that none of may hold (`exclude`), and the options that are short for
    some. Raises UsageError for what is none of these.
    """

    where: str | Iterable[str] = ()
    exclude: str | Iterable[str] = ()
    path: Iterable[str] = ()
    writes: bool = False
    success: bool = False
    arg: Iterable[str] = ()
    hide: Iterable[str] = ()

    def __post_init__(self) -> None:
        for name in ("where", "exclude"):
            given = getattr(self, name)
            if isinstance(given, bytes) or not isinstance(given, Iterable):
                hint = f"{name}=\"comm == 'nginx'\""
                raise UsageError(f"{name} is an expression, or a list of some, not {given!r:.100}", hint)
        for name, example in (("path", "/etc"), ("arg", "--verbose"), ("hide", "loader")):
            given = getattr(self, name)
            if isinstance(given, str | bytes) or not isinstance(given, Iterable):
                raise UsageError(f"{name} is a list, not {given!r:.100}", f"{name}=[{example!r}]")
        for name in ("where", "exclude", "path", "arg", "hide"):  # an iterator gives its items once
            given = getattr(self, name)
            msgspec.structs.force_setattr(self, name, (given,) if isinstance(given, str) else tuple(given))

    def events(self) -> tuple[str, ...]:
        """The events that are watched where none are chosen; () for those of every day. Raises UsageError."""
        given = {"path": self.path, "writes": self.writes, "arg": self.arg}
        wanted = [events for name, events in sugar.OF_OPTIONS.items() if given[name]]
        found = tuple(event for event in sugar.CHOSEN if wanted and all(event in each for each in wanted))
        if wanted and not found:
            names = " and ".join(name for name in given if given[name])
            raise UsageError(f"no event is what {names} ask for together", "leave one of them out")
        return found

    def expression(self, events: tuple[str, ...]) -> Expression | None:
        """All of it, checked for the chosen events; None where it is nothing. Raises UsageError.

        >>> print(Asked(where=["uid == 0 or uid == 1", "comm == 'cat'"]).expression(("open",)))
        (uid == 0 or uid == 1) and comm == 'cat'
        """
        terms = [*self._sugar(events)]
        for text in self.where:
            terms.append(parse(text))
            check(terms[-1], events, text)
        if self.exclude:
            terms.append(sugar.without(self.exclude, events))
        if self.hide:
            terms.append(sugar.hidden(self.hide))
        whole = And(tuple(terms)) if len(terms) > 1 else terms[0] if terms else None
        if whole is not None:
            check_kin_tests(whole)
            _check_possible(whole, events)
        return whole

    def _sugar(self, events: tuple[str, ...]) -> Iterator[Expression]:
        if self.path:
            _need("path", events)
            yield sugar.at_or_below(self.path)
        if self.writes:
            _need("writes", events)
            yield sugar.writes()
        if self.arg:
            _need("arg", events)
            yield sugar.with_arguments(self.arg)
        if self.success:
            yield sugar.success()


def _check_possible(whole: Expression, events: tuple[str, ...]) -> None:
    """Raises UsageError where no event of the chosen kinds can match, as for an open and an exec at once."""
    from .necessary import necessary

    if all(necessary(whole, event) is False for event in events):
        hint = f"its parts exclude each other, for these events: {', '.join(events)}"
        raise UsageError(f"no event can match: {whole!s:.200}", hint)


def _need(option: str, events: tuple[str, ...]) -> None:
    """Raises UsageError where none of the events is what an option asks for."""
    needed = sugar.OF_OPTIONS[option]
    if not set(needed) & set(events):
        some = f"or choose some of {', '.join(needed)}"
        message = f"none of the chosen events is what {option} asks for"
        raise UsageError(message, f"leave out events, {some}", f"leave out --events, {some}")
