"""Each sink takes the options that it has, and no others: nothing is ignored."""

import re
from pathlib import Path

import pytest

from onlooker.cli.main import main
from onlooker.errors import UsageError
from onlooker.sinks.options import SINKS_WITH
from onlooker.sinks.target import EXAMPLES, SCHEMES, Target, target_of

DOCS = Path(__file__).parents[3] / "docs/sinks.md"
NAMES = {"NATS": ("nats",), "Kafka": ("kafka",), "OTLP": ("otlp+http", "otlp+https"), "syslog": ("syslog",)}
NAMES |= {"file": ("file",), "all": SCHEMES}


def test_the_table_of_the_docs_is_that_of_the_code():
    found: dict[str, set[str]] = {}
    rows = re.findall(r"^\| (`[a-z].*?) \| ([^|]*) \| ", DOCS.read_text().replace(r"\|", "/"), re.MULTILINE)
    for options, sinks in rows:
        for name in re.findall(r"`([a-z]+)(?:=\S+)?`", options):
            if name in SINKS_WITH:
                found.setdefault(name, set()).update(each for sink in sinks.split(", ") for each in NAMES[sink])
    assert found == {name: set(sinks) for name, sinks in SINKS_WITH.items()}


def test_the_table_has_every_option():
    assert set(SINKS_WITH) == set(Target.__struct_fields__) - {"scheme", "servers", "topic"}


@pytest.fixture
def values(tmp_path):
    made = {"tls": "1", "memory": "2M", "disk": "2M", "most": "1M", "format": "json", "map": "ecs", "compress": "zstd"}
    made |= {"sasl": "SCRAM-SHA-512", "stream": "A", "group": "x", "user": "me", "spool": str(tmp_path / "spool")}
    for name in ("ca", "cert", "key", "credentials", "password", "token", "headers"):
        (tmp_path / name).touch()
        made[name] = str(tmp_path / name)
    assert set(made) == set(SINKS_WITH)
    return made


BESIDE = {"cert": ("key",), "key": ("cert",), "password": ("user",), "sasl": ("user", "password"), "disk": ("spool",)}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_sink_takes_its_own_options_only(scheme, values):
    for name, value in values.items():
        beside = "".join(f"&{other}={values[other]}" for other in BESIDE.get(name, ()))
        url = f"{EXAMPLES[scheme]}?{name}={value}{beside}"
        if scheme in SINKS_WITH[name] and name != "group":
            assert str(getattr(target_of(url), name)) in (value, "True", str(1 << 20), str(2 << 20))
        else:
            with pytest.raises(UsageError, match=rf"{name}|a form of its own|no choice of compression"):
                target_of(url)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nats://a/b?headers=x", "headers is an option of otlp+http and otlp+https, not of nats"),
        ("file:q?tls", "tls is an option of nats and kafka and otlp+http and otlp+https and syslog, not of file"),
        ("nats://a/b?group=x", "group is an option of onlooker collect, not of a sink"),
        ("syslog:?tls", "tls is for a server, and none is named"),
        ("file:q?topic=x", "topic is no option: it stands in the URL itself"),
        (f"otlp+http://a?password={__file__}", "password is for a user, and none is named"),
    ],
)
def test_what_is_not_of_a_sink_is_named_with_the_sinks_that_have_it(url, says):
    with pytest.raises(UsageError) as found:
        target_of(url)
    assert says in re.sub(r"\S*onlooker collect", "onlooker collect", str(found.value))


def test_collect_refuses_what_is_of_sending(capfd, tmp_path):
    assert main(["collect", "nats://127.0.0.1:9/x?format=json", "--lake", str(tmp_path)]) == 2
    assert "format is an option of onlooker watch --to, not of collect" in capfd.readouterr().err
    assert target_of("nats://a/b?group=x&stream=A", collects=True).group == "x"


def test_a_mistyped_option_has_the_nearest_of_the_sink():
    with pytest.raises(UsageError, match="unknown option 'memroy'") as found:
        target_of("file:q?memroy=1")
    assert found.value.hint == "did you mean 'memory'?"
