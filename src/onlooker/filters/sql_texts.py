"""Texts in SQL, and what an expression asks of them. DuckDB compares characters, and the language bytes: a text is
spelled so that one gives what the other would.
"""

import re
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from ..errors import ExpressionError
from ..schema.fields import Op
from ..schema.plan import StepPlan
from .compile import texts_of
from .expression import REGEX, Test
from .fields import CMDLINE, FILES, FLAGS, LIST, type_of
from .glob import is_directories, read
from .paths import clean
from .regex import in_hex, parsed

_REPLACEMENT = "\ufffd"
_LONGEST = 8192  # bytes of patterns that are spelled as HEX: RE2 takes 8 MiB for each, and refuses 30 000
_BOUND = "_text"  # what stands for a text that is long to say; no field begins with "_"


class Spelling(NamedTuple):
    """How bytes are written as a text of SQL. `slash` and `dot` are two of them; the others are regular expressions: of
    any byte, of any in a name, and of what a path has that `clean` changes.
    """

    is_hex: bool
    slash: str
    dot: str
    any: str
    in_name: str
    unclean: str

    def spell(self, raw: bytes) -> str:
        """Bytes as that text."""
        return "".join(f"{byte:02X} " for byte in raw) if self.is_hex else raw.decode()

    def literal(self, raw: bytes) -> str:
        """The same as SQL."""
        return quoted(self.spell(raw))

    def pattern(self, raw: bytes, ignore_case: bool) -> str:
        """A regular expression of just that; or with letters of ASCII in the other case."""
        if self.is_hex:
            return "".join(self._byte(byte, ignore_case) for byte in raw)
        return "".join(_character(c, ignore_case) for c in raw.decode())

    def _byte(self, byte: int, ignore_case: bool) -> str:
        one = bytes([byte])
        cases = {self.spell(one), self.spell(one.swapcase())} if ignore_case else {self.spell(one)}
        return cases.pop() if len(cases) == 1 else f"(?:{'|'.join(sorted(cases))})"


def _character(c: str, ignore_case: bool) -> str:
    if not (c.isascii() and (c.isalnum() or c in "/ ")):
        return f"\\x{{{ord(c):X}}}"
    return f"[{c.upper()}{c.lower()}]" if ignore_case and c.isalpha() else c


# As it is stored. It finds what the bytes would find, as no character of UTF-8 begins within another. Where a text is
# not UTF-8 its column has U+FFFD for what is wrong, which a value spelled so does not have.
PLAIN = Spelling(
    is_hex=False, slash="/", dot=".", any="(?s:.)", in_name="[^/]", unclean=r"^\.|/[/.]|[^/]/$"
)  # fmt: skip
# Two digits and a space for each byte: the space keeps a part of a text from beginning within a byte.
HEX = Spelling(
    is_hex=True, slash="2F ", dot="2E ", any="(?:[0-9A-F]{2} )", in_name="(?:(?:[013-9A-F][0-9A-F]|2[0-9A-E]) )",
    unclean="^2E |2F 2[EF] |[0-9A-F]{2} 2F $",
)  # fmt: skip


def spelling_of(value: bytes, op: str) -> Spelling:
    """PLAIN where that is enough: it costs less, and by a column's statistics whole blocks can be skipped."""
    if op == REGEX:
        return HEX  # "." is a byte
    if op == "glob" and any(len(accepted) > 1 for accepted in read(value)[0]):
        return HEX  # "?" is a byte, and may be a part of a character
    try:
        return HEX if _REPLACEMENT in value.decode() else PLAIN
    except UnicodeDecodeError:
        return HEX


def quoted(text: str) -> str:
    r"""A text as SQL. What is neither a letter nor printable ASCII is given by its bytes, so that no reader of SQL
    takes it for something else.

    >>> print(quoted("it's"), quoted("\0\n"))
    'it''s' decode('\x00\x0A'::BLOB)
    """
    if all(c.isprintable() if c.isascii() else c.isalnum() for c in text):
        return "'{}'".format(text.replace("'", "''"))
    return "decode('{}'::BLOB)".format("".join(f"\\x{byte:02X}" for byte in text.encode()))


def column(name: str) -> str:
    """A field's column. The names are the plan's, never an expression's."""
    return f'"{name}"'


def text_condition(test: Test, steps: tuple[StepPlan, ...]) -> str:
    """Whether the text of the first of these fields that applies fits one of the values, or an item of the list is one;
    NULL where none applies.
    """
    terms = []
    for spelling in (PLAIN, HEX):
        values = [value for value in texts_of(test) if spelling_of(value, test.op) is spelling]
        if not values:
            continue
        if type_of(test.field) in (LIST, FLAGS):
            terms.append(_has_item(test, _list(steps[0], spelling), values, spelling))
            continue
        text = _text(test, steps, spelling)
        if text.startswith('"') or not _asks_twice(test.op, values):
            terms.append(_fits(test, text, values, spelling))
        else:  # it is made once
            terms.append(f"list_transform([{text}], lambda {_BOUND}: {_fits(test, _BOUND, values, spelling)})[1]")
    return " OR ".join(terms)


def _text(test: Test, steps: Iterable[StepPlan], spelling: Spelling) -> str:
    if test.field == CMDLINE:
        [step] = steps
        return f"array_to_string({_list(step, spelling)}, {spelling.literal(b' ')})"
    is_cleaned = test.field in FILES or test.op == "under"
    found = []
    for cleaned, group in groupby(steps, lambda step: is_cleaned and step.op is not Op.PATH):
        texts = [_spelled(column(step.name), _bytes_of(step), spelling) for step in group]
        found += [_clean(_first(texts), spelling)] if cleaned else texts
    return _first(found)


def _first(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"


def _list(step: StepPlan, spelling: Spelling) -> str:
    if not spelling.is_hex:
        return column(step.name)
    raw = f"{_bytes_of(step)}[_at]" if step.op is Op.TEXTS else ""
    return f"list_transform({column(step.name)}, lambda _item, _at: {_spelled('_item', raw, spelling)})"


def _bytes_of(step: StepPlan) -> str:
    """The column with the bytes of what is not UTF-8; "" if there is none, since all is."""
    return "" if step.op in (Op.ONE_OF, Op.FLAGS) else column(f"{step.name}_bytes")


def _spelled(text: str, raw: str, spelling: Spelling) -> str:
    if not spelling.is_hex:
        return text
    exact = f"coalesce({raw}, encode({text}))" if raw else f"encode({text})"
    return rf"regexp_replace(hex({exact}), '(..)', '\1 ', 'g')"


def _clean(path: str, spelling: Spelling) -> str:
    """As `paths.clean`: name by name, to what is kept of those before, with a slash behind each."""
    slash, dot, name = spelling.slash, spelling.dot, spelling.in_name
    up = spelling.pattern(b"../", ignore_case=False)
    kept = f"""list_reduce(string_split({path}, '{slash}'), lambda _kept, _name: CASE
        WHEN _name IN ('', '{dot}') OR _name = '{dot * 2}' AND _kept = '{slash}' THEN _kept
        WHEN _name = '{dot * 2}' AND _kept != '' AND NOT regexp_matches(_kept, '(^|{slash}){up}$')
        THEN regexp_replace(_kept, '{name}*{slash}$', '')
        ELSE _kept || _name || '{slash}' END, regexp_extract({path}, '^{slash}'))"""
    cleaned = rf"coalesce(nullif(regexp_replace({kept}, '({name}){slash}$', '\1'), ''), '{dot}')"
    whole = f"CASE WHEN regexp_matches({path}, '{spelling.unclean}') THEN {cleaned} ELSE {path} END"
    return re.sub(r"\n\s*", " ", whole)


def _asks_twice(op: str, values: list[bytes]) -> bool:
    return op == "under" or (len(values) > 1 and op not in ("==", "!=", "in"))


def _fits(test: Test, text: str, values: list[bytes], spelling: Spelling) -> str:
    if test.op in ("==", "!=", "in"):
        listed = ", ".join(map(spelling.literal, values))
        return f"{text} IN ({listed})" if len(values) > 1 else f"{text} = {listed}"
    if test.op == REGEX:
        _check_length(test, values, spelling)
        patterns = (in_hex(parsed(value, ignore_case=test.ignore_case)) for value in values)
        return " OR ".join(f"regexp_matches({text}, {quoted(pattern)})" for pattern in patterns)
    fits = _under if test.op == "under" else _matches if test.ignore_case or test.op == "glob" else _holds
    return " OR ".join(fits(test, text, value, spelling) for value in values)


def _holds(test: Test, text: str, value: bytes, spelling: Spelling) -> str:
    function = {"startswith": "starts_with", "endswith": "ends_with", "contains": "contains"}[test.op]
    return f"{function}({text}, {spelling.literal(value)})"


def _under(test: Test, text: str, value: bytes, spelling: Spelling) -> str:
    directory = clean(value)
    below = f"starts_with({text}, {spelling.literal(directory.removesuffix(b'/') + b'/')})"
    return below if directory == b"/" else f"{text} = {spelling.literal(directory)} OR {below}"


def _matches(test: Test, text: str, value: bytes, spelling: Spelling) -> str:
    """By a regular expression: RE2 looks at each byte of a text a bounded number of times, as the matcher does. Folding
    by lower() would change more than the letters of ASCII, and translate() takes ten times as long.
    """
    _check_length(test, [value], spelling)
    if test.op == "glob":
        return f"regexp_full_match({text}, {quoted(_of_glob(value, spelling, test.ignore_case))})"
    pattern = spelling.pattern(value, test.ignore_case)
    pattern = {"startswith": f"^{pattern}", "endswith": f"{pattern}$", "contains": pattern}[test.op]
    return f"regexp_matches({text}, {quoted(pattern)})"


def _check_length(test: Test, values: list[bytes], spelling: Spelling) -> None:
    if spelling.is_hex and sum(map(len, values)) > _LONGEST:
        text = str(test)
        message = f"{test.field}: SQL takes at most {_LONGEST} bytes of a pattern with ? or with what is not UTF-8"
        raise ExpressionError(message, text, 0, len(text), "make it shorter: a path has at most 4096 bytes")


def _has_item(test: Test, items: str, values: list[bytes], spelling: Spelling) -> str:
    if not test.ignore_case:
        return f"list_has_any({items}, [{', '.join(map(spelling.literal, values))}])"
    _check_length(test, values, spelling)
    pattern = "|".join(spelling.pattern(value, ignore_case=True) for value in values)
    return f"list_has_any(list_transform({items}, lambda _item: regexp_full_match(_item, {quoted(pattern)})), [TRUE])"


def _of_glob(pattern: bytes, spelling: Spelling, ignore_case: bool) -> str:
    """What the automaton accepts, as a regular expression."""
    characters, stars = read(pattern)
    parts: list[str] = []
    literal = b""
    place = 0
    while place <= len(characters):
        if place in stars:
            parts, literal = [*parts, spelling.pattern(literal, ignore_case)], b""
            if stars[place] > 1 and is_directories(characters, place):
                parts.append(f"(?:{spelling.any}*{spelling.slash})?")
                place += 1
                continue
            parts.append(f"{spelling.any if stars[place] > 1 else spelling.in_name}*")
        if place < len(characters):
            if len(characters[place]) > 1:
                parts, literal = [*parts, spelling.pattern(literal, ignore_case), spelling.in_name], b""
            else:
                literal += characters[place]
        place += 1
    return "".join([*parts, spelling.pattern(literal, ignore_case)])
