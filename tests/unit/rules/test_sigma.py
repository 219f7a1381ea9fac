"""Sigma's rules in our language: they mean the same, or are refused."""

import msgspec
import pytest

from onlooker.events import TASK_EVENTS
from onlooker.filters.check import check
from onlooker.filters.compile import matcher
from onlooker.filters.expression import without_places
from onlooker.filters.parse import parse
from onlooker.records import Batch
from onlooker.rules.detector import Detector
from onlooker.rules.trying import try_rule
from onlooker.testing import make

from .made import read, refused, rule, sigma

EXEC = "event == 'exec' and not errno exists and "


def one(*lines):
    return sigma("\n".join(["sel:", *(f"  {line}" for line in lines), "condition: sel"]))


@pytest.mark.parametrize(
    ("detection", "wanted"),
    [
        ("Image|endswith: /bash", "exe iendswith '/bash'"),
        ("Image|endswith: ['/sh', '/bash']", "exe iendswith ('/sh', '/bash')"),
        ("Image: /usr/bin/id", r"exe iglob '/usr/bin/id'"),
        ("Image: '/usr/bin/[*'", "exe istartswith '/usr/bin/['"),
        ("Image: /bin/id", "exe iglob ('/bin/id', '/usr/bin/id')"),
        ("Image|startswith: /sbin/", "exe istartswith ('/sbin/', '/usr/sbin/')"),
        ("Image|cased: /usr/bin/id", "exe == '/usr/bin/id'"),
        ("CommandLine|contains: ' -c '", "cmdline icontains ' -c '"),
        ("CommandLine|contains: ' 77 '", "cmdline contains ' 77 '"),
        ("CommandLine|contains|all: ['a', 'B']", "cmdline icontains 'a' and cmdline icontains 'B'"),
        ("CommandLine|contains: ['a', '1', 'b']", "cmdline icontains ('a', 'b') or cmdline contains '1'"),
        ("CommandLine: 'a*'", "cmdline istartswith 'a'"),
        ("CommandLine: '*a'", "cmdline iendswith 'a'"),
        ("CommandLine: '*'", "cmdline exists"),
        (r"CommandLine|contains: 'a\*b'", "cmdline icontains 'a*b'"),
        ("CommandLine|contains: 'a*b'", "cmdline imatches '(?s)a.*b'"),
        ("CommandLine: 'a.*/b?'", r"cmdline imatches '(?s)^a\\..*/b.$'"),
        ("Image|endswith: '/x?*'", "exe imatches '(?s)/x.'"),
        ("CommandLine|re: 'a[0-9]+ .*b$'", "cmdline matches 'a[0-9]+ .*b$'"),
        ("CommandLine|re|i: 'a.b'", "cmdline imatches 'a.b'"),
        ("CommandLine|re|i|s: ['a.b', c]", "cmdline imatches ('(?s)a.b', '(?s)c')"),
        ("ParentCommandLine|re: '^a'", "parent.cmdline matches '^a'"),
        ("CommandLine: ''", "cmdline == ''"),
        ("CommandLine: null", "not cmdline exists"),
        ("CommandLine|exists: true", "cmdline exists"),
        ("CommandLine|exists: false", "not cmdline exists"),
        ("CommandLine|base64: hello", "cmdline iglob 'aGVsbG8='"),
        ("CommandLine|windash|contains: ' -x'", "cmdline icontains (' -x', ' /x', ' \u2013x', ' \u2014x', ' \u2015x')"),
        ("ProcessId: 7", "pid == 7"),
        ("ProcessId: ['7', 8]", "pid in (7, 8)"),
        ("ProcessId|gte: 7", "pid >= 7"),
        ("User: root", "uid == 0"),
        ("User: 33", "uid == 33"),
        ("LogonId: 0x3", "session == 3"),
        ("CurrentDirectory|startswith: /tmp", "cwd istartswith '/tmp'"),
        ("ParentImage|endswith: /nginx", "parent.exe iendswith '/nginx'"),
        ("ParentCommandLine|contains: x", "parent.cmdline icontains 'x'"),
        ("ParentProcessId: 1", "ppid == 1"),
        ("comm: NC", "comm iglob 'NC'"),
        ("parent.comm|contains: x", "parent.comm icontains 'x'"),
    ],
)
def test_fields_and_modifiers(tmp_path, detection, wanted):
    found = rule(tmp_path, one(detection))
    assert str(found.expression) in (EXEC + wanted, f"{EXEC}({wanted})")
    check(found.expression, TASK_EVENTS)
    assert without_places(parse(str(found.expression))) == found.expression


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("a and b", "pid == 1 and pid == 2"),
        ("a or b", "pid in (1, 2)"),
        ("a and not b", "pid == 1 and not pid == 2"),
        ("not a", "not pid == 1"),
        ("1 of sel_*", "pid in (3, 4)"),
        ("all of sel_*", "pid == 3 and pid == 4"),
        ("1 of them", "pid in (1, 2, 3, 4)"),
        ("a and not 1 of sel_*", "pid == 1 and not pid in (3, 4)"),
        ("not (a and b)", "not (pid == 1 and pid == 2)"),
    ],
)
def test_conditions(tmp_path, condition, wanted):
    found = rule(
        tmp_path,
        sigma(
            "a: {ProcessId: 1}\nb: {ProcessId: 2}\nsel_1: {ProcessId: 3}\nsel_2: {ProcessId: 4}\n"
            f"condition: {condition}"
        ),
    )
    assert str(found.expression) == EXEC + wanted
    assert without_places(parse(str(found.expression))) == found.expression


def test_files_that_are_made(tmp_path):
    """Made, overwritten, or given another name; a rename has two, and the new one counts."""
    text = sigma("sel: {TargetFilename|startswith: /etc/cron.d/, Image|endswith: /vim}\ncondition: sel", "file_event")
    found = rule(tmp_path, text)
    assert found.events == ("open", "rename", "link", "symlink", "mknod")
    where = {"process": {"exe": "/usr/bin/vim"}}
    good = [
        {"event": "open", "path": "/etc/cron.d/x", "flags": ["O_WRONLY", "O_CREAT"], "created": True, **where},
        {"event": "open", "path": "/ETC/cron.d/x", "flags": ["O_WRONLY", "O_TRUNC"], **where},
        {"event": "rename", "path": "/tmp/x", "new_path": "/etc/cron.d/x", **where},
        {"event": "link", "path": "/tmp/x", "new_path": "/etc/cron.d/x", **where},
        {"event": "symlink", "target": "/tmp/x", "path": "/etc/cron.d/x", **where},
    ]
    bad = [
        {"event": "open", "path": "/etc/cron.d/x", **where},
        {"event": "open", "path": "/etc/cron.d/x", "flags": ["O_WRONLY", "O_CREAT"], "created": True},
        {"event": "open", "path": "/etc/cron.d/x", "created": True, "process": {"exe": "/usr/bin/nano"}},
        {"event": "rename", "path": "/etc/cron.d/x", "new_path": "/tmp/x", **where},
        {"event": "rename", "path": "/tmp/x", "new_path": "/etc/cron.d/x", "errno": "EACCES", **where},
    ]
    tried = try_rule(msgspec.structs.replace(found, tests={"match": good, "no_match": bad}))
    assert (tried.match, tried.no_match, tried.failed) == (5, 5, ())


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        (one("OriginalFileName: x"), "the field OriginalFileName is not there: programs of Linux", 3),
        (one("Imag: x"), "the field 'Imag' is not there", 3),
        (one("CommandLine|fieldref: Image"), "CommandLine: another field (fieldref) can't be asked of cmdline", 3),
        (one("Image|cidr: 10.0.0.0/8"), "Image: a network (cidr) can't be asked of exe", 3),
        (one(r"CommandLine|re: 'a\bb'"), "CommandLine: a regular expression that can't be used: '\\b'", 3),
        (one("CommandLine|re|m: '^a'"), "CommandLine: a regular expression of several lines", 3),
        (one("CommandLine|re: '(a|b)*a(a|b){20}'"), "CommandLine: a regular expression that can't be used: it has", 3),
        (
            one("CommandLine|re: '('"),
            "CommandLine: a regular expression that can't be used: a parenthesis is not closed",
            3,
        ),
        (one("ProcessId: x"), "ProcessId: pid is a number, not x", 3),
        (one("User: nobody-of-that-name"), "User: unknown user", 3),
        (one("User|contains: oo"), "User: a user is asked for by name, as a whole", 3),
        (one("CommandLine|expand: '%x%'"), "cmdline: a placeholder (expand) has no values here", 3),
        (sigma("kw: [a, b]\ncondition: kw"), "keywords without a field can't be looked for", 3),
        (sigma("a: {ProcessId: 1}\ncondition: a | count() > 5"), "The pipe syntax in Sigma conditions", 3),
        (sigma("a: {ProcessId: 1}\ncondition: b"), "Detection 'b' not defined", 3),
        (sigma("a: {ProcessId: 1}\ncondition: a and"), "", 3),
        (sigma("a: {ProcessId: 1}\ncondition: a", "dns"), "category dns: onlooker does not see that", 2),
        (one("ProcessId: 1").replace("linux", "windows"), "it is for windows, not for linux", 2),
        (one("ProcessId: 1").replace("category: process_creation", "service: auditd"), "the log of a service", 2),
        (one("ProcessId: 1").replace("level: high", "level: loud"), "", 7),
        (one("ProcessId: 1") + "id: 7\n", "", 3),
        ("title: x\ncorrelation: {type: event_count}\n", "a correlation of other rules can't be used", 2),
        ("title: x\nfilter: {}\n", "a filter of other rules can't be used", 2),
        ("action: global\ntitle: x\n", "a part of a collection (action) can't be used", 1),
        ("title: x\n", "neither `where` nor `detection` is in it", 1),
    ],
)
def test_what_is_refused(tmp_path, text, reason, line):
    found = refused(tmp_path, text)
    assert found.reason.startswith(reason) and found.reason and "\n" not in found.reason
    assert (found.place.file, found.place.line) == (str(tmp_path / "rule.yml"), line)


def test_what_it_says_of_itself(tmp_path):
    text = one("ProcessId: 1") + "id: 11111111-2222-3333-4444-555555555555\ndescription: Why\n"
    found = rule(tmp_path, text)
    assert (found.id, found.title, found.level) == ("11111111-2222-3333-4444-555555555555", "A test", "high")
    assert (found.tags, found.description, found.language) == (("attack.t1059",), "Why", "sigma")
    assert found.events == ("exec",)


def test_several_in_one_file(tmp_path):
    """Each is judged by itself."""
    found = read(tmp_path, "---\n".join([one("ProcessId: 1"), one("Nothing: 1"), one("ProcessId: 2")]))
    assert [getattr(each, "id", "") for each in found] == ["rule", "", "rule-3"]


def test_case_does_not_count_and_wildcards_are_not_stopped(tmp_path):
    found = rule(tmp_path, one("CommandLine|contains: 'CURL*| sh'"))
    [batch] = Batch.of(
        [
            make("exec", argv=("sh", "-c", "curl https://x/y |  Sh")),
            make("exec", argv=("sh", "-c", "curl https://x/y | SH")),
            make("exec", argv=("sh", "-c", "url https://x/y | sh")),
        ]
    )
    assert [len(event.argv[2]) for event in batch.matching(matcher(found.expression))] == [21]
    assert [numbers for _, _, numbers in Detector([found]).found(batch)] == [[0]]


def test_nothing_is_written_and_nothing_hangs(tmp_path, capfd):
    """RE2 would write to standard error, and Python's re would take for ever for such a selector."""
    refused(tmp_path, one("CommandLine|re: '('"))
    name = "a" * 100
    refused(tmp_path, sigma(f"{name}: {{ProcessId: 1}}\ncondition: 1 of {'a*' * 20}b"))
    assert capfd.readouterr() == ("", "")
