"""`watch --to`: where events go instead of standard output, and what is said of it."""

import subprocess
import sys
import time

import pytest

from onlooker import Lost
from onlooker.testing import make

from .watching import Watch

OPENS = [make("open", path=f"/srv/{number}") for number in range(3)]


def test_a_file_gets_the_events(watch: Watch, tmp_path):
    path = tmp_path / "events.jsonl"
    code, out, err = watch("--to", f"file:{path}", events=OPENS)
    assert (code, out) == (0, "")
    assert [line.split('"path":"')[1].split('"')[0] for line in path.read_text().splitlines()] == [
        "/srv/0",
        "/srv/1",
        "/srv/2",
    ]
    assert f"file:{path}: delivered 3 records" in err
    assert err.endswith("onlooker: complete\n")


def test_a_map_for_all_urls_and_another_of_one(watch: Watch, tmp_path):
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    code, _, _ = watch("--to", f"file:{one}", "--to", f"file:{other}?map=ocsf", "--map", "ecs", events=OPENS)
    assert code == 0
    assert ['"ecs":{"version"' in one.read_text(), '"class_uid":1001' in other.read_text()] == [True, True]


def test_a_map_without_a_sink_is_refused(watch: Watch):
    code, _, err = watch("--map", "ecs", events=OPENS)
    assert code == 2
    assert err.startswith("onlooker: --map is for what --to sends\n\nhint: ")


def test_a_socket_that_is_not_there_is_said_and_counted(watch: Watch, tmp_path, monkeypatch):
    monkeypatch.setattr("onlooker.sinks.sink.CLOSE_SECONDS", 0.3)
    code, _, err = watch("--to", f"syslog:{tmp_path}/log", events=OPENS)
    assert code == 1
    assert f"syslog:{tmp_path}/log: {tmp_path}/log: No such file or directory; events wait, and it tries again" in err
    assert "3 events were not delivered" in err


def test_what_several_sinks_lose_is_counted_once(watch: Watch, tmp_path, monkeypatch):
    monkeypatch.setattr("onlooker.sinks.sink.CLOSE_SECONDS", 0.3)
    urls = [f"syslog:{tmp_path}/{number}" for number in range(2)]
    code, _, err = watch(*(word for url in urls for word in ("--to", url)), events=OPENS)
    assert code == 1
    for url in urls:
        assert f"{url}: delivered 0 records in 0 messages; 3 events were not delivered" in err
    assert "lost: 3 " in err


def test_several_sinks_have_the_same_time_at_the_end(watch: Watch, tmp_path, monkeypatch):
    monkeypatch.setattr("onlooker.sinks.sink.CLOSE_SECONDS", 2.0)
    urls = [f"syslog:{tmp_path}/{number}" for number in range(4)]
    path = tmp_path / "events.jsonl"
    began = time.monotonic()
    watch(*(word for url in [*urls, f"file:{path}"] for word in ("--to", url)), events=OPENS)
    assert 2 <= time.monotonic() - began < 6
    assert len(path.read_text().splitlines()) == 3


def test_losses_go_there_too(watch: Watch, tmp_path):
    path = tmp_path / "events.jsonl"
    lost = Lost("2026-01-31T12:00:00.000000000Z", 1, 45, "open", "ring full")
    code, _, _ = watch("--to", f"file:{path}?map=ecs", events=[*OPENS, lost])
    assert code == 1
    assert '"kind":"pipeline_error"' in path.read_text().splitlines()[-1]


@pytest.mark.parametrize(
    ("url", "library", "extra"),
    [
        ("nats://localhost/a", "nats", "nats"),
        ("kafka://localhost/a", "confluent_kafka", "kafka"),
        ("otlp+http://localhost", "opentelemetry", "otlp"),
        ("nats://localhost/a?format=arrow", "nanoarrow", "arrow"),
    ],
)
def test_an_extra_that_is_missing_is_said_before_anything_is_attached(url, library, extra):
    code = (
        "import sys\n"
        f"sys.modules[{library!r}] = None\n"
        "from onlooker.cli.main import main\n"
        f"sys.exit(main(['watch', '--to', {url!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    first, *rest = done.stderr.splitlines()
    assert library in first
    assert first.endswith("which is not installed")
    assert rest == ["", f"hint: pip install 'onlooker[{extra}]'"]


def test_a_mistake_in_a_url_is_one_line(watch: Watch):
    for url, says in (
        ("http://localhost", "no sink is known for the URL 'http://localhost'"),
        ("otlp+http://localhost?map=ecs", "otlp+http sends events in a form of its own"),
        ("nats://me:secret@localhost/a", "a password in a URL can be seen by everybody"),
        ("syslog://localhost?ca=/no/such", "ca is no file"),
    ):
        code, _, err = watch("--to", url)
        assert code == 2
        assert says in err.splitlines()[0]
        assert "secret" not in err


def test_what_only_sinks_need_is_imported_by_nobody_else():
    code = (
        "import sys\nfrom onlooker import Monitor\nfrom onlooker.cli.main import main\n"
        "from onlooker.cli import watch, sending\nmain(['watch', '--help'])\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    libraries = {"nats", "confluent_kafka", "google.protobuf", "opentelemetry", "nanoarrow", "zstandard", "http.client"}
    assert not {*libraries, "onlooker.sinks", "ssl"} & {*done.stdout.splitlines()[-1].split()}


def test_an_output_format_needs_lines(watch: Watch, tmp_path):
    path = tmp_path / "events.jsonl"
    code, _, err = watch("--to", f"file:{path}", "--output-format", "json", events=OPENS)
    assert code == 2 and not path.exists()
    assert err == (
        "onlooker: --output-format is for -o, and --to has no lines of its own\n\n"
        "hint: -o - --output-format json for lines, too; ?format=json in a URL for what is sent\n"
    )
    code, out, _ = watch("--to", f"file:{path}", "--output-format", "json", "-o", "-", events=OPENS)
    assert code == 0 and out.count('"event":"open"') == 3 == len(path.read_text().splitlines())


def test_a_secret_that_all_can_read_is_warned_of_once(watch: Watch, tmp_path, monkeypatch):
    monkeypatch.setattr("onlooker.sinks.sink.CLOSE_SECONDS", 0.3)
    secret, safe = tmp_path / "to ken", tmp_path / "password"
    for file, mode in ((secret, 0o644), (safe, 0o640)):
        file.write_text("x")
        file.chmod(mode)
    urls = [f"nats://me@127.0.0.1:9/{name}?token={secret}&password={safe}" for name in "ab"]
    code, _, err = watch("--to", urls[0], "--to", urls[1], events=[])
    assert code == 1  # nobody is there
    [warning] = [line for line in err.splitlines() if "has a secret" in line]
    assert warning == (f"onlooker: warning: {secret} has a secret, and every user can read it: chmod 600 '{secret}'")
    secret.chmod(0o600)
    assert "has a secret" not in watch("--to", urls[0], events=[])[2]


def test_an_option_that_the_sink_does_not_have_is_refused_before_anything_is_made(watch: Watch, tmp_path):
    path = tmp_path / "events.jsonl"
    code, _, err = watch("--to", f"file:{path}?sasl=PLAIN&stream=A", events=OPENS)
    assert code == 2 and not path.exists()
    url = f"file:{path}?sasl=PLAIN&stream=A"
    assert err == f"onlooker: {url}: sasl is an option of kafka, not of file\n\nhint: leave out sasl\n"


def test_a_mistyped_map_has_its_nearest(watch: Watch, tmp_path):
    code, _, err = watch("--to", f"file:{tmp_path}/x", "--map", "esc", events=OPENS)
    assert code == 2 and "unknown map 'esc'\n\nhint: did you mean 'ecs'?\n" in err


def test_two_that_end_in_one_place_are_refused(watch: Watch):
    code, _, err = watch("--to", "nats://localhost/x", "--to", "nats://localhost:4222/x?memory=64M", events=OPENS)
    assert code == 2
    said = (
        "--to nats://localhost/x and --to nats://localhost:4222/x end in one place, which would have every event twice"
    )
    assert err == f"onlooker: {said}\n\nhint: leave one out, or give it a subject, topic or file of its own\n"


def test_an_end_that_could_not_be_told_is_in_the_verdict(watch: Watch, monkeypatch):
    """No event is lost, and whoever receives it will say that the sender broke off."""
    monkeypatch.setattr("onlooker.sinks.sink.CLOSE_SECONDS", 0.3)
    code, _, err = watch("--to", "nats://127.0.0.1:9/x", events=[])
    assert code == 1
    assert "delivered 0 records in 0 messages; its end was not told: a lake will say that the sender broke off" in err
    assert "the end of a run was not delivered" in err


def test_a_file_that_can_not_be_made_is_said_in_the_words_of_a_url(watch: Watch, tmp_path):
    code, _, err = watch("--to", f"file:{tmp_path}/none/events.jsonl")
    assert (code, err.splitlines()[-1]) == (1, "hint: choose another file: file:FILE")
