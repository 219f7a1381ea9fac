"""Process names as the kernel keeps them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker.errors import UsageError
from onlooker.filters.comm import LONGEST, CommPattern, comm_pattern

# what a command line or a Python program can hold, but no star and no NUL
TEXT = st.binary(min_size=1, max_size=30).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
PLAIN = TEXT.filter(lambda text: "*" not in text and "\0" not in text)


@pytest.mark.parametrize(
    ("text", "name", "prefix", "cut"),
    [
        ("nginx", b"nginx", False, False),
        ("nginx*", b"nginx", True, False),
        ("*", b"", True, False),
        ("a" * 15, b"a" * 15, False, False),
        ("a" * 15 + "*", b"a" * 15, True, False),
        ("a" * 16, b"a" * 15, False, True),
        ("a" * 16 + "*", b"a" * 15, False, True),
        ("systemd-journald", b"systemd-journal", False, True),
        ("é" * 8, b"\xc3\xa9" * 7 + b"\xc3", False, True),
        ("\udcff", b"\xff", False, False),
        ("my app", b"my app", False, False),
    ],
)
def test_patterns(text, name, prefix, cut):
    found = comm_pattern(text)
    assert found == CommPattern(name, prefix, found.note)
    assert found.note.startswith("process names have at most 15 bytes: comparing with ") is cut


@pytest.mark.parametrize(
    ("text", "named", "typed"),
    [
        ("/usr/bin/cat", "have no directory", "type 'cat'"),
        ("./cat*", "have no directory", "type 'cat*'"),
        ("bin/a-long-name-of-26-bytes", "have no directory", "type 'a-long-name-of-26-bytes'"),
        ("!nginx", "does not exclude 'nginx'", ""),
        ("^nginx*", "does not exclude 'nginx*'", ""),
        ("-nginx", "does not exclude 'nginx'", ""),
        ("-bash", "a login shell's is 'bash'", "only its first argument has the '-'"),
        ("[kthreadd]", "kernel thread that ps shows so", "type 'kthreadd'"),
        ("\x1b/\x1b", "'\\x1b/\\x1b' is compared", "type '\\x1b'"),
    ],
)
def test_what_matches_hardly_anything_is_noted(text, named, typed):
    note = comm_pattern(text).note
    assert note.startswith(f"{text!r} is compared ")
    assert named in note
    assert note.endswith(typed)
    assert note.isprintable()


@pytest.mark.parametrize(
    "text", ["kworker/*", "/", "!", "-*", "a-b", "a!", "[]", "[", "(sd-pam)", "tmux: server", "a,b"]
)
def test_what_is_an_ordinary_name(text):
    assert comm_pattern(text).note == ""


@pytest.mark.parametrize("text", ["a*b", "**", "*a", "*a*", "a\0b", "\0"])
def test_what_is_no_name(text):
    with pytest.raises(UsageError) as caught:
        comm_pattern(text)
    assert str(caught.value) == f"not a process name: {text!r}"
    assert caught.value.hint == "a name, or the start of one and a single * at its end: comm=['nginx*']"
    assert caught.value.command_hint == caught.value.hint.replace("comm=['nginx*']", "--filter 'nginx*'")


def test_an_empty_name():
    with pytest.raises(UsageError, match="a process name can't be empty"):
        comm_pattern("")


@pytest.mark.parametrize(
    ("pattern", "comm", "fits"),
    [
        ("cat", b"cat", True),
        ("cat", b"cats", False),
        ("cat", b"ca", False),
        ("cat", b"Cat", False),
        ("cat", b"", False),
        ("cat*", b"cat", True),
        ("cat*", b"cats", True),
        ("cat*", b"ca", False),
        ("cat*", b"a cat", False),
        ("*", b"", True),
        ("*", b"anything", True),
        ("systemd-journald", b"systemd-journal", True),
        ("systemd-journald*", b"systemd-journal", True),
        ("systemd-journald", b"systemd-journa", False),
    ],
)
def test_matches(pattern, comm, fits):
    assert comm_pattern(pattern).matches(comm) is fits


def kept(text: str) -> bytes:
    """What the kernel keeps of a name."""
    return text.encode("utf-8", "surrogateescape")[:LONGEST]


@settings(deadline=None, max_examples=200)
@given(text=PLAIN)
def test_a_name_matches_what_the_kernel_keeps_of_it(text):
    assert comm_pattern(text).matches(kept(text))
    assert comm_pattern(f"{text}*").matches(kept(text))


@settings(deadline=None, max_examples=200)
@given(text=PLAIN, other=PLAIN)
def test_a_name_matches_nothing_else(text, other):
    assert comm_pattern(text).matches(kept(other)) == (kept(text) == kept(other))


@settings(deadline=None, max_examples=200)
@given(start=PLAIN, rest=TEXT)
def test_a_start_matches_all_that_begin_so(start, rest):
    assert comm_pattern(f"{start}*").matches(kept(start + rest))
