"""`onlooker rules`, and --rules of watch and replay."""

import json
import subprocess
import sys

import pytest

from onlooker import UsageError
from onlooker.answers.page import Page
from onlooker.cli.main import main
from onlooker.records import Batch
from onlooker.rules import load
from onlooker.testing import make

from .recorded import record, told

GOOD = "title: Root\nid: root\nwhere: event == 'exec' and uid == 0\ntests:\n  match: [{event: exec, uid: 0}]\n"
SIGMA = """\
title: A shell
logsource: {product: linux, category: process_creation}
detection: {sel: {Image|endswith: /sh}, condition: sel}
level: critical
"""


@pytest.fixture
def rules(tmp_path):
    directory = tmp_path / "rules"
    directory.mkdir()
    (directory / "good.yml").write_text(GOOD)
    (directory / "sigma.yml").write_text(SIGMA)
    return directory


def test_check(rules, capfd):
    code, out, err = told(capfd, "rules", "check", str(rules))
    assert (code, err, out[-1]) == (0, "", "2 rules can be used, 0 can't")
    (rules / "bad.yml").write_text("title: Bad\nwhere: uidd == 0\n")
    code, out, _ = told(capfd, "rules", "check", str(rules))
    assert (code, out[-1]) == (1, "2 rules can be used, 1 can't")
    assert out[0] == (
        f"{rules}/bad.yml:2: refused (Bad): unknown field 'uidd', at 'uidd == 0'; hint: did you mean 'uid'?"
    )


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("match: [{event: exec, exee: /bin/sh}]", "match 1: unknown field of exec 'exee' (did you mean 'exe'?)"),
        ("no_match: [{event: exec}, {event: exce}]", "no_match 2: unknown event 'exce' (did you mean 'exec'?)"),
        ("match: [{event: exec, parent: {com: sh}}]", "unknown field of a parent 'com' (did you mean 'comm'?)"),
        ("match: [{event: exec, uid: [x]}]", "match 1: "),
        ("match: [{exe: x}]", "match 1: not an event: "),
        ("match: 3", "match is a list of examples"),
        ("match: [{recording: none.onlook}]", "match 1: "),
    ],
)
def test_a_mistake_in_an_example_is_found_without_trying_it(rules, capfd, tests, said):
    (rules / "x.yml").write_text(f"title: X\nwhere: exe == '/bin/sh'\ntests: {{{tests}}}\n")
    code, out, _ = told(capfd, "rules", "check", str(rules))
    assert (code, out[-1]) == (1, "3 rules can be used, 0 can't; 1 example is wrong")
    [line] = [line for line in out if "wrong example" in line]
    assert line.startswith(f"{rules}/x.yml:1: wrong example: x: ") and said in line
    (rules / "x.yml").write_text("title: X\nwhere: exe == '/bin/sh'\ntests: {match: [{event: exec, exe: /x}]}\n")
    assert told(capfd, "rules", "check", str(rules))[0] == 0  # it is read, and not tried


def test_rules_for_other_logs_are_counted(rules, capfd):
    """A line for each log, however many rules are for it; nothing is wrong with them."""
    for number in range(40):
        (rules / f"windows{number}.yml").write_text(SIGMA.replace("linux", "windows"))
    (rules / "audit.yml").write_text(SIGMA.replace("category: process_creation", "service: auditd"))
    code, out, _ = told(capfd, "rules", "check", str(rules))
    assert code == 0 and out[-3:] == [
        f"left out: 40 rules are for windows, which onlooker does not see ({rules}/windows0.yml:2, ...)",
        f"left out: 1 rule is for linux auditd, which onlooker does not see ({rules}/audit.yml:2)",
        "2 rules can be used, 0 can't, 41 left out",
    ]
    code, out, err = told(capfd, "rules", "list", str(rules))
    assert (code, len(out), err.count("left out: ")) == (0, 3, 2)
    found = load(str(rules), strict=True)
    assert len(found.rules) == 2 and found.notes == [
        f"41 rules for other systems or logs are left out (onlooker rules check {rules})"
    ]


def test_a_rule_that_can_hardly_match(rules, capfd):
    (rules / "sigma.yml").write_text(SIGMA.replace("/sh", "'\\sh'"))
    code, out, _ = told(capfd, "rules", "check", str(rules))
    doubt = r"exe iendswith '\\sh': paths of Linux have slashes between names; '/sh' may be meant"
    assert code == 0 and out[2] == f"{rules}/sigma.yml:1: doubt: {doubt}"


def test_no_rule_is_for_linux(rules, capfd):
    (rules / "good.yml").unlink()
    (rules / "sigma.yml").write_text(SIGMA.replace("linux", "macos"))
    code, out, _ = told(capfd, "rules", "check", str(rules))
    assert (code, out[-1]) == (1, "0 rules can be used, 0 can't, 1 left out")
    with pytest.raises(UsageError, match=r"sigma.yml:2: it is for macos, not for linux"):
        load(str(rules))
    (rules / "windows.yml").write_text(SIGMA.replace("linux", "windows"))
    with pytest.raises(UsageError, match="none of 2 rules is for what onlooker sees: macos, windows"):
        load(str(rules))


def test_its_own_examples(rules, capfd):
    code, out, _ = told(capfd, "rules", "test", str(rules))
    assert (code, out) == (
        0,
        [
            f"{rules}/good.yml:1: root: ok: 1 found, 0 not",
            f"{rules}/sigma.yml:1: sigma: no examples",
            "2 rules: 1 passed, 0 failed, 1 without examples",
        ],
    )
    (rules / "sigma.tests.yml").write_text("match: [{event: exec, exe: /bin/cat}]\n")
    code, out, _ = told(capfd, "rules", "test", str(rules))
    assert (code, out[-1]) == (1, "2 rules: 1 passed, 1 failed, 0 without examples")
    assert out[1].startswith(f"{rules}/sigma.yml:1: sigma: FAILED: match 1: no alert: ")


def test_a_baseline_must_be_silent(rules, tmp_path, capfd):
    quiet = record(tmp_path / "quiet.onlook", [make("exec")])
    loud = record(tmp_path / "loud.onlook", [make("exec", uid=0), make("exec", uid=0)])
    code, out, _ = told(capfd, "rules", "test", str(rules), "--baseline", quiet)
    assert (code, out[-1]) == (0, f"{quiet}: 0 alerts")
    code, out, _ = told(capfd, "rules", "test", str(rules), "--baseline", loud)
    assert (code, out[-1]) == (1, f"{loud}: 2 alerts")
    assert out[-2].startswith(f"{loud}: FAILED: root: 2 alerts: [2026-") and "raised alert medium: Root" in out[-2]


def test_explain(rules, capfd):
    code, out, _ = told(capfd, "rules", "explain", str(rules))
    assert code == 0 and "root (medium): Root" in out and "  event == 'exec' and uid == 0" in out
    assert "    in the kernel  event == 'exec'" in out and "2 rules together" in out
    costs = [line.split() for line in out if "ns for an event" in line]
    assert len(costs) == 3 and all(0 < int(words[1]) < 10_000 for words in costs)


def test_what_makes_many_rules_cost_that_much(rules, capfd):
    """In a pipe, too, no line of it is wider than 80 columns."""
    for name in ("b", "c"):
        (rules / f"{name}.yml").write_text(f"title: {name}\nwhere: event == 'exec' and parent.comm == '{name}'\n")
    more = "".join(f" or exe endswith '/program{number}'" for number in range(20))
    (rules / "d.yml").write_text(f"title: d\nwhere: event == 'exec' and (uid == 0{more})\n")
    code, out, _ = told(capfd, "rules", "explain", str(rules))
    assert code == 0 and "  2 rules ask for parents, or which program it was: that costs more at each" in out
    assert out[-4] == "  by themselves these cost most" and all(" ns  " in line for line in out[-3:])
    assert max(len(line) for line in out if str(rules) not in line) <= 80


def test_list(rules, capfd):
    code, out, _ = told(capfd, "rules", "list", str(rules))
    assert (code, out) == (
        0,
        [
            "LEVEL     RULE   EVENTS  TITLE",
            "medium    root   exec    Root",
            "critical  sigma  exec    A shell",
        ],
    )


@pytest.mark.parametrize("action", ["list", "explain"])
def test_a_terminal_is_wide_enough(capfd, monkeypatch, action):
    monkeypatch.setattr("onlooker.answers.page.Page.of", lambda _: Page(80, 24))
    code, out, _ = told(capfd, "rules", action, "shipped")
    assert code == 0 and len(out) > 12 and max(map(len, out)) <= 80
    assert action == "list" or "  shipped/preload-written.yml:1" in out


def test_the_shipped_ones_have_short_names(capfd):
    code, out, _ = told(capfd, "rules", "check", "shipped")
    assert code == 0 and all(line.startswith("shipped/") and ".yml:" in line for line in out[:-1])
    name = out[0].partition(":")[0]
    assert told(capfd, "rules", "check", name)[1] == [out[0], "1 rule can be used, 0 can't"]


def test_a_file_that_is_named_twice_is_read_once(rules, capfd):
    code, out, _ = told(
        capfd, "rules", "check", str(rules), f"{rules}/good.yml", f"{rules}/../rules", "shipped", "shipped"
    )
    assert (code, out[-1]) == (0, "14 rules can be used, 0 can't")


def test_a_mistyped_key_of_the_examples(rules, capfd):
    (rules / "good.yml").write_text(GOOD.replace("  match:", "  match: []\n  nomatch:"))
    (rules / "sigma.tests.yml").write_text("match: []\nno_mach: []\n")
    code, out, _ = told(capfd, "rules", "check", str(rules))
    assert code == 1 and out == [
        f"{rules}/good.yml:6: refused (Root): unknown key of tests 'nomatch'; hint: did you mean 'no_match'?",
        f"{rules}/sigma.yml:1: refused (A shell): its examples in '{rules}/sigma.tests.yml', line 2: "
        "unknown key of tests 'no_mach'; hint: did you mean 'no_match'?",
        "0 rules can be used, 2 can't",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chek", "shipped"], "unknown action 'chek'"),
        (["check"], "no rules are named"),
        (["check", "/nothing"], "cannot read the rules of '/nothing': No such file or directory"),
        (["list", "shipped", "--baseline", "x.onlook"], "--baseline is for rules test"),
    ],
)
def test_mistakes(capfd, arguments, message):
    code, _, err = told(capfd, "rules", *arguments)
    assert code == 2 and message in err and "hint: " in err


def test_replay(rules, tmp_path, capfd):
    """Without --events alerts alone; with them both."""
    path = record(tmp_path / "x.onlook", [make("exec", uid=0, exe="/bin/sh"), make("open"), make("exec")])
    code, out, _ = told(capfd, "replay", path, "--rules", str(rules), "--output-format", "json")
    assert code == 0 and [json.loads(line)["rule"] for line in out] == ["root", "sigma"]
    code, out, _ = told(capfd, "replay", path, "--rules", str(rules), "--events", "exec", "--output-format", "json")
    assert [json.loads(line)["event"] for line in out] == ["exec", "alert", "alert", "exec"]


def test_replay_says_what_is_refused(rules, tmp_path, capfd):
    path = record(tmp_path / "x.onlook", [make("exec")])
    (rules / "bad.yml").write_text("title: Bad\nwhere: uidd == 0\n")
    code, out, err = told(capfd, "replay", path, "--rules", str(rules))
    assert (code, out) == (0, []) and f"1 rule is refused: {rules}/bad.yml:2: unknown field 'uidd'" in err
    assert f"(onlooker rules check {rules})" in err
    code, _, err = told(capfd, "replay", path, "--rules", str(rules), "--strict-rules")
    assert code == 2 and "bad.yml:2: unknown field 'uidd'" in err
    assert main(["replay", path, "--strict-rules"]) == 2


def test_watch(rules, watch):
    code, out, err = watch("--rules", str(rules), events=[make("exec", uid=0), make("open")])
    assert code == 0 and out.count("raised alert medium: Root [rule: root]") == 1 == out.count("\n")
    assert err.startswith("onlooker: watching exec for 2 rules; Ctrl-C ends it\n")
    assert "onlooker: 1 event in 0.0 s: 1 alert\n" in err


@pytest.fixture
def alerted(rules, tmp_path, capfd):
    """A recording with an alert of root's exec, and another process's open."""
    from onlooker.rules import Detector, load

    path = tmp_path / "alerted.onlook"
    events = [make("exec", uid=0, exe="/bin/x", comm="x"), make("open", comm="y")]
    detector = Detector(load(str(rules)).rules)
    return record(path, [event for batch in Batch.of(events) for event in detector.with_alerts(batch)])


@pytest.mark.parametrize(
    ("options", "events"),
    [
        ((), ["exec", "alert", "open"]),
        (("--events", "alert"), ["alert"]),
        (("--events", "exec"), ["exec"]),
        (("--where", "comm == 'x'"), ["exec", "alert"]),
        (("--where", "comm == 'y'"), ["open"]),
        (("--where", "level == 'medium'"), ["alert"]),
        (("--where", "event == 'alert' and matched == 'open'"), []),
        (("--where", "parent.comm == 'z'"), []),
    ],
)
def test_recorded_alerts_are_events(alerted, capfd, options, events):
    code, out, _ = told(capfd, "replay", alerted, *options, "--output-format", "json")
    assert (code, [json.loads(line)["event"] for line in out]) == (0, events)


@pytest.mark.parametrize(
    ("expression", "code"), [("comm == 'z'", 0), ("event == 'alert'", 1), ("level == 'critical'", 0), ("uid == 0", 1)]
)
def test_check_for_alerts(alerted, capfd, expression, code):
    assert told(capfd, "check", alerted, "--fail-on", expression)[0] == code


def test_alerts_in_sql(alerted, capfd):
    pytest.importorskip("duckdb")
    sql = "SELECT event, rule FROM events ORDER BY seq"
    code, out, _ = told(capfd, "query", alerted, "--where", "comm == 'x'", sql, "--output-format", "json")
    assert (code, [json.loads(line) for line in out][1]) == (0, {"event": "alert", "rule": "root"}) and len(out) == 2
    code, out, _ = told(capfd, "query", alerted, "--where", "level == 'low'", sql, "--output-format", "json")
    assert (code, out) == (0, [])


def test_no_alerts_without_rules(capfd):
    code, _, err = told(capfd, "watch", "--events", "alert")
    assert code == 2 and "hint: --rules shipped" in err


def test_what_is_asked_for_is_explained(rules, watch):
    code, out, _ = watch("--rules", str(rules), "--explain")
    assert code == 0 and out.startswith("event == 'exec' and uid == 0 or event == 'exec' and not errno exists and")
    assert "  exec           uid == 0 or not errno exists\n" in out and "\nfork, exec and exit all pass" in out
    _, out, _ = watch("--rules", str(rules), "--events", "chdir", "--explain")
    assert out.startswith("event in ('chdir') or event == 'exec' and uid == 0 or ") and "  chdir          all\n" in out


def test_nothing_of_it_is_loaded_where_there_are_no_rules():
    script = (
        "import sys, onlooker; from onlooker.testing import FakeSource, make\n"
        "with onlooker.Monitor(source=FakeSource([make('open')])) as monitor: list(monitor)\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('yaml', 'sigma') or '.rules.' in name])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_without_the_libraries(rules, monkeypatch, capfd):
    """Our own rules need PyYAML alone."""
    monkeypatch.setattr("onlooker.rules.sigma.find_spec", lambda name: None)
    code, _, err = told(capfd, "rules", "check", str(rules))
    assert code == 3 and "a rule of Sigma needs pySigma, which is not installed" in err and "onlooker[rules]" in err
    (rules / "sigma.yml").unlink()
    assert told(capfd, "rules", "check", str(rules))[0] == 0
    monkeypatch.setattr("onlooker.rules.files.find_spec", lambda name: None)
    code, _, err = told(capfd, "rules", "check", str(rules))
    assert code == 3 and "reading rules needs PyYAML, which is not installed" in err


@pytest.mark.parametrize("options", [("--output-format", "table"), ("--names",)])
def test_who_it_was_in_other_formats(rules, watch, options):
    code, out, _ = watch("--rules", str(rules), *options, events=[make("exec", uid=0)])
    line = out.splitlines()[-1]
    assert code == 0 and "1234" in line and "root" in line.lower() and "Root" in line
    assert options[0] == "--names" or line.split()[1:6] == ["alert", "1234", "1000", "0", "fake"]
