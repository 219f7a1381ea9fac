"""What a message holds, in each format."""

import sys
import time

import msgspec
import polars
import pytest
import zstandard

from onlooker import Batch
from onlooker.errors import ExtraError, UsageError
from onlooker.sinks.formats import encoder_of
from onlooker.sinks.message import Head, Unpacker
from onlooker.sinks.packer import Packer
from onlooker.sinks.target import same_end, target_of
from onlooker.testing import make

from .made import EVENTS, HOSTILE, everything, opens

URL = "nats://localhost/onlooker"


def packed(options: str, batches: list[Batch]):
    return Packer(time.time_ns(), target=target_of(URL + options)).message(batches)


def test_raw_batches_come_back_as_they_were():
    batches = Batch.of(everything())
    message = packed("", batches)
    assert [each.events() for each in Unpacker().batches(message)] == [each.events() for each in batches]
    headers = message.head.headers()
    assert headers["Content-Encoding"] == "zstd"
    assert Head.of(headers) == message.head
    assert message.head.records == len(EVENTS)


@pytest.mark.parametrize("options", ["?format=json", "?format=json&compress=zstd"])
def test_json_lines_are_those_of_the_batch(options):
    batches = Batch.of([*everything(), make("open", path=HOSTILE)])
    message = packed(options, batches)
    data = message.payload
    headers = message.head.headers()
    assert headers["Content-Type"] == "application/x-ndjson"
    assert headers["Onlooker-Schema"] == "1"
    assert headers.get("Content-Encoding") == ("zstd" if "zstd" in options else None)
    if "zstd" in options:
        data = zstandard.decompress(data)
    assert data == b"".join(each.to_json() for each in batches)
    assert Head.of(headers) == message.head


def test_arrow_is_read_by_others():
    batches = [*opens(30), *Batch.of(everything())]
    message = packed("?format=arrow", batches)
    assert message.head.headers()["Content-Type"] == "application/vnd.apache.arrow.stream"
    table = polars.read_ipc_stream(message.payload)
    assert table["path"][:30].to_list() == [f"/srv/{number}" for number in range(30)]
    assert table["event"][30:].to_list() == list(EVENTS)
    assert polars.read_ipc_stream(packed("?format=arrow", []).payload).height == 0


@pytest.mark.parametrize("name", ["ecs", "ocsf"])
def test_a_map_gives_a_line_for_each_event(name):
    events = [*everything(), make("open", path=HOSTILE, comm="\x1b\udcff")]
    lines = packed(f"?map={name}", Batch.of(events)).payload.splitlines()
    assert len(lines) == len(EVENTS) + 1
    for line in lines:
        assert isinstance(msgspec.json.decode(line), dict)
        assert b"\x1b" not in line


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("kafka://a/b?format=text", "kafka does not send format=text"),
        ("otlp+http://a?format=json", "otlp\\+http does not send format=json"),
        ("journald:?map=ecs", "a form of its own"),
        ("nats://a/b?format=arrow&map=ecs", "only JSON can be mapped"),
        ("nats://a/b?compress=none", "always compressed"),
        ("syslog://a?compress=zstd", "no choice of compression"),
        ("nats://a/b?compress=lz4", "unknown compress 'lz4'"),
        ("nats://a/b?map=cef", "unknown map 'cef'"),
        ("file:b?map=esc", "unknown map 'esc'"),
        ("otlp+http:", "no server is named"),
        ("file:", "no file is named"),
        ("nats://a/b?most=1", "most is too small: 1"),
        ("nats://a/b?memory=1", "memory is too small: 1"),
        ("nats://a/b?tls=maybe", "not a value for tls: 'maybe'"),
        ("nats://a/b?disk=1G", "disk is for a spool"),
        ("nats://a/b?memory=2M&memory=3M", "memory is given twice"),
        ("nats://a/b?stream=", "stream has no value"),
        ("nats://a/b?stream=a.b", "not a name for a stream"),
        ("nats://a/b.>", "can't send to the subject 'b.>'"),
        ("nats://a/b%20c", "can't send to the subject 'b c'"),
    ],
)
def test_what_does_not_fit_together(url, says):
    with pytest.raises(UsageError, match=says):
        target_of(url)


@pytest.mark.parametrize(
    ("url", "library", "extra"),
    [
        ("nats://a/b", "zstandard", "nats"),
        ("kafka://a/b", "zstandard", "kafka"),
        ("nats://a/b?format=arrow", "nanoarrow", "arrow"),
    ],
)
def test_a_missing_library_is_said_at_once(url, library, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ExtraError, match=library) as found:
        encoder_of(target_of(url))
    assert found.value.hint == f"pip install 'onlooker[{extra}]'"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("nats://a/x", "nats://a:4222/x?memory=64M", True),
        ("nats://a,b/x", "nats://B:4222,c/x?spool=/tmp/x", True),
        ("nats://a/x", "nats://a/y", False),
        ("nats://a/x", "nats://a:4223/x", False),
        ("nats://a/x", "nats://a/x?format=json", False),
        ("nats://a/x?map=ecs", "nats://a/x?map=ocsf", False),
        ("nats://a/x", "kafka://a/x", False),
        ("kafka://a,b/x", "kafka://b:9092/x?compress=zstd", True),
        ("otlp+http://a", "otlp+http://a:4318/v1/logs", True),
        ("otlp+http://a", "otlp+http://a/other", False),
        ("syslog://a?tls", "syslog://a:6514?tls&memory=2M", True),
        ("syslog://a", "syslog://a:6514?tls", False),
        ("syslog:", "syslog:?format=json", False),
        ("syslog:", "syslog:?format=text", True),
        ("journald:", "journald:?memory=2M", True),
        ("file:/a", "file:///a?memory=2M", True),
        ("file:/a", "file:/b", False),
    ],
)
def test_two_that_end_in_one_place(one, other, is_same):
    targets = [target_of("nats://else/where"), target_of(one), target_of(other)]
    assert same_end(targets) == ((targets[1], targets[2]) if is_same else None)


def test_an_url_of_the_web_is_taken_for_a_collector():
    with pytest.raises(UsageError, match="no sink is known for the URL 'http://a:4318'") as found:
        target_of("http://a:4318")
    assert found.value.hint.endswith("watch --to otlp+http://a:4318, if that is an OpenTelemetry collector")


@pytest.mark.parametrize(
    ("url", "says", "hint"),
    [
        ("nat://a/b", "no sink is known", "did you mean 'nats'? for example nats://localhost:4222/onlooker"),
        ("nats://a", "no subject is named", "for example nats://localhost:4222/onlooker"),
        ("nats://a/b?collects&group=a%20b", "not a name for a group: 'a b'", "without spaces"),
        ("nats://a/b?collects&group=a.b", "not a name for a group: 'a.b'", "without spaces"),
        ("kafka://a/b?sasl=SCRAM-SHA-512", "sasl is for a user, and none is named", "kafka://USER@HOST"),
        (f"nats://a/b?password={__file__}", "password is for a user, and none is named", "nats://USER@HOST"),
    ],
)
def test_what_a_url_lacks_is_said(url, says, hint):
    with pytest.raises(UsageError, match=says) as found:
        target_of(url.replace("collects&", ""), collects="collects&" in url)
    assert found.value.hint.startswith(hint)
