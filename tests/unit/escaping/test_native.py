"""The native part says what its plain counterpart says, of every character and of texts of any length."""

import os
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker import escaping
from onlooker.escaping import _native

from ..hostile import CHARACTERS, raw_texts, texts
from . import oracle

SAME_UNICODE = _native.unicode_version == unicodedata.unidata_version
WORDS = [
    "a",
    "=x",
    "A=b",
    "if",
    "while",
    "--x=y",
    "it's",
    "''",
    "!",
    "a!'\n",
    "a\\b",
    "@%+:,./_-=",
    "é",
    "\0",
    "\ud800",
]
any_words = st.one_of(texts, st.text(max_size=20), st.sampled_from(WORDS))


def characters():
    return map(chr, range(sys.maxunicode + 1))


def whole_characters():
    return "".join(c for c in characters() if not "\ud800" <= c <= "\udfff")


def test_printable_is_what_python_calls_so():
    """Of every character; under other Unicode tables than those of the build, what one of them does not know yet."""
    different = {c for c in characters() if _native.printable(ord(c)) != c.isprintable()}
    if SAME_UNICODE:
        assert different == set()
    else:
        known = {c for c in different if unicodedata.category(c) != "Cn"}
        newer = unicodedata.unidata_version.split(".") > _native.unicode_version.split(".")
        assert known == set() or (newer and not any(map(_native.printable, map(ord, known))))


def test_nothing_above_unicode_is_printable():
    assert not any(map(_native.printable, (0x110000, 0x1FFFFF, 0x200041, 2**32 - 1)))


@pytest.mark.skipif(not SAME_UNICODE, reason="this Python has other Unicode tables than the one that built it")
@pytest.mark.parametrize("name", ["escape", "quote"])
def test_every_character(name):
    text = whole_characters() + "".join(map(chr, range(0xDC80, 0xDD00)))
    for start in range(0, len(text), 4096):
        part = text[start : start + 4096]
        assert getattr(escaping, name)(part) == getattr(oracle, name)(part)


@pytest.mark.parametrize("name", ["escape", "quote"])
def test_each_word_as_the_plain_one_says(name):
    for text in [*WORDS[:-1], *CHARACTERS, "", *(os.fsdecode(bytes([byte])) for byte in range(256))]:
        assert getattr(escaping, name)(text) == getattr(oracle, name)(text)


@settings(deadline=None, max_examples=100)
@given(raw=raw_texts, repeated=st.sampled_from([1, 1, 7, 3000]))
def test_texts_of_any_length(raw, repeated):
    text = os.fsdecode(raw * repeated)
    assert escaping.escape(text) == oracle.escape(text)
    assert escaping.quote(text) == oracle.quote(text)


@settings(deadline=None, max_examples=100)
@given(argv=st.lists(any_words.filter(lambda text: not any("\ud800" <= c < "\udc80" for c in text)), max_size=6))
def test_command_lines(argv):
    assert escaping.command_line(tuple(argv)) == oracle.command_line(tuple(argv))


@pytest.mark.parametrize("text", ["\ud800", "a\udcffb\ud800\udfff\n", "\udc7f\udd00"])
def test_half_characters_that_no_kernel_gives_are_escaped_too(text):
    assert escaping.escape(text).isprintable()
    assert escaping.quote(text).isprintable()


def test_one_that_is_plain_is_the_very_text():
    text = "/etc/passwd" * 100
    assert escaping.escape(text) is text


@pytest.mark.parametrize("name", ["escape", "quote", "command_line"])
def test_what_is_no_text_is_refused(name):
    with pytest.raises(TypeError):
        getattr(escaping, name)(5)


def test_another_name_is_not_there():
    with pytest.raises(AttributeError, match="no attribute 'unescape'"):
        escaping.unescape  # noqa: B018
