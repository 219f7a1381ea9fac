"""Secrets are taken out of arguments and paths, and nothing else changes."""

import re
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from onlooker import Batch, UsageError
from onlooker.recordings import redact
from onlooker.recordings.manifest import Manifest
from onlooker.recordings.redact import Redactor
from onlooker.records import PLAN
from onlooker.schema.fields import Op
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
        (("x", "--password=p&ssw0rd123", "y"), ("x", "--password=***", "y")),
        (("x", "--password=correct horse battery"), ("x", "--password=***")),
        (("x", "--password=\"'", "y"), ("x", "--password=**", "y")),
        (("env", "DB_PASSWORD=correct horse; battery", "y"), ("env", "DB_PASSWORD=***", "y")),
        (("docker", "run", "--env=API_KEY=a b&c", "y"), ("docker", "run", "--env=API_KEY=***", "y")),
        (("x", "--db_password", SECRET), ("x", "--db_password", "***")),
        (("x", "-spring.token", SECRET), ("x", "-spring.token", "***")),
        (("--password", SECRET), ("--password", "***")),
        (("x", "--password", "-hunter2hunter2"), ("x", "--password", "***")),
        (("x", "--password", "--1", "y"), ("x", "--password", "***", "y")),
        (("x", "--password", "x y", "y"), ("x", "--password", "***", "y")),
        (("x", "--password", "x"), ("x", "--password", "*")),
        (("sh", "-c", f"mysql --password {SECRET}"), ("sh", "-c", "mysql --password ***")),
        (("sh", "-c", "mysql --db_password 'a b' x"), ("sh", "-c", "mysql --db_password '***' x")),
        (("sh", "-c", 'API_KEY="a b c d e f" x'), ("sh", "-c", 'API_KEY="***" x')),
        (("sh", "-c", r'API_KEY="a\"b c" x'), ("sh", "-c", 'API_KEY="***" x')),
        (("sh", "-c", r"API_KEY=a\&b\ c x"), ("sh", "-c", "API_KEY=*** x")),
        (("sh", "-c", "API_KEY=$'a b'\"c d\" x"), ("sh", "-c", "API_KEY=*** x")),
        (("bash", "-lc", "TOKEN=abc make all"), ("bash", "-lc", "TOKEN=*** make all")),
        (("x", r'"{\"token\": \"a b\", \"c\": 1}"'), ("x", r'"{\"token\": \"***\", \"c\": 1}"')),
        (("x", "{'password' => 'a b'}"), ("x", "{'password' => '***'}")),
        (("curl", "https://me:p@ssword@host/a@b"), ("curl", "https://me:***@host/a@b")),
        (("pip", f"https:/bob:{SECRET}@127.0.0.1/simple/"), ("pip", "https:/bob:***@127.0.0.1/simple/")),
        (("git", f"git+https:/user:{SECRET}@h/x"), ("git", "git+https:/user:***@h/x")),
        (("x", f"/tmp/x/https:/u:{SECRET}@h/f"), ("x", "/tmp/x/https:/u:***@h/f")),
        (("curl", "HTTPS://me:x@host/"), ("curl", "HTTPS://me:*@host/")),
        (("curl", "git+ssh://me@corp:a@b@host/"), ("curl", "git+ssh://me@corp:***@host/")),
        (("curl", "-H", "Authorization: abc"), ("curl", "-H", "Authorization: ***")),
        (("curl", '-HAuthorization: Digest a="b", c'), ("curl", "-HAuthorization: Digest ***")),
        (
            ("sh", "-c", "curl -H 'Authorization: Digest a=\"b\", c' x"),
            ("sh", "-c", "curl -H 'Authorization: Digest ***' x"),
        ),
        (("x", '{"Authorization": "Bearer abc"}'), ("x", '{"Authorization": "Bearer ***"}')),
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
        ("x", "--password", "-v", "x"),
        ("x", "--password", "--host=a b"),
        ("x", "--", "x"),
        ("sh", "-c", "x --password --other; y"),
        ("sh", "-c", "x --password | y"),
        ("sh", "-c", "passwd root; tokenize x"),
        ("sh", "-c", "curl http://host:80/ me@host"),
        ("curl", "http://host:80/x@y"),
        ("x", "PATH=/usr/bin:/lib:/home/me@corp/bin"),
        ("skopeo", "docker://host/image:1@sha256:0"),
        ("scp", "me@host:/srv/x", "host:/srv/y"),
        ("cat", "/etc/pam.d/common-password", "x"),
        ("x", "task-aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("x", "grant_type=password", "x"),
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


IN_URL = f"/tmp/x/https:/bob:{SECRET}@h/f"
OUT_OF_URL = "/tmp/x/https:/bob:***@h/f"
ANY = {Op.TEXT, Op.TEXTS, Op.PATH, Op.JOINED}
ALL_TEXTS = [pytest.param(event, step, id=f"{event.name}.{step.name}") for event in PLAN.events for step in event.steps]


def test_the_schema_has_no_other_field_with_a_text():
    """What is neither of these is a number, or a word that stands for one."""
    ops = {param.values[1].op for param in ALL_TEXTS}
    assert ops - {Op.UNSIGNED, Op.SIGNED, Op.BOOLEAN, Op.TIME, Op.ONE_OF, Op.FLAGS} == {*ANY, Op.NAME}


@pytest.mark.parametrize(("event", "step"), [param for param in ALL_TEXTS if param.values[1].op in ANY])
def test_every_text_of_every_event(event, step):
    def made(text):
        given = {step.name: (text,) if step.op is Op.TEXTS else text}
        return make(event.name, **given, **({step.of: "f"} if step.op is Op.JOINED else {}))

    [batch] = Batch.of([made(IN_URL)])
    found = Redactor().redacted(batch)
    assert found.events() == [made(OUT_OF_URL)] and SECRET.encode() not in found.data


@pytest.mark.parametrize("event", [event.name for event in PLAN.events if any(s.op is Op.NAME for s in event.steps)])
def test_the_name_of_every_process(event):
    [batch] = Batch.of([make(event, comm="token=hunter2")])
    assert [each.comm for each in Redactor().redacted(batch)] == ["token=***"]


def test_the_relative_names_of_a_resolved_path():
    name = f"bob:{SECRET}@h"
    found = redacted(make("open", path=f"{name}/f", real_path=f"/x/https:/{name}/f", inode=1))
    assert (found.path, found.real_path) == ("bob:***@h/f", "/x/https:/bob:***@h/f")
    found = redacted(make("exec", path=f"./{name}", exe=f"/x/https:/{name}", cwd="/x/https:", argv=(f"./{name}", "h")))
    assert (found.path, found.exe, found.argv) == ("./bob:***@h", "/x/https:/bob:***@h", ("./bob:***@h", "h"))
    found = redacted(make("unlink", path=f"{name}/f", joined_path=f"/x/https:/{name}/f"))
    assert (found.path, found.joined_path) == ("bob:***@h/f", "/x/https:/bob:***@h/f")
    found = redacted(make("open", path="secret", real_path="/x/token=secret"))
    assert (found.path, found.real_path) == ("secret", "/x/token=***")


def test_a_batch_without_secrets_is_the_same():
    [batch] = Batch.of([make("open"), make("exec")])
    assert Redactor().redacted(batch) is batch


def redacted(event, *patterns):
    [batch] = Batch.of([event])
    [found] = Redactor(patterns).redacted(batch)
    return found


def test_a_text_begins_where_the_one_before_it_ends():
    found = redacted(make("rename", path="fooX", new_path=TOKENS[1]))
    assert (found.path, found.new_path) == ("fooX", "***")
    assert redacted(make("exec", path="foo", argv=("-token", SECRET))).argv == ("-token", "***")


def test_patterns_of_the_user():
    redactor = Redactor([r"corp-[0-9]{4}", r"id=(?P<secret>\w+)", "(?P<secret>q)?w"])
    assert redactor.text(b"a corp-1234 id=me b w") == b"a *** id=** b *"


@pytest.mark.parametrize("pattern", ["^corp", "corp$", "^corp$", "corp.*", "corp[^x]*"])
def test_patterns_are_for_each_text_by_itself(pattern):
    found = redacted(make("exec", path="corp", argv=("x", "corp", "y", "acorpb")), pattern)
    assert found.path == "***" and found.argv[:3] == ("x", "***", "y")


def test_patterns_are_for_paths_as_they_are_shown():
    pattern = "/home/[a-z]+/private"
    event = make("exec", path="x", exe="/home/me/private/x", cwd="/home/me/private", argv=("/home/me/private/y",))
    found = redacted(event, pattern)
    assert (found.exe, found.cwd, found.argv) == ("***/x", "***", ("***/y",))
    event = make("stat", path="private/x", joined_path="/home/me/private/x", errno="ENOENT")
    found = redacted(event, pattern)  # the two are recorded apart
    assert (found.path, found.joined_path) == ("***/x", "***/***/x")
    event = make("stat", path="x/y", joined_path="/home/me/private/x/y", errno="ENOENT")
    found = redacted(event, pattern)
    assert (found.path, found.joined_path) == ("x/y", "***/x/y")
    event = make("stat", path="/a", joined_path="/srv/a", errno="ENOENT")
    assert redacted(event, "srv/(?P<secret>a)").path == "/*"


@pytest.mark.parametrize("path", ["/", "/a", "/a/b", "a", "//a"])
@pytest.mark.parametrize("pattern", [".", ".*", "/", "^.", ".$", "[^/]+"])
def test_any_path_can_be_changed(path, pattern):
    [batch] = Batch.of([make("open", path=path, real_path=path, inode=1), make("chdir", path="b", joined_path="/b")])
    assert len(Redactor([pattern]).redacted(batch).events()) == 2


def test_what_a_recording_says_of_itself():
    made = Manifest.new(
        start="2026-01-31T12:00:00Z",
        command=["x", "--password", SECRET, "corp-1"],
        settings={"path": ["/srv/corp-1"], "where": f"arg == '--token={SECRET}'", "rate": 5, "a": {"b": [[SECRET], 1]}},
    )
    found = Redactor(["corp-1", SECRET]).manifest(replace(made, directory="/srv/corp-1"))
    assert found.command == ("x", "--password", "***", "***")
    assert found.directory == "/srv/***"
    where = "arg == '--token=***'"
    assert found.settings == {"path": ["/srv/***"], "where": where, "rate": 5, "a": {"b": [["***"], 1]}}
    assert found.redacted[-2:] == ("pattern 1", "pattern 2")
    text = msgspec.json.encode(found).decode()
    assert SECRET not in text and "corp-1" not in text
    assert Redactor().manifest(replace(made, command=None)).command is None


def test_what_is_no_pattern_is_refused():
    with pytest.raises(UsageError, match="not a regular expression"):
        Redactor(["("])


def test_a_mask_is_never_longer_than_the_secret():
    assert Redactor(["x"]).text(b"axb") == b"a*b"


WORDS = 'password PASS wd api _ key = : x abc - -- https :// @ 1 / Authorization: Basic sk- ghp_ eyJ . token " header'
PIECES = st.sampled_from([*WORDS.split(), "\0", " ", "a1" * 10, *TOKENS])


@given(st.lists(PIECES, max_size=12).map("".join))
@settings(max_examples=800, deadline=None)
def test_the_quick_search_finds_what_the_rules_find(text):
    data = text.encode()
    if any(rule.search(data) for rule in redact._RULES):
        assert redact._may_have(data) and redact._may_have(b"a" + data + b"a")


PRINTABLE = st.text(st.characters(min_codepoint=32, exclude_categories=["C"]), min_size=4, max_size=40)
OPTION = re.compile("--?|-[a-z]|--[a-z][a-z-]*(=.*)?", re.IGNORECASE | re.DOTALL)


@given(PRINTABLE, st.sampled_from(["--password", "--db_password", "-api-key"]))
@settings(max_examples=400, deadline=None)
def test_a_value_of_any_characters_is_never_in_the_batch(secret, name):
    words = [("x", f"{name}={secret}", "y"), ("x", f"{name.strip('-')}={secret}", "y")]
    if not OPTION.fullmatch(secret):
        words.append(("x", name, secret, "y"))
    for each in words:
        [clean] = Batch.of([make("exec", argv=[word.replace(secret, "") for word in each])])
        if secret.encode() in clean.data:  # it is as what is there anyway
            continue
        [batch] = Batch.of([make("exec", argv=each)])
        found = Redactor().redacted(batch)
        assert secret.encode() not in found.data
        [event] = found
        assert len(event.argv) == len(each) and event.argv[-1] == "y"


@pytest.mark.parametrize(
    "first", ["", "eyJaaaaaaaa.", "authorization: ", "authorization:", "-h", "https://a:", "token=", "--token "]
)
@pytest.mark.parametrize(
    "part",
    ["eyJ", "a.a.a.", "eyJaaaaaaaa.", "eyJaaaaaaaa.eyJaaaaaaaa", "--token=", "token ", "pass", "token=a ", " ", "-"],
)
def test_time_grows_with_the_length_and_not_with_its_square(first, part):
    """256 KB take less than a quarter of a second; its square would take a minute."""
    text = (first + part * ((1 << 18) // len(part))).encode()
    began = time.process_time()
    Redactor().text(text)
    assert time.process_time() - began < 5


def test_a_web_token_within_a_word():
    token = TOKENS[-1].encode()
    for before in (b"", b"x", b"eyJ", b"eyJshort.", b"a.b-", b"eyJaaaaaaaaa.b."):
        assert Redactor().text(b"k " + before + token + b" l").endswith(b"*** l")
    assert Redactor().text(b"eyJhbGciOi.eyJzdWIi.x eyJ.eyJ.x") == b"eyJhbGciOi.eyJzdWIi.x eyJ.eyJ.x"


@pytest.mark.parametrize("pattern", ["", "^", "$", r"\b", "(?P<secret>)", "(?=x)"])
def test_a_pattern_that_matches_no_character(pattern):
    with pytest.raises(UsageError, match="a pattern that matches no character: "):
        Redactor([pattern])


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a*)*x", "((a+))+", "(a|b*)*", "(?:(?:a+)?b?)*", "(?i:(x+?)+)", "(?=(a+)+)x"]
)
def test_a_pattern_that_can_take_for_ever(pattern):
    with pytest.raises(UsageError, match="a pattern that can take for ever: ") as raised:
        Redactor([pattern])
    assert "a+ in place of (a+)+" in raised.value.hint


@pytest.mark.parametrize(
    "pattern",
    ["a+", "(a+b)+", "([a-z]+-)*x", "(a+){3}", "(?>a+)+", "(?:a++)+", "(a(b+))*", "(.*,)*", "(?P<secret>x+)y"],
)
def test_a_pattern_that_is_taken(pattern):
    Redactor([pattern])
