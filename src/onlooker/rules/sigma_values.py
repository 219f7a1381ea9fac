"""Sigma's values as tests of our language. Case does not count, unless the rule says so: of ASCII letters."""

import pwd
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..filters.automaton import automaton
from ..filters.compile import texts_of
from ..filters.expression import REGEX, Expression, Not, Or, Test
from ..filters.fields import NUMBER, PATH, type_of
from ..filters.filter import user_id
from ..filters.regex import RegexError
from .rule import RefusedError

if TYPE_CHECKING:
    from sigma.types import SigmaString

_ORDER = {"LT": "<", "LTE": "<=", "GT": ">", "GTE": ">=", "NEQ": "!="}
_MERGED = ("/bin/", "/sbin/", "/lib/", "/lib64/")  # which are links to those below /usr on most systems of today


def test_of(field: str, value: Any, sigma_field: str) -> Expression:
    """What one of our fields must be, for one value of Sigma's. Raises RefusedError."""
    from sigma import types

    if isinstance(value, types.SigmaNull):
        return Not(Test(field, "exists"))
    if isinstance(value, types.SigmaExists):
        found = Test(field, "exists")
        return found if value.exists else Not(found)
    if isinstance(value, types.SigmaExpansion):
        return any_of(test_of(field, each, sigma_field) for each in value.values)
    bare = field.rpartition(".")[2]
    if bare == "uid" and sigma_field.endswith("User"):
        return _user(field, value, sigma_field)
    if isinstance(value, types.SigmaTimestampPart):
        raise RefusedError(f"{sigma_field}: parts of a time can't be asked for")
    if type_of(bare) == NUMBER:
        return _number(field, value, sigma_field)
    if isinstance(value, types.SigmaNumber):
        return _text(field, types.SigmaString(str(value)))
    if isinstance(value, types.SigmaRegularExpression):
        return _regex(field, value, sigma_field)
    if isinstance(value, types.SigmaString):
        return _text(field, value)
    raise RefusedError(f"{sigma_field}: {_what(value)} can't be asked of {bare}")


def _what(value: Any) -> str:
    names = {
        "SigmaCIDRExpression": "a network (cidr)",
        "SigmaFieldReference": "another field (fieldref)",
        "SigmaCompareExpression": "an order (lt, gt)",
        "SigmaBool": "true or false",
        "SigmaQueryExpression": "a part of a query",
    }
    return names.get(type(value).__name__, type(value).__name__)


def any_of(tests: Iterable[Expression]) -> Expression:
    """One of them; tests that differ in their values only become one."""
    found: dict[object, Expression] = {}
    for number, each in enumerate(_flat(tests)):
        key: object = number
        if isinstance(each, Test) and each.op != "exists" and each.op not in _ORDER.values():
            key = each.field, each.op.replace("==", "in"), each.ignore_case
            before = found.get(key)
            if isinstance(before, Test):
                values = tuple(dict.fromkeys((*before.values, *each.values)))
                op = "in" if each.op in ("==", "in") and len(values) > 1 else each.op
                each = Test(each.field, op, values, ignore_case=each.ignore_case)
        found[key] = each
    terms = tuple(found.values())
    return terms[0] if len(terms) == 1 else Or(terms)


def _flat(tests: Iterable[Expression]) -> Iterable[Expression]:
    for each in tests:
        if isinstance(each, Or):
            yield from _flat(each.terms)
        else:
            yield each


def _user(field: str, value: Any, sigma_field: str) -> Expression:
    from sigma import types

    if isinstance(value, types.SigmaNumber):
        return _number(field, value, sigma_field)
    if not isinstance(value, types.SigmaString) or value.contains_special():
        raise RefusedError(f"{sigma_field}: a user is asked for by name, as a whole", "root, or the number of a user")
    try:
        return Test(field, "==", (user_id(str(value)),))
    except UsageError as error:
        names = {entry.pw_name.lower(): entry.pw_uid for entry in pwd.getpwall()}
        if str(value).lower() in names:
            return Test(field, "==", (names[str(value).lower()],))
        raise RefusedError(f"{sigma_field}: {error}", "this machine has no such user; give a number") from None


def _number(field: str, value: Any, sigma_field: str) -> Expression:
    from sigma import types

    op = "=="
    if isinstance(value, types.SigmaCompareExpression):
        op, value = _ORDER[value.op.name], value.number
    number = value.number if isinstance(value, types.SigmaNumber) else None
    if isinstance(value, types.SigmaString) and not value.contains_special():
        text = str(value)
        number = int(text, 0) if text.isascii() and text.removeprefix("0x").isalnum() and _is_number(text) else None
    if not isinstance(number, int):
        raise RefusedError(f"{sigma_field}: {field} is a number, not {value!s:.100}")
    return Test(field, op, (number,))


def _is_number(text: str) -> bool:
    try:
        return len(text) <= 20 and int(text, 0) >= 0
    except ValueError:
        return False


def _text(field: str, value: "SigmaString") -> Expression:
    """`*` and `?` stand for anything at its ends; what is between is looked for."""
    from sigma import types

    parts = list(value.s)
    if any(isinstance(part, types.Placeholder) for part in parts):
        raise RefusedError(f"{field}: a placeholder (expand) has no values here", "write out the values")
    is_cased = isinstance(value, types.SigmaCasedString)
    many = types.SpecialChars.WILDCARD_MULTI
    if parts and all(part is many for part in parts):
        return Test(field, "exists")
    before = bool(parts) and parts[0] is many
    after = bool(parts) and parts[-1] is many
    middle = parts[before : len(parts) - after]
    if all(isinstance(part, str) for part in middle):
        return _plain(field, "".join(map(str, middle)), before, after, is_cased)
    return _wild(field, parts, is_cased)


def _plain(field: str, text: str, before: bool, after: bool, is_cased: bool) -> Expression:
    op = {(True, True): "contains", (True, False): "endswith", (False, True): "startswith"}.get((before, after), "==")
    raw = text.encode("utf-8", "surrogateescape")
    values = [raw]
    if type_of(field.rpartition(".")[2]) == PATH and op in ("==", "startswith"):
        values += [b"/usr" + raw for each in _MERGED if text.startswith(each)]
    ignores = not is_cased and raw.lower() != raw.upper()
    if op == "==" and ignores:  # a pattern without a star: the language has no other equality that ignores case
        return Test(field, "glob", tuple(map(_quoted, values)), ignore_case=True)
    if op == "==" and len(values) > 1:
        op = "in"
    return Test(field, op, tuple(values), ignore_case=ignores)


def _quoted(raw: bytes) -> bytes:
    """What a glob takes as it is."""
    return b"".join(b"\\" + bytes([byte]) if byte in b"*?\\" else bytes([byte]) for byte in raw)


def _wild(field: str, parts: list[Any], is_cased: bool) -> Expression:
    """With stars within: a glob would stop at a slash, or take one for nothing."""
    from sigma import types

    made = b"(?s)^"
    for part in parts:
        if isinstance(part, str):
            made += b"".join(map(_as_it_is, part.encode("utf-8", "surrogateescape")))
        else:
            made += b".*" if part is types.SpecialChars.WILDCARD_MULTI else b"."
    made = made.removesuffix(b".*") if made.endswith(b".*") else made + b"$"
    made = b"(?s)" + made.removeprefix(b"(?s)^.*") if made.startswith(b"(?s)^.*") else made
    return _checked(Test(field, REGEX, (made,), ignore_case=not is_cased), field)


def _as_it_is(byte: int) -> bytes:
    return b"\\" + bytes([byte]) if byte in b".^$*+?{}[]\\|()" else bytes([byte])


def _regex(field: str, value: Any, sigma_field: str) -> Expression:
    """Case counts, unless the rule says `re|i`."""
    flags = {flag.name for flag in value.flags}
    if "MULTILINE" in flags:
        raise RefusedError(f"{sigma_field}: a regular expression of several lines (re|m)")
    text = str(value.regexp).encode("utf-8", "surrogateescape")
    if "DOTALL" in flags:
        text = b"(?s)" + text
    return _checked(Test(field, REGEX, (text,), ignore_case="IGNORECASE" in flags), sigma_field)


def _checked(test: Test, sigma_field: str) -> Test:
    try:
        for value in texts_of(test):
            automaton(value, test.ignore_case)
    except RegexError as error:
        raise RefusedError(f"{sigma_field}: a regular expression that can't be used: {error}") from None
    return test
