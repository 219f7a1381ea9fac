"""YAML of strangers: nothing hangs, nothing is executed, and every refusal is one line with its place."""

import os
import time

import pytest

from onlooker import UsageError
from onlooker.cli.main import main
from onlooker.rules import load
from onlooker.rules.files import DEEPEST, LARGEST
from onlooker.rules.loading import found_in
from onlooker.rules.rule import Refused, Rule

from .made import own, read, refused, rule

LAUGHS = "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True))


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        (LAUGHS, "an alias (*a): rules have none", 2),
        ("a: &a {b: *a}\n", "an alias (*a): rules have none", 1),
        ("title: " + "[" * (DEEPEST + 1), f"more than {DEEPEST} lists and mappings in each other", 1),
        ("title: x\n\ntitle: y\n", "the key 'title' is there twice", 3),
        (
            "title: x\nwhere: !!python/object/apply:os.system [id]\n",
            "not YAML that can be read: could not determine",
            2,
        ),
        ("title: x\nwhere: 'uid == 0\n", "not YAML that can be read: ", 0),
        (b"title: x\nwhere: \xff\n", "not UTF-8", 2),
        ("title: a: b\n", "not YAML that can be read: mapping values are not allowed", 1),
        ("title: \x00\n", "not YAML that can be read: ", 1),
        ("date: 2024-13-45\ntitle: x\n", "not YAML that can be read: month must be in 1..12", 1),
        ("- a\n- b\n", "no rule: a mapping with a title", 1),
        ("7: x\n", "not a key of a rule: 7", 1),
        ("? [a, b]\n: x\n", "", 1),
        ("x" * (LARGEST + 1), f"larger than {LARGEST >> 10} KiB", 1),
        ("a: " + "9" * 5000, "", 1),
        ("{" * 20, "", 0),
    ],
)
def test_what_is_refused(tmp_path, text, reason, line):
    began = time.monotonic()
    found = refused(tmp_path, text)
    assert time.monotonic() - began < 2
    assert found.reason.startswith(reason) and "\n" not in found.reason and found.reason
    assert found.place.line == line or not line


def test_an_alert_s_text_is_harmless(tmp_path, capfd):
    """A title with escape sequences can't reach a terminal."""
    (tmp_path / "x.yml").write_text('title: "\\e[2J\\nx"\nwhere: uid == 0\nid: "\\e]0;x"\n')
    assert main(["rules", "check", str(tmp_path)]) == 0
    assert main(["rules", "list", str(tmp_path)]) == 0
    assert main(["rules", "explain", str(tmp_path)]) == 0
    assert "\x1b" not in capfd.readouterr().out


@pytest.mark.parametrize(
    "text", ["title: x\nwhere:\n\ta: b\n", "title: x\n\twhere: y\n", "tests:\n  match:\n  \t- a\n"]
)
def test_a_tab_is_hinted_at(tmp_path, text):
    assert refused(tmp_path, text).hint == "indent with spaces: YAML takes no tab there"
    assert refused(tmp_path, "title: a: b\n").hint.startswith("quote what has a colon")


def test_a_mistyped_shipped(capfd):
    assert main(["rules", "check", "shiped"]) == 2
    assert "hint: did you mean 'shipped'?" in capfd.readouterr().err
    assert main(["rules", "check", "/not/there"]) == 2
    assert "hint: a file or a directory of rules" in capfd.readouterr().err


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.yml")
    [found] = found_in([str(tmp_path)])
    assert isinstance(found, Refused) and found.reason == "no regular file"


def test_a_file_that_may_not_be_read(tmp_path):
    (tmp_path / "x.yml").symlink_to("nothing")
    [found] = found_in([str(tmp_path)])
    assert isinstance(found, Refused) and found.reason == "cannot be read: No such file or directory"


def test_directories_are_looked_through(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "a" / "b" / "x.yaml").write_text(own("uid == 0"))
    (tmp_path / "a" / "y.yml").write_text(own("uid == 1"))
    (tmp_path / "a" / "y.tests.yml").write_text("match: [{event: exec, uid: 1}]\n")
    (tmp_path / "a" / "readme.md").write_text("no rule")
    found = load([str(tmp_path)])
    assert [each.id for each in found.rules] == ["y", "x"] and not found.refused
    assert found.rules[0].tests == {"match": [{"event": "exec", "uid": 1}]}


def test_the_others_still_load(tmp_path):
    (tmp_path / "a.yml").write_text(own("uid == 0"))
    (tmp_path / "b.yml").write_text(own("uid = = 0"))
    (tmp_path / "c.yml").write_text(own("uid == 0", "id: a\n"))
    found = load(str(tmp_path))
    assert [each.id for each in found.rules] == ["a"]
    assert [each.place.file for each in found.refused] == [str(tmp_path / "b.yml"), str(tmp_path / "c.yml")]
    assert found.refused[1].reason == f"its id 'a' is that of {tmp_path / 'a.yml'}:1"
    [note] = found.notes
    assert note.startswith(f"2 rules are refused: {tmp_path / 'b.yml'}:2: ")
    with pytest.raises(UsageError, match=r"b\.yml:2: expected a value"):
        load(str(tmp_path), strict=True)


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_no_rules(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"no rules are in|cannot read the rules of"):
        load(str(tmp_path / name))


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("where: uid == 0\n", "title is a text, not None", 1),
        ("title: x\nwhere: [uid]\n", "where is a text, not ['uid']", 2),
        ("title: x\nlevel: loud\nwhere: uid == 0\n", "unknown level 'loud'", 2),
        ("title: x\nlevle: low\nwhere: uid == 0\n", "unknown key 'levle'", 2),
        ("title: x\ntags: attack\nwhere: uid == 0\n", "tags are a list of texts", 2),
        ("title: x\nwhere: uidd == 0\n", "unknown field 'uidd', at 'uidd == 0'", 2),
        ("title: x\nwhere: event == 'open' and exit_code == 1\n", "no event can match", 2),
        ("title: x\nwhere: event == 'alert'\n", "alert is not among the chosen events", 2),
        (f"title: {'x' * 300}\nwhere: uid == 0\n", "a title has at most 256 characters", 1),
    ],
)
def test_mistakes_in_our_own(tmp_path, text, reason, line):
    found = refused(tmp_path, text)
    assert (found.reason[: len(reason)], found.place.line) == (reason, line)


def test_our_own(tmp_path):
    found = rule(
        tmp_path, "title: x\nwhere: >\n  event == 'open'\n  and uid == 0\nlevel: low\ntags: [a.b]\nauthor: me\n"
    )
    assert (found.id, str(found.expression), found.level) == ("rule", "event == 'open' and uid == 0", "low")
    assert (found.tags, found.events, found.language) == (("a.b",), ("open",), "onlooker")


def test_many_documents(tmp_path):
    assert all(isinstance(each, Rule) for each in read(tmp_path, "---\n".join([own("uid == 0")] * 40)))
