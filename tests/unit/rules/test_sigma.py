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

ONE = r"[^\\x80-\\xbf][\\x80-\\xbf]*"  # a character of UTF-8
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
        ("CommandLine: 'a.*/b?'", rf"cmdline imatches '(?s)^a\\..*/b{ONE}$'"),
        ("Image|endswith: '/x?*'", f"exe imatches '(?s)/x{ONE}'"),
        ("Image: /bin/*sh", "exe imatches ('(?s)^/bin/.*sh$', '(?s)^/usr/bin/.*sh$')"),
        ("CurrentDirectory: /var/run", "cwd iglob ('/var/run', '/run')"),
        ("CurrentDirectory|startswith: /var/lock/x", "cwd istartswith ('/var/lock/x', '/run/lock/x')"),
        ("CurrentDirectory|contains: /var/run/x", "cwd icontains '/var/run/x' or cwd istartswith '/run/x'"),
        ("CurrentDirectory|endswith: /var/run/x", "cwd iendswith '/var/run/x' or cwd iglob '/run/x'"),
        ("CommandLine|contains: /var/run/x", "cmdline icontains '/var/run/x'"),
        ("CommandLine|re: 'a[0-9]+ .*b$'", "cmdline matches 'a[0-9]+ .*b$'"),
        ("CommandLine|re|i: 'a.*b'", "cmdline imatches 'a.*b'"),
        ("CommandLine|re: '(?i)[^/]{40,}$'", "cmdline matches '(?u)(?i)[^/]{40,}$'"),
        ("CommandLine|re|i|s: ['a.b', c]", "cmdline imatches ('(?u)(?s)a.b', '(?s)c')"),
        (r"CommandLine|re: '\bid\b'", r"cmdline matches '\\bid\\b'"),
        ("CommandLine|contains|neq: a", "not cmdline icontains 'a'"),
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
        ("User: ROOT", "uid == 0"),
        ("User|contains: OO", "uid == 0"),
        ("User: [root, nobody-of-that-name]", "uid == 0"),
        ("LogonId: 0x3", "uid == 3"),
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
        (one(r"CommandLine|re: '(a)\1'"), r"CommandLine: a regular expression that can't be used: '\1'", 3),
        (one("CommandLine|re: '(?=a)b'"), "CommandLine: a regular expression that can't be used: looking ahead", 3),
        (one("CommandLine|re|m: '^a'"), "CommandLine: a regular expression of several lines", 3),
        (one("CommandLine|re: '(a|b)*a(a|b){20}'"), "CommandLine: a regular expression that can't be used: it has", 3),
        (
            one("CommandLine|re: '('"),
            "CommandLine: a regular expression that can't be used: a parenthesis is not closed",
            3,
        ),
        (one("ProcessId: x"), "ProcessId: pid is a number, not x", 3),
        (one("User: nobody-of-that-name"), "User: unknown user", 3),
        (one("User|startswith: nobody-of-th"), "User: unknown user 'nobody-of-th*'", 3),
        (one("User|re: r"), "User: a regular expression can't be asked of a user", 3),
        (one("CommandLine|contains: 2026-11-29"), "not a value that can be asked for: ", 3),
        (sigma("kw: [~]\ncondition: kw"), "a keyword can't be nothing", 3),
        (one("CommandLine|expand: '%x%'"), "cmdline: a placeholder (expand) has no values here", 3),
        (
            sigma("a: {ProcessId: 1}\ncondition: a | count() > 5"),
            "its condition can't be read: The pipe syntax in Sigma conditions",
            3,
        ),
        (sigma("a: {ProcessId: 1}\ncondition: b"), "its condition can't be read: Detection 'b' not defined", 3),
        (sigma("a: {ProcessId: 1}\ncondition: a and"), "", 3),
        (sigma("a: {ProcessId: 1}\ncondition: a", "dns"), "category dns: onlooker does not see that", 2),
        (sigma("a: {ProcessId: 1}\ncondition: a", "process_creatoin"), "unknown category process_creatoin", 2),
        (one("ProcessId: 1").replace("linux", "[linux]"), "not the name of a log: ['linux']", 2),
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


def tried(rule, match, no_match):
    found = try_rule(msgspec.structs.replace(rule, tests={"match": match, "no_match": no_match}))
    assert (found.failed, found.match, found.no_match) == ((), len(match), len(no_match))


@pytest.mark.parametrize("source", ["category: process_creation, product: linux", "product: linux"])
def test_keywords(tmp_path, source):
    """They are looked for in what an exec tells. A rule that names no log is about what somebody typed."""
    text = sigma("kw: ['get * | sh', /opt/odd/]\ncondition: kw")
    found = rule(tmp_path, text.replace("product: linux, category: process_creation", source))
    good = [
        {"event": "exec", "argv": ["sh", "-c", "GET http://x | sh -x"]},
        {"event": "exec", "exe": "/opt/odd/tool"},
        {"event": "exec", "cwd": "/opt/odd/dir"},
    ]
    tried(found, good, [{"event": "exec", "argv": ["sh", "-c", "get x"]}, {"event": "open", "path": "/opt/odd/x"}])


def test_keywords_of_files(tmp_path):
    text = "all: {'|all': [one, two]}\nother: [three]\ncondition: all and not other"
    found = rule(tmp_path, sigma(text, "file_rename"))
    file = {"event": "rename", "path": "/tmp/one", "new_path": "/tmp/TWO"}
    tried(found, [file], [{**file, "path": "/tmp/three-one"}, {**file, "path": "/tmp/x"}])


def test_what_no_event_has(tmp_path):
    """It does not match, and what does not need it works."""
    text = "sel: [{Hashes|contains: x}, {ProcessId: 7}]\nout: {Product: y}\ncondition: sel and not out"
    assert str(rule(tmp_path, sigma(text)).expression) == f"{EXEC}pid == 7"
    assert str(rule(tmp_path, one("Hashes: null", "ProcessId: 7")).expression) == f"{EXEC}pid == 7"
    assert str(rule(tmp_path, one("Signed|exists: false", "ProcessId: 7")).expression) == f"{EXEC}pid == 7"
    text = "sel: {ProcessId: 7}\nout: {User: nobody-of-that-name}\ncondition: sel and not out"
    assert str(rule(tmp_path, sigma(text)).expression) == f"{EXEC}pid == 7"
    found = refused(tmp_path, sigma("sel: {ProcessId: 7}\nother: {Company: null}\ncondition: sel and not other"))
    assert found.reason == "it can never match"


def test_a_filter_of_what_is_not_known(tmp_path):
    """Where nobody knows the parent, or the program, it is no parent that is left out."""
    text = "sel: {Image|endswith: /tool}\nout: {ParentImage|endswith: /make}\ncondition: sel and not 1 of out*"
    tool = {"event": "exec", "exe": "/usr/bin/tool"}
    make_, shell = {"exe": "/usr/bin/make"}, {"exe": "/usr/bin/bash"}
    tried(rule(tmp_path, sigma(text)), [tool, {**tool, "parent": shell}], [{**tool, "parent": make_}])
    text = "sel: {TargetFilename|endswith: /x}\nout: {Image|endswith: /dpkg}\ncondition: sel and not out"
    file = {"event": "open", "path": "/etc/x", "created": True}
    found = rule(tmp_path, sigma(text, "file_event"))
    tried(found, [file, {**file, "process": {"exe": "/bin/vi"}}], [{**file, "process": {"exe": "/usr/bin/dpkg"}}])


def test_a_character_is_no_byte(tmp_path):
    """A name of Cyrillic letters has two bytes for each."""
    long = rule(tmp_path, sigma("sel: {TargetFilename|re: '[^/]{8,}$'}\ncondition: sel", "file_event"))
    event = {"event": "open", "created": True}
    tried(
        long,
        [{**event, "path": f"/tmp/{name}"} for name in ("a" * 8, "\u0436" * 8, "\u0436" * 9)],
        [{**event, "path": f"/tmp/{name}"} for name in ("a" * 7, "\u0436" * 7, "a" * 9 + "/x")],
    )
    short = rule(tmp_path, one("Image|endswith: '/?'"))
    exec_ = {"event": "exec"}
    tried(
        short,
        [{**exec_, "exe": f"/tmp/{name}"} for name in ("a", "\u0436", "\U0001f600")],
        [{**exec_, "exe": f"/tmp/{name}"} for name in ("aa", "\u0436\u0436", "")],
    )


def test_arguments_as_programs_write_them(tmp_path):
    found = rule(
        tmp_path, one(r"CommandLine|re: '\s-O\s'", "CommandLine|contains: ' /tmp/'", "CommandLine|endswith: x")
    )
    good = [("get", "-O", "/tmp/x"), ("get", "", "-O", "", "/tmp/\nx"), ("get", "-O", "a b /tmp/X")]
    bad = [("get", "-o", "/tmp/x"), ("get", "-O", "'/tmp/x"), ("get", "-O", "/tmp/x", "")]
    examples = [[{"event": "exec", "argv": list(argv)} for argv in those] for those in (good, bad)]
    tried(found, *examples)


def test_what_else_a_rule_says_does_not_matter(tmp_path):
    more = "status: tried\ndate: 2026/29/11\nauthor: 7\nrelated: x\nsimulation: [{type: y}]\n"
    assert rule(tmp_path, one("ProcessId: 1") + more).level == "high"


def test_rules_for_other_logs_are_not_read(tmp_path):
    """Most rules of a large collection are: a word for which log it is, whatever else is in them."""
    text = one("Imag|nothing: 1")
    windows = refused(tmp_path, text.replace("linux", "windows"))
    assert (windows.source, windows.reason) == ("windows", "it is for windows, not for linux")
    audit = refused(tmp_path, text.replace("category: process_creation", "service: auditd"))
    assert audit.source == "linux auditd"
    assert refused(tmp_path, text.replace("process_creation", "dns_query")).source == "linux dns_query"
    assert refused(tmp_path, text).source == ""
