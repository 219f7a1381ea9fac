"""The page: nothing of a recording can do anything in it, and it says what is missing."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from onlooker.errors import UnsupportedError

from ..hostile import texts
from ..recordings.lives import build, end, execute, life
from .surveyed import opened, written

EVIL = "</script><img src=x onerror=alert(1)>\u202e\n\x1b[31m\"'&"


class Tags(HTMLParser):
    """The elements, and what scripts hold."""

    def __init__(self, html):
        super().__init__()
        self.names, self.attributes, self.text = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [(tag, *each) for each in attrs]

    def handle_data(self, data):
        self.text += data


def hostile():
    return [
        execute(10.001, 100, 10, EVIL, EVIL, path=EVIL, exe=EVIL, comm="<img src=x>"),
        opened(11, EVIL),
        opened(12, EVIL, errno="EACCES", comm="<b>"),
        end(13, 100, 10, exit_code=1, comm="<b>"),
    ]


def test_a_hostile_recording_changes_no_element():
    html, data = written(*hostile(), title=EVIL, directory=EVIL, host=EVIL, notes=[EVIL], command=[EVIL])
    plain, _ = written(
        *(each for each in build() if each.pid == 100), opened(12, "/a", errno="EACCES"), title="a", directory="a",
        host="a", notes=["a"], command=["a"],
    )  # fmt: skip
    assert Tags(html).names == Tags(plain).names
    assert "img" not in Tags(html).names and not [each for each in Tags(html).attributes if each[1].startswith("on")]
    shown = html.partition("<style>")[0] + html.partition("</style>")[2].partition("<script type=")[0]
    assert "\u202e" not in html and "\x1b" not in html and "\\u202e" in shown
    assert data["files"]["path"] == ["</script><img src=x onerror=alert(1)>\\u202e\\n\\x1b[31m\"'&"]


@settings(max_examples=50)
@given(texts)
def test_every_text_can_be_printed(name):
    html, data = written(opened(11, name), opened(12, name, errno="EACCES"), title=name)
    assert all(text.isprintable() for text in [*data["files"]["path"], *data["texts"]])
    assert html.encode() and Tags(html).names.count("script") == 2


def test_the_policy_allows_nothing_but_what_is_in_the_page():
    html, _ = written(*build())
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    directives = dict(each.strip().partition(" ")[::2] for each in policy.replace("&#x27;", "'").split(";"))
    assert directives["default-src"] == directives["base-uri"] == directives["form-action"] == "'none'"
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        [text] = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert directives[directive] == f"'sha256-{digest}'"
    assert not [each for each in Tags(html).attributes if each[1] in ("src", "style")]
    assert {each[2][:1] for each in Tags(html).attributes if each[1] == "href"} == {"#"}


SAID = [
    ({}, "complete", "Complete: nothing is missing in this recording."),
    ({"notes": ["it was recorded with --failed"]}, "narrowed", "Nothing was lost, but this is only a part"),
    ({"verdict": "complete; 7 events were left out, over the --rate"}, "narrowed", "Complete; 7 events were left"),
    ({"verdict": "incomplete: 3 events are", "complete": False}, "incomplete", "Incomplete: 3 events are."),
]


@pytest.mark.parametrize(("facts", "state", "words"), SAID)
def test_the_verdict_is_first(facts, state, words):
    html, _ = written(*build(), command=["make"], **facts)
    assert f'<html lang="en" class="{state}">' in html and f"<strong>{words}" in html
    assert ("<title>INCOMPLETE: make</title>" in html) == (state == "incomplete")
    assert all(note in html for note in facts.get("notes", ()))


def test_the_first_part_says_what_ran_and_what_failed():
    html, _ = written(*build(), opened(12, "/secret", errno="EACCES"), command=["sh", "build.sh"], exit_code=2)
    text = Tags(html.partition("<style>")[0] + html.partition("</style>")[2].partition("<script")[0]).text
    assert "the command ended with exit 2" in text
    assert "exit 1gcc -c src/f3.c" in text and "EACCESread /secret" in text
    assert "2 processes and 1 call failed" in text and "took10.0 s" in text


def test_nothing_failed():
    html, _ = written(execute(10.001, 100, 10, "true"), end(11, 100, 10))
    assert "Nothing failed." in html


def test_secrets_are_in_no_part_of_it():
    events = [
        execute(10.001, 100, 10, "curl", "--password", "hunter2hunter2", "API_KEY=hunter2hunter2"),
        opened(11, "/tmp/token=hunter2hunter2"),
        opened(12, "/tmp/token=hunter2hunter2", errno="EACCES"),
        end(13, 100, 10, exit_code=1),
    ]
    facts = {"directory": "/tmp/token=hunter2hunter2", "command": ["curl", "--password", "hunter2hunter2"]}
    html, data = written(*events, **facts)
    assert "hunter2" not in html + str(data) and "curl --password '***'" in data["processes"]["argv"][0]
    html, data = written(*events, redacts=False, **facts)
    assert "hunter2" in html and "hunter2" in str(data)


def test_licences_are_in_its_foot():
    html, _ = written()
    assert all(f"\n{name} " in html or f">{name} " in html for name in ("flame-chart-js", "preact", "uplot"))
    assert "Permission is hereby granted, free of charge" in html


def test_an_installation_without_its_program(monkeypatch, tmp_path):
    monkeypatch.setattr("onlooker.report.page.files", lambda _: tmp_path)
    with pytest.raises(UnsupportedError, match=r"this installation has no report\.js"):
        written()


def first_part(html):
    return Tags(html.partition("<style>")[0] + html.partition("</style>")[2].partition("<script")[0]).text


def test_all_processes_that_failed_the_worst_first():
    ends = [{"exit_code": 1}] * 9 + [{"exit_code": 127}, {"exit_code": 126}, {"signal": "SIGSEGV"}, {"exit_code": 2}]
    events = [execute(10.001, 100, 10, "sh"), end(30, 100, 10)]
    for number, how in enumerate(ends):
        events += life(100, 10, 200 + number, 11 + number, f"p{number}", **how)
    html, _ = written(*events, *(opened(25, f"/f{number}", errno="EACCES") for number in range(9)))
    said = first_part(html).partition("What failed")[2].partition("Events over time")[0]
    found = re.findall(r"(SIGSEGV|exit \d+?)(p\d+?)(?=exit|SIG|EACCES)", said)
    assert found[:3] == [("SIGSEGV", "p11"), ("exit 126", "p10"), ("exit 127", "p9")] and len(found) == 13
    assert {how for how, _ in found[3:]} == {"exit 1", "exit 2"}
    assert said.count("EACCES") == 4 and "13 processes and 9 calls failed" in said


def test_processor_time_that_is_not_known():
    known = life(100, 10, 200, 11, "gcc", cpu_user_ns=2_000_000, cpu_system_ns=0)
    html, data = written(execute(10.001, 100, 10, "sh"), *known)
    assert data["processes"]["cpu"] == [-1, 2000]
    assert {name: cpu for name, *_, cpu in data["programs"]} == {"sh": -1, "gcc": 2000}
    assert "<td>?</td></tr>" in html and "<td>2.00 ms</td></tr>" in html


def test_files_that_another_command_leaves_out():
    html, _ = written(opened(11, "/etc/hosts"), opened(12, "/proc/stat"), opened(13, "/dev/null", "O_WRONLY"))
    assert "which onlooker files leaves out without --all: 1 read, 1 written." in first_part(html)
    html, _ = written(opened(11, "/etc/hosts"))
    assert "/proc" not in first_part(html)
