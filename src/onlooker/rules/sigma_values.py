"""Sigma's values as tests of our language. Case does not count, unless the rule says so: of ASCII letters."""

import fnmatch
import pwd
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..filters.automaton import automaton
from ..filters.compile import texts_of
from ..filters.expression import REGEX, Expression, Not, Test
from ..filters.fields import NUMBER, PATH, type_of
from ..filters.filter import user_id
from ..filters.nodes import RegexError
from ..filters.regex import parsed
from .logic import any_of
from .rule import RefusedError

if TYPE_CHECKING:
    from sigma.types import SigmaString

_ORDER = {"LT": "<", "LTE": "<=", "GT": ">", "GTE": ">=", "NEQ": "!="}
# Links on most systems of today, and where they lead: the kernel's paths have none.
_LINKS = {
    **{f"/{name}": f"/usr/{name}" for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32")},
    "/var/run": "/run",
    "/var/lock": "/run/lock",
}


class NeverError(RefusedError):
    """Why a test can hold for no event, here; a rule may have others."""


def asks_for_absence(value: Any) -> bool:
    """Whether it asks that a field is not there."""
    from sigma import types

    return isinstance(value, types.SigmaNull) or (isinstance(value, types.SigmaExists) and not value.exists)


def keyword(field: str, value: Any) -> Expression:
    """That a text is found in one of our fields. Raises RefusedError."""
    from sigma import types

    if isinstance(value, types.SigmaNumber):
        value = types.SigmaString(str(value))
    if isinstance(value, types.SigmaExpansion):
        return any_of([keyword(field, each) for each in value.values])
    if isinstance(value, types.SigmaString):
        return _text(field, value, anywhere=True)
    if isinstance(value, types.SigmaRegularExpression):
        return _regex(field, value, "a keyword")
    raise RefusedError(f"a keyword can't be {_what(value)}")


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
        "SigmaNull": "nothing",
        "SigmaRegularExpression": "a regular expression",
    }
    return names.get(type(value).__name__, type(value).__name__)


def _user(field: str, value: Any, sigma_field: str) -> Expression:
    """Users have numbers in events; names are those of this machine. Raises NeverError for a name that it has not."""
    from sigma import types

    if isinstance(value, types.SigmaNumber):
        return _number(field, value, sigma_field)
    if not isinstance(value, types.SigmaString) or isinstance(value, types.SigmaRegularExpression):
        raise RefusedError(f"{sigma_field}: {_what(value)} can't be asked of a user", "a name, or a user's number")
    if not value.contains_special():
        with suppress(UsageError):
            return Test(field, "==", (user_id(str(value)),))
    pattern = re.compile(fnmatch.translate(_glob(value).lower()))
    users = sorted({entry.pw_uid for entry in pwd.getpwall() if pattern.match(entry.pw_name.lower())})
    if not users:
        hint = "this machine has no such user; a number can be given instead"
        raise NeverError(f"{sigma_field}: unknown user {str(value)!r:.100}", hint)
    return Test(field, "==" if len(users) == 1 else "in", tuple(users))


def _glob(value: "SigmaString") -> str:
    """As `fnmatch` takes it, which is not slow on any."""
    from sigma import types

    def one(part: Any) -> str:
        if isinstance(part, str):
            return "".join(f"[{each}]" if each in "[*?" else each for each in part)
        return "*" if part is types.SpecialChars.WILDCARD_MULTI else "?"

    return "".join(map(one, value.s))


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


def _text(field: str, value: "SigmaString", *, anywhere: bool = False) -> Expression:
    """`*` and `?` stand for anything at its ends; what is between is looked for. `anywhere`: as if it began and ended
    with a star.
    """
    from sigma import types

    parts = list(value.s)
    if any(isinstance(part, types.Placeholder) for part in parts):
        raise RefusedError(f"{field}: a placeholder (expand) has no values here", "write out the values")
    is_cased = isinstance(value, types.SigmaCasedString)
    many = types.SpecialChars.WILDCARD_MULTI
    if anywhere:
        parts = [many, *parts, many]
    if parts and all(part is many for part in parts):
        return Test(field, "exists")
    first = next((at for at, part in enumerate(parts) if part is not many), 0)
    last = next((at for at, part in enumerate(reversed(parts)) if part is not many), 0)
    middle = parts[first : len(parts) - last]
    if all(isinstance(part, str) for part in middle):
        return _plain(field, "".join(map(str, middle)), bool(first), bool(last), is_cased)
    return _wild(field, middle, bool(first), bool(last), is_cased)


def _plain(field: str, text: str, before: bool, after: bool, is_cased: bool) -> Expression:
    op = {(True, True): "contains", (True, False): "endswith", (False, True): "startswith"}.get((before, after), "==")
    led = _led(field, text)
    found = [_test(field, op, (text, *led) if not before else (text,), is_cased)]
    if before and led and text.startswith("/var/"):  # others end with what they lead to: /usr/bin/sh with /bin/sh
        found.append(_test(field, "startswith" if after else "==", led, is_cased))
    return any_of(found)


def _led(field: str, text: str) -> tuple[str, ...]:
    """Where a path leads, of those that begin with a link."""
    if type_of(field.rpartition(".")[2]) != PATH:
        return ()
    return tuple(
        target + text[len(link) :] for link, target in _LINKS.items() if text == link or text.startswith(f"{link}/")
    )


def _test(field: str, op: str, texts: tuple[str, ...], is_cased: bool) -> Expression:
    values = tuple(text.encode("utf-8", "surrogateescape") for text in texts)
    ignores = not is_cased and any(raw.lower() != raw.upper() for raw in values)
    if op == "==" and ignores:  # a pattern without a star: the language has no other equality that ignores case
        return Test(field, "glob", tuple(map(_quoted, values)), ignore_case=True)
    if op == "==" and len(values) > 1:
        op = "in"
    return Test(field, op, values, ignore_case=ignores)


def _quoted(raw: bytes) -> bytes:
    """What a glob takes as it is."""
    return b"".join(b"\\" + bytes([byte]) if byte in b"*?\\" else bytes([byte]) for byte in raw)


def _wild(field: str, parts: list[Any], before: bool, after: bool, is_cased: bool) -> Expression:
    """With stars within: a glob would stop at a slash, or take one for nothing. `?` is a character, as of UTF-8."""
    from sigma import types

    begins = [parts]
    if not before and isinstance(parts[0], str):
        begins += [[led, *parts[1:]] for led in _led(field, parts[0])]
    made = []
    for each in begins:
        text = b"(?s)" if before else b"(?s)^"
        for part in each:
            if isinstance(part, str):
                text += b"".join(map(_as_it_is, part.encode("utf-8", "surrogateescape")))
            else:
                text += b".*" if part is types.SpecialChars.WILDCARD_MULTI else rb"[^\x80-\xbf][\x80-\xbf]*"
        made.append(text if after else text + b"$")
    return _checked(Test(field, REGEX, tuple(made), ignore_case=not is_cased), field)


def _as_it_is(byte: int) -> bytes:
    return b"\\" + bytes([byte]) if byte in b".^$*+?{}[]\\|()" else bytes([byte])


def _regex(field: str, value: Any, sigma_field: str) -> Expression:
    """Case counts, unless the rule says `re|i`. Characters are those of UTF-8."""
    flags = {flag.name for flag in value.flags}
    if "MULTILINE" in flags:
        raise RefusedError(f"{sigma_field}: a regular expression of several lines (re|m)")
    text = str(value.regexp).encode("utf-8", "surrogateescape")
    if "DOTALL" in flags:
        text = b"(?s)" + text
    with suppress(RegexError):
        if parsed(text) != parsed(b"(?u)" + text):
            text = b"(?u)" + text
    return _checked(Test(field, REGEX, (text,), ignore_case="IGNORECASE" in flags), sigma_field)


def _checked(test: Test, sigma_field: str) -> Test:
    try:
        for value in texts_of(test):
            automaton(value, test.ignore_case)
    except RegexError as error:
        raise RefusedError(f"{sigma_field}: a regular expression that can't be used: {error}") from None
    return test
