"""Secrets are taken out of arguments and paths, and nothing else changes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlooker import Batch, UsageError
from onlooker.recordings.redact import Redactor
from onlooker.testing import make

SECRET = "hunter2-hunter2-hunter2"
TOKENS = [
    "AKIA0123456789ABCDEF",
    "ghp_" + "a1" * 18,
    "github_pat_" + "a1" * 20,
    "glpat-" + "a1" * 10,
    "xoxb-1234567890-abc",
    "AIza" + "a1" * 18,
    "sk-" + "a1" * 20,
    "npm_" + "a1" * 18,
    "pypi-" + "a1" * 20,
    "hf_" + "a1" * 18,
    "eyJhbGciOi" + "a1" * 5 + ".eyJzdWIi" + "a1" * 5 + ".sig_-",
]


def argv(*words):
    [batch] = Batch.of([make("exec", argv=words)])
    [event] = Redactor().redacted(batch)
    return event.argv


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("curl", f"--password={SECRET}"), ("curl", "--password=***")),
        (("curl", "--password", SECRET, "x"), ("curl", "--password", "***", "x")),
        (("x", "--db-password", SECRET), ("x", "--db-password", "***")),
        (("env", f"API_KEY={SECRET}", "x"), ("env", "API_KEY=***", "x")),
        (("env", f"AWS_SECRET_ACCESS_KEY={SECRET}"), ("env", "AWS_SECRET_ACCESS_KEY=***")),
        (("git", "clone", f"https://me:{SECRET}@host/r.git"), ("git", "clone", "https://me:***@host/r.git")),
        (("curl", "-H", f"Authorization: Bearer {SECRET}"), ("curl", "-H", "Authorization: Bearer ***")),
        (("curl", f"https://host/?a=1&token={SECRET}&b=2"), ("curl", "https://host/?a=1&token=***&b=2")),
        (("sh", "-c", f'export TOKEN="{SECRET}"; x'), ("sh", "-c", 'export TOKEN="***"; x')),
        (("x", f'{{"password": "{SECRET}"}}'), ("x", '{"password": "***"}')),
        *((("x", token, "y"), ("x", "***", "y")) for token in TOKENS),
        (("x", f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}"), ("x", "-----BEGIN RSA PRIVATE KEY-----***")),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(words, wanted):
    assert argv(*words) == wanted


@pytest.mark.parametrize(
    "words",
    [
        ("passwd", "root"),
        ("cat", "/etc/passwd"),
        ("ls", "--color=auto", "-la"),
        ("git", "clone", "https://host/r.git"),
        ("ssh", "me@host"),
        ("x", "--password", "--other"),
        ("keytool", "--token"),
        ("tokenize", "file.txt"),
        ("", "", ""),
    ],
)
def test_what_does_not_stays(words):
    assert argv(*words) == words


def test_paths_and_all_other_texts(_=None):
    events = [
        make("open", path=f"/srv/x?token={SECRET}", real_path=f"/srv/x?token={SECRET}", inode=7),
        make("rename", path="a", new_path=f"/srv/{TOKENS[1]}", joined_path="/srv/a"),
        make("stat", path="/etc/hostname", errno="ENOENT"),
    ]
    [batch] = Batch.of(events)
    found = Redactor().redacted(batch).events()
    assert (found[0].path, found[0].real_path) == ("/srv/x?token=***", "/srv/x?token=***")
    assert found[0].inode == 7
    assert (found[1].path, found[1].new_path, found[1].joined_path) == ("a", "/srv/***", "/srv/a")
    assert found[2] == events[2]


def test_a_batch_without_secrets_is_the_same():
    [batch] = Batch.of([make("open"), make("exec")])
    assert Redactor().redacted(batch) is batch


def test_patterns_of_the_user():
    redactor = Redactor([r"corp-[0-9]{4}", r"id=(?P<secret>\w+)"])
    assert redactor.text(b"a corp-1234 id=me b") == b"a *** id=** b"


def test_what_is_no_pattern_is_refused():
    with pytest.raises(UsageError, match="not a regular expression"):
        Redactor(["("])


def test_a_mask_is_never_longer_than_the_secret():
    assert Redactor(["x"]).text(b"axb") == b"a*b"


WORDS = 'password PASS wd api _ key = : x abc - -- https :// @ 1 / Authorization: Basic sk- ghp_ eyJ . token " header'
PIECES = st.sampled_from([*WORDS.split(), "\0", " ", "a1" * 10, *TOKENS])


@given(st.lists(PIECES, max_size=12).map("".join))
@settings(max_examples=2000, deadline=None)
def test_the_quick_search_finds_what_the_rules_find(text):
    data, redactor = text.encode(), Redactor(("corp-[0-9]+", "header"))
    assert redactor._finds(data) == any(rule.search(data) for rule in redactor._rules)
