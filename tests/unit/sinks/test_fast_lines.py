"""What is made by templates and from caches is what the maps, and the classes of protobuf, make of each event."""

import gzip
import random
from contextlib import suppress

import msgspec
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber

from onlooker import Batch
from onlooker.records import values_of
from onlooker.records.fold import ContextLines
from onlooker.sinks import otlp_logs
from onlooker.sinks.formats import Said, encoder_of, mapped, said
from onlooker.sinks.maps.lines import Lines
from onlooker.sinks.maps.values import Slot, named, names
from onlooker.sinks.message import Head
from onlooker.sinks.target import target_of
from onlooker.testing import make

from .made import HOSTILE, everything
from .random_records import batches

HEAD = Head(host='we%b"\x01é', boot_id="7b650f8e-3b8d-46ce-a9ee-579a9f260dec", run=2**60, seq=3)
SEEDS = range(4)


def told(made: list[Batch]) -> list[Batch]:
    """As sinks get them: with what is known of processes."""
    context = ContextLines(["all"])
    return [context.told(batch) for batch in made]


@pytest.mark.parametrize("name", ["ecs", "ocsf"])
@pytest.mark.parametrize("seed", SEEDS)
def test_lines_are_the_documents_of_the_map(name, seed):
    made = batches(seed, 600)
    lines = encoder_of(target_of(f"nats://a/b?map={name}"))(HEAD, made)
    document = mapped(name)
    wanted = [document(each, HEAD) for each in said(told(made))]
    assert [msgspec.json.decode(line) for line in lines.splitlines()] == wanted
    fast = Lines(document)
    assert fast.encode(HEAD, told(made)) == lines
    forms = [form for form in fast._forms.values() if form.is_often]
    assert sum(len(form.templates) for form in forms) > 300


@pytest.mark.parametrize("name", ["ecs", "ocsf"])
def test_templates_are_made_once_and_for_one_run(name):
    lines = Lines(mapped(name))
    made = Batch.of([make("open", path=f"/srv/{number}.txt", pid=number + 1) for number in range(50)])
    for run in (1, 2):
        head = msgspec.structs.replace(HEAD, run=run)
        found = [msgspec.json.decode(line) for line in lines.encode(head, made).splitlines()]
        assert found == [mapped(name)(each, head) for each in said(made)]
        [form] = lines._forms.values()
        assert len(form.templates) == 1


def test_a_map_may_ask_a_slot_nothing_but_what_a_template_knows():
    used: list[Slot] = []
    slot = Slot(used, "fd", is_text=False)
    for ask in (lambda: bool(slot), lambda: slot == 3, lambda: slot < 3, lambda: slot + 1, lambda: len(slot)):
        with pytest.raises(TypeError):
            ask()
    path, other = Slot(used, "path", is_text=True), Slot(used, "real_path", is_text=True)
    assert (bool(path), path == path, path == other) == (True, True, False)


PATHS = (
    "/",
    "//",
    "a",
    "/a",
    "/a/",
    "//a//b//",
    "a/b.c",
    ".b",
    "..b.c",
    "b.",
    "/.",
    "/..",
    "a.b/c",
    'é"/\\".\\',
    HOSTILE,
)


@pytest.mark.parametrize("function", [names, named])
@pytest.mark.parametrize("path", PATHS)
def test_names_of_a_path_in_json(function, path):
    raw = msgspec.json.encode(path.encode("utf-8", "replace").decode())
    slots = function(Slot([], "path", is_text=True))
    made = b'{"path":%b,"name":%b}' % (raw, slots["name"].function(raw))
    assert msgspec.json.decode(made) == function(msgspec.json.decode(raw))


def record(each: Said, observed_ns: int) -> LogRecord:
    """As its classes make it."""
    event = each.fields["event"]
    severity = otlp_logs._INFO
    if event in ("alert", "lost"):
        severity = otlp_logs._ALERTS[each.fields["level"]] if event == "alert" else otlp_logs._WARN
    value = otlp_logs._value
    return LogRecord(
        time_unix_nano=each.wall_ns,
        observed_time_unix_nano=observed_ns,
        severity_number=severity,
        severity_text=SeverityNumber.Name(severity).removeprefix("SEVERITY_NUMBER_"),
        body=AnyValue(string_value=each.text),
        event_name=event,
        attributes=[KeyValue(key=name, value=value(field)) for name, field in each.fields.items()],
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_requests_are_those_of_protobuf(seed):
    made = [*batches(seed, 600), *Batch.of(everything())]
    request = ExportLogsServiceRequest()
    request.ParseFromString(gzip.decompress(encoder_of(target_of("otlp+http://a"))(HEAD, made)))
    [resource] = request.resource_logs
    [scope] = resource.scope_logs
    observed = scope.log_records[0].observed_time_unix_nano
    assert list(scope.log_records) == [record(each, observed) for each in said(told(made))]
    assert scope.scope.name == "onlooker"
    assert {each.key: each.value.string_value or each.value.int_value for each in resource.resource.attributes} == {
        "service.name": "onlooker",
        "host.name": HEAD.host,
        "onlooker.boot_id": HEAD.boot_id,
        "onlooker.run": HEAD.run,
    }


def test_values_of_any_lines_are_those_of_json():
    for seed in SEEDS:
        for batch in told(batches(seed, 300)):
            lines = bytes(batch.to_json())
            for line, (kind, values) in zip(lines.splitlines(), values_of(lines), strict=True):
                decoded = msgspec.json.decode(line)
                assert [msgspec.json.decode(value) for value in values] == list(decoded.values())
                first, *others = decoded
                assert kind.decode() == "".join(f"{each}," for each in (first, f'"{decoded[first]}"', *others))


@pytest.mark.parametrize(
    "data",
    [
        *(b'{"a":"\\"'[:size] for size in range(1, 8)),
        *(b"x", b"{}\n", b'{"a":1', b'{"a":1}', b'{"a":[}\n', b'{"a":1,}\n', b'{"a":1,"b"}\n', b'{"a":"\\"}\n'),
        *(b'{"a":1}\n{', b'{"a":1}\nx', b'{"%b":1}\n' % (b"k" * 5000), b'{"a":"%b"}\n' % (b"v" * 5000)),
    ],
)
def test_what_is_no_line_has_no_values(data):
    with pytest.raises(ValueError, match="no line of JSON"):
        values_of(data)


def test_no_bytes_make_it_read_beyond_its_end():
    chance = random.Random(7)
    whole = bytes(batches(1, 20)[0].to_json())
    for _ in range(3000):
        data = bytearray(whole[: chance.randrange(1, 900)])
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.choice(b'{}[]",:\\\n')
        with suppress(ValueError):
            values_of(bytes(data))
