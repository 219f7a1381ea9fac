"""Takes secrets out of arguments and paths, as far as they can be known by their form.

What is known: values of options, variables and URLs whose names say so (--password x, API_KEY=x, ?token=x), passwords
in URLs (https://name:x@host), headers with credentials, the tokens that services make with a prefix of their own, JSON
web tokens, and private keys. It is no proof: a secret without a form stays.
"""

import os
import re
from collections.abc import Sequence

from ..errors import UsageError
from ..records import Batch

MASK = b"***"  # shorter than any secret, so that nobody learns how long it was
_LEAST = len(MASK)  # bytes that are taken for a secret

_NAMES = (
    rb"pass(?:word|wd|phrase)?|pwd|secret|token|api[-_.]?key|access[-_.]?key|private[-_.]?key|secret[-_.]?key|"
    rb"auth[-_.]?key|credentials?|client[-_.]?secret|session[-_.]?key"
)
_VALUE = rb"[^\0\s&;'\"]{%d,}" % _LEAST
# the group "secret" is what is taken out; items of a list end with NUL
RULES = {
    "named": rb"(?i:(?:%s)['\"]?\s?[=:]\s?['\"]?)(?P<secret>%s)" % (_NAMES, _VALUE),
    "option": rb"(?i:(?<![^\0])--?[a-z0-9-]*(?:%s)\0)(?P<secret>(?!-)[^\0]{%d,})" % (_NAMES, _LEAST),
    "url": rb"[a-z][a-z0-9+.-]*://[^\0\s/@:]*:(?P<secret>[^\0\s/@]{%d,})@" % _LEAST,
    "header": rb"(?i:authorization:\s*(?:basic|bearer|token|digest)\s+)(?P<secret>[^\0'\"]{%d,})" % _LEAST,
    "prefix": rb"(?<![A-Za-z0-9])(?P<secret>(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{20,}|"
    rb"github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{30,}|"
    rb"sk-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|hf_[A-Za-z0-9]{30,})",
    "jwt": rb"(?P<secret>eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)",
    "key": rb"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<secret>[^\0]{%d,})" % _LEAST,
}

# What a match of a rule begins with (options and URLs have it within), so that a whole batch is searched for these at
# the speed of memory, and not by regular expressions that ignore case, which take 5 times as long.
_NAMED = tuple(b"pass pwd secret token api access private auth credential client session".split())
_BEGINNINGS = {
    "named": _NAMED,
    "option": _NAMED,
    "url": (b"://",),
    "header": (b"authorization:",),
    "prefix": tuple(b"akia asia ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- xox aiza sk- npm_ pypi- hf_".split()),
}


class Redactor:
    """`patterns` are regular expressions for more: their group "secret", or all that matches, is taken out."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        """Raises UsageError for what is no regular expression."""
        self.names = (*RULES, *patterns)  # as a recording says it
        self._rules = [re.compile(rule) for rule in (*RULES.values(), *map(_checked, patterns))]

    def redacted(self, batch: Batch) -> Batch:
        """The batch without them."""
        if not self._finds(bytes(batch.raw)):  # most have none
            return batch
        return batch.with_texts(self.text)

    def _finds(self, data: bytes) -> bool:
        """Whether there is any."""
        lowered = data.lower()
        known = zip(RULES, self._rules, strict=False)
        if any(_begins(name, rule, data, lowered) for name, rule in known):
            return True
        return any(rule.search(data) for rule in self._rules[len(RULES) :])

    def words(self, words: Sequence[str]) -> list[str]:
        """The words of a command without them.

        >>> Redactor().words(["curl", "--password", "hunter2"])
        ['curl', '--password', '***']
        """
        text = b"".join(os.fsencode(word) + b"\0" for word in words)
        return [os.fsdecode(word) for word in self.text(text).split(b"\0")[:-1]]

    def text(self, text: bytes) -> bytes:
        """A text, or several that end with NUL, without them.

        >>> Redactor().text(b"curl https://me:hunter2@host/")
        b'curl https://me:***@host/'
        """
        for rule in self._rules:
            text = rule.sub(_masked, text)
        return text


def _begins(name: str, rule: re.Pattern[bytes], data: bytes, lowered: bytes) -> bool:
    """Whether a rule matches somewhere."""
    if name not in _BEGINNINGS:
        return rule.search(data) is not None
    for beginning in _BEGINNINGS[name]:
        place = lowered.find(beginning)
        while place >= 0:
            start = data.rfind(b"\0", 0, place) + 1 if name in ("option", "url") else place
            if name == "url":  # anywhere in the text, which ends with NUL or with the data
                found = rule.search(data, start, data.find(b"\0", place) % (len(data) + 1))
            else:
                found = rule.match(data, start)
            if found:
                return True
            place = lowered.find(beginning, place + 1)
    return False


def _masked(found: re.Match[bytes]) -> bytes:
    whole, group = found.group(), "secret" if "secret" in found.re.groupindex else 0
    start, end = (place - found.start() for place in found.span(group))
    secret = whole[start:end]
    return whole[:start] + MASK[: len(secret)] + whole[end:]


def _checked(pattern: str) -> bytes:
    text = pattern.encode("utf-8", "surrogateescape")
    try:
        re.compile(text)
    except re.error as error:
        hint = "--redact-pattern 'corp-[0-9]{8}'"
        raise UsageError(f"not a regular expression: {pattern!r}: {error}", hint) from None
    return text
