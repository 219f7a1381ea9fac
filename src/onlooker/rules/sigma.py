"""Sigma's rules, as pySigma reads them, in our fields and our language."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from typing import Any

from ..errors import ExpressionError, ExtraError, UsageError
from ..events import TASK_EVENTS
from ..filters.check import check
from ..filters.expression import Expression, tests_of, without_places
from ..filters.fields import PATH, TEXT, known_fields, steps_of, type_of
from ..filters.necessary import necessary
from .files import Document
from .logic import ALWAYS, NEVER, all_of, any_of, opposite
from .own import tags_of, text_of, title_of
from .rule import DEFAULT_LEVEL, RefusedError, Rule
from .sigma_fields import ANY_LOG, CATEGORIES, MISSING, Kind
from .sigma_values import NeverError, asks_for_absence, keyword, test_of

_OF_NAMES = re.compile(r"(?:[A-Za-z0-9_-]|\.\*)*")
_READ = ("title", "id", "name", "level", "logsource", "detection")  # whatever is wrong elsewhere changes nothing
_LONGEST_NAME = 50  # characters, of a log
MOST_TESTS = 5000  # of one rule
_LOGS = f"one of {', '.join(CATEGORIES)}"
_OTHERS = {
    "correlation": ("a correlation of other rules", "the rules that it speaks of can be used by themselves"),
    "filter": ("a filter of other rules", "exclude it in the rule's own condition"),
    "action": ("a part of a collection (action)", "write out each rule by itself"),
}


def sigma_rule(document: Document, default_id: str) -> Rule:
    """The rule of a document. Raises RefusedError where we can't look for what it says; ExtraError without pySigma."""
    data = document.data
    kinds = _kinds(document) if isinstance(data.get("logsource"), dict) else ()
    for key, (what, hint) in _OTHERS.items():
        if key in data:
            raise RefusedError(f"{what} can't be used", hint, document.lines[key])
    if "detection" not in data:
        raise RefusedError("neither `where` nor `detection` is in it", "an expression, or what Sigma's rules have")
    parsed, conditions = _parsed(document)
    expression = _Converter(document).of_all(kinds, conditions)
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


def _parsed(document: Document) -> tuple[Any, list[Any]]:
    """PySigma's rule, and its conditions as trees."""
    if find_spec("sigma") is None:
        raise ExtraError("a rule of Sigma", "pySigma", "rules")
    from sigma.rule import SigmaRule

    data = {key: value for key, value in document.data.items() if key in _READ}
    try:
        rule = SigmaRule.from_dict(data, **_policy())
        return rule, [condition.parsed for condition in rule.detection.parsed_condition]
    except MemoryError:
        raise
    except Exception as error:  # whatever a library makes of what strangers wrote
        raise RefusedError(*_told(error), _line_of(error, document)) from None


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


def _told(error: Exception) -> tuple[str, str]:
    """What pySigma found wrong, and what may be done."""
    name, what = type(error).__name__, " ".join(f"{error!s:.300}".split())
    if not name.startswith("Sigma"):
        return f"pySigma can't read it: {name}: {what:.200}", ""
    if "Unsupported type" in what or "incompatible to value type" in what:
        return (
            f"not a value that can be asked for: {what}",
            "a number, a date or a word like yes stands in quotes: 'yes'",
        )
    return f"its condition can't be read: {what}" if name == "SigmaConditionError" else what, ""


def _line_of(error: Exception, document: Document) -> int:
    """Of the key that an error of pySigma is about, which its name tells."""
    name = type(error).__name__.lower()
    told = [line for key, line in document.lines.items() if key in name.removeprefix("sigma")]
    return told[0] if told else document.lines["detection"]


def _kinds(document: Document) -> tuple[Kind, ...]:
    """What its log source means. Raises RefusedError for a log that we do not see, of which nothing else is read: most
    rules of a large collection are for other systems.
    """
    source, line = document.data["logsource"], document.lines["logsource"]
    product, service, category = (source.get(key) for key in ("product", "service", "category"))
    for value in (product, service, category):
        if not isinstance(value, str | None) or (value and len(value) > _LONGEST_NAME):
            raise RefusedError(f"not the name of a log: {value!s:.100}", line=line)
    if product is not None and product.lower() != "linux":
        raise RefusedError(f"it is for {product}, not for linux", line=line, source=product)
    named = " ".join(each for each in (product, service or category) if each)
    if service is not None:
        raise RefusedError(f"the log of a service ({service}) is not what onlooker sees", _LOGS, line, named)
    if category is None and product is not None:
        return CATEGORIES[ANY_LOG]
    if category not in CATEGORIES:
        what = "no category" if category is None else f"category {category}"
        meant = get_close_matches(category or "", CATEGORIES, 1, cutoff=0.9)
        if meant:
            raise RefusedError(f"unknown {what}", f"did you mean {meant[0]!r}?", line)
        raise RefusedError(f"{what}: onlooker does not see that", _LOGS, line, named)
    return CATEGORIES[category]


class _Converter:
    """PySigma's trees as expressions. `_reasons`: why a part of them can never match."""

    def __init__(self, document: Document) -> None:
        self._line = document.lines["detection"]
        self._reasons: list[NeverError] = []

    def of_all(self, kinds: Iterable[Kind], conditions: Iterable[Any]) -> Expression:
        """What all kinds of events look for. Raises RefusedError."""
        wanted = list(conditions)
        found = any_of(all_of((kind.where, any_of(self._one(each, kind) for each in wanted))) for kind in kinds)
        if found == NEVER and self._reasons:
            reason = self._reasons[0]
            raise RefusedError(str(reason), reason.hint, self._line)
        if found == NEVER:
            raise RefusedError("it can never match", line=self._line)
        return found

    def _one(self, condition: Any, kind: Kind) -> Expression:
        from sigma import conditions

        if isinstance(condition, conditions.ConditionOR):
            return any_of([self._one(each, kind) for each in condition.args])
        if isinstance(condition, conditions.ConditionAND):
            return all_of([self._one(each, kind) for each in condition.args])
        if isinstance(condition, conditions.ConditionNOT):
            return opposite(self._one(condition.args[0], kind))
        try:
            if isinstance(condition, conditions.ConditionFieldEqualsValueExpression):
                return self._field(condition.field, condition.value, kind)
            if isinstance(condition, conditions.ConditionValueExpression):
                return any_of([keyword(field, condition.value) for field in kind.searched])
        except NeverError as error:
            self._reasons.append(error)
            return NEVER
        except RefusedError as error:
            raise RefusedError(str(error), error.hint, self._line) from None
        raise RefusedError(f"a condition that can't be used: {type(condition).__name__}", line=self._line)

    def _field(self, name: str, value: Any, kind: Kind) -> Expression:
        if name in MISSING and name not in kind.fields:
            if asks_for_absence(value):
                return ALWAYS
            raise NeverError(f"the field {name} is not there: {MISSING[name]}")
        return test_of(_field(name, kind), value, name)


def _field(name: str, kind: Kind) -> str:
    """Ours for one of Sigma's; ours go by their own names, too."""
    if name in kind.fields:
        return kind.fields[name]
    bare = name.rpartition(".")[2]
    events = [event for event in TASK_EVENTS if necessary(kind.where, event) is not False]
    if bare in known_fields() and type_of(bare) in (PATH, TEXT) and any(steps_of(bare, event) for event in events):
        return name
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
