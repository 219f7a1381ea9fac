"""Sigma's rules, as pySigma reads them, in our fields and our language."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from typing import Any

from ..errors import ExpressionError, ExtraError, UsageError
from ..events import TASK_EVENTS
from ..filters.check import check
from ..filters.expression import And, Expression, Not, Or, tests_of, without_places
from ..filters.fields import PATH, TEXT, known_fields, steps_of, type_of
from ..filters.necessary import necessary
from .files import Document
from .own import tags_of, text_of, title_of
from .rule import DEFAULT_LEVEL, RefusedError, Rule
from .sigma_fields import CATEGORIES, MISSING, Kind
from .sigma_values import any_of, test_of

_OF_NAMES = re.compile(r"(?:[A-Za-z0-9_-]|\.\*)*")
MOST_TESTS = 5000  # of one rule
_OTHERS = {
    "correlation": ("a correlation of other rules", "the rules that it speaks of can be used by themselves"),
    "filter": ("a filter of other rules", "exclude it in the rule's own condition"),
    "action": ("a part of a collection (action)", "write out each rule by itself"),
}


def sigma_rule(document: Document, default_id: str) -> Rule:
    """The rule of a document. Raises RefusedError where we can't look for what it says; ExtraError without pySigma."""
    data = document.data
    for key, (what, hint) in _OTHERS.items():
        if key in data:
            raise RefusedError(f"{what} can't be used", hint, document.lines[key])
    if "detection" not in data:
        raise RefusedError("neither `where` nor `detection` is in it", "an expression, or what Sigma's rules have")
    parsed, conditions = _parsed(document)
    kinds = _kinds(document, parsed)
    terms = []
    for kind in kinds:
        wanted = any_of(_converted(condition, kind, document) for condition in conditions)
        terms.append(And((*_terms(kind.where), *_terms(wanted))))
    expression = terms[0] if len(terms) == 1 else Or(tuple(terms))
    _check(expression, document)
    return Rule(
        id=str(parsed.id) if parsed.id else text_of(document, "name", default_id),
        title=title_of(document),
        level=parsed.level.name.lower() if parsed.level else DEFAULT_LEVEL,
        tags=tags_of(document),
        description=text_of(document, "description", ""),
        expression=without_places(expression),
        place=document.place,
        language="sigma",
        tests=data.get("tests"),
    )


def _terms(expression: Expression) -> tuple[Expression, ...]:
    return expression.terms if isinstance(expression, And) else (expression,)


def _parsed(document: Document) -> tuple[Any, list[Any]]:
    """PySigma's rule, and its conditions as trees."""
    if find_spec("sigma") is None:
        raise ExtraError("a rule of Sigma", "pySigma", "rules")
    from sigma.rule import SigmaRule

    data = {key: value for key, value in document.data.items() if key != "tests"}
    try:
        rule = SigmaRule.from_dict(data, **_policy())
        return rule, [condition.parsed for condition in rule.detection.parsed_condition]
    except MemoryError:
        raise
    except Exception as error:  # whatever a library makes of what strangers wrote
        known = type(error).__name__.startswith("Sigma")
        what = f"{error!s:.300}" if known else f"pySigma can't read it: {type(error).__name__}: {error!s:.200}"
        raise RefusedError(" ".join(what.split()), line=_line_of(error, document)) from None


@cache
def _policy() -> dict[str, Any]:
    """PySigma 2 compiles regular expressions by RE2, which writes what is wrong with them to standard error. We look at
    them ourselves; what selects names, as in `1 of sel_*`, RE2 knows. PySigma 1 has no policy.
    """
    if find_spec("sigma.policy") is None:
        return {}
    from sigma.policy import SigmaPolicy
    from sigma.policy.regex_engine import RE2RegexEngine

    class Engine(RE2RegexEngine):
        def compile(self, pattern: str, flags: int = 0) -> Any:
            return super().compile(pattern if _OF_NAMES.fullmatch(pattern) else "", flags)

    return {"policy": SigmaPolicy(regex_engine=Engine())}


def _line_of(error: Exception, document: Document) -> int:
    """Of the key that an error of pySigma is about, which its name tells."""
    name = type(error).__name__.lower()
    told = [line for key, line in document.lines.items() if key in name.removeprefix("sigma")]
    return told[0] if told else document.lines["detection"]


def _kinds(document: Document, rule: Any) -> tuple[Kind, ...]:
    source, line = rule.logsource, document.lines.get("logsource", 0)
    if source.product not in (None, "linux"):
        raise RefusedError(f"it is for {source.product!s:.50}, not for linux", line=line)
    if source.service is not None:
        raise RefusedError(f"the log of a service ({source.service!s:.50}) is not what onlooker sees", line=line)
    if source.category not in CATEGORIES:
        what = "no category" if source.category is None else f"category {source.category!s:.50}"
        raise RefusedError(f"{what}: onlooker does not see that", f"one of {', '.join(CATEGORIES)}", line)
    return CATEGORIES[source.category]


def _converted(condition: Any, kind: Kind, document: Document) -> Expression:
    """PySigma's tree as an expression."""
    from sigma import conditions

    def of_all(args: Iterable[Any]) -> tuple[Expression, ...]:
        return tuple(_converted(each, kind, document) for each in args)

    if isinstance(condition, conditions.ConditionOR):
        return any_of(of_all(condition.args))
    if isinstance(condition, conditions.ConditionAND):
        found = of_all(condition.args)
        return found[0] if len(found) == 1 else And(tuple(term for each in found for term in _terms(each)))
    if isinstance(condition, conditions.ConditionNOT):
        [found_one] = of_all(condition.args)
        return Not(found_one)
    line = document.lines["detection"]
    if isinstance(condition, conditions.ConditionFieldEqualsValueExpression):
        try:
            return test_of(_field(condition.field, kind), condition.value, condition.field)
        except RefusedError as error:
            raise RefusedError(str(error), error.hint, line) from None
    if isinstance(condition, conditions.ConditionValueExpression):
        raise RefusedError("keywords without a field can't be looked for", "name the field: CommandLine|contains", line)
    raise RefusedError(f"a condition that can't be used: {type(condition).__name__}", line=line)


def _field(name: str, kind: Kind) -> str:
    """Ours for one of Sigma's; ours go by their own names, too."""
    if name in kind.fields:
        return kind.fields[name]
    bare = name.rpartition(".")[2]
    events = [event for event in TASK_EVENTS if necessary(kind.where, event) is not False]
    if bare in known_fields() and type_of(bare) in (PATH, TEXT) and any(steps_of(bare, event) for event in events):
        return name
    if name in MISSING:
        raise RefusedError(f"the field {name} is not there: {MISSING[name]}")
    unknown = UsageError.unknown("field", name, tuple(kind.fields))
    raise RefusedError(f"the field {name!r:.100} is not there", unknown.hint)


def _check(expression: Expression, document: Document) -> None:
    line = document.lines["detection"]
    if sum(1 for _ in tests_of(expression)) > MOST_TESTS:
        raise RefusedError(f"more than {MOST_TESTS} tests", "split it into several rules", line)
    try:
        check(expression, TASK_EVENTS)
    except ExpressionError as error:
        raise RefusedError(str(error), error.hint, line) from None
