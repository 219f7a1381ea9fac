"""Takes secrets out of arguments and paths, as far as they can be known by their form.

What is known: values of options, variables and URLs whose names say so (--password x, API_KEY=x, ?token=x), passwords
in URLs (https://name:x@host), headers with credentials, the tokens that services make with a prefix of their own, JSON
web tokens, and private keys. It is no proof: a secret without a form stays.
"""

import os
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from ..records import Batch
from ..records.texts import Parts
from .manifest import Manifest
from .patterns import checked

MASK = b"***"  # shorter than most secrets, so that nobody learns how long it was
_REMEMBERED = 4096  # texts, as paths are used again and again

_NAMES = (
    rb"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_.]?key|access[-_.]?key|private[-_.]?key|secret[-_.]?key|"
    rb"auth[-_.]?key|credentials?|client[-_.]?secret|session[-_.]?key)"
)
_QUOTED = rb"(?P<quote>\\?['\"])(?P<secret>(?:(?!(?P=quote))(?:\\[^\0]|[^\0]))+)"
_PLAIN_ONE = rb"(?:\\[^\0]|[^\0\s&;'\"])"
_PLAIN = rb"(?P<secret>%s(?:%s|\"(?=[\w$!@#])[^\0\"]*\"|'(?=[\w$!@#])[^\0']*')*)" % (_PLAIN_ONE, _PLAIN_ONE)
_IS = rb"(?:\\?['\"])?\s?[=:](?:[=>]|(?![=>]))\s{0,8}"  # between a name and its value
_OPTION = rb"--?[a-z0-9_.-]*" + _NAMES
# a secret may begin with a dash, but what has the form of an option is none: -v, --verbose, --host=x
_NO_OPTION = rb"(?!(?:-[a-z]|--[a-z][a-z-]*(?:=[^\0]*)?|--?)\0)"
_NOT_A_VALUE = rb"(?!(?:-[a-z]|--[a-z][a-z-]*(?:=[^\0\s]*)?|--?|[|<>)][^\0\s]*)(?:[\0\s'\";&|]|\Z))"
_NO_SCRIPT = rb"(?<!-c\0)(?<!-[a-z]c\0)(?<!-[a-z][a-z]c\0)"  # the argument of `sh -c` is no single value
_SCHEME = rb"(?:basic|bearer|token|digest|negotiate|apikey)\s++"

_ITEM = rb"(?<![^\0])(?=[^\0]*+\0)"  # the beginning of one; its end is looked for once, not for each match
_JWT = rb"[A-Za-z0-9_-]"

# The group "secret" is what is taken out. Items of a list end with NUL; what is an argument by itself, and not within a
# text, is a secret up to its end. The time of a rule grows with a text's length, and not with its square.
RULES = {
    "named": (
        rb"(?i:%s%s)%s" % (_NAMES, _IS, _QUOTED),
        rb"(?i:%s%s)(?!\\?['\"])%s" % (_NAMES, _IS, _PLAIN),
        rb"(?i:%s(?:-|%s)[a-z0-9_.=-]*%s=)(?P<secret>[^\0]+)" % (_ITEM, _NO_SCRIPT, _NAMES),
    ),
    "option": (
        rb"(?i:(?<![^\0])%s\0%s)(?P<secret>[^\0]+)" % (_OPTION, _NO_OPTION),
        rb"(?i:(?<![^\0\s'\"`(;&|])%s\s+)%s" % (_OPTION, _QUOTED),
        rb"(?i:(?<![^\0\s'\"`(;&|])%s\s+%s)(?!\\?['\"])%s" % (_OPTION, _NOT_A_VALUE, _PLAIN),
    ),
    # in a path that was joined or tidied, one slash is left of the two: https:/name:x@host
    "url": (rb"[A-Za-z0-9+.-]:/+[^\0\s/:]*:(?P<secret>[^\0\s/]+)@",),
    "header": (
        rb"(?i:authorization%s(?:\\?['\"])?%s)(?P<secret>[^\0'\"]+)" % (_IS, _SCHEME),
        rb"(?i:(?P<quote>['\"])[a-z-]*authorization:\s*%s)(?P<secret>(?:(?!(?P=quote))[^\0])+)" % _SCHEME,
        rb"(?i:%s(?:-h\s*|--header=)?[a-z-]*authorization:\s*+(?:%s)?)(?P<secret>[^\0]+)" % (_ITEM, _SCHEME),
    ),
    "prefix": (
        rb"(?<![A-Za-z0-9])(?P<secret>(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{20,}|"
        rb"github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{30,}|"
        rb"sk-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|hf_[A-Za-z0-9]{30,})",
    ),
    # from the beginning of a run of its characters, where its first eyJ is looked for once
    "jwt": (rb"(?<!%s)(?>%s*?(?=eyJ%s{8}))(?P<secret>%s++\.eyJ%s{8,}+\.%s*+)" % ((_JWT,) * 6),),
    "key": (rb"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<secret>[^\0]+)",),
}
_RULES = tuple(re.compile(rule) for rules in RULES.values() for rule in rules)

# A whole batch is searched first, at the speed of memory, for what a match must have in it; regular expressions that
# ignore case take 5 times as long. What is here looks at no text's beginning or end, which the bytes of a batch do not
# show, and at nothing that may be on both sides of a slash, as the names of walked paths come from last to first.
_NAMED = re.compile(rb"(?i:%s)(?:\\?['\"])?(?:\s?[=:]|(?P<after_option>[\s\0]))" % _NAMES)
_SIGNS = (
    *((each, _NAMED) for each in b"pass pwd secret token api access private auth credential client session".split()),
    (b"authorization", re.compile(rb"(?i:authorization)(?:\\?['\"])?\s?[=:]")),
    *(
        (each, re.compile(RULES["prefix"][0].removeprefix(rb"(?<![A-Za-z0-9])")))
        for each in b"akia asia ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- xox aiza sk- npm_ pypi- hf_".split()
    ),
    (b".eyj", re.compile(rb"\.eyJ%s{8,}+\." % _JWT)),
    (b"private key-----", re.compile(rb"PRIVATE KEY-----[^\0]")),
)
_LOGIN = re.compile(rb":[^\0\s/:@]*@")  # the scheme of its URL is another name of a path
_DASH = b"-"[0]
_IN_OPTIONS = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_.-")


class Redactor:
    """`patterns` are regular expressions for more: their group "secret", or all that matches, is taken out. They are
    applied to each text by itself, to paths as they are shown.
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        """Raises UsageError for a pattern that makes no sense."""
        # as a recording says it: a pattern may be the very secret
        self.names = (*RULES, *(f"pattern {number + 1}" for number in range(len(patterns))))
        self._patterns = [re.compile(checked(pattern)) for pattern in patterns]
        self._found = lru_cache(_REMEMBERED)(self._parts)

    def redacted(self, batch: Batch) -> Batch:
        """The batch without them."""
        if not self._patterns and not _may_have(bytes(batch.raw)):  # most have none
            return batch
        return batch.with_texts(self._found, _masked)

    def manifest(self, manifest: Manifest) -> Manifest:
        """What a recording says of itself, without them; and that they were taken out."""
        command, directory = manifest.command, manifest.directory
        return msgspec.structs.replace(
            manifest,
            command=None if command is None else tuple(self.words(command)),
            directory=None if directory is None else os.fsdecode(self.text(os.fsencode(directory))),
            settings=self._value(manifest.settings),
            redacted=self.names,
        )

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
        parts = self._parts(text)
        return _masked(text, parts) if parts else text

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.words([value])[0]
        if isinstance(value, dict):
            return {name: self._value(each) for name, each in value.items()}
        if not isinstance(value, list | tuple):
            return value
        if value and all(isinstance(each, str) for each in value):
            return self.words(value)
        return [self._value(each) for each in value]

    def _parts(self, text: bytes) -> Parts:
        """Where they are in a text, or in several that end with NUL."""
        parts: list[tuple[int, int]] = []
        if _may_have(text):
            parts = [found.span("secret") for rule in _RULES for found in rule.finditer(text)]
        start = 0
        for item in text.split(b"\0") if self._patterns else ():
            for pattern in self._patterns:
                for found in pattern.finditer(item):
                    first, end = found.span("secret" if found.groupdict().get("secret") is not None else 0)
                    parts.append((start + first, start + end))
            start += len(item) + 1
        return tuple(part for part in parts if part[0] < part[1])


def _may_have(data: bytes) -> bool:
    """Whether a rule may match somewhere: never false where one does."""
    if _LOGIN.search(data):
        return True
    lowered = data.lower()
    for sign, rule in _SIGNS:
        place = lowered.find(sign)
        while place >= 0:
            found = rule.match(data, place)
            if found and (rule is not _NAMED or found["after_option"] is None or _is_option(lowered, place)):
                return True
            place = lowered.find(sign, place + 1)
    return False


def _is_option(lowered: bytes, place: int) -> bool:
    """Whether what ends there may be the beginning of an option."""
    place -= 1
    while place >= 0 and lowered[place] in _IN_OPTIONS:
        if lowered[place] == _DASH:
            return True
        place -= 1
    return False


def _masked(text: bytes, parts: Parts) -> bytes:
    joined: list[list[int]] = []
    for start, end in sorted(parts):
        if joined and start <= joined[-1][1]:  # found by another rule, too: one mask for both
            joined[-1][1] = max(end, joined[-1][1])
        else:
            joined.append([start, end])
    pieces, done = [], 0
    for start, end in joined:
        pieces += [text[done:start], MASK[: end - start]]
        done = end
    return b"".join((*pieces, text[done:]))
